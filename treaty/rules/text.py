"""The treaty text's shape: one frozen document that site and verifier read with the same code.

The YAML is hashed as its bytes stand (`sha256sum` of the file), so anybody can check what was signed.
`treaty.rules.reading.read_text` reads it and names the line of what it refuses.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from treaty.rules.accounting import MaterialBalance, unknown_layers
from treaty.rules.articles import dangling
from treaty.rules.conditions import Condition, unresolved
from treaty.rules.consultations import Amendment
from treaty.rules.monitoring import Continuity, Draw, Grading, Notice, Protocol, Redactions, Special, Training
from treaty.rules.profiles import VoteProfile
from treaty.rules.schedules import Schedule
from treaty.rules.values import Count, Key, Length, Number, Prose, Provision, Share


class Article(Provision):
    """What people read. `commentary` explains; `source` says which existing regime a number comes from."""

    number: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]?[a-z]?$")]
    title: Prose
    body: tuple[Prose, ...] = Field(min_length=1)
    governs: tuple[str, ...] = ()  # dotted paths into this document, such as "declarations.initial_due"
    commentary: Prose | None = None
    source: Prose | None = None


class Member(Provision):
    """An organisation that an annex names."""

    key: Key
    name: Prose
    jurisdiction: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")]  # ISO 3166-1, empty: international
    root_key: str | None = None


class EntryIntoForce(Provision):
    """When the treaty begins to bind, and when it binds a lab that ratifies later."""

    ratifications: Count
    among_them: tuple[Key, ...]  # Annex 1
    delay: Length  # after the last ratification that was needed; for a later party after its own


class Admission(Provision):
    """How the annexes grow and shrink."""

    decision: Key
    accreditation_decision: Key
    suspension_decision: Key
    smallest_number_of_bodies: Count
    accreditation_validity: Length


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


class OpenWeights(Provision):
    """The register of what the treaty does not bind."""

    register_above_flop: Number


class Clarification(Provision):
    """How missing data escalates."""

    overdue_after: Length
    long_overdue_after: Length
    acknowledge_within: Length
    answer_within: Length
    decision: Key  # that determines non-compliance


class Indicator(Provision):
    """What is measured. A reading is stale `validity` after it was observed."""

    title: Prose
    unit: Prose
    about: Literal["world", "lab"]
    direction: Literal["rising_is_worse", "falling_is_worse"]
    validity: Length
    sources: tuple[Literal["verified", "observed", "declared"], ...] = Field(min_length=1)
    minimum: Number | None = None
    maximum: Number | None = None
    largest_jump: Number | None = None  # factor between consecutive readings that is physically possible
    part_of: Key | None = None
    one_at_a_time: bool = False  # a source has one value of an instant: a second series is a duplicate
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
    rank: Count
    training_above_flop: Number | None
    release_above_flop: Number | None = None
    roll_back_deployments: bool = False
    stages: tuple[Stage, ...] = Field(min_length=1)
    site_modes: tuple[Literal["inference_only", "powered_off"], ...]
    comment: Prose | None = None
    source: Prose


class Activation(Provision):
    """Mutual activation: each party's commitment may be conditional on others'."""

    confirm_within: Length
    fallback: Literal["lapses", "in_force_for_confirmed"]
    minimum_parties: Count


class Orders(Provision):
    """Each lab's obligations as a signed document that its pipelines read."""

    valid_for: Length
    renewed_every: Length


class Exemptions(Provision):
    """Work that may be allowed to go on."""

    decision: Key
    purposes: dict[Key, Prose]
    decided_within: Length
    longest: Length
    compute_up_to_flop: Number


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
    criteria: dict[Key, Criterion] = Field(min_length=1)
    stages: tuple[ResumptionStage, ...] = Field(min_length=1)
    sunset: Length | None = None


class Challenge(Provision):
    """The clock of a challenge inspection."""

    decision: Key  # that stops it
    stop_within: Length
    arrival_after_notice: Length
    on_site_within: Length
    longest: Length


class Monitoring(Provision):
    """Who inspects what, how often, on what notice."""

    notice: Notice
    challenge: Challenge
    visits_per_site_per_year: Count
    visits_per_party_per_year: Count
    inspectors_per_visit: Count
    from_different_bodies: bool
    smallest_pool: Count
    refusal_effective_after: Length
    designation_validity: Length
    comments_within: Length
    final_report_within: Length
    evidence_validity: dict[Key, Length]  # verification layer -> how long its evidence stands
    layers: dict[Key, Prose] = Field(min_length=1)
    detection_probability: Share
    false_alarm: Share
    significant_flop: Number  # what conversion time is computed for
    utilisation: Share  # of the rated operations, in that computation
    visit_length: Length
    holidays: tuple[date, ...] = ()
    protocols: dict[Key, Protocol] = Field(default_factory=dict)  # none: one answer for each layer
    redactions: Redactions | None = None  # none: what was published stays
    draw: Draw | None = None  # a text without it knows no draw of short-notice visits
    schedule: Schedule | None = None  # a text without it plans visits under a pause only
    balance: MaterialBalance | None = None
    grading: Grading | None = None
    special: Special | None = None  # a text without it knows no special visits
    training: Training | None = None  # none: designation alone is asked for
    continuity: dict[Key, Continuity] = Field(default_factory=dict)  # layers that a stream of readings may carry


class Drills(Provision):
    """How often the whole is exercised, who orders it, and how long it may last."""

    decision: Key
    every: Length  # from the start of one to the start of the next
    announced_before: Length
    longest: Length


class Delegation(Provision):
    """How long a member may leave its ballot to another of its class; a text without it knows no delegation (Art. 20)."""

    longest: Length


class Publication(Provision):
    """How the record is published, and how keys become usable."""

    checkpoint_within: Length
    witnesses: Count
    key_cooling_off: Length
    objection_window: Length


class Withdrawal(Provision):
    """Leaving takes time, and duties continue in it."""

    notice: Length
    extraordinary_events: Prose


class Text(Provision):
    """The whole treaty."""

    title: Prose
    version: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    language: Literal["en"]
    preamble: tuple[Prose, ...]
    articles: tuple[Article, ...] = Field(min_length=1)
    labs: tuple[Member, ...]  # Annex 1
    bodies: tuple[Member, ...]  # Annex 2
    entry_into_force: EntryIntoForce
    admission: Admission
    declarations: Declarations
    covered: Covered
    open_weights: OpenWeights
    clarification: Clarification
    indicators: dict[Key, Indicator]
    triggers: dict[Key, Trigger]
    profiles: dict[Key, VoteProfile]
    decisions: dict[Key, Key]  # decision -> profile
    levels: dict[Key, Level]
    activation: Activation
    orders: Orders
    exemptions: Exemptions
    resumption: Resumption
    monitoring: Monitoring
    drills: Drills
    delegation: Delegation | None = None
    publication: Publication
    withdrawal: Withdrawal
    amendment: Amendment

    @model_validator(mode="after")
    def _names_resolve(self) -> "Text":
        problems = list(_unresolved(self))
        if problems:
            raise ValueError("\n".join(problems))
        return self


def _unresolved(text: Text) -> list[str]:
    """Return "path: message" for each name that names nothing, and each count that cannot be met."""
    return [
        *_unknown_decisions(text),
        *_unknown_names(text),
        *_repeated(text),
        *_impossible(text),
        *dangling(text),
        *_unjudgeable(text),
    ]


def _unjudgeable(text: Text) -> list[str]:
    named = {
        **{f"triggers.{key}.condition": trigger.condition for key, trigger in text.triggers.items()},
        **{f"triggers.{key}.reset_when": it.reset_when for key, it in text.triggers.items() if it.reset_when},
        **{f"resumption.criteria.{key}.condition": it.condition for key, it in text.resumption.criteria.items()},
        **{
            f"resumption.stages.{place}.condition": stage.condition
            for place, stage in enumerate(text.resumption.stages)
            if stage.condition
        },
    }
    criteria = frozenset(text.resumption.criteria)
    return [
        problem
        for where, condition in named.items()
        for problem in unresolved(condition, indicators=text.indicators, criteria=criteria, where=where)
    ]


def _unknown_decisions(text: Text) -> list[str]:
    named = {
        "admission.decision": text.admission.decision,
        "admission.accreditation_decision": text.admission.accreditation_decision,
        "admission.suspension_decision": text.admission.suspension_decision,
        "clarification.decision": text.clarification.decision,
        "exemptions.decision": text.exemptions.decision,
        "resumption.decision": text.resumption.decision,
        "monitoring.challenge.decision": text.monitoring.challenge.decision,
        "amendment.decision": text.amendment.decision,
        "drills.decision": text.drills.decision,
        **{f"triggers.{key}.opens": trigger.opens for key, trigger in text.triggers.items()},
        **{
            f"profiles.{key}.emergency.ratified_by": profile.emergency.ratified_by
            for key, profile in text.profiles.items()
            if profile.emergency
        },
    }
    return [
        *(f"{path}: there is no decision {name!r}" for path, name in named.items() if name not in text.decisions),
        *(
            f"decisions.{key}: there is no vote profile {profile!r}"
            for key, profile in text.decisions.items()
            if profile not in text.profiles
        ),
    ]


def _unknown_names(text: Text) -> list[str]:
    labs, layers = {lab.key for lab in text.labs}, set(text.monitoring.layers)
    return [
        *(
            f"triggers.{key}.level: there is no level {it.level!r}"
            for key, it in text.triggers.items()
            if it.level not in text.levels
        ),
        *(
            f"indicators.{key}.part_of: there is no indicator {it.part_of!r}"
            for key, it in text.indicators.items()
            if it.part_of and it.part_of not in text.indicators
        ),
        *(
            f"entry_into_force.among_them: {key!r} is not in Annex 1"
            for key in text.entry_into_force.among_them
            if key not in labs
        ),
        *(
            f"monitoring.evidence_validity: {key!r} is missing or is no verification layer"
            for key in sorted(layers ^ set(text.monitoring.evidence_validity))
        ),
        *(
            f"monitoring.protocols: {key!r} is no verification layer"
            for key in sorted(set(text.monitoring.protocols) - layers)
        ),
        *unknown_layers(text.monitoring.balance, text.monitoring.continuity, layers),
    ]


def _repeated(text: Text) -> list[str]:
    lists = {
        "articles": [article.number for article in text.articles],
        "labs": [lab.key for lab in text.labs],
        "bodies": [body.key for body in text.bodies] + [lab.key for lab in text.labs],
        **{
            f"monitoring.protocols.{layer}": [item.key for item in items]
            for layer, items in text.monitoring.protocols.items()
        },
    }
    return [
        f"{path}: {name!r} appears twice"
        for path, names in lists.items()
        for name in sorted(set(names))
        if names.count(name) > 1
    ]


def _impossible(text: Text) -> list[str]:
    entry, problems = text.entry_into_force, []
    if entry.ratifications > len(text.labs):
        problems.append(f"entry_into_force.ratifications: Annex 1 names {len(text.labs)} laboratories only")
    if text.admission.smallest_number_of_bodies > len(text.bodies):
        problems.append(f"admission.smallest_number_of_bodies: Annex 2 names {len(text.bodies)} bodies only")
    if text.activation.minimum_parties > len(text.labs):
        problems.append(f"activation.minimum_parties: Annex 1 names {len(text.labs)} laboratories only")
    return problems


def printed_root(text: Text, organisation: str) -> str | None:
    """Return the root key that the annexes print for an organisation."""
    return next((one.root_key for one in (*text.labs, *text.bodies) if one.key == organisation), None)
