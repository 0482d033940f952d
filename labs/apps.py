from django.apps import AppConfig


class LabsConfig(AppConfig):
    """Laboratories: facilities, inventories, training runs, deployments, declarations, readings."""

    name = "labs"
