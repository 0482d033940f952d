"""The accounts of compute in the record: both sides, the alarms that follow, what became of them, and what would be forged."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from accounts.actions.organisations import declare_affiliation
from core.errors import DomainError, NotAllowed
from core.times import stamp
from inspections.actions.accounting import ask_about_work, declare_work, note_alarm, observe_compute, settle_alarm
from inspections.actions.inspectors import give_mandate
from inspections.actions.streams import read_stream
from inspections.models import BalanceAlarm, ComputeObservation, WorkDeclaration
from inspections.queries.accounting import owed, parties
from inspections.rules.accounting import BalancePeriod
from inspections.rules.findings import FindingEvent
from labs.actions.facilities import register_facility
from ledger.models import Entry
from tests.once import once_a_module, undone
from tests.verifier.decisions import site_in_force
from treaty.queries.texts import rules_at

pytestmark = pytest.mark.django_db
MONTHS = [BalancePeriod(datetime(2026, n, 1, tzinfo=UTC), datetime(2026, n + 1, 1, tzinfo=UTC)) for n in range(6, 11)]


class Story:
    """A hall of Fjord's whose power is measured by IVB."""

    def __init__(self):
        self.site = site_in_force()
        self.hall = register_facility(
            organisation=self.site.organisation("fjord"), name="A hall", jurisdiction="NO", opened_at=MONTHS[0].start,
            by=self.site.person("fjord"), at=self.site.now,
        )  # fmt: skip

    def declare(self, period, *, by="fjord", **changes):
        values = {"work": {"inference": 1000}, "begun_with": 100 if period == MONTHS[0] else None, "in_progress": 100}
        return declare_work(
            facility=self.hall, period=period, by=self.site.person(by), at=self.site.now, **values | changes
        )

    def observe(self, period, hours=1000, *, body="ivb", by=None, measurement="power"):
        return observe_compute(
            facility=self.hall, period=period, measurement=measurement, hours=hours,
            body=self.site.organisation(body), by=self.site.person(by or body), at=self.site.now,
        )  # fmt: skip

    def alarm(self):
        """The record after a month in which a tenth more was used than declared."""
        for number, month in enumerate(MONTHS):
            self.declare(month)
            self.observe(month, 1100 if number == 3 else 1000)
        return note_alarm(facility=self.hall, at=self.site.now)

    def settle(self, event=FindingEvent.CLARIFY, *, body="nordic", basis="A meter had been exchanged."):
        return settle_alarm(
            alarm=BalanceAlarm.objects.get(), event=event, basis=basis, body=self.site.organisation(body),
            by=self.site.person(body), at=self.site.now,
        )  # fmt: skip

    def refused(self, act, error=DomainError, **about):
        """Whether the act is refused, without a row or an entry."""
        before = Entry.objects.count(), WorkDeclaration.objects.count(), ComputeObservation.objects.count()
        with pytest.raises(error) as raised:
            act(**about)
        assert (Entry.objects.count(), WorkDeclaration.objects.count(), ComputeObservation.objects.count()) == before
        return raised.value


founded = once_a_module(Story)


@pytest.fixture
def story(founded):
    return deepcopy(founded)


def codes(record):
    return [problem.code for problem in record.problems()]


def test_a_balance_is_filed_alarmed_and_clarified_as_the_record_says(story):
    alarm = story.alarm()
    assert (alarm.from_at, alarm.state) == (MONTHS[3].start, "anomaly")
    assert note_alarm(facility=story.hall, at=story.site.now) is None
    fjord = next(one for one in parties(story.site.now) if one.organisation.key == "fjord")
    assert (fjord.covered, len(fjord.alarms)) == (1, 1)
    assert fjord.together.found.cumuf[-1] == 100.0
    story.settle(FindingEvent.GRAVER)
    story.settle()
    assert BalanceAlarm.objects.get().state == "clarified"
    replay, problems = story.site.record().replay()
    assert (problems, replay.unreplayed) == ([], {})


def test_what_was_filed_is_corrected_by_a_version_until_the_other_side_has_spoken(story):
    first = story.declare(MONTHS[0])
    assert story.declare(MONTHS[0]) == first
    assert story.declare(MONTHS[0], in_progress=120).version == 2
    seen = story.observe(MONTHS[0])
    assert story.observe(MONTHS[0]) == seen
    assert story.observe(MONTHS[0], 1010).version == 2
    assert "declaration stands" in story.refused(lambda: story.declare(MONTHS[0])).fields["until_at"]
    assert list(Entry.objects.order_by("pk").values_list("kind", flat=True))[-4:] == [
        "work.declared", "work.declared", "compute.observed", "compute.observed",
    ]  # fmt: skip
    assert story.site.record().problems() == []
    with pytest.raises(DatabaseError), transaction.atomic():
        WorkDeclaration.objects.update(in_progress=0)


def test_who_may_not_file_is_refused(story):
    story.refused(lambda: story.declare(MONTHS[0], by="elbe"), NotAllowed)
    story.refused(lambda: story.observe(MONTHS[0]))  # nothing is declared yet
    story.declare(MONTHS[0])
    story.refused(lambda: story.observe(MONTHS[0], by="fjord"), NotAllowed)
    story.refused(lambda: story.observe(MONTHS[0], body="fjord"), NotAllowed)
    story.refused(lambda: story.observe(MONTHS[0], measurement="sound"))
    story.refused(lambda: story.observe(MONTHS[0], -1))
    story.observe(MONTHS[0])
    assert "alone corrects" in story.refused(lambda: story.observe(MONTHS[0], 999, body="nordic")).detail
    give_mandate(
        body=story.site.organisation("pacific"), layers=["chips"], by=story.site.person("secretariat"), at=story.site.now
    )  # fmt: skip
    story.refused(lambda: story.observe(MONTHS[0], body="pacific"), NotAllowed)
    declare_affiliation(
        organisation=story.site.organisation("nordic"), affiliate=story.site.organisation("fjord"), basis="An owner.",
        by=story.site.person("nordic"), at=story.site.now,
    )  # fmt: skip
    story.refused(lambda: story.observe(MONTHS[0], 999, body="nordic"), NotAllowed)


@pytest.mark.parametrize(
    ("kind", "member", "value", "code"),
    [
        ("work.declared", "lab", "elbe", "authority"),
        ("work.declared", "facility", "nowhere", "unknown"),
        ("work.declared", "begun_with", None, "filing"),
        ("work.declared", "until_at", "2026-07-30T00:00:00Z", "filing"),
        ("work.declared", "work", [{"use": "secret", "hours": 1000}], "filing"),
        ("work.declared", "version", 2, "version"),
        ("compute.observed", "body", "aster", "state"),
        ("compute.observed", "body", "nordic", "authority"),
        ("compute.observed", "measurement", "sound", "filing"),
        ("compute.observed", "version", 3, "version"),
        ("balance.alarmed", "from_at", "2026-06-01T00:00:00Z", "balance"),
        ("balance.alarmed", "sitmuf", "9.000", "balance"),
        ("balance.alarmed", "tests", ["page"], "balance"),
        ("balance.alarmed", "state", "non_compliance_suspected", "state"),
        ("balance.clarified", "state", "consistent", "state"),
        ("balance.clarified", "measurement", "network", "unknown"),
        ("balance.clarified", "body", "pacific", "authority"),
    ],
)
def test_each_forgery_is_named(story_record, kind, member, value, code):
    record = story_record.copy()
    record.payload(kind)[member] = value
    assert code in codes(record)


def test_hours_changed_on_either_side_move_the_alarm(story_record):
    for kind, change in (("work.declared", {"in_progress": 160}), ("compute.observed", {"hours": 1060})):
        record = story_record.copy()
        record.payload(kind).update(change)
        assert "balance" in codes(record)


def test_a_declaration_corrected_after_it_was_observed_is_named(story_record):
    record = story_record.copy()
    seen, said = record.find("compute.observed"), record.entries[record.find("work.declared")]
    record.add(seen + 1, said, version=2, in_progress=200)
    assert "filing" in codes(record)


@pytest.fixture(scope="module")
def story_record(founded):
    """The record of a whole story, made once."""
    with undone():
        story = deepcopy(founded)
        story.alarm()
        story.settle()
        return story.site.record()


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("layer", "people", "filing"),
        ("body", "nordic", "authority"),
        ("facility", "nowhere", "unknown"),
        ("observed_at", "2026-11-01T00:00:00Z", "filing"),
    ],
)
def test_a_reading_of_a_seal_is_replayed_and_one_that_fills_a_gap_is_named(story, member, value, code):
    def read(intact=True):
        return read_stream(
            facility=story.hall, layer="power", observed_at=story.site.now, intact=intact,
            body=story.site.organisation("ivb"), by=story.site.person("ivb"), at=story.site.now,
        )  # fmt: skip

    assert read() == read()
    story.refused(lambda: read(intact=False))
    record = story.site.record()
    assert record.problems() == []
    record.payload("stream.observed")[member] = value
    assert code in codes(record)


def test_work_that_is_long_undeclared_opens_a_case_once_which_is_replayed(story):
    site = story.site
    hall = register_facility(
        organisation=site.organisation("fjord"), name="A new hall", jurisdiction="NO", opened_at=site.now,
        by=site.person("fjord"), at=site.now,
    )  # fmt: skip
    [(_hall, _since, due)] = owed([hall], rules_at(site.now).monitoring.balance, site.now)
    patience = rules_at(site.now).clarification.long_overdue_after
    last = patience.after(due)
    assert ask_about_work(facility=hall, at=last - timedelta(seconds=1)) is None
    case, again = (ask_about_work(facility=hall, at=last) for _ in range(2))
    assert again is None
    assert (case.kind, case.subject) == ("missing", f"work/{hall.key}:{stamp(due)}")
    assert Entry.objects.filter(kind="case.opened").count() == 1
    record = site.record()
    assert record.problems() == []
    for change, code in (
        ({"subject": case.subject.replace(hall.key, "nowhere")}, "unknown"),
        ({"subject": f"work/{hall.key}:2026-12-01T00:00:00Z"}, "due"),
    ):
        forged = record.copy()
        forged.payload("case.opened").update(change)
        assert code in codes(forged)
    early = record.copy()
    early.entries[early.find("case.opened")]["at"] = stamp(last - timedelta(seconds=1))
    assert "too_early" in codes(early)
