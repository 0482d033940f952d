"""Which declarations the texts in force ask of the parties, and which of them nobody has been asked for yet."""

from datetime import datetime
from itertools import zip_longest

from accounts.models import Organisation
from core.times import Period
from labs.models import Declaration
from treaty.models import Party, TreatyText
from treaty.queries.texts import rules_of
from treaty.rules.declarations import AskedDeclaration, Regime, asked_by


def unasked(at: datetime) -> list[tuple[Organisation, AskedDeclaration]]:
    """Return what the calendar has reached by `at` and no row says, party by party; suspension takes no duty away.

    Three queries and the texts, whatever the number of parties.
    """
    found = regimes(at)
    known = set(Declaration.objects.values_list("organisation", "kind", "due_at"))
    parties = Party.objects.filter(bound_at__lte=at).select_related("organisation")
    return [
        (party.organisation, one)
        for party in parties
        if party.bound_at
        for one in asked_by(found, Period(party.bound_at, party.withdrawal_effective_at), at)
        if (party.organisation_id, one.kind, one.due_at) not in known
    ]


def regimes(at: datetime) -> list[Regime]:
    """Return what each text that had entered into force by `at` asks, the first one first, and until when."""
    texts = list(TreatyText.objects.defer("source").in_force(at).reverse())
    return [
        Regime(rules_of(text).declarations, Period(text.in_force_at, following.in_force_at if following else None))
        for text, following in zip_longest(texts, texts[1:])
        if text.in_force_at
    ]
