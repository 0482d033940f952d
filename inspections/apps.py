from django.apps import AppConfig


class InspectionsConfig(AppConfig):
    """Monitoring bodies, mandates, schedule, visits, reports, findings, evidence."""

    name = "inspections"
