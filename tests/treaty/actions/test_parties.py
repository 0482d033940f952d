from datetime import timedelta

import pytest
import time_machine

from core.canonical import parse
from core.errors import NotAllowed
from ledger.models import Entry
from tests.factories import (
    LABS,
    NOON,
    body,
    depositary,
    inspector,
    laboratory,
    officer,
    parties,
    party,
    representative,
    suspension,
    text,
)
from tests.texts import model_text
from treaty.actions.parties import (
    NotInAnnex,
    TextChanged,
    WrongStatus,
    accept_mandate,
    enter_into_force,
    give_withdrawal_notice,
    ratify,
    revoke_withdrawal_notice,
    sign,
)
from treaty.actions.texts import publish_text
from treaty.models import Accreditation, Party
from treaty.queries.parties import (
    body_rows,
    bound_labs,
    entitled_labs,
    entry_into_force,
    participating_bodies,
    party_rows,
    status_of,
)
from treaty.rules.parties import Status
from treaty.tasks import sweep_parties

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def open_text(db):
    """The model text, open for signature."""
    return publish_text(source=model_text(), by=depositary(), at=NOON)


def payloads(kind):
    return [
        parse(bytes(data))["payload"]
        for data in Entry.objects.filter(kind=kind).order_by("pk").values_list("data", flat=True)
    ]


def signed(key, text):
    lab = laboratory(key)
    return sign(organisation=lab, sha256=text.sha256, by=representative(lab), at=NOON)


def ratified(key, text, *, at=NOON):
    lab = laboratory(key)
    by = representative(lab)
    return ratify(party=sign(organisation=lab, sha256=text.sha256, by=by, at=at), by=by, at=at)


def test_a_signature_binds_the_hash_of_the_text(open_text):
    made = signed("aster", open_text)
    assert made.text == open_text
    assert payloads("treaty.signed") == [{"lab": "aster", "text": 1, "sha256": open_text.sha256}]
    assert status_of(made, NOON) is Status.SIGNATORY


def test_signing_twice_is_signing_once(open_text):
    assert signed("aster", open_text) == signed("aster", open_text)
    assert len(payloads("treaty.signed")) == 1


def test_somebody_elses_representative_does_not_sign(open_text):
    with pytest.raises(NotAllowed, match="Aster Institute"):
        sign(organisation=laboratory("aster"), sha256=open_text.sha256, by=representative(laboratory("elbe")), at=NOON)
    assert (Party.objects.count(), payloads("treaty.signed")) == (0, [])


def test_a_laboratory_that_annex_1_does_not_name_does_not_sign(open_text):
    stranger = laboratory("stranger", name="Stranger Computing")
    with pytest.raises(NotInAnnex, match="Annex 1 does not name Stranger Computing"):
        sign(organisation=stranger, sha256=open_text.sha256, by=representative(stranger), at=NOON)
    assert Party.objects.count() == 0


def test_another_text_than_the_one_that_is_open_is_not_signed(open_text):
    lab = laboratory("aster")
    with pytest.raises(TextChanged, match=open_text.sha256):
        sign(organisation=lab, sha256="0" * 64, by=representative(lab), at=NOON)
    assert (Party.objects.count(), payloads("treaty.signed")) == (0, [])


def test_the_treaty_enters_into_force_after_the_delay_of_the_last_ratification(open_text):
    for day, key in enumerate(LABS):
        assert entry_into_force(NOON + day * DAY).at is None
        ratified(key, open_text, at=NOON + day * DAY)
    open_text.refresh_from_db()
    due = NOON + 37 * DAY
    assert open_text.in_force_at == due
    assert [len(bound_labs(at)) for at in (due - timedelta(microseconds=1), due)] == [0, 8]
    assert [it["enters_into_force_at"] for it in payloads("treaty.ratified")] == [None] * 7 + ["2026-12-29T12:00:00Z"]


def test_ratifying_twice_is_ratifying_once(open_text):
    lab = laboratory("aster")
    by = representative(lab)
    made = sign(organisation=lab, sha256=open_text.sha256, by=by, at=NOON)
    for at in (NOON, NOON + DAY):
        assert ratify(party=made, by=by, at=at).ratified_at == NOON
    assert len(payloads("treaty.ratified")) == 1


def test_somebody_elses_representative_does_not_ratify(open_text):
    made = signed("aster", open_text)
    with pytest.raises(NotAllowed):
        ratify(party=made, by=representative(laboratory("elbe")), at=NOON)
    made.refresh_from_db()
    assert (made.ratified_at, payloads("treaty.ratified")) == (None, [])


def test_entry_into_force_is_recorded_once_and_not_before_its_instant(open_text):
    for key in LABS:
        ratified(key, open_text)
    due = NOON + 30 * DAY
    for at in (due - DAY, due, due + DAY):
        enter_into_force(text=open_text, at=at)
    assert payloads("treaty.entered_into_force") == [
        {"text": 1, "sha256": open_text.sha256, "in_force_at": "2026-12-22T12:00:00Z", "parties": sorted(LABS)}
    ]


def test_the_sweep_may_run_late_and_twice():
    open_text = publish_text(source=model_text(), by=depositary(), at=NOON - 70 * DAY)
    for key in LABS:
        ratified(key, open_text, at=NOON - 60 * DAY)
    with time_machine.travel(NOON, tick=False):
        sweep_parties()
        sweep_parties()
    recorded = payloads("treaty.entered_into_force")
    assert [it["in_force_at"] for it in recorded] == ["2026-10-23T12:00:00Z"]


def test_a_body_accepts_its_mandate_through_an_officer_only(open_text):
    ivb = body("ivb")
    with pytest.raises(NotAllowed):
        accept_mandate(organisation=ivb, sha256=open_text.sha256, by=inspector(ivb), at=NOON)
    assert Accreditation.objects.count() == 0
    by = officer(ivb)
    for _ in range(2):
        accept_mandate(organisation=ivb, sha256=open_text.sha256, by=by, at=NOON)
    assert participating_bodies(NOON) == [ivb]
    assert payloads("mandate.accepted") == [
        {"body": "ivb", "text": 1, "sha256": open_text.sha256, "until_at": "2029-11-22T12:00:00Z"}
    ]


def test_a_laboratory_accepts_no_mandate(open_text):
    lab = laboratory("aster")
    with pytest.raises(NotInAnnex, match="Annex 2"):
        accept_mandate(organisation=lab, sha256=open_text.sha256, by=representative(lab), at=NOON)


def test_notice_of_withdrawal_runs_twelve_months_and_duties_continue():
    aster = party(laboratory("aster"))
    by = representative(aster.organisation)
    for at in (NOON, NOON + DAY):
        give_withdrawal_notice(party=aster, events="A rival outside the treaty trains at scale.", by=by, at=at)
    aster.refresh_from_db()
    assert aster.withdrawal_effective_at == NOON.replace(year=2027)
    assert [len(bound_labs(at)) for at in (NOON + 364 * DAY, NOON + 365 * DAY)] == [1, 0]
    [payload] = payloads("withdrawal.noticed")
    assert payload["effective_at"] == "2027-11-22T12:00:00Z"
    assert "rival" not in str(payload)


def test_a_notice_without_the_events_is_refused():
    aster = party(laboratory("aster"))
    with pytest.raises(WrongStatus) as caught:
        give_withdrawal_notice(party=aster, events="  ", by=representative(aster.organisation), at=NOON)
    assert "events" in caught.value.fields
    aster.refresh_from_db()
    assert (aster.withdrawal_noticed_at, payloads("withdrawal.noticed")) == (None, [])


def test_a_signatory_has_nothing_to_withdraw_from(open_text):
    made = signed("aster", open_text)
    with pytest.raises(WrongStatus):
        give_withdrawal_notice(party=made, events="Events.", by=representative(made.organisation), at=NOON)


def test_a_notice_given_again_after_it_was_revoked_runs_in_full():
    aster = party(laboratory("aster"))
    by = representative(aster.organisation)
    give_withdrawal_notice(party=aster, events="Events.", by=by, at=NOON)
    for _ in range(2):
        revoke_withdrawal_notice(party=aster, by=by, at=NOON + 300 * DAY)
    assert payloads("withdrawal.revoked") == [{"lab": "aster", "noticed_at": "2026-11-22T12:00:00Z"}]
    give_withdrawal_notice(party=aster, events="Events.", by=by, at=NOON + 301 * DAY)
    aster.refresh_from_db()
    assert aster.withdrawal_effective_at == (NOON + 301 * DAY).replace(year=2028)


def test_a_withdrawal_that_took_effect_is_not_revoked():
    aster = party(laboratory("aster"))
    by = representative(aster.organisation)
    give_withdrawal_notice(party=aster, events="Events.", by=by, at=NOON)
    with pytest.raises(WrongStatus, match="admitted anew"):
        revoke_withdrawal_notice(party=aster, by=by, at=NOON + 400 * DAY)
    assert payloads("withdrawal.revoked") == []


def test_somebody_elses_representative_gives_no_notice():
    aster = party(laboratory("aster"))
    with pytest.raises(NotAllowed):
        give_withdrawal_notice(party=aster, events="Events.", by=representative(laboratory("elbe")), at=NOON)
    assert payloads("withdrawal.noticed") == []


def test_a_suspended_party_is_bound_and_has_no_vote():
    suspension("aster", from_at=NOON)
    assert [len(bound_labs(NOON)), len(entitled_labs(NOON))] == [1, 0]


def test_the_list_of_parties_asks_the_database_as_often_for_one_as_for_eight(django_assert_num_queries):
    text()
    party(laboratory("aster"))
    for _ in range(2):
        with django_assert_num_queries(6):
            rows = party_rows(NOON)
        parties()
    assert rows[0].status is Status.PARTY
    assert len(body_rows(NOON)) == 3
