import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
def test_a_publisher_killed_at_random_points_loses_doubles_and_forks_nothing():
    command = [sys.executable, "-m", "benchmarks.publisher_faults", "20", "--no-restart"]
    shown = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=180, check=False)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "| lost, twice or forked | 0 |" in shown.stdout
