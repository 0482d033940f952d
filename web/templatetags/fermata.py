"""Filters and tags of every template: instants, spans, quantities, status signs, hashes. Each escapes what it is given."""

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from django import template
from django.template import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.formats import number_format
from django.utils.html import escape, format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from core.times import stamp
from web.charts import as_decimal
from web.countries import country_name
from web.exports import Cell, word
from web.hashwords import hash_words
from web.languages import instant
from web.past import query
from web.signs import sign_of

register = template.Library()

NOTHING: Final = "\N{EM DASH}"
NO_BREAK: Final = "\N{NO-BREAK SPACE}"
RAISED: Final = re.compile(r"<sup>([0-9\N{MINUS SIGN}]+)</sup>")
SUPERSCRIPTS: Final = str.maketrans("0123456789\N{MINUS SIGN}", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
MINUS: Final = "\N{MINUS SIGN}"
LEFTWARDS: Final = re.compile(r"[\u0590-\u08ff]+(?:\s+[\u0590-\u08ff]+)*")


@register.simple_tag(takes_context=True)
def words_of(context: Context, block: str) -> SafeString:
    """Render a block of the page once more, as `plain`."""
    return plain(context.render_context[BLOCK_CONTEXT_KEY].get_block(block).render(context))


@register.filter
def plain(markup: str) -> SafeString:
    """Write markup of this site as one line of text for an attribute: powers as raised digits, no tags. What was escaped stays so."""
    raised = RAISED.sub(lambda found: found[1].translate(SUPERSCRIPTS), markup)
    return mark_safe(" ".join(strip_tags(raised).split()))  # noqa: S308 - the page's own template escaped it


@register.filter
def utc(at: datetime | None, style: str = "") -> SafeString | str:
    """Write an aware instant in UTC inside <time>: "14 November 2026, 06:00 UTC". Styles: short, day, shortday, seconds, time."""
    if not at:  # None, or the "" of a variable that is not there
        return NOTHING
    return format_html('<time datetime="{}">{}</time>', machine(at), written(at, style))


@register.filter
def until(at: datetime | None, style: str = "") -> SafeString | str:
    """As `utc`, marked so that the browser adds how far away it is and keeps that current."""
    if not at:  # None, or the "" of a variable that is not there
        return NOTHING
    return format_html('<time datetime="{}" data-relative>{}</time>', machine(at), written(at, style))


@register.filter
def machine(at: datetime) -> str:
    """Write an instant for the attribute of <time>, to the second: HTML takes no microseconds."""
    return stamp(at.replace(microsecond=0))


@register.filter
def as_of(past: datetime | None) -> str:
    """Write what follows an address to ask for a past instant; nothing for None."""
    return query(past)


def written(at: datetime, style: str = "") -> str:
    """Write an instant as plain text, in the style of `utc`."""
    text = instant(at, style)
    return text if style in {"day", "shortday"} else f"{text}{NO_BREAK}UTC"


@register.filter
def span(length: timedelta | None) -> str:
    """Write a duration by its two largest units: "1 h 12 m", "3 d 4 h", "0 m"."""
    if not isinstance(length, timedelta):  # None, or the "" of a variable that is not there
        return NOTHING
    minutes, sign = int(abs(length).total_seconds()) // 60, MINUS if length < timedelta(0) else ""
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, _("d")), (hours, _("h"))) if days else ((hours, _("h")), (rest, _("m")))
    words = [f"{count}{NO_BREAK}{unit}" for count, unit in parts if count]
    return sign + NO_BREAK.join(words) if words else f"0{NO_BREAK}{_('m')}"


@register.filter
def flop(quantity: object) -> SafeString | str:
    """Write a large quantity as a power of ten: 1e24 as 10<sup>24</sup>, 3.2e25 as 3.2 × 10<sup>25</sup>."""
    number = _decimal(quantity)
    if number is None:
        return NOTHING if quantity in (None, "") else str(quantity)
    if abs(number) < 10**6:
        return f"{number.normalize():f}"
    power = number.adjusted()
    factor = round(number.scaleb(-power), 2).normalize()
    if abs(factor) == 10:
        factor, power = factor / 10, power + 1
    if factor == 1:
        return format_html("10<sup>{}</sup>", power)
    text = format_html("{}{}×{}10<sup>{}</sup>", f"{factor:f}", NO_BREAK, NO_BREAK, power)
    return format_html('<bdi dir="ltr">{}</bdi>', text) if get_language_bidi() else text


def _decimal(quantity: object) -> Decimal | None:
    try:
        number = as_decimal(quantity)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@register.filter
def isolated(formula: str) -> SafeString:
    """Keep the words of a formula that are written from right to left apart: the formula itself reads from left to right."""
    return mark_safe(LEFTWARDS.sub(r"<bdi>\g<0></bdi>", escape(formula)))  # noqa: S308 - escaped here


@register.filter
def cell(value: Cell) -> str:
    """Write a cell of a figure as its files do; nothing is a dash."""
    return word(value)


@register.filter
def grouped(number: int | str | None) -> str:
    """Write an integer with its thousands apart: 48,211."""
    return NOTHING if number in (None, "") else number_format(int(number), force_grouping=True)


@register.filter
def fraction(value: Fraction | str | int | None) -> str:
    """Write a Fraction as 2/3; a whole one without its denominator."""
    return NOTHING if value in (None, "") else str(Fraction(value))


@register.filter
def share(value: Fraction | Decimal | str | float | None, places: int = 0) -> str:
    """Write a share as a percentage. What is not all is never written as 100 %, what is not nothing never as 0 %."""
    if value in (None, ""):
        return NOTHING
    exact = Fraction(value) * 100
    step = Fraction(1, 10**places)
    shown = Fraction(round(exact / step)) * step
    if exact < 100 <= shown:
        shown = 100 - step
    if shown == 0 and exact > 0:
        return f"<{NO_BREAK}{number_format(float(step), places)}{NO_BREAK}%"
    return f"{number_format(float(shown), places)}{NO_BREAK}%"


@register.simple_tag
def status_sign(state: object, label: object = "") -> SafeString:
    """Write a state as shape, colour and word. `state` is a sign or a state that `web.signs` knows; `label` the word."""
    word = label or getattr(state, "label", None) or str(getattr(state, "value", state)).replace("_", " ").capitalize()
    return format_html('<span class="st {}">{}</span>', sign_of(state), word)


@register.filter
def sign(state: object) -> str:
    """Return the CSS class of a state's sign."""
    return sign_of(state)


@register.filter
def shorthash(value: str | None, keep: int = 8) -> SafeString | str:
    """Write the head and the tail of a hash; the whole of it is its title."""
    if not value:
        return NOTHING
    text = str(value)
    shown = text if len(text) <= keep + 5 else f"{text[:keep]}…{text[-4:]}"
    return format_html('<code class="hash" title="{}">{}</code>', text, shown)


@register.filter
def country(code: str | None) -> str:
    """Write a jurisdiction's name; an empty code is an international body's."""
    return NOTHING if code is None else country_name(code)


@register.filter
def hashwords(value: str | None) -> str:
    """Write the first 64 bits of a hash as four words that can be read aloud."""
    try:
        return hash_words(str(value or "")) or NOTHING
    except ValueError:
        return NOTHING


@register.simple_tag
def segments(have: int, of: int) -> SafeString:
    """Draw "6 of 7" as a row of full and empty segments. The words are the caller's: the drawing is hidden from readers."""
    full, count = max(0, min(int(have), int(of))), max(1, int(of))
    return format_html(
        '<svg class="bar" viewBox="0 0 {} 10" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="full" d="{}"/><path class="rest" d="{}"/></svg>',
        count * 10,
        "".join(f"M{10 * at} 0h8.5v10h-8.5z" for at in range(full)),
        "".join(f"M{10 * at} 0h8.5v10h-8.5z" for at in range(full, count)),
    )


@register.simple_tag
def bar(value: Fraction | Decimal | float | None) -> SafeString:
    """Draw a share between 0 and 1 as a bar; None is an empty one."""
    width = max(0.0, min(100.0, float(value or 0) * 100))
    return format_html(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rest" width="100" height="10"/><rect class="full" width="{}" height="10"/></svg>',
        f"{width:.2f}",
    )


@register.simple_tag(takes_context=True)
def current(context: template.Context, *prefixes: str) -> SafeString:
    """Return aria-current for a link of the navigation: the page itself, or a page below one of `prefixes`."""
    path = getattr(context.get("request"), "path", "")
    if path and path == prefixes[0]:
        return SafeString(' aria-current="page"')
    return SafeString(' aria-current="true"' if path.startswith(tuple(prefixes)) else "")
