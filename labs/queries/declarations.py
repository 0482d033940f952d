from datetime import datetime

from accounts.models import Organisation
from labs.models import Declaration


def owed_by(organisation: Organisation, at: datetime) -> list[Declaration]:
    """Return what the laboratory has been asked by `at` and has not filed, the earliest first."""
    return list(
        Declaration.objects.unfiled().filter(organisation=organisation, asked_at__lte=at).order_by("due_at", "kind")
    )
