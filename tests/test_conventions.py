"""What CONTRIBUTING.md says and no linter checks."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import LONGEST

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "dashboard", "inspections", "treaty", "labs", "accounts", "ledger", "web", "core", "verifier")
ENTRY_POINTS = {"views", "tasks", "commands", "api", "middleware", "caching", "front"}


def tracked(*patterns: str) -> list[Path]:
    answer = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in answer.stdout.splitlines() if (path := ROOT / line).is_file()]


def modules() -> list[Path]:
    return [
        path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in APPS and "migrations" not in path.parts
    ]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def layer(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if len(parts) > 1 else ""


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def test_there_are_modules_to_check():
    assert len(modules()) > 50


def test_no_function_is_longer_than_forty_lines():
    long = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in modules()
        for node in functions(path)
        if node.end_lineno - node.body[0].lineno + 1 > 40
    ]
    assert long == []


def test_no_module_is_named_for_nothing():
    assert [name(path) for path in modules() if path.stem in {"utils", "helpers", "common", "services", "misc"}] == []


def test_a_noun_is_one_file_until_four_hundred_lines():
    assert [name(path) for path in modules() if len(path.read_text().splitlines()) > 450] == []


def test_the_clock_is_read_at_the_edge_only():
    reads = re.compile(r"timezone\.now\(\)|datetime\.(now|utcnow)\(|time\.time\(\)")
    inside = [
        name(path)
        for path in modules()
        if path.relative_to(ROOT).parts[0] not in {"config", "verifier"}
        and not ENTRY_POINTS & set(path.relative_to(ROOT).with_suffix("").parts)
        and reads.search(path.read_text())
    ]
    assert inside == []


def test_rules_have_no_randomness_and_no_files():
    forbidden = re.compile(r"^\s*(import|from) (random|secrets|os|pathlib|time|socket|requests|httpx)\b", re.MULTILINE)
    assert [name(path) for path in modules() if layer(path) == "rules" and forbidden.search(path.read_text())] == []


def test_public_actions_take_keywords_only():
    loose = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in modules()
        if layer(path) == "actions"
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and any(arg.arg in {"by", "at"} for arg in node.args.args)
    ]
    assert loose == []


def test_tasks_are_short_sweeps():
    long = [
        f"{name(path)} {node.name}"
        for path in modules()
        if path.stem == "tasks" and layer(path) == "tasks"
        for node in functions(path)
        if node.end_lineno - node.body[0].lineno + 1 > 10
    ]
    assert long == []


def test_no_template_has_anything_inline():
    tags = re.compile(r"{[%{].*?[%}]}", re.DOTALL)
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
    assert [name(path) for path in tracked("templates/*.html") if inline.search(tags.sub("", path.read_text()))] == []


def test_components_say_what_they_take():
    assert [
        name(path)
        for path in tracked("templates/components/*.html")
        if not path.read_text().startswith("{% comment %}") and not path.read_text().startswith("{#")
    ] == []


def test_components_are_included_with_only():
    # The frame's own parts read the request: they stand in base.html alone.
    include = re.compile(r'{% include "components/(?!(?:header|footer|messages|demo_strip)\.html)[^%]*%}')
    loose = [
        f"{name(path)}: {found}"
        for path in tracked("templates/*.html")
        for found in include.findall(path.read_text())
        if not found.endswith("only %}")
    ]
    assert loose == []


def test_every_template_is_marked_for_translation():
    bare = re.compile(r"<(h1|h2|h3|th|dt|legend|button|caption)[^>{]*>\s*[A-Za-z]{3,}[^<{]*</")
    found = [
        f"{name(path)}: {match[0]}"
        for path in tracked("templates/*.html", ":!templates/web/design.html")
        if (match := bare.search(path.read_text()))
    ]
    assert found == []


def test_no_path_of_a_machine_and_no_registry_is_committed():
    forbidden = re.compile(
        "|".join(["/wo" + "rk/", "/ro" + "ot/", "pypi" + r"\.org", "registry\\.npm" + "js", "deb\\.deb" + "ian"])
    )
    texts = [
        path
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ".html", ".js", ".css", ".sh", ""}
    ]
    assert [name(path) for path in texts if forbidden.search(path.read_text(errors="ignore"))] == []


@pytest.mark.parametrize("noun", ["votes", "pauses", "triggers"])
def test_a_noun_has_the_same_name_in_every_layer(noun):
    layers = [ROOT / "treaty" / part / f"{noun}.py" for part in ("rules", "models", "actions", "queries", "views")]
    assert [name(path) for path in layers if not path.exists()] == []


def test_every_package_has_its_place_in_the_order():
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layered = {*configured["contracts"][0]["layers"], "verifier"}
    packages = {path.parent.name for path in tracked("*/__init__.py") if path.parent.parent == ROOT}
    assert packages - {"tests", "benchmarks", "docs"} == layered == set(configured["root_packages"])


def test_what_the_tests_begin_with_is_there():
    assert [group for group in LONGEST if "/" in group and not (ROOT / group).exists()] == []
