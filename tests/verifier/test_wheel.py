import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.verifier.logs import SmallLog

ROOT = Path(__file__).resolve().parent.parent.parent


def uv(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "uv", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_wheel_alone_checks_a_record_in_an_empty_environment(tmp_path):
    built = uv(
        "build",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        tmp_path / "dist",
        "verifier",
    )
    assert built.returncode == 0, built.stderr
    [wheel] = (tmp_path / "dist").glob("*.whl")
    assert uv("venv", "--python", sys.executable, tmp_path / "env").returncode == 0
    python = tmp_path / "env/bin/python"
    installed = uv("pip", "install", "--offline", "--python", python, wheel)
    if installed.returncode:
        installed = uv("pip", "install", "--python", python, wheel)
    if installed.returncode:
        pytest.skip(f"the wheel's dependencies are neither in uv's cache nor to be had: {installed.stderr[-200:]}")
    folder = SmallLog().add(300).publish(tmp_path / "log")
    environment = {"PATH": os.environ["PATH"]}
    shown = subprocess.run(
        [tmp_path / "env/bin/fermata", "verify", folder],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.returncode, shown.stdout.splitlines()[-1]) == (0, "all of it follows")
    everything = "import pkgutil, importlib, core, verifier, ledger.rules, accounts.rules, labs.rules, treaty.rules, inspections.rules as last\n"
    everything += (
        "import sys\nfor package in [core, verifier, ledger.rules, accounts.rules, labs.rules, treaty.rules, last]:\n"
    )
    everything += "  for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'): importlib.import_module(module.name)\n"
    everything += "assert 'django' not in sys.modules"
    assert (
        subprocess.run(
            [python, "-c", everything], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        ).stderr
        == ""
    )
