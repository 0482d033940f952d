"""Rows for tests, made directly: plain functions with keyword arguments. Each app appends its own below its heading."""

from datetime import UTC, datetime

from allauth.account.models import EmailAddress

from accounts.models import Membership, Organisation, User
from accounts.rules.names import skeleton
from accounts.rules.organisations import Kind, Role

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

LABS = {
    "aster": ("Aster Institute", "CA"),
    "borealis": ("Borealis Research", "NO"),
    "cobalt": ("Cobalt Systems", "US"),
    "daxing": ("Daxing Laboratory", "CN"),
    "elbe": ("Elbe Computing", "DE"),
    "fjord": ("Fjord Dynamics", "GB"),
    "ganges": ("Ganges AI", "IN"),
    "hanbit": ("Hanbit Labs", "KR"),
}
BODIES = {
    "verification-agency": ("International Verification Agency", ""),
    "compute-watch": ("Compute Watch", "CH"),
    "safety-network": ("Network of Safety Institutes", "JP"),
}

# --- accounts ---------------------------------------------------------------------------------------------------


def organisation(key="aster", *, name=None, kind=Kind.LABORATORY, jurisdiction=None, joined_at=LONG_AGO) -> Organisation:
    """The organisation with this key, made if need be; LABS and BODIES give names and jurisdictions."""
    known = {**LABS, **BODIES}.get(key, (key.replace("-", " ").title(), "CA"))
    title = name or known[0]
    made, _ = Organisation.objects.get_or_create(
        key=key,
        defaults={
            "name": title,
            "skeleton": skeleton(title),
            "kind": kind,
            "jurisdiction": known[1] if jurisdiction is None else jurisdiction,
            "joined_at": joined_at,
        },
    )
    return made


def laboratory(key="aster", **fields) -> Organisation:
    return organisation(key, kind=Kind.LABORATORY, **fields)


def body(key="verification-agency", **fields) -> Organisation:
    return organisation(key, kind=Kind.BODY, **fields)


def secretariat() -> Organisation:
    return organisation("secretariat", name="Secretariat of the Treaty", kind=Kind.SECRETARIAT, jurisdiction="")


def user(name="Ada Example", *, email=None, password=None) -> User:
    """A person with a verified address; without `password` nobody can sign in by one (hashing is slow)."""
    count = User.objects.count()
    person = User.objects.create_user(email or f"{name.split()[0].lower()}.{count}@people.example", password, name=name)
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def member(of: Organisation, role: Role, *, name=None, from_at=LONG_AGO, until_at=None, **fields) -> User:
    """A new person who holds `role` in the organisation."""
    person = user(name or f"{role.value.title()} Of {of.name}", **fields)
    Membership.objects.create(user=person, organisation=of, role=role, from_at=from_at, until_at=until_at)
    return person


def representative(of: Organisation | None = None, **fields) -> User:
    return member(of or laboratory(), Role.REPRESENTATIVE, **fields)


def officer(of: Organisation | None = None, **fields) -> User:
    return member(of or body(), Role.OFFICER, **fields)


def inspector(of: Organisation | None = None, **fields) -> User:
    return member(of or body(), Role.INSPECTOR, **fields)


def depositary(**fields) -> User:
    return member(secretariat(), Role.DEPOSITARY, **fields)


def observer(of: Organisation | None = None, **fields) -> User:
    return member(of or organisation("civic-observers", kind=Kind.OBSERVER, jurisdiction=""), Role.OBSERVER, **fields)


# --- labs -------------------------------------------------------------------------------------------------------

