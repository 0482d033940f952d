"""The write view that every app uses, and the answers that belong to no app."""

from web.views.actions import ActionView
from web.views.errors import csrf_failure

__all__ = ["ActionView", "csrf_failure"]
