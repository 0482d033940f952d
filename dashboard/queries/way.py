"""The way of a pause in five stages, each with its instant and what it rests on, for `components/way.html`."""

from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.durations import Duration
from dashboard.queries.situation import PauseView
from treaty.rules.pauses import PauseState
from treaty.rules.profiles import Threshold
from treaty.rules.standdowns import StageKey
from treaty.rules.text import Text
from treaty.rules.votes import Reason
from web.templatetags.fermata import utc

ORDER = (PauseState.ADOPTED, PauseState.ACTIVATING, PauseState.IN_FORCE, PauseState.RESUMING, PauseState.ENDED)


@dataclass(frozen=True)
class Stage:
    """One stage; `state` is done, here, missed or empty for what lies ahead."""

    title: str
    state: str
    when: SafeString | str = ""
    detail: SafeString | str = ""


def way(view: PauseView, rules: Text) -> list[Stage]:
    """Return the stages of the pause as it stands."""
    place = ORDER.index(view.summary.state) if view.summary.state in ORDER else 1
    stages = [_trigger(view, rules), _adopted(view, place), *_activated(view, place), _in_force(view, place)]
    if view.summary.state is PauseState.LAPSED:
        return [*stages[:-1], Stage(_("Lapsed"), "missed", utc(view.pause.lapsed_at, "short"), _why_lapsed(view))]
    return [*stages, _resuming(view, place), *_ended(view)]


def _state(place: int, own: int) -> str:
    return "done" if own < place else "here" if own == place else ""


def _trigger(view: PauseView, rules: Text) -> Stage:
    if view.firing is None:
        requester = view.pause.vote.requester
        who = _("asked for by %(name)s") % {"name": requester.name} if requester else _("asked for by the parties")
        return Stage(_("Request"), "done", utc(view.pause.vote.noticed_at, "short"), who)
    trigger = rules.triggers.get(view.firing.trigger)
    return Stage(
        _("Trigger"), "done", utc(view.firing.fired_at, "short"), trigger.title if trigger else view.firing.trigger
    )


def _adopted(view: PauseView, place: int) -> Stage:
    return Stage(_("Adopted"), _state(place, 0), utc(view.pause.adopted_at, "short"), _ballots(view))


def _ballots(view: PauseView) -> str:
    """Say how it was adopted, from the tally that was written down at the close."""
    vote = view.pause.vote
    if vote.reason == Reason.SILENCE:
        return _("by silence: too few objected")
    counted = [
        _("%(consents)d consent, %(objections)d object, %(abstentions)d abstain")
        % {name: one.get(name, 0) for name in ("consents", "objections", "abstentions")}
        for one in vote.tally.get("classes", ())
    ]
    return " · ".join(counted) or _("vote %(vote)s") % {"vote": vote.key}


def _activated(view: PauseView, place: int) -> list[Stage]:
    """Return the stage in which commitments are confirmed; an emergency has none."""
    one = view.summary
    if one.pause.emergency:
        return []
    if place <= 1:
        when = _("until %(at)s") % {"at": utc(one.confirm_by, "short")}
        confirmed = _("%(confirmed)d of %(roll)d confirmed") % {"confirmed": view.confirmed, "roll": one.roll}
        return [Stage(_("Activation"), _state(place, 1), SafeString(when), confirmed)]
    bound = _("%(bound)d of %(roll)d bound, each on its conditions") % {"bound": one.bound, "roll": one.roll}
    return [Stage(_("Activated"), "done", utc(one.pause.activating_at, "short"), bound)]


def _in_force(view: PauseView, place: int) -> Stage:
    if place < 2:
        return Stage(_("In force"), "", "", _("once every commitment is met, or by the text’s fallback"))
    state = _state(place, 2)
    if state == "done":
        return Stage(_("In force"), state, utc(view.since, "short"), _stage_dates(view))
    day = _("day %(day)d") % {"day": view.day}
    return Stage(_("In force"), state, day, _stage_dates(view))


def _stage_dates(view: PauseView) -> SafeString:
    declare, verify = view.stage_due(StageKey.DECLARE), view.stage_due(StageKey.VERIFY)
    words = [
        message % {"at": utc(at, "shortday")}
        for message, at in ((_("stand-down due %(at)s"), declare), (_("verification due %(at)s"), verify))
        if at is not None
    ]
    if view.summary.provisional and view.summary.lapses_at:
        words.insert(0, _("lapses %(at)s unless ratified") % {"at": utc(view.summary.lapses_at, "shortday")})
    return SafeString(", ".join(words))  # dates of our own only: nothing that a person typed


def _resuming(view: PauseView, place: int) -> Stage:
    if view.resumption:
        reached = sum(1 for row in view.resumption if row.reached_at)
        detail = _("%(reached)d of %(stages)d stages reached") % {"reached": reached, "stages": len(view.resumption)}
        return Stage(_("Resuming"), _state(place, 3), utc(view.pause.resuming_at, "short"), detail)
    number = len(view.summary.terms.resumption.criteria)
    criteria = ngettext("%(number)d criterion", "%(number)d criteria", number) % {"number": number}
    shares = [f"{share_of(one.threshold)} {class_of(one.name)}" for one in view.decision.electorates]
    timelock = _("%(hours)s of waiting") % {"hours": length(view.decision.timelock)}
    return Stage(
        _("Resuming"), _state(place, 3), _("after a vote, never by silence"), ", ".join([criteria, *shares, timelock])
    )


def share_of(threshold: Threshold) -> str:
    """Write a threshold shortly: "2/3 of the", "more than 1/2 of the"."""
    if threshold.share is None:
        return str(threshold.absolute)
    message = _("more than %(share)s of the") if threshold.strict else _("%(share)s of the")
    return message % {"share": threshold.share}


def class_of(name: str) -> str:
    """Name a class of voters."""
    return {"labs": _("parties"), "bodies": _("bodies")}.get(name, name)


def length(duration: Duration) -> str:
    """Write a length of the text shortly, with a space that does not break."""
    return str(duration).replace(" ", "\N{NO-BREAK SPACE}")


def _ended(view: PauseView) -> list[Stage]:
    return [Stage(_("Ended"), "done", utc(view.pause.ended_at, "short"))] if view.pause.ended_at else []


def _why_lapsed(view: PauseView) -> str:
    if view.pause.emergency:
        return _("it was not ratified in time")
    return _("too few parties confirmed in time")
