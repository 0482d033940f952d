from django.apps import AppConfig


class WebConfig(AppConfig):
    """What pages share."""

    name = "web"
