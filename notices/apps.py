from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Feeds, calendars, e-mail."""

    name = "notices"
