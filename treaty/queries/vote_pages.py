"""What the pages and the API say about a vote, put together in a fixed number of SQL queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from accounts.queries.people import organisations_of
from ledger.queries import Recorded, entries_about
from treaty.models import Ballot, Vote
from treaty.queries.repudiations import repudiated
from treaty.queries.roll_calls import RollCall
from treaty.queries.subjects import Fact, facts_about
from treaty.queries.triggers import voice
from treaty.queries.votes import (
    Summary,
    counting_of,
    is_sealed,
    may_vote,
    profile_of,
    standing_ballots,
    summary,
)
from treaty.rules.changes import smallest_change
from treaty.rules.courses import Course, objections
from treaty.rules.profiles import VoteProfile
from treaty.rules.vote_states import BALLOTS_OPEN, UNDECIDED, Event, State
from treaty.rules.votes import Counting, Outcome, Reason, Step, StepKind
from treaty.rules.words import profile_in_words
from treaty.rules.words_votes import (
    STATES,
    change_in_words,
    decision_in_words,
    silence_in_words,
    step_answer,
    step_name,
    step_sum,
    to_come_in_words,
    weight_in_words,
)

SIGNS = {
    State.NOTICED: "na",
    State.OPEN: "on",
    State.SILENCE: "on",
    State.CONTESTED: "on",
    State.EXTENDED: "on",
    State.REJECTED: "bad",
    State.REFERRED: "un",
    State.WITHDRAWN: "na",
    State.WAITING: "ok",
    State.READY: "ok",
    State.IN_EFFECT: "ok",
    State.EXPIRED: "na",
    State.PROVISIONAL: "on",
    State.RATIFIED: "ok",
    State.LAPSED: "na",
}
RECENT_ENTRIES = 20


@dataclass(frozen=True)
class VoteRow:
    """A vote in a list, with its words."""

    summary: Summary
    url: str
    sign: str
    state: str
    roll_label: str
    conclusion: str

    @property
    def vote(self) -> Vote:
        """The row itself."""
        return self.summary.vote

    @property
    def course(self) -> Course:
        """Its course."""
        return self.summary.course


@dataclass(frozen=True)
class VoteDetail:
    """All that the page of a vote shows."""

    row: VoteRow
    sealed: bool
    lede: str
    subject: list[Fact]
    rule: list[str]
    silence: str
    formula: list[dict[str, str]]
    formula_sign: str
    change: str
    smallest: str
    classes: list[dict[str, object]]
    stages: list[dict[str, object]]
    events: list[dict[str, object]]
    entries: list[Recorded]
    mine: list[dict[str, object]]
    repudiated: list[dict[str, object]]


def vote_row(vote: Vote, at: datetime) -> VoteRow:
    """Return the vote as a list shows it."""
    return _row(summary(vote, at), at)


def _row(found: Summary, at: datetime) -> VoteRow:
    course = found.course
    sealed = is_sealed(found.vote, at)
    return VoteRow(
        summary=found,
        url=reverse("treaty:vote", args=[found.vote.key]),
        sign=SIGNS.get(course.state, "un"),
        state=voice()(STATES[course.state]),
        roll_label=_roll_label(found, sealed=sealed, decided=course.state not in UNDECIDED),
        conclusion=_conclusion(course, sealed=sealed),
    )


def _roll_label(found: Summary, *, sealed: bool, decided: bool) -> str:
    if sealed:
        message = _("%(sealed)d sealed · %(silent)d not yet · %(recused)d recused")
    elif decided:
        message = _(
            "%(consents)d consent · %(objections)d object · %(abstentions)d abstain · %(silent)d silent · %(recused)d recused"
        )
    else:
        message = _(
            "%(consents)d consent · %(objections)d object · %(abstentions)d abstain · %(silent)d not yet · %(recused)d recused"
        )
    return message % {
        name: getattr(found, name) for name in ("consents", "objections", "abstentions", "sealed", "silent", "recused")
    }


def rows(found: Iterable[Summary], at: datetime) -> list[VoteRow]:
    """Return summaries with their words."""
    return [_row(one, at) for one in found]


def _conclusion(course: Course, *, sealed: bool) -> str:
    if course.state is State.WITHDRAWN:
        return _("Withdrawn before it was decided.")
    if sealed:
        return _("What the ballots say is sealed until it closes; then all are opened together.")
    decision = course.decision if course.closed_at else course.tally.decision
    if course.state is State.SILENCE:
        return _("If nobody else objects it is adopted by silence.")
    return decision_in_words(decision, voice(), closed=course.closed_at is not None)


def vote_detail(vote: Vote, user: User | None, at: datetime) -> VoteDetail:
    """Return what the page of a vote shows to `user` (None for the public) at `at`."""
    speak, profile, row = voice(), profile_of(vote), vote_row(vote, at)
    course, end, sealed = row.course, course_end(row.course, at), is_sealed(vote, at)
    counting, standing = counting_of(vote, end), standing_ballots(vote, end)
    entries = entries_about(f"vote:{vote.key}", RECENT_ENTRIES)
    call = RollCall(vote, course, standing, entries, end, sealed=sealed)
    return VoteDetail(
        row=row,
        sealed=sealed,
        lede=_lede(course, sealed=sealed),
        subject=facts_about(vote),
        rule=profile_in_words(profile, speak),
        silence=silence_in_words(profile, speak),
        formula=[] if sealed else _formula(course, counting),
        formula_sign=_formula_sign(course),
        change="" if sealed else _change(course, counting),
        smallest="" if sealed else _smallest(vote, course, counting),
        classes=call.classes(),
        stages=_stages(course, profile),
        events=_events(course),
        entries=entries,
        mine=_mine(vote, user, standing, at) if course.takes_ballots else [],
        repudiated=repudiated(vote),
    )


def course_end(course: Course, at: datetime) -> datetime:
    """Return the instant up to which ballots are looked at: now, or the close."""
    return min(at, course.closed_at) if course.closed_at else at


def _lede(course: Course, *, sealed: bool) -> str:
    match course.state:
        case State.NOTICED:
            return _("Ballots are taken from the opening.")
        case State.SILENCE:
            return _("Silence is consent: it is adopted when the period ends, unless too many object before.")
        case State.CONTESTED:
            return _("Enough objected to end the silence procedure. A full vote is open since then.")
        case State.OPEN | State.EXTENDED:
            return _("Ballots may be changed until it closes.")
        case _:
            return _conclusion(course, sealed=sealed)


def _formula(course: Course, counting: Counting) -> list[dict[str, str]]:
    if course.state is State.SILENCE:
        return formula_lines(objections(counting.profile, counting))
    return formula_lines(course.decision.steps or course.tally.decision.steps)


def formula_lines(steps: Iterable[Step]) -> list[dict[str, str]]:
    """Return comparisons with their numbers filled in, as `components/formula.html` takes them."""
    return [
        {
            "name": step_name(step, voice()),
            "sum": step_sum(step, voice()),
            "answer": step_answer(step, voice()),
            "sign": _step_sign(step),
        }
        for step in steps
    ]


def _step_sign(step: Step) -> str:
    if step.kind in {StepKind.SILENCE, StepKind.VETO}:
        return "bad" if step.met else "ok"
    return "ok" if step.met else "na"


def _formula_sign(course: Course) -> str:
    if course.closed_at is None:
        return "on"
    return "ok" if course.decision.outcome is Outcome.ADOPTED else "bad"


def _change(course: Course, counting: Counting) -> str:
    if course.state not in BALLOTS_OPEN:
        return ""
    if course.state is not State.SILENCE:
        return to_come_in_words(smallest_change(counting, silent_only=True), counting.roll, voice())
    return to_contest(counting)


def to_contest(counting: Counting) -> str:
    """Say how much more weight has to object until a silence procedure becomes contested."""
    more = [_more_objections(step) for step in objections(counting.profile, counting)]
    return _("It becomes contested if objections come to weigh another %(weight)s.") % {
        "weight": weight_in_words(min(more))
    }


def _smallest(vote: Vote, course: Course, counting: Counting) -> str:
    """Say what the fewest ballots are that would have turned the result, or would turn it now."""
    if course.decision.reason is Reason.SILENCE:
        return to_contest(counting)
    if course.state not in BALLOTS_OPEN - {State.SILENCE} and not course.decision.steps:
        return ""
    smallest = smallest_change(counting)
    to_come = smallest_change(counting, silent_only=True) if course.closed_at is None else None
    if to_come and len(to_come.moves) == len(smallest.moves):
        return ""  # `_change` says it already
    names = {line.organisation.key: line.organisation.name for line in vote.roll.all()}
    return change_in_words(smallest, names, voice())


def _more_objections(step: Step) -> Fraction:
    """Return the least whole weight that would still have to object."""
    missing = step.need - step.have
    whole = -(-missing.numerator // missing.denominator)
    return Fraction(whole + 1 if step.strict and whole == missing else whole)


def _stages(course: Course, profile: VoteProfile) -> list[dict[str, object]]:
    """Return the way of the vote: what happened, and what time alone will still bring."""
    noticed = course.events[0].at
    stages: list[dict[str, object]] = [
        {"title": _("Noticed"), "at": noticed, "state": "done" if course.state is not State.NOTICED else "here"},
        {
            "title": _("Silence procedure") if course.silence_ends_at else _("Open"),
            "at": course.opens_at,
            "state": _opened(course),
        },
    ]
    if course.contested_at:
        stages.append(
            {
                "title": _("Contested"),
                "at": course.contested_at,
                "state": "here" if course.state is State.CONTESTED else "done",
            }
        )
    if course.extended_at:
        stages.append(
            {
                "title": _("Extended"),
                "at": course.extended_at,
                "state": "here" if course.state is State.EXTENDED else "done",
            }
        )
    if course.state is State.WITHDRAWN:
        return [*stages, {"title": _("Withdrawn"), "at": course.events[-1].at, "state": "here"}]
    stages.append({"title": _closing_word(course), "at": course.closes_at, "state": _closed(course)})
    if course.effective_at:
        return [*stages, _effect_stage(course), *_ends(course)]
    if course.closed_at is None and profile.timelock.amount:
        effective_at = profile.timelock.after(course.closes_at)
        stages.append({"title": _("Takes effect, if adopted"), "at": effective_at, "state": ""})
    return stages


def _ends(course: Course) -> list[dict[str, object]]:
    """Return until when an adopted decision has to take effect, or a provisional one to be ratified."""
    if course.state in {State.WAITING, State.READY} and course.expires_at:
        return [{"title": _("Expires without effect"), "at": course.expires_at, "state": ""}]
    if course.state is State.PROVISIONAL and course.lapses_at:
        return [{"title": _("Lapses unless ratified"), "at": course.lapses_at, "state": ""}]
    return []


def _opened(course: Course) -> str:
    if course.state is State.NOTICED:
        return ""
    return "here" if course.state in {State.OPEN, State.SILENCE} else "done"


def _closing_word(course: Course) -> str:
    if course.closed_at is None:
        return _("Closes")
    return {Outcome.ADOPTED: _("Adopted"), Outcome.REJECTED: _("Rejected")}.get(course.decision.outcome, _("Closed"))


def _closed(course: Course) -> str:
    if course.closed_at is None:
        return ""
    return "here" if course.state in {State.REJECTED, State.REFERRED, State.WAITING} else "done"


def _effect_stage(course: Course) -> dict[str, object]:
    titles = {
        State.WAITING: _("Takes effect"),
        State.READY: _("Takes effect"),
        State.EXPIRED: _("Expired"),
        State.LAPSED: _("Lapsed"),
    }
    states = {State.WAITING: "", State.EXPIRED: "missed", State.LAPSED: "missed"}
    return {
        "title": titles.get(course.state, _("In effect")),
        "at": course.effective_at,
        "state": states.get(course.state, "here"),
    }


def _events(course: Course) -> list[dict[str, object]]:
    words = {
        Event.NOTICE: (_("Noticed: text, rule and roll are frozen"), ""),
        Event.OPEN: (_("Opened"), "on"),
        Event.BEGIN_SILENCE: (_("Silence procedure began"), "on"),
        Event.CONTEST: (_("Contested: enough objected, a full vote opened"), "br"),
        Event.EXTEND: (_("Extended once"), "br"),
        Event.ADOPT: (_("Adopted"), "ok"),
        Event.REJECT: (_("Rejected"), "bad"),
        Event.REFER: (_("Referred outward"), "br"),
        Event.WITHDRAW: (_("Withdrawn"), ""),
        Event.WAIT: (_("The timelock began"), ""),
        Event.MATURE: (_("Ready to take effect"), "on"),
        Event.APPLY: (_("Took effect"), "ok"),
        Event.APPLY_PROVISIONALLY: (_("Took effect, provisionally"), "on"),
        Event.EXPIRE: (_("Expired without effect"), "bad"),
        Event.RATIFY: (_("Ratified"), "ok"),
        Event.LAPSE: (_("Lapsed: not ratified in time"), "bad"),
    }
    return [
        {"at": one.at, "title": words[one.event][0], "sign": words[one.event][1]} for one in reversed(course.events)
    ]


def _mine(vote: Vote, user: User | None, standing: Mapping[str, Ballot], at: datetime) -> list[dict[str, object]]:
    """Return the organisations for which `user` can vote here, each with its ballot as it stands."""
    return [
        {"organisation": organisation, "ballot": standing.get(organisation.key), "url": ballot_url(vote, organisation)}
        for organisation in may_vote(vote, organisations_of(user, at))
    ]


def ballot_url(vote: Vote, organisation: Organisation) -> str:
    """Return where the ballot of `organisation` is cast."""
    return f"{reverse('treaty:ballot', args=[vote.key])}?organisation={organisation.key}"
