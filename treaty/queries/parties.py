"""Who is bound, who votes, and what is missing for entry into force."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.models import Membership, Organisation, User
from accounts.rules.organisations import Kind, Role
from core.times import Period, known_at
from treaty.models import Accreditation, Annexed, Case, Party, Suspension, TreatyText
from treaty.queries.past import take_back_notices
from treaty.queries.texts import required_text, rules_of, text_at
from treaty.rules import parties as rules
from treaty.rules.parties import EntryIntoForceState, Instruments, Status
from treaty.rules.text import Member, Text
from web.prepared import prepared


def bound_labs(at: datetime) -> list[Organisation]:
    """Return the laboratories that the treaty binds at `at`, by name; those without a vote included."""
    return _bound(at)


@prepared
def _bound(at: datetime) -> QuerySet[Organisation]:
    return Organisation.objects.filter(pk__in=Party.objects.bound(at).values("organisation"))


def entitled_labs(at: datetime) -> list[Organisation]:
    """Return the laboratories that may vote at `at`: bound, not suspended and merged into no other."""
    return _organisations(Party.objects.entitled(at).values_list("organisation", flat=True))


def participating_bodies(at: datetime) -> list[Organisation]:
    """Return the monitoring bodies that are accredited at `at`, by name."""
    return _organisations(Accreditation.objects.in_force(at).values_list("organisation", flat=True))


def annex(kind: Kind, at: datetime, text: Text | None = None) -> tuple[Member, ...]:
    """Return the laboratories of Annex 1, the bodies of Annex 2 or the accredited observers at `at`: as the text names them, then as decisions added them.

    `text` is the one at `at`, where it is at hand.
    """
    text = text or rules_of(required_text(at))
    named = {Kind.LABORATORY: text.labs, Kind.BODY: text.bodies}.get(kind, ())
    known = {member.key for member in named}
    added = _annexed(kind.value, at)
    return (
        *named,
        *(
            Member(key=one.organisation.key, name=one.organisation.name, jurisdiction=one.organisation.jurisdiction)
            for one in added
            if one.organisation.key not in known
        ),
    )


@prepared
def _annexed(kind: str, at: datetime) -> QuerySet[Annexed]:
    return Annexed.objects.filter(organisation__kind=kind, from_at__lte=at).select_related("organisation")


def is_in_breach(lab: Organisation, at: datetime) -> bool:
    """Whether a case about the laboratory is open at `at` in which non-compliance was determined."""
    return Case.objects.standing(at).filter(organisation=lab, determined_at__lte=at).exists()


def with_instruments(parties: QuerySet[Party]) -> QuerySet[Party]:
    """Fetch along what `instruments_of` reads, in two queries for all."""
    return _with_spans(parties.select_related("organisation"))


def _with_spans(parties: QuerySet[Party]) -> QuerySet[Party]:
    return parties.select_related("merger").prefetch_related(Prefetch("suspensions", to_attr="spans"))


def _organisations(keys: Iterable[int]) -> list[Organisation]:
    return list(Organisation.objects.filter(pk__in=keys))


def instruments_of(party: Party) -> Instruments:
    """Return what the rules need to know of `party`."""
    spans: Iterable[Suspension] | None = getattr(
        party, "spans", None
    )  # fetched along: a list, no manager for each party
    return Instruments(
        lab=party.organisation.key,
        signed_at=party.signed_at,
        ratified_at=party.ratified_at,
        withdrawal_noticed_at=party.withdrawal_noticed_at,
        withdrawal_effective_at=party.withdrawal_effective_at,
        suspensions=tuple(
            Period(one.from_at, one.until_at) for one in (party.suspensions.all() if spans is None else spans)
        ),
        merged_at=party.merger.from_at if hasattr(party, "merger") else None,
    )


def first_text(text: TreatyText) -> TreatyText:
    """Return the text whose Article 3 governs entry into force: the one that was signed first, or else `text`."""
    signed = TreatyText.objects.defer("source").filter(signatures__isnull=False).order_by("version").first()
    return signed or text


def entry_into_force(at: datetime) -> EntryIntoForceState:
    """Return whether and when the treaty enters into force, judged on what had been received by `at`."""
    rule = rules_of(first_text(required_text(at))).entry_into_force
    return rules.entry_into_force(rule, map(instruments_of, with_instruments(Party.objects.all())), at)


STATUS_LABELS = {
    Status.NOT_SIGNED: _("Not signed"),
    Status.SIGNATORY: _("Signatory"),
    Status.RATIFIED: _("Ratified, not yet in force"),
    Status.PARTY: _("Party"),
    Status.SUSPENDED: _("Party, rights suspended"),
    Status.MERGED: _("Party, merged into another one"),
    Status.WITHDRAWING: _("Party, notice of withdrawal given"),
    Status.WITHDRAWN: _("Withdrawn"),
}
STATUS_SIGNS = {
    Status.NOT_SIGNED: "na",
    Status.SIGNATORY: "on",
    Status.RATIFIED: "on",
    Status.PARTY: "ok",
    Status.SUSPENDED: "br",
    Status.MERGED: "na",
    Status.WITHDRAWING: "br",
    Status.WITHDRAWN: "na",
}


@dataclass(frozen=True)
class PartyRow:
    """A laboratory of Annex 1 as the list of parties shows it. `organisation` is None until it has an account here."""

    member: Member
    organisation: Organisation | None
    party: Party | None
    status: Status

    @property
    def is_bound(self) -> bool:
        """Whether the treaty binds it."""
        return self.status in rules.BOUND

    @property
    def label(self) -> StrOrPromise:
        """The status in words."""
        return STATUS_LABELS[self.status]

    @property
    def sign(self) -> str:
        """The status as a sign (`web.signs`)."""
        return STATUS_SIGNS[self.status]


def party_rows(at: datetime, text: Text | None = None) -> list[PartyRow]:
    """Return every laboratory of Annex 1 with its status at `at`, in the annex's order; five queries."""
    members = annex(Kind.LABORATORY, at, text)
    organisations = {it.key: it for it in _named([member.key for member in members])}
    by_number = {it.pk: it for it in organisations.values()}
    suspended: dict[int, list[Suspension]] = defaultdict(list)
    for one in _suspensions():
        suspended[one.party_id].append(one)
    parties: dict[str, Party] = {}
    for party in _of(list(by_number)):
        party.organisation = by_number[party.organisation_id]  # at hand: not read twice
        party.spans = suspended.get(party.pk, [])  # type: ignore[attr-defined] # as `_with_spans` gives it
        parties[party.organisation.key] = party
    take_back_notices(parties, at)
    return [
        PartyRow(
            member=member,
            organisation=organisations.get(member.key),
            party=parties.get(member.key),
            status=status_of(parties.get(member.key), at),
        )
        for member in members
    ]


@prepared
def _named(keys: list[str]) -> QuerySet[Organisation]:
    return Organisation.objects.filter(key__among=keys)


@prepared
def _of(organisations: list[int]) -> QuerySet[Party]:
    return Party.objects.filter(organisation__pk__among=organisations).select_related("merger").order_by()


@prepared
def _suspensions() -> QuerySet[Suspension]:
    return Suspension.objects.all()


def status_of(party: Party | None, at: datetime) -> Status:
    """Return what the laboratory with this row is at `at`."""
    return rules.status(instruments_of(party), party.bound_at, at) if party else Status.NOT_SIGNED


@dataclass(frozen=True)
class Deposited:
    """What was known at an instant of a laboratory of Annex 1: its instruments, and from when the treaty binds it."""

    row: PartyRow
    instruments: Instruments
    bound_at: datetime | None


def deposited(at: datetime) -> list[Deposited]:
    """Return every laboratory of Annex 1 with what had been received by `at`; nothing that came later."""
    is_settled = entry_into_force(at).at is not None
    found = []
    for row in party_rows(at):
        held = rules.received_by(instruments_of(row.party) if row.party else Instruments(lab=row.member.key), at)
        bound_at = row.party.bound_at if row.party and held.ratified_at else None
        found.append(Deposited(row, held, bound_at if is_settled else known_at(bound_at, at)))
    return found


def party_table(at: datetime) -> list[tuple[str | datetime | None, ...]]:
    """Return the list of parties as plain rows, in the columns of the figure `annex`."""
    return [
        (
            one.row.member.key,
            one.row.member.name,
            one.row.member.jurisdiction,
            one.row.status.value,
            one.instruments.signed_at,
            one.instruments.ratified_at,
            one.bound_at,
            one.instruments.withdrawal_effective_at,
        )
        for one in deposited(at)
    ]


@dataclass(frozen=True)
class BodyRow:
    """A body of Annex 2 as the list of parties shows it."""

    member: Member
    accreditation: Accreditation | None
    organisation: Organisation | None


def body_rows(at: datetime) -> list[BodyRow]:
    """Return every body of Annex 2 with its accreditation at `at`; three queries."""
    members = annex(Kind.BODY, at)
    organisations = {it.key: it for it in Organisation.objects.filter(key__in=[member.key for member in members])}
    held = {it.organisation.key: it for it in Accreditation.objects.in_force(at).select_related("organisation")}
    return [
        BodyRow(member=it, accreditation=held.get(it.key), organisation=organisations.get(it.key)) for it in members
    ]


def annexed_without_account(at: datetime) -> list[tuple[Kind, Member]]:
    """Return the members that the annexes of the text at `at` name and that are not entered yet; none without a text."""
    text = text_at(at)
    if text is None:
        return []
    stated = rules_of(text)
    named = [*((Kind.LABORATORY, one) for one in stated.labs), *((Kind.BODY, one) for one in stated.bodies)]
    known = set(Organisation.objects.filter(key__in=[one.key for _kind, one in named]).values_list("key", flat=True))
    return [(kind, one) for kind, one in named if one.key not in known]


def may_be_signed_for(user: User | None, at: datetime) -> frozenset[int]:
    """Return the primary keys of the organisations that `user` may bind at `at`."""
    if user is None or not user.is_authenticated:
        return frozenset()
    roles = (Role.REPRESENTATIVE, Role.OFFICER)
    held = Membership.objects.in_force(at).filter(user=user, role__in=roles)
    return frozenset(held.values_list("organisation", flat=True))
