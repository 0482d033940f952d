"""The main job, from the treaty's text to the end of a pause: through HTTP, with real Celery, PostgreSQL and Valkey."""

import hashlib
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from config.demonstration.cast import BODIES, LABORATORIES
from tests.forms import forms_of
from tests.site import ROOT, Site, Visitor
from tests.texts import quick_text

pytestmark = [pytest.mark.xdist_group("journey"), pytest.mark.slow]

OBJECT = ("cobalt", "daxing", "hanbit")
COURSES = ("methods", "safety", "confidentiality")
LAYERS = ["chips", "network", "power", "schedulers", "weights", "code", "people", "reports"]


def text() -> bytes:
    """The model treaty with short periods; its time horizon trigger is one that real readings have passed."""
    quick = quick_text(validity="50 y").decode()
    assert quick.count('value: "480"') == 2
    return quick.replace('value: "480"', 'value: "60"').encode()


def people(site: Site) -> dict[str, Visitor]:
    """A visitor signed in as the first person of each laboratory and each body's officer."""
    return {key: site.client(names[0]) for key, (_, _, names) in {**LABORATORIES, **BODIES}.items()}


def only(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    assert found, f"{pattern!r} is not on the page:\n{page[-4000:]}"
    return found[1] if found.groups() else found[0]


def home(site: Site) -> str:
    return site.observer.get("/").lower()


def pause_is(site: Site, pause: str, state: str, seconds: float = 40) -> None:
    asked = f"/api/v1/pauses/{pause}/"
    site.until(lambda: site.observer.json(asked)["state"] == state, seconds, f"pause {pause} is {state}")


def vote_is(site: Site, vote: str, state: str, seconds: float = 40) -> None:
    asked = f"/api/v1/votes/{vote}/"
    site.until(lambda: site.observer.json(asked)["state"] == state, seconds, f"vote {vote} is {state}")


def cast(visitor: Visitor, vote: str, choice: str, reason: str = "") -> None:
    path = f"/votes/{vote}/ballot/"
    checked = visitor.fill(path, having="choice", choice=choice, reason=reason, step="check")
    form = next(form for form in forms_of(checked) if "ballot" in form.fields and ("step", "confirm") in form.buttons)
    visitor.send(form, at=path, step="confirm")


def vote_that(site: Site, words: str, seconds: float = 30) -> str:
    """The key of the open vote whose page of votes says `words`."""
    pattern = re.compile(rf'href="/votes/([\w-]+)/"[^>]*>\s*[^<]*{words}', re.IGNORECASE)
    return site.until(
        lambda: (found := pattern.search(site.observer.get("/votes/"))) and found[1], seconds, f"a vote on {words}"
    )


def photograph() -> bytes:
    file = BytesIO()
    Image.new("RGB", (640, 480), "#20262c").save(file, "JPEG")
    return file.getvalue()


def test_the_main_job_from_the_text_to_the_end_of_a_pause(bare_site, tmp_path):
    site = bare_site
    source = tmp_path / "treaty.yaml"
    source.write_bytes(text())
    site.manage("publish_text", str(source), "--as", "helene.marchand@secretariat.example")
    who = people(site)

    enter_into_force(site, who, hashlib.sha256(text()).hexdigest())
    appoint_inspectors(site, who)
    vote = trigger(site)
    adopt(site, who, vote)
    pause = activate(site, who)
    stand_down(site, who, pause)
    inspect(site, who, pause)
    determine(site, who, pause)
    resume(site, who, pause)
    verify(site)


def enter_into_force(site, who, sha256):
    assert "not in force" in home(site) or "no pause" in home(site)
    for key in LABORATORIES:
        who[key].fill(f"/treaty/parties/{key}/sign/", confirmed="on")
        who[key].fill(f"/treaty/parties/{key}/ratify/", confirmed="on")
    for key in BODIES:
        who[key].fill(f"/treaty/parties/{key}/accept/", confirmed="on")
    assert sha256 in site.observer.get("/treaty/")
    site.until(lambda: "in force" in site.observer.get("/treaty/parties/").lower(), 30, "the treaty in force")


def appoint_inspectors(site, who):
    secretariat = site.client("Helene Marchand")
    for key, (_, _, names) in BODIES.items():
        secretariat.fill(f"/inspections/bodies/{key}/mandate/", layers=LAYERS)
        page = who[key].get(f"/inspections/bodies/{key}/")
        for path in re.findall(r'href="([^"]+/designate/)"', page):
            who[key].fill(path)
            for course in COURSES:
                taught = path.replace("/designate/", "/training/")
                who[key].fill(taught, course=course, completed_at=f"{datetime.now(UTC):%Y-%m-%d}")
        assert site.observer.get(f"/inspections/bodies/{key}/").count(f"{len(names) - 1} designated inspectors")


def trigger(site):
    """Real readings arrive; within fifteen seconds the trigger is true and its vote is open."""
    done = site.manage("import_readings", "csv", str(ROOT / "config/demonstration/readings.csv"))
    assert "140 new" in done.stdout, done.stdout + done.stderr
    vote = vote_that(site, "lower edge", 15)
    again = site.manage("import_readings", "csv", str(ROOT / "config/demonstration/readings.csv"))
    assert "0 new" in again.stdout
    assert "140 unchanged" in again.stdout
    return vote


def adopt(site, who, vote):
    """Three objections make the silence procedure a contested vote; five consents adopt it; Celery closes it."""
    assert "open" in home(site)
    for key in OBJECT:
        cast(who[key], vote, "object", "The lower edge rests on one model.")
    vote_is(site, vote, "contested")
    for key in LABORATORIES:
        if key not in OBJECT:
            cast(who[key], vote, "consent")
    site.until(lambda: site.observer.json(f"/api/v1/votes/{vote}/")["outcome"] == "adopted", 40, "the vote is adopted")


def activate(site, who):
    pattern = re.compile(r'href="/pauses/(\d{4}-\d{2})/"')
    pause = site.until(lambda: (found := pattern.search(site.observer.get("/pauses/"))) and found[1], 20, "a pause")
    for key in LABORATORIES:
        who[key].fill(f"/pauses/{pause}/{key}/commitment/", **({"others": 5} if key == "fjord" else {}))
    pause_is(site, pause, "in_force")
    site.until(lambda: "a pause is in force" in home(site), 15, "the first page says so")
    return pause


def stand_down(site, who, pause):
    for key in LABORATORIES:
        own = f"/pauses/{pause}/{key}/"
        site.until(
            lambda own=own, key=key: f"{own}acknowledge/" in who[key].get(own), 20, f"{key} is asked to acknowledge"
        )
        who[key].fill(f"{own}acknowledge/")
        for run in set(re.findall(rf'href="{own}runs/([\w-]+)/halt/"', who[key].get(own))):
            who[key].fill(f"{own}runs/{run}/halt/", checkpoint_commitment=hashlib.sha256(run.encode()).hexdigest())
        who[key].fill(f"{own}declare/", site_mode="inference_only")
    assert who["aster"].get(f"/figures/pause/{pause}.json")


def inspect(site, who, pause):
    """Celery plans a visit to every site; two inspectors of each team go in, report and sign."""
    rows = site.until(
        lambda: (found := standing(site)) and len(found) >= 10 and found, 400, "a visit to each of ten sites"
    )
    inspectors = {name: site.client(name) for _, _, names in BODIES.values() for name in names[1:]}
    for row in rows:
        report(site, who, inspectors, row["visit"])
    board = f"/figures/pause/{pause}.json"
    site.until(
        lambda: {row["standing"] for row in site.observer.json(board)["rows"]} == {"compliant"}, 40, "all are verified"
    )


def standing(site):
    return [row for row in site.observer.json("/figures/visits.json")["rows"] if row["state"] != "cancelled"]


def report(site, who, inspectors, key):
    path = f"/inspections/visits/{key}/"
    team = site.until(
        lambda: [one for one in inspectors.values() if "act/grant/" in one.get(path)],
        30,
        f"the team of {key} may go in",
    )
    first, second = team[:2]
    first.fill(f"{path}act/grant/")
    first.fill(f"{path}act/begin/")
    first.fill(f"{path}report/begin/")
    forms = forms_of(first.get(f"{path}report/"))
    draft = next(form for form in forms if "conclusion" in form.fields)
    answers = {name: "verified" for name in draft.fields if name.endswith("answer")}
    assert {name.split(".")[1] for name in answers} == set(LAYERS), "every layer has its items"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    first.send(draft, at=f"{path}report/", conclusion="consistent", collected_at=now, **answers)
    picture = next(form for form in forms if "caption" in form.fields)
    first.send(
        picture, at=f"{path}report/", files={"photograph": ("seal.jpg", photograph(), "image/jpeg")}, caption="A seal"
    )
    for inspector in (first, second):
        inspector.fill(f"{path}report/sign/", having="revision")
    second.fill(f"{path}report/sign/", having="submission_key")


def determine(site, who, pause):
    """A visitor sees what is unknown; the data and determinations arrive; every criterion is met."""
    assert "unknown" in site.observer.get(f"/pauses/{pause}/").lower()
    refused = who["aster"].fill(f"/pauses/{pause}/ask-to-resume/", status=409)
    assert "unknown" in refused.lower()
    observed = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for key in LABORATORIES:
        who[key].fill(
            "/indicators/ai_research_share/submit/",
            value="0.5",
            unit="share",
            observed_at=observed,
            series=f"{key}:share",
        )
        who[key].fill(
            "/indicators/security_incident_open/submit/",
            value="0",
            unit="count",
            observed_at=observed,
            series=f"{key}:incidents",
        )
    for key, criterion in (
        ("ivb", "stand_downs_verified"),
        ("pacific", "safety_case_reviewed"),
        ("nordic", "security_review"),
    ):
        who[key].fill(f"/pauses/{pause}/criteria/{criterion}/", met="yes", basis="Seen on site at every party.")


def resume(site, who, pause):
    """Labs and bodies concur as two classes; Celery closes the vote, begins the resumption and ends the pause."""
    who["aster"].fill(f"/pauses/{pause}/ask-to-resume/")
    vote = vote_that(site, "resum")
    for key in (*LABORATORIES, "ivb", "nordic"):  # the third body could change nothing: the vote has closed
        cast(who[key], vote, "consent")
    site.until(
        lambda: site.observer.json(f"/api/v1/votes/{vote}/")["outcome"] == "adopted", 40, "the resumption is adopted"
    )
    pause_is(site, pause, "ended")
    site.until(lambda: "no pause is in force" in home(site), 15, "the first page says so")


def verify(site):
    """The record agrees with itself, and a stranger's program agrees with the record."""
    done = site.manage("verify_ledger")
    assert "agree" in done.stdout.lower() or done.returncode == 0
    fermata = Path(sys.executable).parent / "fermata"
    checked = subprocess.run(
        [str(fermata), "verify", site.url, "--json"], capture_output=True, text=True, timeout=120, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
