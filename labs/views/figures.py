"""The figures of laboratories, and the columns that figures of the apps above begin with."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from labs.models import OpenWeightRelease
from web.figures import Column, Figure, Rows, Type, address

LAB = Column("lab", _("Key of the laboratory."))
NAME = Column("name", _("Name."))
FACILITY = Column("facility", _("Key of the facility."))
JURISDICTION = Column("jurisdiction", _("Country by ISO 3166-1 alpha-2; empty for an international body."))


def open_weights(at: datetime, _subject: str) -> Rows:
    """Return every release with open weights, the newest version of each."""
    found = OpenWeightRelease.objects.standing(at).order_by("-released_at", "name", "source", "source_key")
    return [
        (one.name, one.developer, one.released_at.isoformat(), one.flop, one.source, one.received_at) for one in found
    ]


FIGURES = (
    Figure(
        key="open-weights",
        has_past=True,
        title=_("Register of open-weight releases"),
        description=_(
            "Models whose weights anybody can download, so that no pause reaches them. A release that nobody reported is missing here."
        ),
        source=_("Published lists of models, imported with their source; each import is an entry of the record."),
        columns=(
            Column("model", _("Name of the model.")),
            Column("developer", _("Who released it.")),
            Column("released_on", _("Day of the release."), Type.DAY),
            Column("flop", _("Training compute; empty where nobody has estimated it."), Type.NUMBER, "FLOP"),
            Column("source", _("The list that says so.")),
            Column("received_at", _("When it arrived here."), Type.INSTANT),
        ),
        rows=open_weights,
        page=lambda _subject: address("open-weights"),
    ),
)
