"""The gate before the real site: clear, held by a pause within seconds, and what it says once the site is gone."""

import subprocess
import sys

import pytest

from config import processes
from tests.site import ROOT

PAUSE = (
    "from django.utils import timezone; from tests import factories as make; "
    "make.pause_in_force(labs=('aster', 'borealis', 'cobalt', 'daxing', 'elbe', 'fjord'), effective_at=timezone.now())"
)


@pytest.mark.xdist_group("parties")
@pytest.mark.slow
def test_a_pause_stops_a_training_job_by_itself(bound_parties, tmp_path):
    port = int(bound_parties.url.rpartition(":")[2])

    def gate(*more):
        command = [sys.executable, "-m", "verifier.cli", "gate", "--site", bound_parties.url, "--lab", "fjord"]
        asked = [*command, "--action", "train", "--flop", "3e25", "--cache", str(tmp_path), *more]
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert gate()[0] == 0
    bound_parties.manage("shell", "-c", PAUSE)
    bound_parties.until(lambda: gate("--max-age", "0")[0] == 75, 30, "the gate holds")
    code, said = gate()
    assert (code, "the limit of pause" in said) == (75, True)
    bound_parties.stop("web")
    code, said = gate("--max-age", "0")
    assert (code, "does not answer" in said) == (69, True)
    assert gate()[0] == 75
    bound_parties.start("web", processes.web(port))
    bound_parties.until(lambda: gate("--max-age", "0")[0] == 75, 60, "the site is asked again")
