"""Kinds of organisation and the roles that people have in them."""

from enum import StrEnum


class Kind(StrEnum):
    """What an organisation is in the treaty."""

    LABORATORY = "laboratory"
    BODY = "body"
    OBSERVER = "observer"
    SECRETARIAT = "secretariat"


class Role(StrEnum):
    """What a person does for an organisation."""

    REPRESENTATIVE = "representative"  # laboratory: signs, files, votes, stands down
    OFFICER = "officer"  # body: votes, determines, designates
    INSPECTOR = "inspector"  # body: visits, reports, signs
    OBSERVER = "observer"
    DEPOSITARY = "depositary"  # secretariat: opens signature, publishes; no vote


ROLES = {
    Kind.LABORATORY: frozenset({Role.REPRESENTATIVE}),
    Kind.BODY: frozenset({Role.OFFICER, Role.INSPECTOR}),
    Kind.OBSERVER: frozenset({Role.OBSERVER}),
    Kind.SECRETARIAT: frozenset({Role.DEPOSITARY}),
}
# Roles that bind their organisation: sign, vote, file, determine.
BINDING = frozenset({Role.REPRESENTATIVE, Role.OFFICER, Role.DEPOSITARY})
NEEDS_SECOND_FACTOR = frozenset({Kind.LABORATORY, Kind.BODY, Kind.SECRETARIAT})
