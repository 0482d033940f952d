"""What an entry says, as a sentence. A kind that nobody has written a sentence for is read from its name."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.canonical import Json
from ledger.rules.entries import EntryValue

SENTENCES: Final[Mapping[str, str | Promise]] = {
    "log.opened": gettext_lazy("The log %(origin)s was opened."),
    "organisation.founded": gettext_lazy("%(name)s (%(organisation)s) was entered as %(kind)s."),
    "affiliation.declared": gettext_lazy("%(organisation)s and %(affiliate)s were declared affiliates."),
    "affiliation.ended": gettext_lazy("%(organisation)s and %(affiliate)s are affiliates no longer."),
    "member.invited": gettext_lazy("Somebody was invited to be %(role)s of %(organisation)s."),
    "member.appointed": gettext_lazy("%(member)s became %(role)s of %(organisation)s."),
    "member.ended": gettext_lazy("%(member)s is %(role)s of %(organisation)s no longer."),
    "key.root_declared": gettext_lazy("%(organisation)s declared its root key %(key)s."),
    "key.enrolled": gettext_lazy("%(organisation)s enrolled the %(kind)s key %(key)s, usable from %(usable_at)s."),
    "key.revoked": gettext_lazy("%(organisation)s revoked the key %(key)s."),
    "signing.required": gettext_lazy("%(organisation)s asks for %(signers)s signatures on each of its ballots."),
    "accelerator.listed": gettext_lazy("The accelerator %(name)s was listed."),
    "facility.registered": gettext_lazy("%(lab)s declared the facility %(name)s."),
    "facility.closed": gettext_lazy("%(lab)s declared the facility %(facility)s closed."),
    "inventory.declared": gettext_lazy("%(lab)s declared version %(version)s of the inventory of %(facility)s."),
    "run.registered": gettext_lazy("%(lab)s declared the training run %(name)s of %(planned_flop)s FLOP."),
    "run.started": gettext_lazy("%(lab)s started the run %(run)s."),
    "run.halted": gettext_lazy("%(lab)s halted the run %(run)s."),
    "run.finished": gettext_lazy("%(lab)s finished the run %(run)s."),
    "deployment.registered": gettext_lazy("%(lab)s declared the deployment %(name)s."),
    "procedure.amended": gettext_lazy(
        "%(lab)s filed version %(version)s of the roll-back procedure of %(deployment)s."
    ),
    "deployment.rolled_back": gettext_lazy("%(lab)s rolled %(deployment)s back."),
    "deployment.restored": gettext_lazy("%(lab)s restored %(deployment)s."),
    "declaration.asked": gettext_lazy("%(lab)s owes the declaration %(declaration)s by %(due_at)s."),
    "declaration.filed": gettext_lazy("%(lab)s filed the declaration %(declaration)s that was due by %(due_at)s."),
    "declaration.overdue": gettext_lazy("%(lab)s did not file the declaration %(declaration)s by %(due_at)s."),
    "reading.received": gettext_lazy("%(indicator)s, %(series)s: %(value)s %(unit)s (%(source)s)."),
    "quarantine.reviewed": gettext_lazy("A first reviewer lets the reading %(reading)s of %(indicator)s count."),
    "quarantine.lifted": gettext_lazy("A second reviewer agreed: the reading %(reading)s of %(indicator)s counts."),
    "release.listed": gettext_lazy("The open-weight release %(name)s of %(developer)s was listed."),
    "file.imported": gettext_lazy("The file %(file)s of %(source)s was imported."),
    "text.published": gettext_lazy("Version %(text)s of the treaty text was published."),
    "amendment.proposed": gettext_lazy(
        "%(organisation)s proposed amendment %(amendment)s: version %(text)s of the treaty text."
    ),
    "submission.received": gettext_lazy("Submission %(submission)s about amendment %(amendment)s was published."),
    "submission.answered": gettext_lazy(
        "%(organisation)s answered submission %(submission)s about amendment %(amendment)s."
    ),
    "submission.hidden": gettext_lazy(
        "Submission %(submission)s about amendment %(amendment)s was hidden on the ground %(ground)s."
    ),
    "text.amended": gettext_lazy("Version %(text)s of the treaty text is in force by amendment %(amendment)s."),
    "treaty.signed": gettext_lazy("%(lab)s signed version %(text)s of the treaty."),
    "treaty.ratified": gettext_lazy("%(lab)s ratified version %(text)s of the treaty: %(ratifications)s have."),
    "mandate.accepted": gettext_lazy("%(body)s accepted its mandate under version %(text)s of the treaty."),
    "lab.admitted": gettext_lazy("%(lab)s was admitted to Annex 1 by vote %(vote)s."),
    "organisation.accredited": gettext_lazy("%(organisation)s was accredited as %(role)s by vote %(vote)s."),
    "party.suspended": gettext_lazy("The rights of %(lab)s were suspended by vote %(vote)s."),
    "party.merged": gettext_lazy("%(lab)s has merged into %(into)s: vote %(vote)s said so. The two have one vote."),
    "party.reinstated": gettext_lazy("%(lab)s was given its rights back by vote %(vote)s."),
    "treaty.entered_into_force": gettext_lazy("Version %(text)s of the treaty entered into force for %(parties)s."),
    "withdrawal.noticed": gettext_lazy("%(lab)s gave notice of its withdrawal, effective %(effective_at)s."),
    "withdrawal.revoked": gettext_lazy("%(lab)s took its notice of withdrawal back."),
    "readings.imported": gettext_lazy("%(count)s readings of %(indicator)s were imported."),
    "releases.listed": gettext_lazy("%(count)s open-weight releases were listed."),
    "trigger.evaluated": gettext_lazy("The trigger %(trigger)s is %(truth)s. %(words)s"),
    "trigger.fired": gettext_lazy("The trigger %(trigger)s became true and opened vote %(vote)s."),
    "trigger.reset": gettext_lazy("The trigger %(trigger)s was reset. %(words)s"),
    "vote.noticed": gettext_lazy(
        "Vote %(vote)s (%(decision)s) was noticed; it opens %(opens_at)s and closes %(closes_at)s."
    ),
    "ballot.cast": gettext_lazy("%(organisation)s cast a ballot in vote %(vote)s."),
    "ballot.signed": gettext_lazy("A key of %(organisation)s signed a ballot in vote %(vote)s that needs more."),
    "ballot.sealed": gettext_lazy("%(organisation)s cast a sealed ballot in vote %(vote)s."),
    "ballot.opened": gettext_lazy("The sealed ballot of %(organisation)s in vote %(vote)s was opened."),
    "ballot.repudiated": gettext_lazy("%(organisation)s repudiated a ballot in its name in vote %(vote)s."),
    "signature.sealed": gettext_lazy("A key of %(organisation)s signed a sealed ballot in vote %(vote)s."),
    "vote.contested": gettext_lazy("Vote %(vote)s became contested and closes %(closes_at)s."),
    "vote.extended": gettext_lazy("Vote %(vote)s was extended to %(closes_at)s."),
    "vote.withdrawn": gettext_lazy("Vote %(vote)s was withdrawn."),
    "vote.closed": gettext_lazy("Vote %(vote)s was closed: %(outcome)s."),
    "vote.applied": gettext_lazy("What vote %(vote)s adopted took effect."),
    "vote.effect_refused": gettext_lazy("What vote %(vote)s adopted can no longer take effect."),
    "vote.expired": gettext_lazy("What vote %(vote)s adopted expired."),
    "pause.adopted": gettext_lazy("Pause %(pause)s (%(level)s) was adopted by vote %(vote)s."),
    "commitment.confirmed": gettext_lazy("%(lab)s committed itself to pause %(pause)s."),
    "commitment.withdrawn": gettext_lazy("%(lab)s took its commitment to pause %(pause)s back."),
    "pause.entered_into_force": gettext_lazy("Pause %(pause)s entered into force for %(bound)s."),
    "pause.lapsed": gettext_lazy("Pause %(pause)s lapsed."),
    "pause.ratified": gettext_lazy("Pause %(pause)s was ratified by vote %(vote)s."),
    "pause.escalated": gettext_lazy("Pause %(pause)s moved from %(before)s up to %(level)s by vote %(vote)s."),
    "pause.relaxed": gettext_lazy("Pause %(pause)s moved from %(before)s down to %(level)s by vote %(vote)s."),
    "pause.joined": gettext_lazy("Further laboratories are bound by pause %(pause)s."),
    "pause.ended": gettext_lazy("Pause %(pause)s ended."),
    "standdown.acknowledged": gettext_lazy("%(lab)s acknowledged pause %(pause)s."),
    "standdown.run_halted": gettext_lazy("%(lab)s halted the run %(run)s under pause %(pause)s."),
    "standdown.halted": gettext_lazy("%(lab)s has halted all that pause %(pause)s names."),
    "standdown.rolled_back": gettext_lazy("%(lab)s rolled back %(deployment)s under pause %(pause)s."),
    "standdown.declared": gettext_lazy("%(lab)s declared its stand-down under pause %(pause)s: %(site_mode)s."),
    "standdown.verified": gettext_lazy(
        "%(body)s concluded on the stand-down of %(lab)s under pause %(pause)s: %(conclusion)s."
    ),
    "standdown.extended": gettext_lazy(
        "Vote %(vote)s extended the stage %(stage)s of %(lab)s under pause %(pause)s to %(until_at)s."
    ),
    "delegation.given": gettext_lazy("%(organisation)s named %(delegate)s as its delegate until %(expires_at)s."),
    "delegation.revoked": gettext_lazy("%(organisation)s revoked a delegation."),
    "exemption.granted": gettext_lazy(
        "Vote %(vote)s let %(lab)s go on with the run %(run)s under pause %(pause)s until %(until_at)s."
    ),
    "drill.ordered": gettext_lazy(
        "Vote %(vote)s ordered drill %(drill)s of the level %(level)s, to begin at %(starts_at)s. A drill: nothing is halted."
    ),
    "drill.acknowledged": gettext_lazy("Drill %(drill)s: %(lab)s acknowledged it."),
    "drill.halted": gettext_lazy("Drill %(drill)s: %(lab)s showed that it could halt. Nothing was halted."),
    "drill.rolled_back": gettext_lazy(
        "Drill %(drill)s: %(lab)s showed that it could roll back. Nothing was rolled back."
    ),
    "drill.declared": gettext_lazy("Drill %(drill)s: %(lab)s declared its exercise."),
    "drill.verified": gettext_lazy(
        "Drill %(drill)s: %(body)s concluded about the exercise of %(lab)s: %(conclusion)s."
    ),
    "drill.stood_up": gettext_lazy("Drill %(drill)s: %(lab)s took its work up again."),
    "drill.ended": gettext_lazy("Drill %(drill)s ended: %(outcome)s."),
    "criterion.determined": gettext_lazy(
        "%(body)s determined whether %(criterion)s is met for pause %(pause)s: %(met)s."
    ),
    "resumption.begun": gettext_lazy("Resumption from pause %(pause)s began by vote %(vote)s."),
    "resumption.refused": gettext_lazy("Resumption from pause %(pause)s, adopted by vote %(vote)s, did not begin."),
    "resumption.stage_reached": gettext_lazy("Pause %(pause)s reached stage %(stage)s of its resumption."),
    "resumption.snapped_back": gettext_lazy("Vote %(vote)s took the resumption from pause %(pause)s back."),
    "case.opened": gettext_lazy("Case %(case)s about %(lab)s was opened: %(about)s."),
    "case.answered": gettext_lazy("%(lab)s answered in case %(case)s."),
    "case.remedied": gettext_lazy("%(lab)s says that what case %(case)s is about is mended."),
    "case.determined": gettext_lazy("Case %(case)s about %(lab)s was determined: %(state)s."),
    "case.closed": gettext_lazy("Case %(case)s about %(lab)s was closed."),
    "mandate.given": gettext_lazy("%(body)s was mandated for %(layers)s."),
    "training.recorded": gettext_lazy("%(body)s entered a course that the inspector %(inspector)s has completed."),
    "inspector.designated": gettext_lazy("%(body)s designated the inspector %(inspector)s."),
    "designation.ended": gettext_lazy("%(inspector)s is an inspector of %(body)s no longer."),
    "agreement.proposed": gettext_lazy("%(lab)s proposed version %(version)s of the agreement for %(facility)s."),
    "agreement.agreed": gettext_lazy("%(body)s agreed to version %(version)s of the agreement for %(facility)s."),
    "managed_access.requested": gettext_lazy(
        "%(lab)s asked for managed access on visit %(visit)s: %(measure)s, %(layer)s."
    ),
    "managed_access.settled": gettext_lazy("Managed access %(number)s on visit %(visit)s: %(state)s."),
    "clarification.asked": gettext_lazy(
        "%(body)s asked %(lab)s about finding %(number)s of report %(report)s, to be answered by %(answer_by)s."
    ),
    "clarification.acknowledged": gettext_lazy(
        "%(lab)s acknowledged the question about finding %(number)s of report %(report)s."
    ),
    "clarification.answered": gettext_lazy("%(lab)s answered about finding %(number)s of report %(report)s."),
    "dissent.filed": gettext_lazy("A dissenting view of report %(report)s was filed for %(body)s."),
    "recipient.published": gettext_lazy("%(body)s published a key for sealed tips, usable from %(usable_at)s."),
    "recipient.withdrawn": gettext_lazy("%(body)s withdrew a key for sealed tips."),
    "tips.received": gettext_lazy("Sealed tips came between %(from_at)s and %(until_at)s."),
    "tip.opened": gettext_lazy("%(body)s opened the tip %(tip)s."),
    "tip.answered": gettext_lazy("%(body)s left a sealed answer to the tip %(tip)s."),
    "tip.closed": gettext_lazy("%(body)s closed the tip %(tip)s: %(outcome)s."),
    "availability.stated": gettext_lazy("%(inspector)s of %(body)s stated availability."),
    "order.key_declared": gettext_lazy("The key that orders are signed with was declared: %(verifier_key)s."),
    "order.issued": gettext_lazy("An order was issued to %(lab)s, which is asked something new."),
    "order.renewed": gettext_lazy("Orders that say the same as before were renewed until %(expires_at)s."),
    "order.acknowledged": gettext_lazy("%(lab)s acknowledged its order %(sequence)s."),
    "inspector.refused": gettext_lazy("%(lab)s refused the inspector %(inspector)s of %(body)s."),
    "refusal.withdrawn": gettext_lazy("%(lab)s took its refusal of the inspector %(inspector)s back."),
    "schedule.made": gettext_lazy("Schedule %(schedule)s of the coming months was sealed."),
    "plan.made": gettext_lazy("Visits under pause %(pause)s were planned and sealed."),
    "special.requested": gettext_lazy("%(body)s asked for a special visit to %(facility)s of %(lab)s."),
    "special.answered": gettext_lazy("%(lab)s answered about special visit %(special)s."),
    "special.planned": gettext_lazy("The special visit to %(facility)s of %(lab)s was planned and sealed."),
    "challenge.requested": gettext_lazy(
        "%(organisation)s asked for a challenge inspection of %(facility)s of %(lab)s; vote %(vote)s may stop it."
    ),
    "challenge.found_frivolous": gettext_lazy("%(body)s found the request of challenge %(challenge)s frivolous."),
    "challenge.stopped": gettext_lazy("Vote %(vote)s stopped the challenge inspection of %(facility)s of %(lab)s."),
    "draw.opened": gettext_lazy("Draw %(draw)s was opened: its list of sites is frozen."),
    "draw.committed": gettext_lazy("%(organisation)s committed to a value in draw %(draw)s."),
    "draw.sealed": gettext_lazy("The commitments of draw %(draw)s were sealed."),
    "draw.revealed": gettext_lazy("The value of %(organisation)s in draw %(draw)s was revealed."),
    "draw.carried_out": gettext_lazy("Draw %(draw)s was carried out."),
    "draw.days_opened": gettext_lazy("All days of draw %(draw)s were opened."),
    "challenge.planned": gettext_lazy("The challenge inspection of %(facility)s of %(lab)s was planned and sealed."),
    "grades.published": gettext_lazy("The figures of parity and the bodies' grades as of %(as_of)s were published."),
    "stream.observed": gettext_lazy("%(body)s read a stream of %(layer)s at %(facility)s as of %(observed_at)s."),
    "work.declared": gettext_lazy(
        "%(lab)s declared the work of %(facility)s from %(from_at)s to %(until_at)s, version %(version)s."
    ),
    "compute.observed": gettext_lazy(
        "%(body)s saw %(hours)s H100-hours used at %(facility)s from %(from_at)s to %(until_at)s, by %(measurement)s."
    ),
    "balance.alarmed": gettext_lazy(
        "The balance of %(facility)s from %(from_at)s to %(until_at)s, by %(measurement)s, is an anomaly to be clarified."
    ),
    "balance.clarified": gettext_lazy("%(body)s settled an anomaly in the balance of %(facility)s: %(state)s."),
    "balance.escalated": gettext_lazy("%(body)s made an anomaly in the balance of %(facility)s graver: %(state)s."),
    "visit.notified": gettext_lazy("Visit %(visit)s to %(facility)s of %(lab)s was notified for %(from)s."),
    "visit.cancelled": gettext_lazy("Visit %(visit)s to %(facility)s of %(lab)s was cancelled."),
    "visit.acknowledged": gettext_lazy("%(lab)s acknowledged visit %(visit)s to %(facility)s."),
    "access.granted": gettext_lazy("Visit %(visit)s was given access to %(facility)s of %(lab)s."),
    "access.delayed": gettext_lazy("Access to %(facility)s of %(lab)s was delayed for visit %(visit)s."),
    "access.refused": gettext_lazy("Access to %(facility)s of %(lab)s was refused to visit %(visit)s."),
    "visit.begun": gettext_lazy("Visit %(visit)s to %(facility)s of %(lab)s began."),
    "visit.finalised": gettext_lazy("The report of visit %(visit)s to %(facility)s of %(lab)s is final."),
    "visit.closed": gettext_lazy("Visit %(visit)s to %(facility)s of %(lab)s was closed."),
    "visit.left_open": gettext_lazy("Visit %(visit)s to %(facility)s of %(lab)s ended inconclusive."),
    "evidence.received": gettext_lazy("Evidence was attached to report %(report)s on %(facility)s of %(lab)s."),
    "evidence.withdrawn": gettext_lazy("Evidence was taken out of report %(report)s on %(facility)s of %(lab)s."),
    "report.signed": gettext_lazy("An inspector of %(body)s signed report %(report)s on %(facility)s of %(lab)s."),
    "report.submitted": gettext_lazy("Report %(report)s on %(facility)s of %(lab)s was submitted: %(conclusion)s."),
    "report.commented": gettext_lazy("%(lab)s commented on report %(report)s."),
    "report.amended": gettext_lazy(
        "Report %(report)s on %(facility)s of %(lab)s amends the version before it: %(conclusion)s."
    ),
    "redaction.asked": gettext_lazy(
        "%(organisation)s asked that a passage be taken out of what is published of report %(report)s."
    ),
    "redaction.granted": gettext_lazy("%(body)s took a passage out of what is published of report %(report)s."),
    "redaction.refused": gettext_lazy("%(body)s refused to take a passage out of report %(report)s."),
    "finding.clarified": gettext_lazy("A finding of report %(report)s on %(facility)s of %(lab)s was clarified."),
    "finding.escalated": gettext_lazy("A finding of report %(report)s on %(facility)s of %(lab)s was found graver."),
}


def sentence(entry: EntryValue) -> str:
    """Return what the entry says in one sentence; values of the payload are filled in as they are."""
    template = SENTENCES.get(entry.kind)
    if template is not None:
        try:
            return str(template) % {key: text_of(value) for key, value in entry.payload.items()}
        except KeyError:  # an older entry of the kind has fewer members
            pass
    return (
        _("%(kind)s: %(values)s") % {"kind": name_of(entry.kind), "values": _short(entry.payload)}
        if entry.payload
        else name_of(entry.kind)
    )


def name_of(kind: str) -> str:
    """Return a kind as words: "vote.closed" as "Vote closed"."""
    return str(capfirst(kind.replace(".", " ").replace("_", " ")))


def text_of(value: Json) -> str:
    """Return a value of a payload as text."""
    match value:
        case None:
            return "\N{EM DASH}"
        case bool():
            return _("yes") if value else _("no")
        case str() | int():
            return str(value)
        case Mapping():
            return (
                "; ".join(f"{key.replace('_', ' ')}: {text_of(item)}" for key, item in value.items()) or "\N{EM DASH}"
            )
        case _:
            return ", ".join(text_of(item) for item in value) or "\N{EM DASH}"


def facts(payload: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return a payload as pairs of words and text."""
    return [(str(capfirst(key.replace("_", " "))), text_of(value)) for key, value in payload.items()]


def _short(payload: Mapping[str, Json]) -> str:
    values = [text_of(value) for value in payload.values() if isinstance(value, str | int)]
    return ", ".join(value if len(value) <= 40 else f"{value[:39]}…" for value in values[:4])
