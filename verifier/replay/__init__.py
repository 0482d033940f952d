"""The treaty replayed from its record: what each entry says must follow from those before it."""

from verifier.replay import (
    accounting,
    agreements,
    amendments,
    ballots,
    cases,
    challenges,
    clarifications,
    consultations,
    declarations,
    delegations,
    drawn_days,
    draws,
    drills,
    effects,
    exemptions,
    grades,
    keys,
    levels,
    log,
    managed_access,
    membership,
    orders,
    organisations,
    parties,
    pauses,
    readings,
    recipients,
    redactions,
    reports,
    repudiations,
    resumption,
    schedules,
    sites,
    specials,
    standdowns,
    streams,
    texts,
    tips,
    triggers,
    visits,
    votes,
    works,
)
from verifier.replay.frame import Finding, Problem, Replay, differs, replays

# Steps register themselves when their module is imported; of one kind, those of a module after those that it imports.
NOUNS = (
    log, organisations, texts, keys, parties, delegations, votes, ballots, repudiations, effects, readings, sites, works, declarations, pauses, triggers, challenges, visits, specials, schedules, draws, drawn_days, reports, redactions, managed_access, clarifications, accounting, streams, standdowns,
    cases, resumption, membership, levels, exemptions, amendments, consultations, drills, orders, recipients, tips, agreements, grades,
)  # fmt: skip

__all__ = ["NOUNS", "Finding", "Problem", "Replay", "differs", "replays"]
