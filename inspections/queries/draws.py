"""Public draws as pages, actions and the planner need them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Organisation, User
from core.canonical import Json
from core.times import stamp
from inspections.models import Draw, DrawValue, Visit
from inspections.rules import draws as rules
from inspections.rules.drawn_days import Drawn, chain, order, possible_days
from inspections.rules.draws import ALGORITHM, Ticketed
from inspections.rules.seeds import Contribution, Dates, Stage, Standing, caps, next_due, stage, standings, tickets
from labs.models import Facility
from labs.queries.facilities import facilities_of, holding_of
from labs.rules.inventories import operations_per_second
from treaty.permissions import can_ask_to_resume
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_at, rules_of, text_at
from treaty.rules.monitoring import Draw as Terms


def drawn_facilities(at: datetime) -> list[str]:
    """Return the keys of the facilities that the newest draw gives a visit at short notice, in the order drawn; none without a draw."""
    newest = Draw.objects.drawn().filter(drawn_at__lte=at).first()
    return list(newest.drawn) if newest else []


def terms_at(at: datetime) -> Terms | None:
    """Return what the text in force says of the draw; None where it knows none."""
    return rules_at(at).monitoring.draw if text_at(at) else None


def due_at(terms: Terms, at: datetime) -> datetime:
    """Return when the next draw is due: at once where there was none."""
    last = Draw.objects.filter(opened_at__lte=at).first()
    return next_due(last.opened_at if last else None, terms.every, at)


def listed(at: datetime) -> tuple[Ticketed, ...]:
    """Return what a draw would be made from: the facilities in use of the bound laboratories, with their weights, as declared by `at`."""
    sites = facilities_of(bound_labs(at), at)
    held = ((one, holding_of(one)) for one in sites)
    return tickets(
        (one.key, one.organisation.key, operations_per_second(holding.lines) if holding else None)
        for one, holding in held
    )


def draws() -> QuerySet[Draw]:
    """Return every draw with its text and values, in a fixed number of queries."""
    values = Prefetch("values", DrawValue.objects.select_related("organisation"))
    return (
        Draw.objects.select_related("text")
        .defer("text__source")
        .prefetch_related(values, Prefetch("visits", Visit.objects.order_by("pk")))
    )


def unfinished(at: datetime) -> list[Draw]:
    """Return the draws whose sealing or result is due, or the opening of their days."""
    living = draws().filter(Q(drawn_at=None) | ~Q(day_commitments=[]), days_opened_at=None)
    return [one for one in living if stage_of(one, at) in {Stage.SEALING, Stage.DRAWING} or opens_days(one, at)]


def dates_of(draw: Draw) -> Dates:
    """Return the draw's instants, for the rules."""
    return Dates(draw.opened_at, draw.commit_by, draw.sealed_at, draw.reveal_by, draw.drawn_at)


def stage_of(draw: Draw, at: datetime) -> Stage:
    """Return where the draw is at `at`."""
    return stage(dates_of(draw), at)


def terms_of(draw: Draw) -> Terms:
    """Return the rule that the draw was opened under."""
    terms = rules_of(draw.text).monitoring.draw
    assert terms is not None
    return terms


def tickets_of(draw: Draw) -> tuple[Ticketed, ...]:
    """Return the list that was frozen when the draw was opened."""
    return tuple(Ticketed(facility, int(weight), lab) for facility, lab, weight in draw.listed)


def contributions_of(draw: Draw) -> list[Contribution]:
    """Return what was committed to, with the values handed in, by organisation."""
    found = [Contribution(one.organisation.key, one.commitment, one.value or None) for one in draw.values.all()]
    return sorted(found, key=lambda one: one.organisation)


def repeated(draw: Draw) -> rules.Draw:
    """Draw again from the seed on record."""
    sites, terms = tickets_of(draw), terms_of(draw)
    return rules.draw(bytes.fromhex(draw.seed), sites, terms.places, caps(sites, terms.per_party))


def transcript(draw: Draw) -> dict[str, Json]:
    """Return all that is public of the draw, as the file that `fermata draw` repeats it from."""
    sites, terms = tickets_of(draw), terms_of(draw)
    file: dict[str, Json] = {
        "draw": draw.key,
        "algorithm": ALGORITHM,
        "listed_at": stamp(draw.listed_at),
        "listed": [{"key": one.key, "group": one.group, "weight": str(one.weight)} for one in sites],
        "places": terms.places,
        "per_party": terms.per_party,
        "list_hash": draw.list_hash,
        "commitment": draw.commitment,
        "values": [
            {"organisation": one.organisation, "commitment": one.commitment, "value": one.value}
            for one in contributions_of(draw)
        ],
    }
    if draw.drawn_at is None:
        return file
    found = repeated(draw)
    return file | {
        "size": draw.size,
        "root": draw.root,
        "value": draw.value,
        "seed": draw.seed,
        "drawn": list(draw.drawn),
        "transcript": rules.steps_as_json(found.transcript),
        **({"days": opened_days(draw)} if draw.day_commitments else {}),
    }


def as_rows(sites: Sequence[Ticketed]) -> list[list[str]]:
    """Return a list as the draw's row keeps it."""
    return [[one.key, one.group, str(one.weight)] for one in sites]


def until_of(draw: Draw) -> datetime:
    """Return when the next draw is due: what this one gave is made before that."""
    assert draw.drawn_at is not None
    return terms_of(draw).every.after(draw.drawn_at)


def opens_days(draw: Draw, at: datetime) -> bool:
    """Whether every day of the draw is over, so that its secrets keep nothing any more, and they are to be opened still."""
    if draw.drawn_at is None or not draw.day_commitments or draw.days_opened_at is not None:
        return False
    return until_of(draw) <= at


def possible_days_of(draw: Draw) -> tuple[datetime, ...]:
    """Return the days that the visits of a draw can begin on, by the text that it was opened under."""
    assert draw.drawn_at is not None
    return possible_days(draw.drawn_at, until_of(draw), rules_of(draw.text).monitoring)


def days_of(draw: Draw, place: int) -> list[datetime]:
    """Return the days of a place in the order drawn. Secret until the draw's days are opened: before, only what a notice has opened is shown to anybody."""
    drawn = Drawn(draw.key, place, draw.drawn[place - 1], draw.seed, possible_days_of(draw))
    return list(order(drawn, chain(draw.day_secrets[place - 1])))


def opening_of(visit: Visit) -> dict[str, Json]:
    """Return what the notice of a drawn visit opens: the link of its day, and why those before it were passed over."""
    assert visit.draw is not None
    assert visit.drawn_place is not None
    link = chain(visit.draw.day_secrets[visit.drawn_place - 1])[len(visit.passed)]
    passed: list[Json] = [{"day": day, "provision": provision} for day, provision in visit.passed]
    return {"draw": visit.draw.key, "place": visit.drawn_place, "link": link, "passed": passed}


def opened_days(draw: Draw) -> dict[str, Json]:
    """Return the days of a draw as far as notices have opened them, with what a stranger draws them again from."""
    opened = draw.visits.opened().select_related("draw").order_by("drawn_place", "pk")
    return {
        "commitments": list(draw.day_commitments),
        "possible": [stamp(day) for day in possible_days_of(draw)],
        "opened": [{**opening_of(visit), "visit": visit.key, "day": stamp(visit.planned_from)} for visit in opened],
        **({"links": list(draw.day_secrets)} if draw.days_opened_at else {}),
    }


@dataclass(frozen=True)
class DrawRow:
    """A draw as a page shows it."""

    draw: Draw
    stage: Stage
    values: list[tuple[Organisation, Standing]]
    sites: list[tuple[Facility, Ticketed]]  # the list that was frozen, by laboratory
    drawn: list["DrawnRow"]
    is_over: bool  # the next one is due: what was not visited is not visited for this one any more

    @property
    def withheld(self) -> list[Organisation]:
        """Who committed to a value and did not reveal it in time."""
        return [organisation for organisation, standing in self.values if standing.is_withheld]

    @property
    def parties(self) -> list["PartyShare"]:
        """Each party with its chance at the first place and its facilities, by name."""
        total = sum(one.weight for _facility, one in self.sites)
        found: dict[Organisation, list[tuple[Facility, int]]] = {}
        for facility, one in self.sites:
            found.setdefault(facility.organisation, []).append((facility, one.weight))
        return [
            PartyShare(party, Fraction(own, total), [(facility, Fraction(weight, own)) for facility, weight in sites])
            for party, sites in found.items()
            for own in [sum(weight for _facility, weight in sites)]
        ]


@dataclass(frozen=True)
class DrawnRow:
    """A place as it was drawn, and its newest visit whose notice was given; its rank is that of its day in the order drawn."""

    facility: Facility
    visit: Visit | None
    first_day: datetime | None = None  # that was drawn, once the days of the whole draw are opened

    @property
    def rank(self) -> int:
        """Which of the days drawn the visit's is: 1 is the day drawn first."""
        return len(self.visit.passed) + 1 if self.visit else 0


@dataclass(frozen=True)
class PartyShare:
    """A party's chance at the first place of a draw, and each of its facilities' share of that."""

    organisation: Organisation
    share: Fraction
    sites: list[tuple[Facility, Fraction]]


def draw_row(draw: Draw, at: datetime) -> DrawRow:
    """Return a draw that comes from `draws` as it stands at `at`."""
    row = _rows([draw], at)[0]
    if draw.days_opened_at is None or not possible_days_of(draw):
        return row
    return replace(
        row, drawn=[replace(one, first_day=days_of(draw, place)[0]) for place, one in enumerate(row.drawn, start=1)]
    )


def rows(at: datetime, limit: int = 50) -> list[DrawRow]:
    """Return the draws, the newest first, in a fixed number of queries."""
    return _rows(list(draws().filter(opened_at__lte=at)[:limit]), at)


def _rows(found: Sequence[Draw], at: datetime) -> list[DrawRow]:
    weights = {draw.pk: {one.key: one for one in tickets_of(draw)} for draw in found}
    keys = {key for listed in weights.values() for key in listed}
    known = Facility.objects.filter(key__in=keys).select_related("organisation").order_by("organisation__name", "name")
    sites = {facility.key: facility for facility in known}
    return [_row(draw, weights[draw.pk], sites, at) for draw in found]


def _row(draw: Draw, weights: Mapping[str, Ticketed], sites: Mapping[str, Facility], at: datetime) -> DrawRow:
    where = stage_of(draw, at)
    names = {one.organisation.key: one.organisation for one in draw.values.all()}
    opened = {one.drawn_place: one for one in draw.visits.all() if one.notified_at}
    return DrawRow(
        draw,
        where,
        [(names[one.contribution.organisation], one) for one in standings(contributions_of(draw), where)],
        [(facility, weights[key]) for key, facility in sites.items() if key in weights],
        [DrawnRow(sites[key], opened.get(place)) for place, key in enumerate(draw.drawn, start=1)],
        draw.drawn_at is not None and until_of(draw) <= at,
    )


def committers(draw: Draw, user: User, at: datetime) -> list[Organisation]:
    """Return the organisations for which `user` may still commit to a value."""
    if stage_of(draw, at) is not Stage.COMMITTING:
        return []
    done = {one.organisation_id for one in draw.values.all()}
    return [one for one in can_ask_to_resume(user, at=at) if one.pk not in done]


def revealers(draw: Draw, user: User, at: datetime) -> list[Organisation]:
    """Return the organisations whose value `user` may still hand in: their own first, then everybody's."""
    own = {one.pk for one in can_ask_to_resume(user, at=at)}
    if not own or stage_of(draw, at) is not Stage.REVEALING:
        return []
    waiting = [one.organisation for one in draw.values.all() if not one.value]
    return sorted(waiting, key=lambda one: (one.pk not in own, one.name))
