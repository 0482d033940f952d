"""What axe-core finds on a page in light and in dark, and the states that a visitor can bring a page into."""

from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ElementHandle, Page

COLOURS = ["color-contrast", "link-in-text-block"]  # the rules on which the colours bear
RUN = "([within, options]) => axe.run(within ?? document, options).then((found) => found.violations)"
IS_DARK = "() => matchMedia('(prefers-color-scheme: dark)').matches"
OPEN_ALL = "() => { for (const one of document.querySelectorAll('details')) one.open = true; }"
# What a form asks a visitor to type, choose or bring; one without any would act where nothing is refused.
ASKED = "textarea, select, input:not([type=hidden], [type=submit], [type=checkbox])"
# Whether a script of the site's own answers for the form, so that sending it leads to no other page.
IS_SCRIPTED = "(form) => Object.keys(form.dataset).some((name) => !name.startsWith('hx'))"
EMPTIED = """(form) => {
  form.noValidate = true;
  for (const one of form.querySelectorAll("input, textarea, select")) {
    if (one.type === "hidden" || one.disabled || one.readOnly) continue;
    if (one.type === "checkbox" || one.type === "radio") one.checked = false;
    else one.value = "";
  }
}"""


def violations(page: Page, within: str | None = None) -> list[str]:
    """Return everything that axe-core finds on the page as it stands, or `within` a selector, however slight, in light and in dark."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(Axe().axe_script)
    dark = page.evaluate(IS_DARK)
    found = page.evaluate(RUN, [within, {"resultTypes": ["violations"]}])
    page.emulate_media(color_scheme="light" if dark else "dark")
    found += page.evaluate(RUN, [within, {"resultTypes": ["violations"], "runOnly": COLOURS}])
    page.emulate_media(color_scheme="dark" if dark else "light")
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found
    ]


def states(page: Page) -> Iterator[str]:
    """Bring the page, which has just come, into one state after the other, and yield the name of each."""
    address = page.url
    page.evaluate(OPEN_ALL)
    yield "opened"
    if page.locator("main [data-hx-trigger^=change] select").count():
        page.locator("main [data-hx-trigger^=change] select").first.select_option(index=1)
        page.wait_for_load_state("networkidle")
        yield "chosen"
        page.goto(address)
    for number in range(page.locator("main form").count()):
        form = page.locator("main form").nth(number).element_handle()
        if form is None or not (name := _sent(page, form)):
            continue
        yield name
        page.goto(address)


def _sent(page: Page, form: ElementHandle) -> str:
    """Send the form with nothing in it, or look for what nothing has; return what that is called, or "" where it asks for nothing."""
    looks = form.get_attribute("method") != "post"
    words = form.query_selector("input[type=text], input[type=search], input:not([type])")
    button = form.query_selector("button:not([type=button]):not([disabled])")
    if not button or not button.is_visible() or not form.query_selector(ASKED) or (looks and not words):
        return ""
    if looks and words:
        words.fill("zzzz")
    else:
        form.evaluate(EMPTIED)
    if form.evaluate(IS_SCRIPTED):
        button.click()
        page.wait_for_load_state("networkidle")
    else:
        with page.expect_navigation():
            button.click()
    return "nothing found" if looks else "refused"
