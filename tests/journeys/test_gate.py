"""The gate before the real site: clear, held by a pause within seconds, and what it says once the site is gone."""

import os
import subprocess
import sys

import pytest

from tests.site import ROOT, site

PARTIES = "from tests import factories as make; make.parties('aster', 'borealis', 'cobalt', 'daxing', 'elbe')"
PAUSE = (
    "from django.utils import timezone; from tests import factories as make; "
    "make.pause_in_force(labs=('aster', 'borealis', 'cobalt', 'daxing', 'elbe'), effective_at=timezone.now())"
)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    state = tmp_path_factory.mktemp("gate")
    name = f"gate_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with site(state, name=name, prepare=(("migrate", "--verbosity", "0"), ("open_ledger",))) as made:
        made.manage("shell", "-c", PARTIES)
        made.until(lambda: made.observer.http.get("/labs/aster/order").status_code == 200, 60, "an order is issued")
        yield made


@pytest.mark.slow
def test_a_pause_stops_a_training_job_by_itself(running, tmp_path):
    def gate(*more):
        command = [sys.executable, "-m", "verifier.cli", "gate", "--site", running.url, "--lab", "aster"]
        asked = [*command, "--action", "train", "--flop", "3e25", "--cache", str(tmp_path), *more]
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert gate()[0] == 0
    running.manage("shell", "-c", PAUSE)
    running.until(lambda: gate("--max-age", "0")[0] == 75, 30, "the gate holds")
    code, said = gate()
    assert (code, "the limit of pause" in said) == (75, True)
    running.stop("web")
    code, said = gate("--max-age", "0")
    assert (code, "does not answer" in said) == (69, True)
    assert gate()[0] == 75
