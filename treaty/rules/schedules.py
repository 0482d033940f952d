"""What the text says of the schedule of visits."""

from typing import Annotated

from pydantic import Field, StringConstraints

from treaty.rules.values import Key, Length, Provision, Share

Jurisdiction = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]  # ISO 3166-1


class Travel(Provision):
    """Between the end of one visit of an inspector and the beginning of the next. Countries of one region lie near each other."""

    within_region: Length
    between_regions: Length
    regions: dict[Key, tuple[Jurisdiction, ...]] = {}  # a country that none names is a region of its own


class Schedule(Provision):
    """What the plan of the coming months keeps to."""

    horizon: Length  # how far it reaches; a year at most
    renewed_every: Length
    seen_every: Length  # each site in use, from the end of one visit to the next
    routine_after: Length  # the last visit; sooner it is a visit at short notice
    baseline_within: Length  # of a site's registration, or of a break in what is known of it
    close_out_within: Length  # of a site's closing
    apart: Length  # between two visits to one site
    begins_at_hour: Annotated[int, Field(ge=0, le=23, strict=True)]  # UTC
    travel: Travel
    parity_within: Share  # visits per site: largest less smallest of the parties
