"""docs/ledger-entries.md lists every kind that the code records, and no other."""

import ast
import re
from pathlib import Path

from ledger.rules.entries import is_kind

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ["ledger", "accounts", "labs", "treaty", "inspections", "notices", "dashboard"]


def recorded_kinds():
    """The kinds of all calls of `record`. A kind that is computed counts with every such text of its module."""
    kinds = set()
    for path in (path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts):
        tree = ast.parse(path.read_text())
        calls = [
            node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record"
        ]
        for kind in [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "kind"]:
            kinds |= kinds_of(kind, tree)
    return kinds


def kinds_of(kind, tree):
    match kind:
        case ast.Constant(value):
            return {value}
        case ast.IfExp():
            return kinds_of(kind.body, tree) | kinds_of(kind.orelse, tree)
        case ast.JoinedStr(
            values=[ast.Constant(prefix), ast.FormattedValue(value=ast.Subscript(value=ast.Name(id=table)))]
        ):
            return {prefix + text for text in texts_of(table_named(table, tree))}
        case _:
            return {text for text in texts_of(tree) if is_kind(text)}


def table_named(name, tree):
    return next(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in ast.unparse(node).split()[0]
    )


def texts_of(tree):
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def documented_kinds():
    lines = (ROOT / "docs/ledger-entries.md").read_text().splitlines()
    found = [re.match(r"\| `([a-z_]+\.[a-z_]+)` \|", line) for line in lines]
    return [match[1] for match in found if match]


def test_every_recorded_kind_is_documented():
    assert sorted(recorded_kinds() - set(documented_kinds())) == []


def test_every_documented_kind_is_recorded():
    assert sorted(set(documented_kinds()) - recorded_kinds()) == []


def test_no_kind_is_documented_twice():
    kinds = documented_kinds()
    assert sorted(kinds) == sorted(set(kinds))


def test_every_documented_kind_has_the_form_of_one():
    assert all(is_kind(kind) for kind in documented_kinds())
