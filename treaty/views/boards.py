from typing import Any

from django.utils.functional import Promise

from treaty.models.standdowns import STAGE_LABELS
from treaty.queries.standdowns import Board, BoardRow
from treaty.rules.standdowns import StageKey
from treaty.rules.standing import Standing
from treaty.views.words import BASIS_LABELS, STANDING_LABELS
from web.exports import Cell


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


def board_data(found: Board) -> list[dict[str, Cell]]:
    """Return the board as flat rows: the same in files and in the API. A stage that the level has not is empty."""
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
            "site_mode": row.site_mode,
            "runs": row.runs,
            "runs_halted": row.runs_halted,
            "delay_seconds": int(row.delay.total_seconds()),
            "open_cases": " ".join(case.key for case in row.open_cases),
        }
        for key in StageKey:
            stage = row.stage(key)
            data |= {
                f"{key.value}_due_at": stage.due_at if stage else None,
                f"{key.value}_at": stage.done_at if stage else None,
                f"{key.value}_late_seconds": int(stage.late_by.total_seconds()) if stage else None,
            }
        rows.append(data)
    return rows
