import re
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(str(path.relative_to(ROOT / "templates")) for path in (ROOT / "templates").rglob("*.html"))
COMPONENTS = sorted((ROOT / "templates/components").glob("*.html"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_can_be_compiled(name):
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_nothing_that_the_content_policy_refuses(name):
    source = (ROOT / "templates" / name).read_text()
    assert not re.search(r"<\w[^>%]*\s(style|on[a-z]+)=|<style|javascript:", source)
    assert not re.search(r"<script(?![^>]*(src=|type=\"application/(ld\+)?json\"))", source)


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_a_component_opens_with_what_it_takes(path):
    assert re.match(r"\{% comment %\}.*(Takes|Taken)", path.read_text())


@pytest.mark.parametrize("path", sorted((ROOT / "static/css").glob("*.css")), ids=lambda path: path.name)
def test_a_style_sheet_is_indifferent_to_the_direction_of_writing(path):
    physical = re.compile(
        r"(?<![\w-])((margin|padding|border)-(left|right)|(left|right)\s*:|text-align:\s*(left|right)|float:)"
    )
    assert not physical.search(path.read_text())
