"""Who a request comes from."""

from django.http import HttpRequest

from accounts.models import User


def reader(request: HttpRequest) -> User | None:
    """Return who is signed in; None for the public."""
    return request.user if isinstance(request.user, User) else None


def person(request: HttpRequest) -> User:
    """Return who is signed in, on a page that asks for a sign-in."""
    assert isinstance(request.user, User)
    return request.user
