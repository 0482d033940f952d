"""What happens in the story, chapter by chapter. Numbers are days and hours before the present."""

import csv
import hashlib
import secrets
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from accounts.models import Organisation, User
from config.demonstration import drills, keys
from config.demonstration.cast import train
from config.demonstration.story import Event, Story
from core.canonical import commitment
from inspections.actions.inspectors import designate, give_mandate
from inspections.actions.training import record_training
from labs.actions.declarations import file_declaration
from labs.models import Declaration, Inventory
from labs.rules.declarations import DeclarationKind
from labs.rules.readings import Source
from treaty.actions.delegations import give_delegation
from treaty.actions.determinations import determine_criterion
from treaty.actions.parties import accept_mandate, ratify, sign
from treaty.actions.pauses import confirm_commitment
from treaty.actions.readings import batches, import_batch, import_releases, submit
from treaty.actions.standdowns import acknowledge, declare_stand_down, record_halt, state_nothing_runs
from treaty.actions.texts import publish_text
from treaty.actions.votes import notice_vote
from treaty.importers import SOURCES
from treaty.models import Party, Pause, StandDown, Vote
from treaty.queries.standdowns import runs_in_scope
from treaty.queries.texts import rules_at
from treaty.rules.profiles import Choice
from treaty.rules.readings import ReadingRow, ReleaseRow

HERE = Path(__file__).parent
MODEL = HERE.parents[1] / "treaty" / "texts" / "model-treaty.yaml"

# Months' shares of merged code written by AI, by the day before the present on which each was declared.
RESEARCH_SHARES: dict[str, dict[float, str]] = {
    "aster": {104: "0.68", 73: "0.74", 41.5: "0.83", 13: "0.86", 2.2: "0.57"},
    "borealis": {104: "0.49", 73: "0.52", 41.4: "0.55", 12.9: "0.58", 2.1: "0.44"},
    "cobalt": {104: "0.71", 73: "0.77", 41.6: "0.84", 13.1: "0.88", 2.3: "0.60"},
    "daxing": {104: "0.66", 73: "0.72", 41.3: "0.82", 12.8: "0.85", 2.0: "0.58"},
    "elbe": {104: "0.41", 73: "0.46", 41.2: "0.51", 12.7: "0.54", 1.9: "0.38"},
    "fjord": {104: "0.61", 73: "0.64", 47.5: "0.69"},  # then silence: overdue
    "ganges": {104: "0.38", 73: "0.44", 41.1: "0.50", 12.6: "0.53", 1.8: "0.41"},
    "hanbit": {104: "0.55", 73: "0.59", 41.0: "0.63", 12.5: "0.66", 1.7: "0.52"},
}
# What the laboratories file, how many days before the present the first of them does, and which one does not.
FILINGS = (
    (DeclarationKind.INITIAL, 283.0, ""),
    (DeclarationKind.CHIP_REGISTER, 229.0, ""),
    (DeclarationKind.CHIP_REGISTER, 139.0, ""),
    (DeclarationKind.UPDATE, 121.0, ""),
    (DeclarationKind.CHIP_REGISTER, 45.0, "fjord"),
)
BETWEEN_FILINGS = timedelta(minutes=23)
# Hours after the pause came into force: acknowledged, halted, declared; None is not yet.
STAND_DOWNS: dict[str, tuple[float, float | None, float | None]] = {
    "aster": (1.2, 9, 20),
    "borealis": (0.7, 6, 12),
    "cobalt": (2.1, 22, 40),
    "daxing": (3.8, 23, 45),
    "elbe": (1, 11, 26),
    "fjord": (5.5, None, None),
    "ganges": (1.5, 14, 31),
    "hanbit": (1, 8, 18),
}
ACTIVATION_DAYS = 10.6  # by now every laboratory has confirmed
LAST_TRAINED, LAPSED = "Sindre Vik", "Milan Novak"  # whose safety course runs out soon, and has run out
INCIDENT_CHECKS = (95, 66, 37, 11.2)  # when every laboratory declared that no incident is open


def tell(story: Story) -> None:
    """Put every chapter on the calendar."""
    treaty(story)
    keys.tell(story)
    renewals(story)
    world(story)
    declared(story)
    filed(story)
    drills.tell(story)
    advisory(story)
    pause(story)
    stand_down(story)
    criteria(story)
    open_vote(story)


def treaty(story: Story) -> None:
    """Publication, signatures, mandates, ratifications; entry into force follows by the clock."""
    depositary = story.cast.representative("secretariat")
    source = MODEL.read_bytes()
    story.before(partial(_publish, source, depositary), days=410)
    sha256 = hashlib.sha256(source).hexdigest()
    for number, key in enumerate(story.cast.labs):
        story.before(partial(_sign, story, key, sha256=sha256), days=404 - 0.7 * number)
        story.before(
            partial(_ratify, story, key),
            days=372 - 4.3 * number,
        )
    for number, key in enumerate(story.cast.bodies):
        story.before(partial(_mandate, story, key, sha256), days=396 - number)


def _publish(source: bytes, depositary: User, at: datetime) -> None:
    publish_text(source=source, by=depositary, at=at)


def _sign(story: Story, key: str, at: datetime, *, sha256: str) -> None:
    lab, by = story.lab(key)
    sign(organisation=lab, sha256=sha256, by=by, at=at)


def _ratify(story: Story, key: str, at: datetime) -> None:
    lab, by = story.lab(key)
    ratify(party=Party.objects.get(organisation=lab), by=by, at=at)


def _mandate(story: Story, key: str, sha256: str, at: datetime) -> None:
    body, officer = story.body(key)
    accept_mandate(organisation=body, sha256=sha256, by=officer, at=at)
    depositary = story.cast.representative("secretariat")
    give_mandate(body=body, layers=list(rules_at(at).monitoring.layers), by=depositary, at=at)
    for inspector in story.cast.inspectors(key):
        designate(user=inspector, body=body, by=officer, at=at)
        train(inspector, body, officer, at)


def renewals(story: Story) -> None:
    """Safety is trained anew each year: of all but two inspectors, one of whom did sooner and one not at all."""
    last, lapsed = LAST_TRAINED, LAPSED
    others = [
        one.name for key in story.cast.bodies for one in story.cast.inspectors(key) if one.name not in (last, lapsed)
    ]
    story.before(partial(_renew, story, [last]), days=330)
    story.before(partial(_renew, story, others), days=120)


def _renew(story: Story, names: Collection[str], at: datetime) -> None:
    for key in story.cast.bodies:
        body, officer = story.body(key)
        for inspector in story.cast.inspectors(key):
            if inspector.name in names:
                record_training(user=inspector, body=body, course="safety", completed_at=at, by=officer, at=at)


def world(story: Story) -> None:
    """Observed readings, stated as facts with their sources, and the register of open weights."""
    story.before(partial(_import_world, story), days=98)


def _import_world(story: Story, at: datetime) -> None:
    data, by = (HERE / "readings.csv").read_bytes(), story.cast.representative("secretariat")
    rows = [row for row in SOURCES["csv"](data) if isinstance(row, ReadingRow)]
    for batch in batches(rows):
        import_batch(rows=batch, file_sha256=hashlib.sha256(data).hexdigest(), by=by, at=at)
    releases = list(_releases())
    import_releases(
        rows=releases, file_sha256=hashlib.sha256((HERE / "releases.csv").read_bytes()).hexdigest(), by=by, at=at
    )


def _releases() -> Iterable[ReleaseRow]:
    with (HERE / "releases.csv").open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            day, flop = date.fromisoformat(row.pop("released_on")), Decimal(row.pop("flop"))
            yield ReleaseRow(line=number, released_on=day, flop=flop, **row)


def declared(story: Story) -> None:
    """What the laboratories declare about themselves, month by month."""
    for key, shares in RESEARCH_SHARES.items():
        for days, share in shares.items():
            story.before(
                partial(_declare, story, key, indicator="ai_research_share", value=share, unit="share"),
                days=days,
            )
        for days in INCIDENT_CHECKS:
            story.before(
                partial(_declare, story, key, indicator="security_incident_open", value="0", unit="count"), days=days
            )


def _declare(story: Story, key: str, at: datetime, *, indicator: str, value: str, unit: str) -> None:
    lab, by = story.lab(key)
    observed = at - timedelta(hours=6)
    submit(
        indicator=indicator,
        organisation=lab,
        value=Decimal(value),
        unit=unit,
        observed_at=observed,
        source=Source.DECLARED,
        provider=lab.name,
        series=f"{key}:{indicator}:{observed:%Y-%m-%d}",
        by=by,
        at=at,
    )


def filed(story: Story) -> None:
    """What the text's calendar asks for, filed in time by everybody; the last register of Fjord Dynamics is overdue."""
    for kind, days, silent in FILINGS:
        story.before(partial(_file, story, kind, silent), days=days)


def _file(story: Story, kind: DeclarationKind, silent: str, at: datetime) -> None:
    """Let each laboratory file what is due first, one after another: a nil return where nothing is on record to declare."""
    for number, key in enumerate(key for key in story.cast.labs if key != silent):
        lab, by = story.lab(key)
        owed = Declaration.objects.unfiled().filter(organisation=lab, kind=kind).earliest("due_at")
        file_declaration(declaration=owed, nil=not _has_sites(lab), by=by, at=at + number * BETWEEN_FILINGS)


def _has_sites(lab: Organisation) -> bool:
    return Inventory.objects.filter(facility__organisation=lab, lines__isnull=False).exists()


def advisory(story: Story) -> None:
    """An earlier vote, for the archive: rejected, with its reasons. The ballot of Ganges counts for Hanbit, which casts none."""
    story.before(partial(_delegate, story), days=170)
    story.before(partial(_ask_for_a_view, story), days=151)
    choices = {
        "aster": "consent",
        "borealis": "consent",
        "cobalt": "object",
        "daxing": "object",
        "elbe": "abstain",
        "fjord": "consent",
        "ganges": "object",
    }
    for number, (key, choice) in enumerate(choices.items()):
        reason = "Monthly figures by site tell rivals what is being built." if choice == "object" else ""
        story.before(
            partial(_cast, story, key, decision="advisory", choice=choice, reason=reason),
            days=150 - 0.6 * number,
        )


def _delegate(story: Story, at: datetime) -> None:
    lab, by = story.lab("hanbit")
    until = at + timedelta(days=300)
    give_delegation(
        organisation=lab, delegate=story.lab("ganges")[0], decision="advisory", expires_at=until, by=by, at=at
    )


def _ask_for_a_view(story: Story, at: datetime) -> None:
    lab, by = story.lab("fjord")
    notice_vote(
        decision="advisory",
        title="Publish monthly compute by site",
        question="Should every party publish the compute of each of its sites every month, beyond what the text asks?",
        subject={"effect": "advisory"},
        requester=lab,
        subject_organisation=None,
        by=by,
        at=at,
    )


def _cast(story: Story, key: str, at: datetime, *, decision: str, choice: str, reason: str = "") -> None:
    lab, by = story.lab(key)
    vote = Vote.objects.filter(decision=decision).latest("noticed_at")
    keys.cast(vote=vote, organisation=lab, choice=Choice(choice), reason=reason, by=by, at=at)


def pause(story: Story) -> None:
    """The trigger fires by the clock; four consent aloud, nobody objects; everybody confirms."""
    for number, key in enumerate(("borealis", "elbe", "aster", "ganges")):
        story.before(
            partial(_cast, story, key, decision="start_pause_ordinary", choice="consent"), days=12.6 - 0.2 * number
        )
    pledges: dict[str, dict[str, object]] = {
        "cobalt": {"kind": "named", "labs": ["daxing"]},
        "daxing": {"kind": "named", "labs": ["cobalt"]},
        "fjord": {"kind": "at_least", "n": 5},
        "hanbit": {"kind": "share", "share": "2/3"},
    }
    for number, key in enumerate(story.cast.labs):
        condition = pledges.get(key, {"kind": "unconditional"})
        story.before(
            partial(_confirm, story, key, condition),
            days=ACTIVATION_DAYS + 0.08 * (8 - number),
        )


def _confirm(story: Story, key: str, condition: dict[str, object], at: datetime) -> None:
    lab, by = story.lab(key)
    confirm_commitment(pause=Pause.objects.latest("adopted_at"), organisation=lab, condition=condition, by=by, at=at)


def stand_down(story: Story) -> None:
    """Seven laboratories stand down in time; one acknowledges and then says nothing."""
    for key, (acknowledged, halted, declared_) in STAND_DOWNS.items():
        _after(
            story,
            acknowledged,
            partial(_acknowledge, story, key),
        )
        if halted is not None:
            _after(story, halted, partial(_halt, story, key))
        if declared_ is not None:
            mode = "powered_off" if key == "borealis" else "inference_only"
            _after(
                story,
                declared_,
                partial(_stand_down, story, key, mode),
            )


def _after(story: Story, hours: float, event: Event) -> None:
    story.before(event, days=ACTIVATION_DAYS, hours=-hours - 0.1)


def _of(key: str) -> StandDown:
    return StandDown.objects.select_related("pause", "organisation").get(organisation__key=key)


def _acknowledge(story: Story, key: str, at: datetime) -> None:
    acknowledge(stand_down=_of(key), by=story.cast.representative(key), at=at)


def _stand_down(story: Story, key: str, mode: str, at: datetime) -> None:
    declare_stand_down(stand_down=_of(key), site_mode=mode, by=story.cast.representative(key), at=at)


def _halt(story: Story, key: str, at: datetime) -> None:
    by, standing = story.cast.representative(key), _of(key)
    runs = list(runs_in_scope(standing.pause, [standing.organisation], at).get(standing.organisation_id, []))
    for run in runs:
        seal = commitment(secrets.token_hex(32), {"checkpoint": f"{run.key}, last step before the halt"})
        record_halt(stand_down=standing, run=run, checkpoint_commitment=seal, by=by, at=at)
    if not runs:
        state_nothing_runs(stand_down=standing, by=by, at=at)


def criteria(story: Story) -> None:
    """Two criteria are met, one is not, and one stays unknown: a datum of Fjord Dynamics is overdue."""
    for days, key, criterion, met, basis in (
        (
            1.9,
            "ivb",
            "safety_case_reviewed",
            True,
            "Safety cases of all eight parties read; the two that were sent back were revised.",
        ),
        (1.6, "pacific", "safety_case_reviewed", True, "Concurs after a review of its own."),
        (
            1.4,
            "pacific",
            "security_review",
            True,
            "Weight stores of all parties reviewed on site or by remote attestation.",
        ),
        (0.8, "ivb", "stand_downs_verified", False, "Two sites are still to be seen and one discrepancy is open."),
    ):
        story.before(
            partial(_determine, story, key, criterion, met=met, basis=basis),
            days=days,
        )


def _determine(story: Story, key: str, criterion: str, at: datetime, *, met: bool, basis: str) -> None:
    body, officer = story.body(key)
    determine_criterion(
        pause=Pause.objects.latest("adopted_at"),
        criterion=criterion,
        body=body,
        met=met,
        basis=basis,
        by=officer,
        at=at,
    )


def open_vote(story: Story) -> None:
    """A vote that the visitor can decide: three against three, and Fjord Dynamics has not voted."""
    story.before(partial(_ask_for_time, story), hours=5)
    for hours, key, choice, reason in (
        (4.6, "borealis", "consent", ""),
        (4.1, "daxing", "consent", ""),
        (3.2, "cobalt", "object", "A deadline that moves for one party moves for all."),
        (2.7, "aster", "consent", ""),
        (1.5, "hanbit", "object", "The site could have been opened a week earlier."),
        (0.6, "ganges", "object", "The text has an account for delays; it is enough."),
    ):
        story.before(
            partial(_cast, story, key, decision="extend_deadline", choice=choice, reason=reason),
            hours=hours,
        )


def _ask_for_time(story: Story, at: datetime) -> None:
    lab, by = story.lab("elbe")
    notice_vote(
        decision="extend_deadline",
        title="Extend the verification deadline for Elbe Computing by 7 days",
        question="Shall the deadline for verifying the stand-down of Elbe Computing move by 7 days? Its site can be entered from tomorrow only.",
        subject={
            "effect": "extend_deadline",
            "pause": Pause.objects.latest("adopted_at").key,
            "lab": "elbe",
            "stage": "verify",
            "by": "7 d",
        },
        requester=lab,
        subject_organisation=lab,
        pause=Pause.objects.latest("adopted_at"),
        by=by,
        at=at,
    )
