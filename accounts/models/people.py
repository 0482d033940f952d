import secrets
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.organisations import Organisation
from accounts.rules.organisations import Role

ROLE_LABELS = {
    Role.REPRESENTATIVE: _("Representative"),
    Role.OFFICER: _("Officer of a monitoring body"),
    Role.INSPECTOR: _("Inspector"),
    Role.OBSERVER: _("Observer"),
    Role.DEPOSITARY: _("Depositary"),
}


def new_handle() -> str:
    """Return a fresh pseudonym for the record."""
    return f"p-{secrets.token_hex(4)}"


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without `password` they sign in by passkey or in the demonstration only."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person. The record knows them by `handle` alone."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    handle = models.CharField(max_length=16, unique=True, default=new_handle, editable=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships, filtered."""

    def in_force(self, at: datetime) -> Self:
        """Those that hold at `at`, of people whose account is active."""
        return self.filter(from_at__lte=at, user__is_active=True).filter(
            models.Q(until_at=None) | models.Q(until_at__gt=at)
        )


class Membership(models.Model):
    """A person's role in an organisation, for a time."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(role.value, label) for role, label in ROLE_LABELS.items()])
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"], condition=models.Q(until_at=None), name="membership_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.organisation_id}"
