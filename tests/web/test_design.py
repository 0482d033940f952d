from pathlib import Path

import pytest

from web.views.design import DesignPage

ROOT = Path(__file__).resolve().parents[2]
# The frame includes the first four; strips stand over whole pages; a whole form would post; the mark stands in the header; htmx is no part
# that anybody sees.
ELSEWHERE = {
    "header.html",
    "footer.html",
    "messages.html",
    "demo_strip.html",
    "drill_strip.html",
    "past.html",
    "mark.html",
    "form.html",
    "htmx.html",
}
COMPONENTS = sorted({path.name for path in (ROOT / "templates/components").glob("*.html")} - ELSEWHERE)


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_design_page_shows_every_component(name):
    assert f'"components/{name}"' in (ROOT / "templates/web/design.html").read_text()


def test_the_design_page_is_readable_without_a_database(rf):
    page = DesignPage.as_view()(rf.get("/about/design/")).render().content.decode()
    assert "Potential breach, under review" in page
    assert page.count('class="line"') == 2
    assert "{{" not in page
