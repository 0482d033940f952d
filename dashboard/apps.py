from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The public site: pages over every app. It changes nothing."""

    name = "dashboard"
