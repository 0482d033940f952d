"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - the signature of a context processor
    """Return whether this is a demonstration, and the site's address."""
    return {"demo": settings.DEMO, "site_url": settings.SITE_URL}
