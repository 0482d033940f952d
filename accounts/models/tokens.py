from django.db import models
from knox.models import AuthToken


class TokenName(models.Model):
    """What a person calls an API token, so that they know which one to revoke. It goes with the token."""

    token = models.OneToOneField(AuthToken, on_delete=models.CASCADE, related_name="label")
    name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name
