"""Public draws as pages, actions and the planner need them."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from core.canonical import Json
from core.times import stamp
from inspections.models import Draw, DrawValue
from inspections.rules import draws as rules
from inspections.rules.draws import ALGORITHM, Ticketed
from inspections.rules.seeds import Contribution, Dates, Stage, caps, next_due, stage, tickets
from labs.queries.facilities import facilities_of, lines_of
from labs.rules.inventories import operations_per_second
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_at, rules_of, text_at
from treaty.rules.text import Draw as Terms


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
    sites = [one for one in facilities_of(bound_labs(at), at) if one.registered_at <= at]
    held = {
        one.pk: operations_per_second(lines_of(one)) if inventories else None
        for one in sites
        for inventories in [getattr(one, "standing")]  # noqa: B009 - an attribute that the prefetch adds
    }
    return tickets((one.key, one.organisation.key, held[one.pk]) for one in sites)


def draws() -> QuerySet[Draw]:
    """Return every draw with its text and values, in a fixed number of queries."""
    values = Prefetch("values", DrawValue.objects.select_related("organisation"))
    return Draw.objects.select_related("text").defer("text__source").prefetch_related(values)


def unfinished(at: datetime) -> list[Draw]:
    """Return the draws whose sealing or result is due."""
    return [one for one in draws().filter(drawn_at=None) if stage_of(one, at) in {Stage.SEALING, Stage.DRAWING}]


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
    }


def as_rows(sites: Sequence[Ticketed]) -> list[list[str]]:
    """Return a list as the draw's row keeps it."""
    return [[one.key, one.group, str(one.weight)] for one in sites]
