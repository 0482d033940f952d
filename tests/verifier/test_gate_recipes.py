"""The recipes of docs/gate.md, taken from the page word for word and run before a site that holds and one that does not."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.verifier.gates import CANNOT_TELL, CLEAR, HELD, FakeSite, order, pause

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "gate.md").read_text()


def recipe(name):
    return re.search(rf"<!-- recipe: {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture
def site():
    made = FakeSite()
    now = datetime.now(UTC)
    made.show(order(pause(), not_before=now, expires_at=now + timedelta(hours=24)))
    yield made
    made.close()


@pytest.fixture
def run(site, tmp_path):
    """Run a command with `fermata` on the path, the site's settings, and what the platform adds."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "fermata"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m verifier.cli "$@"\n')
    command.chmod(0o755)

    def run(command, **more):
        stated = {"SITE": site.url, "LAB": "aster", "KEY": str(site.signer.verifier), **more}
        path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            command, cwd=tmp_path, env={"PATH": path, **stated}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize(("flop", "code"), [("3e23", CLEAR), ("3e25", HELD)])
def test_github_actions(run, tmp_path, flop, code):
    steps = yaml.safe_load(recipe("github"))["jobs"]["train"]["steps"]
    gate = next(step for step in steps if "fermata gate" in step.get("run", ""))
    assert steps.index(gate) < steps.index(next(step for step in steps if step.get("name") == "Train"))
    assert set(gate["env"]) == {"SITE", "LAB", "KEY", "FLOP", "RUN"}
    script = tmp_path / "step.sh"
    script.write_text(gate["run"])
    shell = gate["shell"].replace("{0}", str(script)).split()
    found, said = run(shell, FLOP=flop, RUN="aster-run-7", GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert found == code, said
    assert "order 3 to aster" in (tmp_path / "summary").read_text()


@pytest.mark.parametrize(
    ("partition", "comment", "code"),
    [
        ("train", "flop=3e23,run=aster-run-7", CLEAR), ("train", "run=x,flop=3e25", HELD), ("serve", "", 0), ("train", "", 2),
        ("train", "flop=3e23; touch broken", 2), ("train", "flop=$(touch broken)", 2),
    ],
)  # fmt: skip
def test_slurm(run, site, tmp_path, partition, comment, code):
    (tmp_path / "fermata.conf").write_text(f"SITE={site.url}\nLAB=aster\nKEY={site.signer.verifier}\n")
    script = (
        recipe("slurm")
        .replace("PATH=/usr", f"PATH={tmp_path}/bin:/usr")
        .replace("/etc/slurm/fermata.conf", f"{tmp_path}/fermata.conf")
        .replace("/var/spool/slurm", str(tmp_path))
    )
    (tmp_path / "prolog.sh").write_text(script)
    found, said = run(["sh", tmp_path / "prolog.sh"], SLURM_JOB_PARTITION=partition, SLURM_JOB_COMMENT=comment)
    assert found == code, said
    assert not (tmp_path / "broken").exists()


@pytest.mark.parametrize(("level", "code"), [("pause", CLEAR), ("halt", HELD)])
def test_kubernetes(run, site, tmp_path, level, code):
    if level == "halt":
        now = datetime.now(UTC)
        site.show(order(pause(deploy="1e24"), not_before=now, expires_at=now + timedelta(hours=24)))
    pod = yaml.safe_load(recipe("kubernetes"))["spec"]
    [gate] = pod["initContainers"]
    [mount] = gate["volumeMounts"]
    assert mount["name"] in {one["name"] for one in pod["volumes"]}
    stated = {one["name"]: one["value"] for one in gate["env"]} | {
        "SITE": site.url,
        "LAB": "aster",
        "KEY": str(site.signer.verifier),
    }
    arguments = [re.sub(r"\$\((\w+)\)", lambda name: stated[name[1]], one) for one in gate["args"]]
    arguments = [one.replace(mount["mountPath"], str(tmp_path / "cache")) for one in arguments]
    assert run([*gate["command"], *arguments])[0] == code


def test_a_recipe_before_a_site_that_is_gone_does_not_begin(run, site, tmp_path):
    site.close()
    gate = yaml.safe_load(recipe("github"))["jobs"]["train"]["steps"][1]
    (tmp_path / "step.sh").write_text(gate["run"])
    shell = gate["shell"].replace("{0}", str(tmp_path / "step.sh")).split()
    found, said = run(shell, FLOP="1", RUN="", GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert found == CANNOT_TELL, said
