from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
from django.views.generic import View

from ledger.queries import position
from treaty.models import Pause
from treaty.models.standdowns import STAGE_LABELS
from treaty.queries.standdowns import Board, BoardRow, board
from treaty.rules.standdowns import StageKey
from treaty.rules.standing import Standing
from treaty.views.words import BASIS_LABELS, STANDING_LABELS
from web.exports import Cell, csv_answer, json_answer


def board_row(row: BoardRow) -> dict[str, Any]:
    """Return a row of the board with its words."""
    answer = row.standing
    reference = STAGE_LABELS[StageKey(answer.reference)] if answer.reference in set(StageKey) else answer.reference
    return {
        "row": row,
        "standing": answer.standing,
        "label": STANDING_LABELS[answer.standing],
        "basis": f"{BASIS_LABELS[answer.basis]} {reference}".strip(),
    }


def standings(found: Board | None) -> list[tuple[Standing, Promise, int]]:
    """Return how many labs have each standing, those that some have."""
    if found is None:
        return []
    return [(one, STANDING_LABELS[one], found.count(one)) for one in Standing if found.count(one)]


class BoardFile(View):
    """The board to take away, as CSV or JSON."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, key: str, kind: str) -> HttpResponse:  # noqa: ARG002 - the signature of a view
        """Answer with the file."""
        at = timezone.now()
        found = board(get_object_or_404(Pause.objects.with_rows(), key=key), at)
        rows = board_data(found)
        if kind == "json":
            return json_answer({"pause": key, "at": at, "position": position(), "rows": rows})
        columns = list(rows[0]) if rows else ["lab"]
        return csv_answer(f"pause-{key}-board.csv", columns, [list(row.values()) for row in rows])


def board_data(found: Board) -> list[dict[str, Cell]]:
    """Return the board as flat rows: the same in CSV, JSON and the API."""
    rows = []
    for row in found.rows:
        data: dict[str, Cell] = {
            "lab": row.organisation.key,
            "name": row.organisation.name,
            "jurisdiction": row.organisation.jurisdiction,
            "bound": row.stand_down is not None,
            "standing": row.standing.standing.value,
            "basis": row.standing.basis.value,
            "reference": row.standing.reference,
            "since": row.standing.since,
            "site_mode": row.stand_down.site_mode if row.stand_down else "",
            "runs": row.runs,
            "runs_halted": row.runs_halted,
            "delay_seconds": int(row.delay.total_seconds()),
            "open_cases": " ".join(case.key for case in row.open_cases),
        }
        for key in found.stage_keys:
            stage = row.stage(key)
            data |= {
                f"{key.value}_due_at": stage.due_at if stage else None,
                f"{key.value}_at": stage.done_at if stage else None,
                f"{key.value}_late_seconds": int(stage.late_by.total_seconds()) if stage else 0,
            }
        rows.append(data)
    return rows
