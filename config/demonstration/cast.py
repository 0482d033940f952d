"""Who is in the story: eight laboratories, three monitoring bodies, an observer and the secretariat."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress

from accounts.actions.organisations import declare_affiliation, found_organisation
from accounts.actions.people import appoint
from accounts.models import Organisation, User
from accounts.rules.organisations import Kind, Role
from inspections.actions.training import record_training
from treaty.queries.texts import rules_at

LABORATORIES = {
    "aster": ("Aster Institute", "CA", ("Maren Okafor", "Luc Tremblay")),
    "borealis": ("Borealis Research", "NO", ("Ingrid Solheim", "Tomas Berg")),
    "cobalt": ("Cobalt Systems", "US", ("Dana Whitfield", "Reuben Castillo")),
    "daxing": ("Daxing Laboratory", "CN", ("Lin Yue", "Zhao Wenjie")),
    "elbe": ("Elbe Computing", "DE", ("Katrin Vogel", "Jonas Reuter")),
    "fjord": ("Fjord Dynamics", "GB", ("Priya Natarajan", "Callum Reid")),
    "ganges": ("Ganges AI", "IN", ("Anjali Rao", "Vikram Sethi")),
    "hanbit": ("Hanbit Labs", "KR", ("Seo Minji", "Kim Dohyun")),
}
BODIES = {
    "ivb": (
        "International Verification Body",
        "",
        (
            "Amara Diallo",
            *("Peter Lindqvist", "Rosa Ibarra", "Hiro Tanaka", "Nadia Haddad"),
            *("Tobias Lenz", "Yara Costa", "Milan Novak", "Esther Mwangi"),
        ),
    ),
    "nordic": (
        "Nordic Compute Inspectorate",
        "SE",
        (
            "Elin Ström",
            *("Mikkel Holm", "Saga Niemi", "Ola Haug", "Freja Lund"),
            *("Aino Laine", "Sindre Vik", "Birta Jonsdottir"),
        ),
    ),
    "pacific": (
        "Pacific Assurance Consortium",
        "SG",
        (
            "Wei Ling Tan",
            *("Noa Kealoha", "Arjun Menon", "Grace Owusu", "Mei Chen"),
            *("Lucas Whaanga", "Siti Rahman", "Daniel Reyes"),
        ),
    ),
}
FOUNDED = timedelta(days=420)  # before the story's present


@dataclass
class Cast:
    """The organisations by key, and who acts for them."""

    labs: dict[str, Organisation] = field(default_factory=dict)
    bodies: dict[str, Organisation] = field(default_factory=dict)
    secretariat: Organisation | None = None
    people: dict[str, list[User]] = field(default_factory=dict)

    def representative(self, key: str) -> User:
        """Return the first person of an organisation: representative, officer or depositary."""
        return self.people[key][0]

    def inspectors(self, key: str) -> list[User]:
        """Return a body's inspectors."""
        return self.people[key][1:]


def person(name: str, organisation: Organisation, role: Role, at: datetime, by: User | None = None) -> User:
    """Create a person with a verified address and their role; they sign in by the demonstration's button."""
    mailbox = name.lower().replace(" ", ".").encode("ascii", "ignore").decode()
    user = User.objects.create_user(f"{mailbox}@{organisation.key}.example", name=name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    appoint(user=user, organisation=organisation, role=role, by=by, at=at)
    return user


def train(user: User, body: Organisation, by: User, at: datetime) -> None:
    """Enter every course that the text in force asks for, completed on the day."""
    training = rules_at(at).monitoring.training
    for course in training.courses if training else ():
        record_training(user=user, body=body, course=course, completed_at=at, by=by, at=at)


def _people(organisation: Organisation, names: Sequence[str], roles: Sequence[Role], at: datetime) -> list[User]:
    """Appoint the first person by the operator's command and the others by the first."""
    first = person(names[0], organisation, roles[0], at)
    return [
        first,
        *(person(name, organisation, role, at, first) for name, role in zip(names[1:], roles[1:], strict=True)),
    ]


def assemble(now: datetime) -> Cast:
    """Found every organisation and appoint its people."""
    at, cast = now - FOUNDED, Cast()
    cast.secretariat = found_organisation(
        key="secretariat",
        name="Secretariat of the Model Treaty",
        kind=Kind.SECRETARIAT,
        jurisdiction="CH",
        by=None,
        at=at,
    )
    cast.people["secretariat"] = [person("Helene Marchand", cast.secretariat, Role.DEPOSITARY, at)]
    watch = found_organisation(
        key="openwatch", name="Open Compute Watch", kind=Kind.OBSERVER, jurisdiction="NL", by=None, at=at
    )
    cast.people["openwatch"] = [person("Sanne de Vries", watch, Role.OBSERVER, at)]
    for key, (name, country, people) in LABORATORIES.items():
        cast.labs[key] = found_organisation(
            key=key, name=name, kind=Kind.LABORATORY, jurisdiction=country, by=None, at=at
        )
        cast.people[key] = _people(cast.labs[key], people, (Role.REPRESENTATIVE, Role.REPRESENTATIVE), at)
    for key, (name, country, staff) in BODIES.items():
        cast.bodies[key] = found_organisation(key=key, name=name, kind=Kind.BODY, jurisdiction=country, by=None, at=at)
        roles = (Role.OFFICER, *(Role.INSPECTOR for _ in staff[1:]))
        cast.people[key] = _people(cast.bodies[key], staff, roles, at)
    declare_affiliation(
        organisation=cast.bodies["nordic"],
        affiliate=cast.labs["borealis"],
        basis="The inspectorate rents its test cluster from the laboratory.",
        by=cast.representative("nordic"),
        at=at,
    )
    return cast
