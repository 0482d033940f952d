"""What a laboratory may keep back, from asking to deciding, in a real Chromium: redactions, facility agreements, managed access."""

import pytest
from playwright.sync_api import expect

from tests.follow import follow

pytestmark = pytest.mark.browser
SITE = "elbe-magdeburg-ii"
LABORATORY = "Katrin Vogel"
OFFICERS = {
    "International Verification Body": "Amara Diallo",
    "Nordic Compute Inspectorate": "Elin Ström",
    "Pacific Assurance Consortium": "Wei Ling Tan",
}


@pytest.fixture
def visits(page, site):
    """The keys of the visits to the site, by their states."""
    rows = page.request.get(f"{site.url}/figures/visits.json").json()["rows"]
    return {row["state"]: row["visit"] for row in rows if row["facility"] == SITE}


@pytest.fixture
def become_officer(page, site, become):
    """`become_officer(visit)` signs in as an officer of a body that sent inspectors on the visit."""

    def sign_in(visit):
        page.goto(f"{site.url}/inspections/visits/{visit}/")
        sent_by = page.locator("#facts").inner_text()
        become(page, next(officer for body, officer in OFFICERS.items() if body in sent_by))

    return sign_in


def act(page, look, name, button):
    """Send the form with nothing in it, and look at it as it is refused; it is left to the caller to fill in and send."""
    follow(page.get_by_role("button", name=button))
    expect(page.get_by_role("alert")).to_be_visible()
    look.check(name)


def test_a_passage_is_asked_out_of_a_report_and_a_body_leaves_it(page, site, become, become_officer, look, visits):
    report = f"/inspections/reports/{visits['inconclusive']}/1/"
    become(page, LABORATORY)
    look(report, "report-redacted")
    follow(page.get_by_role("link", name="Ask for one"))
    act(page, look, "redaction-ask", "Ask for a passage to be taken out")
    page.get_by_label("Passage").select_option(index=2)
    page.get_by_label("It would help somebody to enter a site").check()
    page.get_by_label("Why it applies here").fill("It names the door that is open at night.")
    follow(page.get_by_role("button", name="Ask for a passage to be taken out"))
    expect(page.locator("#redactions li")).to_have_count(2)
    become_officer(visits["inconclusive"])
    page.goto(site.url + report)
    expect(page.locator("#redactions")).to_contain_text("It names the door that is open at night.")
    follow(page.locator("#redactions").get_by_role("link", name="Decide"))
    act(page, look, "redaction-decide", "Decide about a redaction")
    page.get_by_label("Leave it as it is").check()
    page.get_by_label("On what consideration").fill("The door is on the plan that everybody has.")
    follow(page.get_by_role("button", name="Decide about a redaction"))
    expect(page.locator("#redactions")).to_contain_text("The door is on the plan that everybody has.")


def test_a_version_of_an_agreement_is_proposed_and_a_body_agrees(page, site, become, look):
    agreement = f"/inspections/facilities/{SITE}/agreement/"
    page.goto(site.url + agreement)
    expect(page.get_by_text("Its words are for the laboratory and the monitoring bodies.")).to_be_visible()
    become(page, LABORATORY)
    look(agreement, "agreement")
    follow(page.get_by_role("link", name="Propose a version"))
    page.get_by_label("Escorts").fill("")
    act(page, look, "agreement-propose", "Propose an agreement")
    page.get_by_label("Escorts").fill("One of the site's people, within ten minutes.")
    follow(page.get_by_role("button", name="Propose an agreement"))
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()
    become(page, OFFICERS["Nordic Compute Inspectorate"])
    page.goto(site.url + agreement)
    follow(page.get_by_role("link", name="Agree to it"))
    expect(page.get_by_text("One of the site's people, within ten minutes.")).to_be_visible()
    look.check("agreement-agree")
    follow(page.get_by_role("main").get_by_role("button"))
    expect(page.get_by_role("heading", name="Version 2").locator("..")).to_contain_text("Agreed")


def test_managed_access_is_asked_for_and_the_team_says_what_becomes_of_it(
    page, site, become, become_officer, look, visits
):
    visit = f"/inspections/visits/{visits['in_progress']}/"
    become(page, LABORATORY)
    look(visit, "visit-managed")
    follow(page.get_by_role("link", name="Ask for managed access"))
    act(page, look, "managed-ask", "Ask for managed access")
    page.get_by_label("What it concerns").select_option(index=1)
    page.get_by_role("radio").first.check()
    page.get_by_label("What, where and why").fill("Hall 3: names on the racks.")
    follow(page.get_by_role("button", name="Ask for managed access"))
    asked = page.locator("#managed-access li").filter(has_text="Hall 3: names on the racks.")
    expect(asked).to_be_visible()
    become_officer(visits["in_progress"])
    page.goto(site.url + visit)
    team = page.locator("#facts dd").filter(has_text="Names are shown to the bodies only.").inner_text()
    become(page, team.split(",")[0])
    page.goto(site.url + visit)
    follow(asked.get_by_role("link", name="Say what becomes of it"))
    act(page, look, "managed-settle", "Say what becomes of it")
    expect(page.get_by_text("Hall 3: names on the racks.")).to_be_visible()
    page.get_by_label("We agree to it").check()
    page.get_by_label("On what terms, or why").fill("While one of us can read the numbers.")
    follow(page.get_by_role("button", name="Say what becomes of it"))
    expect(asked).to_contain_text("While one of us can read the numbers.")
