"""A page's forms as a browser without JavaScript sees them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""

    def filled(self, **values: object) -> dict[str, object]:
        """The data that a browser would send, with `values` typed in; a value of None takes a field out."""
        unknown = [name for name in values if name not in self.fields and name not in dict(self.buttons)]
        assert not unknown, f"the form at {self.action} has no field {unknown}; it has {sorted(self.fields)}"
        data: dict[str, object] = {
            name: found if len(found) > 1 else found[0] for name, found in self.fields.items() if found
        }
        data.update(values)
        return {name: value for name, value in data.items() if value is not None}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.open: Form | None = None
        self.select: str | None = None
        self.first: str | None = None
        self.textarea: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:  # noqa: C901 - one branch a tag
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self.open)
        if self.open is None:
            return
        name = given.get("name", "")
        match tag:
            case "input" if name and given.get("type") in {"checkbox", "radio"}:
                found = self.open.fields.setdefault(name, [])
                if "checked" in given:
                    found.append(given.get("value", "on"))
            case "input" if name and given.get("type") not in {"file", "submit"}:
                self.open.fields.setdefault(name, []).append(given.get("value", ""))
            case "textarea":
                self.textarea = name
                self.open.fields.setdefault(name, []).append("")
            case "select":
                self.select, self.first = name, None if "multiple" in given else ""
                self.open.fields.setdefault(name, [])
            case "option" if self.select:
                self.first = self.first or (None if self.first is None else given.get("value", ""))
                if "selected" in given:
                    self.open.fields[self.select].append(given.get("value", ""))
            case "button" if name:
                self.open.buttons.append((name, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select" and self.select:
            if self.open and not self.open.fields[self.select] and self.first is not None:
                self.open.fields[self.select].append(self.first)  # a browser sends the first option
            self.select = None
        elif tag == "textarea":
            self.textarea = None

    def handle_data(self, data: str) -> None:
        if self.open is None:
            return
        if self.textarea:
            self.open.fields[self.textarea][-1] += (
                data.removeprefix("\n") if not self.open.fields[self.textarea][-1] else data
            )
        self.open.text += data


def forms_of(page: str) -> list[Form]:
    """Every form that is sent by POST, in the order of the page."""
    reader = _Reader()
    reader.feed(page)
    return [form for form in reader.forms if form.method == "post"]
