from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Tells people what the record says: e-mail, webhooks, feeds, calendars."""

    name = "notices"
