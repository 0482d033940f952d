"""The laboratories and bodies of the annexes for programs: /api/v1/parties."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rules.organisations import Kind
from ledger.views.api import OfAnInstant
from treaty.queries.parties import BodyRow, Deposited, body_rows, deposited
from treaty.queries.texts import text_at
from treaty.views.shapes import PARTY
from web.api.shapes import page
from web.api.views import ComputedList
from web.past import PARAMETER


class PartiesView(OfAnInstant, ComputedList[dict[str, Any]]):
    """Every laboratory of Annex 1 and every monitoring body of Annex 2, with its status and each instrument, now or at a past instant."""

    asked_by = {
        "kind": "only laboratories, or only bodies",
        "status": "only those of this status",
        "jurisdiction": "only those of this country, by ISO 3166-1 alpha-2",
        PARAMETER: "as of this past instant: RFC 3339 in UTC, or a day; nothing that came later is told",
    }

    def rows(self, at: datetime) -> list[dict[str, Any]]:
        """Return both annexes; none before a text is published."""
        if text_at(at) is None:
            return []
        return [*map(_laboratory, deposited(at)), *map(_body, body_rows(at))]

    @extend_schema(operation_id="parties_list", responses={200: page(PARTY)})
    def get(self, request: Request) -> Response:
        """Answer a page of them."""
        return self.page(request)


def _laboratory(one: Deposited) -> dict[str, Any]:
    held = one.instruments
    return {
        "key": one.row.member.key,
        "kind": Kind.LABORATORY.value,
        "name": one.row.member.name,
        "jurisdiction": one.row.member.jurisdiction or None,
        "status": one.row.status.value,
        "signed_at": held.signed_at,
        "ratified_at": held.ratified_at,
        "bound_at": one.bound_at,
        "withdrawal_noticed_at": held.withdrawal_noticed_at,
        "withdrawal_effective_at": held.withdrawal_effective_at,
        "suspensions": [{"from_at": start, "until_at": end} for start, end in held.suspensions],
        "merged_at": held.merged_at,
        "mandate_accepted_at": None,
    }


def _body(one: BodyRow) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("signed_at", "ratified_at", "bound_at", "withdrawal_noticed_at", "withdrawal_effective_at", "merged_at")
    )
    return {
        "key": one.member.key,
        "kind": Kind.BODY.value,
        "name": one.member.name,
        "jurisdiction": one.member.jurisdiction or None,
        "status": "accredited" if one.accreditation else "not_accredited",
        **nothing,
        "suspensions": [],
        "mandate_accepted_at": one.accreditation.accepted_at if one.accreditation else None,
    }
