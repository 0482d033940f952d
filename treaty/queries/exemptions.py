"""Exemptions: what was asked for and granted under a pause, and which runs may be exempted."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Organisation
from core.times import Period
from labs.models import TrainingRun
from labs.rules.runs import RunStatus
from treaty.models import Exemption, Pause, Vote
from treaty.queries.pauses import in_force, terms
from treaty.queries.texts import rules_of
from treaty.rules.exemptions import ExemptionValue, exempted, is_exemptible
from treaty.rules.text import Exemptions
from web.prepared import prepared


def grants(pause: Pause) -> list[ExemptionValue]:
    """Return what was granted under the pause, as the rules take it."""
    return [ExemptionValue(lab, run, Period(from_at, until_at)) for lab, run, from_at, until_at in _granted(pause.pk)]


@prepared
def _granted(pause: int) -> QuerySet[Exemption, tuple[str, str, datetime, datetime]]:
    return Exemption.objects.filter(pause=pause).values_list("organisation__key", "run__key", "from_at", "until_at")


def exempted_runs(pause: Pause, at: datetime) -> frozenset[str]:
    """Return the keys of the runs that may go on under the pause at `at`, in one query."""
    return exempted(grants(pause), at)


def exemptible(lab: Organisation, provisions: Exemptions, at: datetime) -> list[tuple[Pause, TrainingRun]]:
    """Return the lab's runs that a pause that binds at `at` halts and that the provisions let be exempted."""
    runs = TrainingRun.objects.filter(organisation=lab, status__in=[RunStatus.PLANNED, RunStatus.RUNNING])
    return [
        (pause, run)
        for pause in in_force(at=at)
        if pause.stand_downs.filter(organisation=lab).exists()
        for run in runs.order_by("registered_at")
        if is_exemptible(run.planned_flop, terms(pause).level, provisions)
    ]


@dataclass(frozen=True)
class ExemptionRow:
    """A request with its vote, and what came of it."""

    vote: Vote
    run: str
    purpose: str
    granted: Exemption | None
    in_force: bool


def exemption_rows(pause: Pause, lab: Organisation, at: datetime) -> list[ExemptionRow]:
    """Return what the lab asked for under the pause, the newest first, in three queries."""
    rules = rules_of(pause.text)
    votes = pause.votes.filter(decision=rules.exemptions.decision, subject_organisation=lab).select_related("exemption")
    found = list(votes.order_by("-noticed_at"))
    names = dict(
        TrainingRun.objects.filter(key__in=[one.subject.get("run") for one in found]).values_list("key", "name")
    )
    return [
        ExemptionRow(
            vote,
            names.get(vote.subject.get("run"), str(vote.subject.get("run"))),
            rules.exemptions.purposes.get(str(vote.subject.get("purpose")), str(vote.subject.get("purpose"))),
            granted := getattr(vote, "exemption", None),
            granted is not None and granted.from_at <= at < granted.until_at,
        )
        for vote in found
    ]
