"""The treaty text's shape: one frozen document that site and verifier read with the same code.

The YAML is hashed as its bytes stand (`sha256sum` of the file), so anybody can check what was signed.
"""

from datetime import date
from typing import Literal

from pydantic import model_validator

from treaty.rules.conditions import Condition
from treaty.rules.profiles import VoteProfile
from treaty.rules.values import Key, Length, Number, Prose, Provision, Share


class Article(Provision):
    """What people read. `commentary` explains; `source` says which existing regime a number comes from."""

    number: str
    title: Prose
    body: tuple[Prose, ...]
    governs: tuple[str, ...] = ()  # dotted paths into this document, such as "declarations.initial_due"
    commentary: Prose | None = None
    source: Prose | None = None


class Member(Provision):
    """An organisation that an annex names."""

    key: Key
    name: Prose
    jurisdiction: str
    root_key: str | None = None


class EntryIntoForce(Provision):
    """When the treaty begins to bind."""

    ratifications: int
    among_them: tuple[Key, ...]  # Annex 1
    delay: Length  # after the last ratification that was needed


class Declarations(Provision):
    """What a party files, and by when."""

    initial_due: Length  # after entry into force for that party
    update_every: Length
    update_grace: Length
    change_within: Length
    chip_register_every: Length
    transfer_notice: Length


class Covered(Provision):
    """What counts as a covered cluster, and the compute thresholds."""

    h100_equivalents_above: Number
    memory_gb_above: Number
    h100_ops_per_second: Number  # dense 8-bit operations per second of one H100
    monitored_flop: Number
    strict_flop: Number
    presumption_flop: Number
    reporting_flop: Number


class Clarification(Provision):
    """How missing data escalates."""

    overdue_after: Length
    long_overdue_after: Length
    acknowledge_within: Length
    answer_within: Length


class Indicator(Provision):
    """What is measured. A reading is stale `validity` after it was observed."""

    title: Prose
    unit: Prose
    about: Literal["world", "lab"]
    direction: Literal["rising_is_worse", "falling_is_worse"]
    validity: Length
    sources: tuple[Literal["verified", "observed", "declared"], ...]
    minimum: Number | None = None
    maximum: Number | None = None
    largest_jump: Number | None = None  # factor between consecutive readings that is physically possible
    part_of: Key | None = None
    owed_by: Literal["labs", "bodies", "secretariat"] = "labs"
    comment: Prose | None = None
    source: Prose


class Trigger(Provision):
    """When its condition is true, the vote it names opens, once, until it is reset."""

    title: Prose
    condition: Condition
    opens: Key  # a decision
    level: Key
    reset_when: Condition | None = None
    comment: Prose | None = None
    source: Prose


class Stage(Provision):
    """One stage of a stand-down and its deadline after the pause is in force."""

    key: Literal["acknowledge", "halt", "roll_back", "declare", "verify"]
    within: Length


class Level(Provision):
    """A level of pause: what stops, and how a party stands down."""

    title: Prose
    rank: int
    training_above_flop: Number | None
    release_above_flop: Number | None = None
    roll_back_deployments: bool = False
    stages: tuple[Stage, ...]
    site_modes: tuple[Literal["inference_only", "powered_off"], ...]
    comment: Prose | None = None
    source: Prose


class Activation(Provision):
    """Mutual activation: each party's commitment may be conditional on others'."""

    confirm_within: Length
    fallback: Literal["lapses", "in_force_for_confirmed"]
    minimum_parties: int


class Criterion(Provision):
    """What must hold before work resumes."""

    title: Prose
    condition: Condition
    determination_validity: Length
    comment: Prose | None = None
    source: Prose


class ResumptionStage(Provision):
    """A step back to work after the resumption vote's timelock."""

    title: Prose
    after: Length
    training_above_flop: Number | None
    condition: Condition | None = None


class Resumption(Provision):
    """Every criterion, then a vote, then stages; the pause snaps back if a stage's condition fails."""

    decision: Key
    criteria: dict[Key, Criterion]
    stages: tuple[ResumptionStage, ...]
    sunset: Length | None = None


class Notice(Provision):
    """Notice before a visit."""

    routine: Length
    short: Length
    on_site: Length


class Challenge(Provision):
    """The clock of a challenge inspection."""

    stop_within: Length
    arrival_after_notice: Length
    on_site_within: Length
    longest: Length


class Monitoring(Provision):
    """Who inspects what, how often, on what notice."""

    notice: Notice
    challenge: Challenge
    visits_per_site_per_year: int
    visits_per_party_per_year: int
    inspectors_per_visit: int
    from_different_bodies: bool
    smallest_pool: int
    refusal_effective_after: Length
    designation_validity: Length
    comments_within: Length
    final_report_within: Length
    evidence_validity: dict[Key, Length]  # verification layer -> how long its evidence stands
    layers: dict[Key, Prose]
    detection_probability: Share
    false_alarm: Share
    significant_flop: Number  # what conversion time is computed for
    visit_length: Length
    holidays: tuple[date, ...] = ()


class Withdrawal(Provision):
    """Leaving takes time, and duties continue in it."""

    notice: Length
    extraordinary_events: Prose


class Text(Provision):
    """The whole treaty."""

    title: Prose
    version: int
    language: Literal["en"]
    preamble: tuple[Prose, ...]
    articles: tuple[Article, ...]
    labs: tuple[Member, ...]  # Annex 1
    bodies: tuple[Member, ...]  # Annex 2
    entry_into_force: EntryIntoForce
    declarations: Declarations
    covered: Covered
    clarification: Clarification
    indicators: dict[Key, Indicator]
    triggers: dict[Key, Trigger]
    profiles: dict[Key, VoteProfile]
    decisions: dict[Key, Key]  # decision -> profile
    levels: dict[Key, Level]
    activation: Activation
    resumption: Resumption
    monitoring: Monitoring
    withdrawal: Withdrawal

    @model_validator(mode="after")
    def _names_resolve(self) -> "Text":
        problems = list(_unresolved(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _unresolved(text: Text) -> list[str]:
    problems = [
        f"decisions.{key}: there is no vote profile {profile!r}"
        for key, profile in text.decisions.items()
        if profile not in text.profiles
    ]
    for key, trigger in text.triggers.items():
        if trigger.opens not in text.decisions:
            problems.append(f"triggers.{key}.opens: there is no decision {trigger.opens!r}")
        if trigger.level not in text.levels:
            problems.append(f"triggers.{key}.level: there is no level {trigger.level!r}")
    if text.resumption.decision not in text.decisions:
        problems.append(f"resumption.decision: there is no decision {text.resumption.decision!r}")
    return problems
