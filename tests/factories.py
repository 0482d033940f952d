"""Rows for tests, made directly: plain functions with keyword arguments. Each app appends its own below its heading."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from io import BytesIO

from allauth.account.models import EmailAddress
from PIL import Image

from accounts.models import Affiliation, Membership, Organisation, User
from accounts.rules.names import skeleton
from accounts.rules.organisations import Kind, Role
from inspections.actions.reports import open_report, save_draft, sign_report, submit_report
from inspections.models import Designation, Report, Training, Visit, VisitInspector
from inspections.rules.findings import Severity
from inspections.rules.reports import Answer, Conclusion, FindingValue, ItemValue, Mark, ReportValue, SectionValue
from inspections.rules.visits import VisitKind, VisitState
from labs.models import (
    AcceleratorModel,
    Declaration,
    Deployment,
    Facility,
    Inventory,
    InventoryLine,
    Reading,
    RollbackProcedure,
    TrainingRun,
)
from labs.rules.declarations import DeclarationKind
from labs.rules.readings import Source
from labs.rules.runs import RunStatus
from tests.texts import model_text
from treaty.actions.advance import advance_pause
from treaty.actions.cases import determine_breach, open_case
from treaty.actions.drills import order_drill
from treaty.actions.pauses import start_pause
from treaty.models import Accreditation, Case, Drill, Party, Pause, StandDown, Suspension, TreatyText, Vote
from treaty.rules.reading import read_text
from treaty.rules.votes import Outcome, Reason

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

LABS = {
    "aster": ("Aster Institute", "CA"),
    "borealis": ("Borealis Research", "NO"),
    "cobalt": ("Cobalt Systems", "US"),
    "daxing": ("Daxing Laboratory", "CN"),
    "elbe": ("Elbe Computing", "DE"),
    "fjord": ("Fjord Dynamics", "GB"),
    "ganges": ("Ganges AI", "IN"),
    "hanbit": ("Hanbit Labs", "KR"),
}
BODIES = {
    "ivb": ("International Verification Body", ""),
    "nordic": ("Nordic Compute Inspectorate", "SE"),
    "pacific": ("Pacific Assurance Consortium", "SG"),
}

# --- accounts ---------------------------------------------------------------------------------------------------


def organisation(
    key="aster", *, name=None, kind=Kind.LABORATORY, jurisdiction=None, joined_at=LONG_AGO
) -> Organisation:
    """The organisation with this key, made if need be; LABS and BODIES give names and jurisdictions."""
    known = {**LABS, **BODIES}.get(key, (key.replace("-", " ").title(), "CA"))
    title = name or known[0]
    made, _ = Organisation.objects.get_or_create(
        key=key,
        defaults={
            "name": title,
            "skeleton": skeleton(title),
            "kind": kind,
            "jurisdiction": known[1] if jurisdiction is None else jurisdiction,
            "joined_at": joined_at,
        },
    )
    return made


def laboratory(key="aster", **fields) -> Organisation:
    return organisation(key, kind=Kind.LABORATORY, **fields)


def body(key="ivb", **fields) -> Organisation:
    return organisation(key, kind=Kind.BODY, **fields)


def secretariat() -> Organisation:
    return organisation("secretariat", name="Secretariat of the Treaty", kind=Kind.SECRETARIAT, jurisdiction="")


def user(name="Ada Example", *, email=None, password=None) -> User:
    """A person with a verified address; without `password` nobody can sign in by one (hashing is slow)."""
    count = User.objects.count()
    person = User.objects.create_user(email or f"{name.split()[0].lower()}.{count}@people.example", password, name=name)
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def member(of: Organisation, role: Role, *, name=None, from_at=LONG_AGO, until_at=None, **fields) -> User:
    """A new person who holds `role` in the organisation."""
    person = user(name or f"{role.value.title()} Of {of.name}", **fields)
    Membership.objects.create(user=person, organisation=of, role=role, from_at=from_at, until_at=until_at)
    return person


def representative(of: Organisation | None = None, **fields) -> User:
    return member(of or laboratory(), Role.REPRESENTATIVE, **fields)


def officer(of: Organisation | None = None, **fields) -> User:
    return member(of or body(), Role.OFFICER, **fields)


def inspector(of: Organisation | None = None, **fields) -> User:
    return member(of or body(), Role.INSPECTOR, **fields)


def depositary(**fields) -> User:
    return member(secretariat(), Role.DEPOSITARY, **fields)


def observer(of: Organisation | None = None, **fields) -> User:
    return member(of or organisation("civic-observers", kind=Kind.OBSERVER, jurisdiction=""), Role.OBSERVER, **fields)


# --- labs -------------------------------------------------------------------------------------------------------

CATALOGUE = {"h100": ("H100 SXM", "80", "1979000000000000", 700), "a100": ("A100 SXM", "80", "624000000000000", 400)}


def accelerator(key="h100") -> AcceleratorModel:
    name, memory, ops, power = CATALOGUE[key]
    return AcceleratorModel.objects.get_or_create(
        key=key,
        defaults={
            "name": name,
            "memory_gb": memory,
            "ops_8bit": ops,
            "tdp_w": power,
            "source": "Epoch AI, ml_hardware, CC BY 4.0",
        },
    )[0]


def facility(of: Organisation | None = None, *, key=None, name=None, jurisdiction=None, opened_at=LONG_AGO) -> Facility:
    owner = of or laboratory()
    count = Facility.objects.filter(organisation=owner).count() + 1
    return Facility.objects.create(
        organisation=owner,
        key=key or f"{owner.key}-site-{count}",
        name=name or f"{owner.name} site {count}",
        jurisdiction=jurisdiction or owner.jurisdiction or "CH",
        opened_at=opened_at,
        registered_at=opened_at,
    )


def inventory(at_facility: Facility, *, quantities=None, as_of=LONG_AGO, declared_at=None) -> Inventory:
    """The facility's next inventory; `quantities` maps accelerator keys to numbers."""
    last = at_facility.inventories.order_by("-version").first()
    made = Inventory.objects.create(
        facility=at_facility,
        version=last.version + 1 if last else 1,
        supersedes=last,
        as_of=as_of,
        declared_at=declared_at or as_of,
    )
    for key, quantity in (quantities or {"h100": 1024}).items():
        InventoryLine.objects.create(inventory=made, accelerator=accelerator(key), quantity=quantity)
    return made


def training_run(
    of: Organisation | None = None,
    *,
    key=None,
    planned_flop="1e25",
    status=RunStatus.RUNNING,
    started_at=LONG_AGO,
    **fields,
) -> TrainingRun:
    owner = of or laboratory()
    return TrainingRun.objects.create(
        organisation=owner,
        facility=fields.pop("facility", None) or Facility.objects.filter(organisation=owner).first() or facility(owner),
        key=key or f"{owner.key}-run-{TrainingRun.objects.count() + 1}",
        name="A large run",
        planned_flop=Decimal(planned_flop),
        status=status,
        registered_at=started_at,
        started_at=None if status == RunStatus.PLANNED else started_at,
        halted_at=started_at if status == RunStatus.HALTED else None,
        finished_at=started_at if status == RunStatus.FINISHED else None,
        **fields,
    )


def deployment(
    of: Organisation | None = None, *, key=None, flop="1e25", released_at=LONG_AGO, procedure=True
) -> Deployment:
    owner = of or laboratory()
    made = Deployment.objects.create(
        organisation=owner,
        key=key or f"{owner.key}-service-{Deployment.objects.count() + 1}",
        name="Assistant service",
        model_name="Model One",
        flop=Decimal(flop),
        released_at=released_at,
        registered_at=released_at,
    )
    if procedure:
        RollbackProcedure.objects.create(
            deployment=made,
            version=1,
            steps=["Route traffic to the previous model", "Seal the weights"],
            gates=["Head of safety"],
            registered_at=released_at,
        )
    return made


def reading(
    indicator="largest_training_flop",
    *,
    of: Organisation | None = None,
    value="1e25",
    low=None,
    high=None,
    unit="FLOP",
    observed_at=LONG_AGO,
    received_at=None,
    source=Source.OBSERVED,
    provider="Example Observatory",
    series=None,
) -> Reading:
    """The next version of `series`; without `of` it is about the world."""
    key = series or f"test:{Reading.objects.count() + 1}"
    last = Reading.objects.filter(indicator=indicator, organisation=of, series=key).order_by("-version").first()
    return Reading.objects.create(
        indicator=indicator,
        organisation=of,
        value=Decimal(value),
        low=None if low is None else Decimal(low),
        high=None if high is None else Decimal(high),
        unit=unit,
        observed_at=observed_at,
        received_at=received_at or observed_at,
        source=source,
        provider=provider,
        series=key,
        version=last.version + 1 if last else 1,
        supersedes=last,
    )


def declaration(
    of: Organisation | None = None, *, kind=DeclarationKind.INITIAL, due_at=NOON, filed_at=None
) -> Declaration:
    return Declaration.objects.create(
        organisation=of or laboratory(),
        kind=kind,
        due_at=due_at,
        asked_at=LONG_AGO,
        filed_at=filed_at,
        nil=None if filed_at is None else False,
    )


# --- treaty: texts and parties ----------------------------------------------------------------------------------


def text(source: bytes | None = None, *, published_at=LONG_AGO, in_force_at=LONG_AGO) -> TreatyText:
    """The model treaty (or `source`), in force since LONG_AGO; made once."""
    bytes_ = source or model_text()
    rules = read_text(bytes_)
    digest = sha256(bytes_).hexdigest()
    made, _ = TreatyText.objects.get_or_create(
        sha256=digest,
        defaults={
            "version": rules.version,
            "title": rules.title,
            "source": bytes_,
            "published_at": published_at,
            "in_force_at": in_force_at,
            "entry_recorded_at": in_force_at,
        },
    )
    return made


def party(of: Organisation | None = None, *, under: TreatyText | None = None, **fields) -> Party:
    """A laboratory that the treaty has bound since LONG_AGO; `fields` say otherwise."""
    lab = of or laboratory()
    instants = {"signed_at": LONG_AGO, "ratified_at": LONG_AGO, "bound_at": LONG_AGO}
    made, _ = Party.objects.get_or_create(organisation=lab, defaults={"text": under or text(), **instants, **fields})
    return made


def parties(*keys: str) -> list[Party]:
    """The laboratories with these keys (without any, all eight of LABS) as bound parties."""
    return [party(laboratory(key)) for key in keys or LABS]


def suspension(lab="aster", *, from_at=NOON) -> Suspension:
    """A party without a vote from `from_at`."""
    vote = adopted_vote("suspend", subject={"effect": "suspend", "lab": lab}, effective_at=from_at)
    return Suspension.objects.create(party=party(laboratory(lab)), vote=vote, from_at=from_at)


def breach(lab="fjord", *, at=NOON) -> Case:
    """A case about the laboratory in which a vote determined non-compliance."""
    asker = party(laboratory("aster" if lab != "aster" else "elbe")).organisation
    case = open_case(
        pause=None,
        lab=party(laboratory(lab)).organisation,
        organisation=asker,
        reason="A hall hums.",
        by=representative(asker),
        at=at,
    )
    subject = {"effect": "determine_non_compliance", "case": case.key}
    return determine_breach(vote=adopted_vote("determine_non_compliance", subject=subject, effective_at=at), at=at)


def accreditation(of: Organisation | None = None, *, accepted_at=LONG_AGO) -> Accreditation:
    """A body that has accepted its mandate."""
    made, _ = Accreditation.objects.get_or_create(
        organisation=of or body(), defaults={"text": text(), "accepted_at": accepted_at}
    )
    return made


def accreditations(*keys: str) -> list[Accreditation]:
    return [accreditation(body(key)) for key in keys or BODIES]


def affiliation(one: Organisation, other: Organisation, *, basis="Common owner", from_at=LONG_AGO) -> Affiliation:
    """Two organisations that are not independent of each other."""
    return Affiliation.objects.create(organisation=one, affiliate=other, basis=basis, from_at=from_at)


# --- treaty: pauses ---------------------------------------------------------------------------------------------


def adopted_vote(
    decision="start_pause_ordinary",
    *,
    subject=None,
    effective_at=NOON,
    pause=None,
    requester=None,
    about=None,
    outcome=Outcome.ADOPTED,
    after=timedelta(days=3),
) -> Vote:
    """A vote that was adopted, with effect from `effective_at`, so long after its notice; its ballots are not made up."""
    rules = read_text(model_text())
    profile = rules.profiles[rules.decisions[decision]]
    return Vote.objects.create(
        key=f"2026-v{Vote.objects.count() + 1}",
        decision=decision,
        profile_key=rules.decisions[decision],
        title=profile.title,
        question="Shall it be so?",
        subject=subject or {"effect": "start_pause", "level": "pause"},
        profile=profile.model_dump(mode="json", exclude_defaults=True),
        profile_hash="0" * 64,
        roll_hash="0" * 64,
        text=text(),
        requester=requester,
        subject_organisation=about,
        pause=pause,
        emergency=profile.emergency is not None,
        noticed_at=effective_at - after,
        opens_at=effective_at - after,
        closes_at=effective_at,
        closed_at=effective_at,
        outcome=outcome,
        reason=Reason.THRESHOLD_MET if outcome is Outcome.ADOPTED else Reason.THRESHOLD,
        effective_at=effective_at if outcome is Outcome.ADOPTED else None,
    )


def activating_pause(*, level="pause", labs=(), effective_at=NOON) -> Pause:
    """A pause that waits for its commitments; every lab of `labs` (without any, all eight) is a party."""
    parties(*labs)
    vote = adopted_vote(subject={"effect": "start_pause", "level": level}, effective_at=effective_at)
    return start_pause(vote=vote, at=effective_at)


def pause_in_force(*, level="pause", labs=(), effective_at=NOON) -> Pause:
    """A pause that every lab of `labs` confirmed without condition, in force from `effective_at`."""
    pause = activating_pause(level=level, labs=labs, effective_at=effective_at)
    pause.commitments.update(condition={"kind": "unconditional"}, confirmed_at=effective_at)
    return advance_pause(pause=pause, at=effective_at)


def stand_down(pause: Pause, lab: str, **done) -> StandDown:
    """The lab's stand-down; `done` sets stages directly."""
    found = StandDown.objects.select_related("organisation", "pause").get(pause=pause, organisation__key=lab)
    for field, value in done.items():
        setattr(found, field, value)
    found.save()
    return found


def drill(*, level="halt", labs=(), effective_at=NOON) -> Drill:
    """A drill that a vote ordered for every lab of `labs` (without any, all eight); it starts a fortnight after `effective_at`."""
    parties(*labs)
    subject = {"effect": "order_drill", "level": level}
    return order_drill(vote=adopted_vote("order_drill", subject=subject, effective_at=effective_at), at=effective_at)


# --- inspections ------------------------------------------------------------------------------------------------


def designation(
    of: Organisation | None = None, *, person=None, designated_at=LONG_AGO, valid_until=None
) -> Designation:
    """A designated inspector of an accredited body."""
    sender = of or body()
    accreditation(sender)
    made = Designation.objects.create(
        user=person or inspector(sender),
        body=sender,
        designated_at=designated_at,
        valid_until=valid_until or NOON + timedelta(days=400),
    )
    trained(made)
    return made


def trained(of: Designation, until=None) -> None:
    """Every course of the model text, for as long as the designation holds."""
    holds = {"completed_at": LONG_AGO, "recorded_at": LONG_AGO, "valid_until": until or NOON + timedelta(days=400)}
    Training.objects.bulk_create(
        [
            Training(user=of.user, body=of.body, course=course, **holds)
            for course in read_text(model_text()).monitoring.training.courses
        ],
        ignore_conflicts=True,
    )


def inspectors(each=2, bodies=("ivb", "nordic", "pacific")) -> list[Designation]:
    """`each` designated inspectors for every one of these bodies."""
    return [designation(body(key)) for key in bodies for _ in range(each)]


def visit(
    of: Facility | None = None,
    *,
    state=VisitState.PLANNED,
    pause=None,
    team=(),
    planned_from=NOON,
    hours=10,
    **fields,
) -> Visit:
    """A visit in `state` at `of`; what has to have happened before that state happened at its planned hour or before."""
    at_facility = of or facility()
    key = f"2026-{9000 + Visit.objects.count()}"
    before, reached = planned_from - timedelta(hours=30), list(VisitState).index(state)
    notified = state not in {VisitState.PLANNED, VisitState.CANCELLED}
    inside = state in {VisitState.ACCESS_GRANTED, VisitState.IN_PROGRESS} or reached > list(VisitState).index(
        VisitState.IN_PROGRESS
    )
    made = Visit.objects.create(
        key=key,
        facility=at_facility,
        pause=pause,
        text=text(),
        state=state,
        **{
            "kind": VisitKind.PAUSE_VERIFICATION if pause else VisitKind.ROUTINE,
            "planned_at": min(planned_from, NOON) - timedelta(days=5),
            "planned_from": planned_from,
            "planned_until": planned_from + timedelta(hours=hours),
            "notice_due_at": before,
            "notified_at": before if notified else None,
            "access_at": planned_from if notified and inside else None,
            "began_at": planned_from if notified and inside and state != VisitState.ACCESS_GRANTED else None,
            "reported_at": planned_from + timedelta(hours=hours)
            if state in {VisitState.PRELIMINARY, VisitState.COMMENTED, VisitState.FINAL}
            else None,
            "salt": "5a" * 32,
            "commitment": sha256(key.encode()).hexdigest(),
            **fields,
        },
    )
    for one in team:
        VisitInspector.objects.create(visit=made, designation=one, period=(made.planned_from, made.planned_until))
    return made


def report_value(**changes) -> ReportValue:
    """A whole report: every layer of the model text verified, nothing found."""
    whole = {
        "sections": {layer: section_value(layer) for layer in read_text(model_text()).monitoring.layers},
        "conclusion": Conclusion.CONSISTENT,
        "findings": (),
        "collected_at": NOON,
    }
    return ReportValue(**(whole | changes))


def section_value(layer="power", answer=Answer.VERIFIED, notes=None, mark=Mark.PUBLIC) -> SectionValue:
    """A layer with the same answer to every item of the model text's protocol."""
    protocol = read_text(model_text()).monitoring.protocols[layer]
    items = {item.key: ItemValue(answer) for item in protocol}
    return SectionValue(answer, f"Seen: {layer}." if notes is None else notes, mark, items)


def finding_value(
    severity=Severity.DISCREPANCY,
    *,
    layer="power",
    article="13",
    text="Counters show twice the declared power.",
    mark=Mark.PUBLIC,
) -> FindingValue:
    return FindingValue(layer, severity, article, text, mark)


def draft(of: Visit, *, at=NOON, **changes) -> Report:
    """The visit's report, saved whole by the first of its team."""
    writer = of.team.first().designation.user
    report = open_report(visit=of, by=writer, at=at)
    return save_draft(report=report, value=report_value(**changes), revision=0, by=writer, at=at)


def submitted_report(of: Visit, *, at=NOON, **changes) -> Report:
    """The visit's report, signed by its whole team and submitted."""
    report = draft(of, at=at, **changes)
    team = [one.designation.user for one in of.team.all()]
    for user in team:
        sign_report(report=report, revision=report.revision, by=user, at=at)
    return submit_report(report=report, submission_key=f"key-{report.pk}", by=team[0], at=at)


def photograph(kind="JPEG", size=(64, 48), *, exif=False, colour=(20, 90, 140)) -> bytes:
    """A picture's bytes; with `exif` it carries a place and an owner."""
    answer, options = BytesIO(), {}
    if exif:
        data = Image.Exif()
        data[0x013B] = "Ada Example"
        data.get_ifd(0x8825)[1] = "N"
        data.get_ifd(0x8825)[2] = (59.0, 54.0, 50.0)
        options["exif"] = data
    Image.new("RGB", size, colour).save(answer, kind, **options)
    return answer.getvalue()
