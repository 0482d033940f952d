from datetime import datetime

from django.db.models import Model, QuerySet


def next_key(rows: QuerySet[Model], at: datetime, *, letter: str = "", digits: int = 2) -> str:
    """Return the key of the next row of the year, such as `2026-07`; the caller's lock keeps others from taking it."""
    prefix = f"{at.year:04}-{letter}"
    return f"{prefix}{rows.filter(key__startswith=prefix).count() + 1:0{digits}}"
