"""Letting a run go on under a pause, by a decision of both classes (Art. 11)."""

from datetime import datetime

from django.db import transaction

from core.canonical import Json
from core.durations import Duration
from core.errors import DomainError
from core.times import stamp
from ledger.actions import record
from treaty.actions.pauses import effect_of, lock, named, pause_of
from treaty.models import Exemption, Vote
from treaty.queries.exemptions import exemptible
from treaty.queries.pauses import state
from treaty.queries.texts import rules_of
from treaty.rules.exemptions import granted_for
from treaty.rules.pauses import BINDING, PauseInAnotherState


class NotExemptible(DomainError):
    """Only a run of the laboratory's own that a pause in force halts, and that stays below the text's cap, is exempted."""

    code = "not_exemptible"


@transaction.atomic
def grant_exemption(*, vote: Vote, at: datetime) -> Exemption:
    """Let an adopted vote exempt the run that its subject names, from its instant of effect and for as long as it says."""
    effective_at = effect_of(vote)
    pause = pause_of(vote)
    lock(pause)
    known = Exemption.objects.filter(vote=vote).first()
    if known:
        return known
    if state(pause, at) not in BINDING:
        raise PauseInAnotherState(
            f"Pause {pause.key} is {state(pause, at).value}: there is nothing to be exempted from."
        )
    lab, provisions = vote.subject_organisation, rules_of(vote.text).exemptions
    runs = {run.key: run for of, run in exemptible(lab, provisions, at) if of == pause} if lab else {}
    run = runs.get(named(vote, "run"))
    if lab is None or run is None:
        raise NotExemptible
    lasts = Duration.parse(named(vote, "lasts"))
    holds = granted_for(lasts, provisions, asked_at=vote.noticed_at, from_at=effective_at)
    exemption = Exemption.objects.create(
        pause=pause,
        organisation=lab,
        run=run,
        purpose=named(vote, "purpose"),
        vote=vote,
        from_at=holds.start,
        until_at=lasts.after(holds.start),
    )
    record(kind="exemption.granted", payload=_payload(exemption), by=None, at=at)
    return exemption


def _payload(exemption: Exemption) -> dict[str, Json]:
    return {
        "pause": exemption.pause.key,
        "lab": exemption.organisation.key,
        "run": exemption.run.key,
        "vote": exemption.vote.key,
        "purpose": exemption.purpose,
        "from_at": stamp(exemption.from_at),
        "until_at": stamp(exemption.until_at),
    }
