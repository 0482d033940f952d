from django.apps import AppConfig


class TreatyConfig(AppConfig):
    """The decisions: text, parties, triggers, votes, pauses, resumption, amendments."""

    name = "treaty"
