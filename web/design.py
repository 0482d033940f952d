"""Sample values for the page that shows every component. Invented, and said so on the page."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from django import forms
from django.utils.translation import gettext_lazy as _

from web.charts import Chart, Point, Threshold, line_chart

NOON: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HASH: Final = "3f9a2b17c05de84461f0b7729ad3c8e15b60427f9be1d3a4086c5f7712e9d4ab"

STATUSES: Final = (
    ("ok", _("Compliant")),
    ("on", _("Evaluation ongoing")),
    ("un", _("Unable to conclude")),
    ("br", _("Potential breach, under review")),
    ("bad", _("Breach determined, decision 12")),
    ("na", _("Not applicable")),
)
STAGES: Final = (
    {
        "title": _("Trigger"),
        "state": "done",
        "when": "11 Nov, 09:14",
        "detail": "Code written by AI over 80 % at 3 parties for 28 days",
    },
    {"title": _("Adopted"), "state": "done", "when": "13 Nov, 09:20", "detail": "7 consent, 0 object, 1 abstains"},
    {"title": _("Activated"), "state": "done", "when": "14 Nov, 06:00", "detail": "all commitments met by the set"},
    {
        "title": _("In force"),
        "state": "here",
        "when": "day 9",
        "detail": "stand-down due 16 Nov, verification due 28 Nov",
    },
    {
        "title": _("Resuming"),
        "state": "",
        "when": "not before 1 Dec",
        "detail": "4 criteria, 2/3 of parties, 1/2 of bodies, 72 h",
    },
)
EVENTS: Final = (
    {
        "at": NOON - timedelta(hours=3),
        "title": "Fjord Dynamics is late by 14 h with its halt",
        "sign": "br",
        "entry": 48211,
        "url": "#timeline",
    },
    {
        "at": NOON - timedelta(days=2),
        "title": "Report filed on Cobalt Systems, Mesa 4",
        "sign": "on",
        "entry": 48102,
        "detail": "one discrepancy: 212 accelerators unaccounted for",
    },
    {"at": NOON - timedelta(days=8), "title": "The pause is in force", "sign": "ok", "entry": 47006},
)
PARTIES: Final = (
    ("Aster Institute", "Canada", timedelta(hours=1, minutes=12), "9 h", 6, "ok", _("Compliant")),
    ("Borealis Research", "Norway", timedelta(minutes=41), "6 h", 7, "ok", _("Compliant")),
    ("Cobalt Systems", "United States", timedelta(hours=2, minutes=5), "22 h", 5, "on", _("Evaluation ongoing")),
    ("Elbe Computing", "Germany", timedelta(minutes=58), "11 h", 3, "un", _("Unable to conclude")),
    (
        "Fjord Dynamics",
        "United Kingdom",
        timedelta(hours=5, minutes=30),
        "",
        2,
        "br",
        _("Potential breach, under review"),
    ),
)
ROLL_CALL: Final = (
    {
        "name": "Aster Institute",
        "country": "Canada",
        "sign": "ok",
        "choice": _("Consent"),
        "at": NOON - timedelta(hours=20),
        "signed": "passkey",
        "entry": 48120,
    },
    {
        "name": "Daxing Laboratory",
        "country": "China",
        "sign": "bad",
        "choice": _("Object"),
        "at": NOON - timedelta(hours=12),
        "signed": "SSH key",
        "entry": 48177,
        "reason": "The inspection can be finished in time.",
    },
    {
        "name": "Ganges AI",
        "country": "India",
        "sign": "un",
        "choice": _("Abstain"),
        "at": NOON - timedelta(hours=2),
        "signed": "passkey",
        "entry": 48205,
    },
    {"name": "Hanbit Labs", "country": "South Korea", "sign": "on", "choice": _("Not yet")},
    {"name": "Elbe Computing", "country": "Germany", "sign": "na", "choice": _("Recused: subject of the vote")},
)
FORMULA: Final = (
    {"name": _("Quorum"), "sum": "(4 + 1 + 1) / 7 = 6/7 ≥ 1/2", "sign": "ok", "answer": _("met")},
    {"name": _("Threshold"), "sum": "4 / (4 + 1) = 4/5 > 1/2", "sign": "ok", "answer": _("met")},
    {"name": _("Bodies concur"), "sum": "1 / 3 = 1/3 ≥ 1/2", "sign": "br", "answer": _("not met")},
)
DELIVERIES = [
    {"delivered_at": NOON, "next_at": None, "outcome": ""},
    {"delivered_at": None, "next_at": NOON, "outcome": "status 503"},
    {"delivered_at": None, "next_at": None, "outcome": "the address was removed"},
]
TASKS: Final = (
    {
        "title": _("Halt Orion-4 and commit its checkpoint"),
        "url": "#tasks",
        "due": NOON - timedelta(hours=14),
        "late": True,
        "action": _("Record the halt"),
        "detail": "Pause 2026-02, Article 14",
    },
    {
        "title": _("Vote: extend the verification deadline for Elbe Computing"),
        "url": "#tasks",
        "due": NOON + timedelta(hours=28),
        "action": _("Vote"),
    },
    {
        "title": _("File the semi-annual declaration"),
        "url": "#tasks",
        "due": NOON + timedelta(days=39),
        "action": _("Open the form"),
    },
)
COLOURS: Final = (
    "paper",
    "card",
    "sunk",
    "ink",
    "soft",
    "line",
    "edge",
    "link",
    "deep",
    "gold",
    "ok",
    "on",
    "un",
    "br",
    "bad",
)


class SampleForm(forms.Form):
    """One field of each kind that the site's forms use."""

    title = forms.CharField(label=_("Title of the run"), max_length=80, help_text=_("As your own registers name it."))
    flop = forms.DecimalField(label=_("Planned compute"), min_value=1, help_text=_("In FLOP, for example 3.2e25."))
    started = forms.DateField(label=_("Started on"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(
        label=_("Site mode"), choices=(("inference", _("Inference only")), ("off", _("Powered off")))
    )
    reason = forms.CharField(
        label=_("Reason"), required=False, widget=forms.Textarea, help_text=_("Published with your ballot.")
    )
    photograph = forms.FileField(
        label=_("Photograph"), required=False, help_text=_("JPEG or PNG, at most 10 MB and 40 megapixels.")
    )
    choice = forms.ChoiceField(
        label=_("Your ballot"),
        widget=forms.RadioSelect,
        choices=(
            ("consent", _("Consent")),
            ("object", _("Object, with a reason")),
            ("abstain", _("Abstain: counts for the quorum only")),
        ),
    )
    sure = forms.BooleanField(label=_("I have compared the four words with a second device"))


def _share(start: datetime, at: int) -> Point:
    """One fortnight of an invented share that rises like a logistic curve; two are missing, the last two projected."""
    instant = start + timedelta(days=14 * at)
    if at in {9, 10}:
        return Point(instant, None)
    middle = Decimal(str(round(52 + 31 / (1 + math.exp((12 - at) / 3)), 1)))
    return Point(instant, middle, middle - 3, middle + 3, projected=at >= 24)


def charts() -> list[Chart]:
    """One chart of each kind: joined with a band, a gap and a projection; apart on a log scale; empty."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    shares = [_share(start, at) for at in range(26)]
    runs = [
        Point(
            datetime(2023 + at // 2, 1 + 6 * (at % 2), 9, tzinfo=UTC), Decimal(10) ** 25 * factor, label=f"Run {at + 1}"
        )
        for at, factor in enumerate((2, 3, 8, 11, 25, 40, 38))
    ]
    return [
        line_chart(
            shares, title=str(_("Code written by AI")), unit="%", thresholds=[Threshold(80, str(_("threshold 80 %")))]
        ),
        line_chart(
            runs,
            title=str(_("Largest declared training run")),
            unit="FLOP",
            thresholds=[Threshold(Decimal("1e27"), str(_("threshold 10²⁷ FLOP")))],
            log=True,
            joined=False,
        ),
        line_chart([], title=str(_("Time horizon")), unit="h"),
    ]
