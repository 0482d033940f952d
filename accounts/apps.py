from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and organisations, sign-in, and the key directory."""

    name = "accounts"
