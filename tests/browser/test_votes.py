import os
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories
from tests.follow import follow
from tests.signing import with_root
from tests.texts import model_text
from treaty.actions.ballots import cast_ballot
from treaty.actions.votes import advance_vote, notice_vote
from treaty.models import Ballot, Repudiation
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def vote():
    factories.parties()
    opened = timezone.now() - 3 * HOUR
    made = notice_vote(
        decision="start_pause_ordinary",
        title="Start a pause at the level pause",
        question="A trigger has become true. Shall the pause start?",
        subject={"level": "pause"},
        requester=None,
        subject_organisation=None,
        by=None,
        at=opened,
    )
    for key, choice in (("borealis", Choice.CONSENT), ("cobalt", Choice.OBJECT), ("daxing", Choice.ABSTAIN)):
        lab = factories.laboratory(key)
        reason = "The evaluation is not finished." if choice is Choice.OBJECT else ""
        cast_ballot(
            vote=made,
            organisation=lab,
            choice=choice,
            reason=reason,
            by=factories.representative(lab),
            at=opened + HOUR,
        )
    return made


def sign_in(page, live_server, client, person):
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(person)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


def check(page, name):
    found = Axe().run(page).response["violations"]
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("width", [1280, 380])
def test_the_public_pages_of_votes_are_accessible_and_break_no_policy(page, live_server, vote, width):
    page.set_viewport_size({"width": width, "height": 900})
    for name, args in (("votes", []), ("vote", [vote.key])):
        page.goto(live_server.url + reverse(f"treaty:{name}", args=args))
        check(page, f"{name}-{width}")


@pytest.mark.parametrize("width", [1280, 380])
def test_a_representative_names_a_delegate_whose_ballots_the_roll_call_explains(page, live_server, client, vote, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, live_server, client, factories.representative(factories.laboratory("aster")))
    page.goto(live_server.url + reverse("treaty:delegations"))
    check(page, f"delegations-none-{width}")
    follow(page.get_by_role("link", name="Name a delegate"))
    check(page, f"delegation-new-{width}")
    page.get_by_label("Until").fill("2099-01-01T12:00")
    page.get_by_label("Delegate", exact=True).select_option("borealis")
    follow(page.get_by_role("button", name="Name the delegate"))
    page.get_by_role("alert").wait_for()
    check(page, f"delegation-refused-{width}")
    page.get_by_label("Until").fill(f"{timezone.now() + 30 * 24 * HOUR:%Y-%m-%dT%H:%M}")
    follow(page.get_by_role("button", name="Name the delegate"))
    page.get_by_role("link", name="Revoke").wait_for()
    check(page, f"delegations-{width}")
    asked = notice_vote(
        decision="procedural", title="Meet in March", question="Shall the parties meet in March?", subject={},
        requester=None, subject_organisation=None, by=None, at=timezone.now(),
    )  # fmt: skip
    lab, opens = factories.laboratory("borealis"), asked.opens_at
    if opens <= timezone.now():
        cast_ballot(
            vote=asked, organisation=lab, choice=Choice.CONSENT, by=factories.representative(lab), at=timezone.now()
        )
    page.goto(live_server.url + reverse("treaty:vote", args=[asked.key]))
    assert page.get_by_text("Borealis Research").count() >= 2
    check(page, f"vote-delegated-{width}")
    page.goto(live_server.url + reverse("treaty:delegations"))
    follow(page.get_by_role("link", name="Revoke"))
    check(page, f"delegation-revoke-{width}")
    follow(page.get_by_role("button", name="Revoke"))
    page.get_by_text("Nobody has a delegate.").wait_for()


def test_a_representative_chooses_checks_confirms_and_keeps_a_receipt(page, live_server, client, vote):
    sign_in(page, live_server, client, factories.representative(factories.laboratory("aster")))
    page.goto(live_server.url + reverse("treaty:vote", args=[vote.key]))
    follow(page.get_by_role("link", name="Cast the ballot of Aster Institute"))
    check(page, "ballot-choose")
    page.get_by_label("Object").check()
    follow(page.get_by_role("button", name="Check the ballot"))
    assert page.get_by_role("alert").inner_text().count("An objection carries its reason") >= 1
    assert page.get_by_label("Object").is_checked()
    page.get_by_label("Reason").fill("We ask for two more days.")
    follow(page.get_by_role("button", name="Check the ballot"))
    expect(page.locator("body")).to_contain_text("We ask for two more days.")
    check(page, "ballot-check")
    follow(page.get_by_role("button", name="Confirm and cast"))
    check(page, "ballot-receipt")
    cast = Ballot.objects.get(organisation__key="aster")
    assert cast.choice == "object"
    expect(page.locator("body")).to_contain_text(cast.entry_hash)


@pytest.fixture
def adopted():
    """A vote that three laboratories adopted a day ago and that waits for its effect."""
    text = factories.text(source=model_text().replace(b"timelock: 0 h", b"timelock: 48 h"))
    labs = [
        factories.party(factories.laboratory(key), under=text).organisation for key in ("aster", "borealis", "cobalt")
    ]
    opened, asker = timezone.now() - 72 * HOUR, factories.representative(labs[1])
    made = notice_vote(
        decision="procedural", title="Meet twice a year", question="Shall the parties meet twice a year?", subject={},
        requester=labs[1], subject_organisation=None, by=asker, at=opened,
    )  # fmt: skip
    for lab, choice in zip(labs, (Choice.CONSENT, Choice.CONSENT, Choice.OBJECT), strict=True):
        reason = "Once is enough." if choice is Choice.OBJECT else ""
        by = factories.representative(lab)
        cast_ballot(vote=made, organisation=lab, choice=choice, reason=reason, by=by, at=opened + HOUR)
    return advance_vote(vote=made, at=timezone.now())


@pytest.mark.parametrize("width", [1280, 390])
def test_a_representative_repudiates_a_ballot_with_the_root_key(page, live_server, client, adopted, width):
    page.set_viewport_size({"width": width, "height": 900})
    root, ballot = with_root(), adopted.ballots.get(organisation__key="aster")
    sign_in(page, live_server, client, factories.representative(ballot.organisation))
    page.goto(live_server.url + reverse("treaty:my_keys"))
    check(page, f"repudiable-{width}")
    follow(page.get_by_role("link", name="Repudiate"))
    check(page, f"repudiate-{width}")
    page.get_by_label("Signature").fill(root.repudiates(ballot))
    follow(page.get_by_role("button", name="Repudiate the ballot"))
    expect(page.locator("body")).to_contain_text("repudiated a ballot in its name")
    assert Repudiation.objects.get().recounted
    check(page, f"repudiated-{width}")


def test_without_javascript_a_ballot_is_cast_all_the_same(open_page, live_server, client, vote):
    page = open_page(java_script_enabled=False)
    sign_in(page, live_server, client, factories.representative(factories.laboratory("elbe")))
    page.goto(live_server.url + reverse("treaty:ballot", args=[vote.key]))
    page.get_by_label("Consent").check()
    follow(page.get_by_role("button", name="Check the ballot"))
    follow(page.get_by_role("button", name="Confirm and cast"))
    expect(page.locator("body")).to_contain_text("Recorded, and it stands")
    assert Ballot.objects.filter(organisation__key="elbe").count() == 1


def test_the_roll_call_refreshes_itself(page, live_server, vote):
    page.clock.install()
    page.goto(live_server.url + reverse("treaty:vote", args=[vote.key]))
    elbe = factories.laboratory("elbe")
    cast_ballot(
        vote=vote, organisation=elbe, choice=Choice.CONSENT, by=factories.representative(elbe), at=timezone.now()
    )
    before = page.locator("#live").inner_text()
    with page.expect_response(lambda answer: "/votes/" in answer.url):
        page.clock.run_for(16_000)
    page.wait_for_function("before => document.querySelector('#live').innerText !== before", arg=before)
    expect(page.locator("#live").get_by_text("2 consent").first).to_be_visible()
