"""What the answers about votes, pauses, drills, delegations and triggers hold."""

from typing import Final

from treaty.rules.cases import CaseEvent, CaseKind, CaseState
from treaty.rules.drills import DrillState
from treaty.rules.parties import Status
from treaty.rules.pauses import PauseState
from treaty.rules.standing import Standing
from web.api.shapes import by_key, free, instant, many, maybe, text, thing, truth, whole

LAB: Final = text("the laboratory's key")
TEXT: Final = text("SHA-256 of the treaty text that applies")
TRUTH: Final = text("true, false, or unknown where data are missing", "true", "false", "unknown")
OWED: Final = many(free("what, by whom, due when, and why it counts as missing"), "data that are missing")
EXPLANATION: Final = free("the tree of the condition with values, thresholds and readings of each part")

BALLOT: Final = thing(
    "A ballot; of a sealed one only the first four members, until the vote is closed.",
    organisation=text("who cast it"),
    sequence=whole("its place among the organisation's ballots; the highest counts"),
    received_at=instant("when it was received"),
    entry_hash=text("its entry in the record"),
)
BALLOT["properties"] |= {
    "choice": text("consent, object or abstain"),
    "reason": text("what the organisation said"),
    "ballot": text("the canonical ballot"),
    "signed_with": text("the kind of key; empty for a token"),
    "proofs": many(free("a key and its signature"), "what signed it"),
    "hash": text("SHA-256 of the ballot under its purpose"),
    "salt": maybe(text("of the commitment of a sealed ballot that was opened")),
    "repudiated": maybe(free("when it was repudiated, and whether that was counted")),
}
ROLL_LINE: Final = thing(
    "A member in a class.",
    organisation=text("the member's key"),
    **{"class": text("the class that it votes in")},
    weight=text("an exact fraction"),
    recused=maybe(text("why it is recused")),
    delegate=maybe(text("whose ballot counts for it too")),
)
VOTE: Final = thing(
    "All that is needed to count the vote again.",
    key=text("such as 2026-07"),
    title=text("what it is about"),
    question=text("what is asked"),
    decision=text("the decision of the text"),
    profile=text("the profile of the text"),
    rule=free("the vote profile, as the text has it"),
    rule_hash=text("SHA-256 of the rule"),
    roll_hash=text("SHA-256 of the roll"),
    text=TEXT,
    subject=free("what the decision needs to take effect"),
    state=text("computed for this instant"),
    noticed_at=instant("when text, rule and roll were frozen"),
    opens_at=instant("from when ballots count"),
    contested_at=maybe(instant("when silence was broken")),
    extended_at=maybe(instant("when the vote was extended")),
    closes_at=instant("until when ballots count, not included"),
    closed_at=maybe(instant("when it was closed")),
    effective_at=maybe(instant("when the decision takes effect")),
    outcome=text("what follows from the ballots so far"),
    reason=text("why"),
    sealed=truth("whether ballots are still sealed"),
    tally=maybe(free("the counts of each class and the formula with its numbers; null while sealed")),
    roll=many(ROLL_LINE, "who may vote"),
    ballots=many(BALLOT, "every version of every ballot"),
)
PAPER: Final = thing(
    "Everything public that a client needs to compose a ballot.",
    ballot=free("the ballot without what its maker chooses"),
    title=text("what the vote is about"),
    question=text("what is asked"),
    subject=free("what the decision needs to take effect"),
    decision=text("the decision of the text"),
    rule=many(text("a sentence"), "the rule in words"),
    choices=many(text("a choice"), "what may be chosen"),
    grounds=by_key(text("a ground in words"), "grounds for a veto"),
    on_roll=truth("whether the organisation may vote"),
    recused=truth("whether it is recused"),
    state=text("the vote's state now"),
    takes_ballots=truth("whether ballots count now"),
    objections_only=truth("whether only objections count now"),
    noticed_at=instant("when the vote was noticed"),
    opens_at=instant("from when ballots count"),
    closes_at=instant("until when, not included"),
    accepts=many(text("a kind of key"), "kinds of keys that the rule accepts"),
    synced=truth("whether passkeys that leave their device are accepted"),
    signers=whole("how many keys must sign the same ballot"),
    keys=many(free("a key that may sign"), "the organisation's usable keys"),
    tag=text("what the challenge is hashed with"),
    namespace=text("for ssh-keygen -Y sign"),
    now=instant("the site's clock"),
)
PAUSE: Final = thing(
    "A pause as it stands now.",
    key=text("such as 2026-01"),
    title=text("the level in words"),
    level=text("the level's key in the text"),
    state=text("computed for this instant", *(one.value for one in PauseState)),
    provisional=truth("whether it still waits to be ratified"),
    vote=text("the vote that adopted it"),
    text=TEXT,
    adopted_at=instant("when it was adopted"),
    activating_at=instant("when parties began to confirm"),
    confirm_by=maybe(instant("until when; null in an emergency")),
    in_force_at=maybe(instant("when it entered into force")),
    lapses_at=maybe(instant("when it lapses unless ratified")),
    lapsed_at=maybe(instant("when it lapsed")),
    resuming_at=maybe(instant("when resumption began")),
    ended_at=maybe(instant("when it ended")),
    bound=whole("how many laboratories it binds"),
    roll=whole("of how many"),
    url=text("where all of it is"),
)
COMMITMENT: Final = thing(
    "What a laboratory confirmed.",
    lab=LAB,
    condition=maybe(free("on which others its commitment depends")),
    compute=maybe(text("its H100-equivalents when the roll was frozen")),
    confirmed_at=maybe(instant("when it confirmed")),
    withdrawn_at=maybe(instant("when it took that back")),
    bound=maybe(truth("whether it is bound; null while that is open")),
    reason=maybe(text("why it is in or out")),
)
BOARD_ROW: Final = thing(
    "A laboratory's stand-down; each stage has due_at, at and late_seconds.",
    lab=LAB,
    bound=truth("whether the pause binds it"),
    standing=text("how it stands", *(one.value for one in Standing)),
    delay_seconds=whole("its delay account"),
)
WHOLE_PAUSE: Final = PAUSE | {
    "properties": PAUSE["properties"]
    | {
        "terms": free("the provisions of the text, frozen when it was adopted"),
        "commitments": many(COMMITMENT, "the roll"),
        "board": many(BOARD_ROW, "the stand-down of each laboratory"),
        "criteria": many(thing("", criterion=text("its key"), truth=TRUTH, words=text("why")), "of resumption"),
    },
    "required": [*PAUSE["required"], "terms", "commitments", "board", "criteria"],
}
DRILL: Final = thing(
    "A drill with each laboratory's times.",
    drill=truth("always true, so that nobody takes it for a pause"),
    key=text("such as 2026-d1"),
    level=text("the level that is exercised"),
    state=text("computed for this instant", *(one.value for one in DrillState)),
    vote=text("the vote that ordered it"),
    text=TEXT,
    announced_at=instant("when it was announced"),
    starts_at=instant("when it starts"),
    ends_by=instant("when it ends at the latest"),
    ended_at=maybe(instant("when it ended")),
    labs=many(
        thing(
            "A laboratory.",
            lab=LAB,
            stages=many(
                thing(
                    "A stage.",
                    stage=text("which"),
                    state=text("done, due, late or to come"),
                    due_at=maybe(instant("by when")),
                    done_at=maybe(instant("when")),
                    seconds=maybe(whole("how long it took")),
                ),
                "in their order",
            ),
            verified_at=maybe(instant("when a body found it consistent")),
            verdicts=many(
                thing("", body=text("which body"), conclusion=text("what it found"), at=instant("when")), "all"
            ),
        ),
        "every laboratory of the roll",
    ),
    verify_by=maybe(instant("until when bodies conclude")),
    url=text("where it is"),
)
DELEGATION: Final = thing(
    "A delegation.",
    organisation=text("who gave it"),
    delegate=text("whose ballot counts for it too"),
    decision=maybe(text("for which decision; null for all")),
    given_at=instant("when it was given"),
    expires_at=instant("when it ends"),
    revoked_at=maybe(instant("when it was taken back")),
    holds=truth("whether it holds now"),
)
TRIGGER: Final = thing(
    "A trigger of the text in force as it stands now.",
    key=text("its key in the text"),
    title=text("its title"),
    opens=text("the decision that it opens a vote on"),
    level=text("the level that the vote is about"),
    truth=TRUTH,
    words=text("why"),
    latched=truth("whether it has fired and is not reset"),
    vote=maybe(text("the vote that it opened")),
    holds_until=maybe(instant("until when the answer holds without new data")),
    owed=OWED,
    condition=free("the condition, as the text has it"),
    explanation=EXPLANATION,
)
AMENDMENT: Final = thing(
    "An amendment with all that it changes.",
    key=text("its key"),
    version=whole("the version that it would make"),
    sha256=text("of the amended text"),
    source=text("where its YAML is"),
    base=text("SHA-256 of the text that it amends"),
    proposer=text("who proposed it"),
    proposed_at=instant("when"),
    consultation=maybe(
        thing(
            "until when it is open to submissions; null where the text takes none",
            opens_at=instant("from when it takes submissions"),
            closes_at=instant("until when"),
            answered_by=instant("until when the proposer answers; the vote opens then"),
            submissions=text("where they are"),
        )
    ),
    vote=text("the vote on it"),
    state=text("that vote's state now"),
    in_force_at=maybe(instant("when it enters into force, once adopted")),
    provisions=many({}, "each provision that changes, as [path, old, new]"),
    articles=many({}, "each article whose prose changes, as [number, what]"),
)
ORDER_ACKNOWLEDGED: Final = thing(
    "What was acknowledged.",
    order=text("the order's hash"),
    sequence=whole("its number"),
    acknowledged_at=instant("when"),
)
PARTY: Final = thing(
    "A laboratory of Annex 1 or a monitoring body of Annex 2, as of the instant that was asked for.",
    key=text("its key in the annex"),
    kind=text("which annex", "laboratory", "body"),
    name=text("its name there"),
    jurisdiction=maybe(text("its country by ISO 3166-1 alpha-2; null for an international body")),
    status=text("what it is then", *(one.value for one in Status), "accredited", "not_accredited"),
    signed_at=maybe(instant("when the laboratory's signature arrived")),
    ratified_at=maybe(instant("when its ratification arrived")),
    bound_at=maybe(instant("from when the treaty binds it; it may lie ahead")),
    withdrawal_noticed_at=maybe(instant("when the notice of withdrawal that stands arrived")),
    withdrawal_effective_at=maybe(instant("when that notice takes effect; it may lie ahead")),
    suspensions=many(
        thing("", from_at=instant("from"), until_at=maybe(instant("until, not included; null while it lasts"))),
        "times without a vote",
    ),
    merged_at=maybe(instant("from when it has one vote with another party")),
    mandate_accepted_at=maybe(instant("when the body accepted the mandate that stands")),
)
CASE: Final = thing(
    "A question of compliance about one laboratory.",
    key=text("such as 2026-001"),
    lab=LAB,
    kind=text("what opened it", *(one.value for one in CaseKind)),
    subject=maybe(
        text("the stage, visit, finding, special visit or declaration that it is about; null for a referral")
    ),
    pause=maybe(text("the pause's key")),
    reason=maybe(text("the words of whoever referred it")),
    state=text("where it stands", *(one.value for one in CaseState)),
    opened_at=instant("when it was opened"),
    acknowledge_by=instant("by when the laboratory is to acknowledge it"),
    answer_by=instant("by when it is to answer"),
    determined_at=maybe(instant("when non-compliance was determined")),
    vote=maybe(text("the vote that determined it")),
    closed_at=maybe(instant("when it was closed")),
    steps=many(
        thing(
            "A step.",
            event=text("what happened", *(one.value for one in CaseEvent)),
            organisation=maybe(text("who said it")),
            words=maybe(text("what was said")),
            at=instant("when"),
        ),
        "what was said and done, in order",
    ),
    page=text("the address of its page"),
)
