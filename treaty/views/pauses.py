from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.models import Organisation, User
from core.truth import Truth
from ledger.queries import position
from ledger.views.past import OfAnInstant
from treaty.models import Pause, Vote
from treaty.models.pauses import STATE_LABELS
from treaty.models.standdowns import STAGE_LABELS
from treaty.permissions import bodies_acting, can_ask_to_resume, labs_acting
from treaty.queries.commitments import commitment_rows
from treaty.queries.past import known_pauses, require_rows
from treaty.queries.pauses import PauseSummary, summaries, summary
from treaty.queries.resumption import criteria, stage_rows, under_way
from treaty.queries.standdowns import board
from treaty.queries.texts import rules_of
from treaty.queries.timeline import story
from treaty.queries.vote_pages import VoteRow, vote_row
from treaty.queries.votes import with_rows
from treaty.rules.pauses import BINDING, PauseState
from treaty.rules.resumption import may_resume
from treaty.rules.text import Article
from treaty.views.boards import board_row, standings
from treaty.views.commitments import commitment_row
from treaty.views.resumption import criterion_row
from treaty.views.words import EVENTS, written
from web.caching import cached_by
from web.listings import SOUGHT, listing
from web.past import PARAMETER


@method_decorator(cached_by(position), name="dispatch")
class PausesPage(TemplateView):
    """Every pause, the newest first."""

    template_name = "treaty/pause_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the pauses as they stand now."""
        at = timezone.now()
        found = [(one, headline(one), STATE_LABELS[one.state]) for one in summaries(at)]
        return super().get_context_data(pauses=found, at=at, position=position(), **context)


@method_decorator(cached_by(position, SOUGHT, "board", "commitments", PARAMETER), name="dispatch")
class PausePage(OfAnInstant):
    """One pause: its state in words, its way, its board, its commitments, its criteria, its votes, its story."""

    template_name = "treaty/pause_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the pause as it stands, and what is asked of the reader; of the past, what the rows of then tell."""
        at, past = self.at, self.past
        require_rows(at)
        pause = next(iter(known_pauses(at, key=self.kwargs["key"])), None)
        if pause is None:
            raise Http404
        found, resumption = summary(pause, at), under_way(pause)
        binds = found.state in BINDING
        standing = criteria(pause, at) if binds else ()
        rows = board(pause, at) if found.bound else None
        parties = listing(self.request.GET, rows.rows if rows else (), lambda row: row.organisation.name, name="board")
        pledged = listing(
            self.request.GET, commitment_rows(pause), lambda row: row.commitment.organisation.name, name="commitments"
        )
        return super().get_context_data(
            one=found,
            pause=pause,
            state_label=STATE_LABELS[found.state],
            headline=headline(found),
            articles=articles(pause),
            trigger=trigger_of(pause),
            stages=way(found, may_resume(standing)),
            board=rows,
            parties=parties,
            board_rows=[board_row(row) for row in parties.rows],
            standings=standings(rows),
            stage_labels=[STAGE_LABELS[key] for key in stage_keys(found)],
            pledged=pledged,
            commitments=[commitment_row(row) for row in pledged.rows],
            criteria=[criterion_row(one, pause) for one in standing],
            resumption_stages=stage_rows(resumption) if resumption else [],
            votes=[] if past else votes_of(pause, at),
            events=events(f"pause:{pause.key}", until=past),
            crumbs=[(reverse("treaty:pauses"), _("Pauses"))],
            asked={} if past else asked(self.request, pause, found, at),
            **context,
        )


def headline(found: PauseSummary) -> str:
    """Say what the pause is, in one sentence."""
    sentences = {
        PauseState.PROPOSED: _("A pause is proposed."),
        PauseState.ADOPTED: _("A pause has been adopted."),
        PauseState.ACTIVATING: _("A pause is being entered."),
        PauseState.IN_FORCE: _("A pause is in force."),
        PauseState.RESUMING: _("Work is resuming in stages."),
        PauseState.ENDED: _("This pause has ended."),
        PauseState.LAPSED: _("This pause lapsed."),
    }
    if found.provisional:
        return _("An emergency pause is in force, provisionally.")
    return sentences[found.state]


def articles(pause: Pause) -> list[Article]:
    """Return the articles that a pause rests on: those that govern levels, activation and resumption."""
    basis = {"levels", "activation", "resumption"}
    return [
        article for article in rules_of(pause.text).articles if basis & {path.split(".")[0] for path in article.governs}
    ]


def trigger_of(pause: Pause) -> tuple[str, str] | None:
    """Return the key and the title of the trigger whose vote started the pause; None where people asked for it."""
    key = str(pause.vote.subject.get("trigger", ""))
    stated = rules_of(pause.text).triggers.get(key)
    return (key, stated.title if stated else key) if key else None


def stage_keys(found: PauseSummary) -> list[Any]:
    """Return the stages of the level, in order."""
    return [key for key in STAGE_LABELS if key.value in {stage.key for stage in found.terms.level.stages}]


def way(found: PauseSummary, criteria_met: Truth) -> list[dict[str, object]]:
    """Return the way of the pause for `components/way.html`."""
    pause, state = found.pause, found.state
    order = [PauseState.ADOPTED, PauseState.ACTIVATING, PauseState.IN_FORCE, PauseState.RESUMING, PauseState.ENDED]
    here = order.index(state) if state in order else 1
    whens = [
        pause.adopted_at,
        pause.activating_at,
        pause.in_force_at,
        pause.resuming_at,
        pause.ended_at or pause.lapsed_at,
    ]
    details = [
        _("vote %(vote)s") % {"vote": pause.vote.key},
        "" if pause.emergency else _("%(bound)s of %(roll)s bound") % {"bound": found.bound, "roll": found.roll},
        _("provisional until it is ratified") if found.provisional else "",
        _("every criterion is met: a vote may be asked for")
        if criteria_met is Truth.TRUE and state is PauseState.IN_FORCE
        else "",
        _("it lapsed") if state is PauseState.LAPSED else "",
    ]
    stages: list[dict[str, object]] = [
        {
            "title": STATE_LABELS[one],
            "state": "done" if number < here or state is PauseState.ENDED else "here" if number == here else "",
            "when": written(whens[number]),
            "detail": details[number],
        }
        for number, one in enumerate(order)
        if not (pause.emergency and one is PauseState.ACTIVATING)
    ]
    if state is PauseState.LAPSED:
        stages[-1] |= {"title": STATE_LABELS[PauseState.LAPSED], "state": "missed"}
    return stages


def votes_of(pause: Pause, at: datetime) -> list[VoteRow]:
    """Return the vote that started the pause and all votes about it, the newest first, in four queries."""
    found = with_rows(Vote.objects.filter(pause=pause) | Vote.objects.filter(pk=pause.vote_id))
    return [vote_row(vote, at) for vote in found]


def events(subject: str, until: datetime | None = None) -> list[dict[str, object]]:
    """Return the story for `components/timeline.html`, up to `until` where it is given, in two queries."""
    told = [one for one in story(subject) if one.kind in EVENTS and (until is None or one.at <= until)]
    names = dict(Organisation.objects.filter(key__in={one.lab for one in told}).values_list("key", "name"))
    return [
        {
            "at": one.at,
            "title": EVENTS[one.kind][1],
            "sign": EVENTS[one.kind][0],
            "detail": names.get(one.lab, one.lab),
            "entry": one.entry,
            "url": reverse("ledger:entry", args=[one.entry]) if one.entry is not None else "",
        }
        for one in told
    ]


def asked(request: HttpRequest, pause: Pause, found: PauseSummary, at: datetime) -> dict[str, Any]:
    """Return what the reader may do here: labs to confirm for, stand-downs to work on, bodies to determine for."""
    if not isinstance(request.user, User):
        return {}
    roll = {one.organisation_id for one in pause.commitments.all()}
    labs = [lab for lab in labs_acting(request.user, at=at) if lab.pk in roll]
    return {
        "labs": labs,
        "bodies": bodies_acting(request.user, at=at),
        "confirms": found.state is PauseState.ACTIVATING,
        "stands_down": found.state in BINDING,
        "may_ask": bool(can_ask_to_resume(request.user, at=at)) and found.state is PauseState.IN_FORCE,
    }
