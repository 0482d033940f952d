"""Whether a page's HTML is well formed: what a browser would mend in silence, and names that lead nowhere."""

from collections import Counter
from html.parser import HTMLParser

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
# Elements of SVG that the templates close in place; an element of HTML cannot be.
DRAWN = frozenset(["circle", "line", "path", "rect", "stop", "use"])
NAMES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "headers", "list", "form")


class Reader(HTMLParser):
    """Reads one page: `found()` says what is wrong with it, `words` what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids = Counter[str]()
        self.named: list[tuple[str, str]] = []
        self.headings: list[int] = []
        self.problems: list[str] = []
        self.text: list[str] = []

    def handle_data(self, data: str) -> None:
        """Note what is read in the main part."""
        if "main" in self.open and self.open[-1] != "script":
            self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what opens, its id, and the ids that it names."""
        given = {name: value or "" for name, value in attrs}
        if len(given) != len(attrs):
            self.problems.append(f"<{tag}> has an attribute twice")
        if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            self.headings.append(int(tag[1]))
        if "id" in given:
            self.ids[given["id"]] += 1
        self.named += [(name, one) for name in NAMES for one in given.get(name, "").split()]
        if given.get("href", "").startswith("#") and len(given["href"]) > 1:
            self.named.append(("href", given["href"][1:]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As an opening one, closed at once."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()
            if tag not in DRAWN:
                self.problems.append(f"<{tag}/> does not close itself")

    def handle_endtag(self, tag: str) -> None:
        """Note what closes out of turn."""
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.problems.append(f"line {self.getpos()[0]}: </{tag}> where {self.open[-3:]} are open")

    @property
    def words(self) -> str:
        """The text of its main part, without white space."""
        return "".join("".join(self.text).split())

    def found(self) -> list[str]:
        """Return the problems of the whole page."""
        twice = [f"the id {name!r} stands {number} times" for name, number in self.ids.items() if number > 1]
        lost = [f"{how} names {name!r}, which is not there" for how, name in self.named if name not in self.ids]
        steps = zip(self.headings, self.headings[1:], strict=False)
        skips = [f"an h{after} follows an h{before}" for before, after in steps if after > before + 1]
        first = [] if self.headings.count(1) == 1 else [f"{self.headings.count(1)} headings of the first level"]
        left = [f"never closed: {self.open}"] if self.open else []
        return [*self.problems, *twice, *lost, *skips, *first, *left]


def read(html: str) -> Reader:
    """Return a page, read to its end."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader
