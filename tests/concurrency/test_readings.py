from decimal import Decimal

import pytest

from accounts.actions.people import accept_invitation, invite
from accounts.models import Membership
from accounts.rules.organisations import Role
from core.errors import DomainError
from labs.actions.declarations import file_declaration
from labs.actions.inventories import declare_inventory
from labs.actions.readings import submit_reading
from labs.models import Inventory, Reading
from labs.rules.readings import IndicatorRule
from tests.factories import LONG_AGO, NOON, accelerator, declaration, facility, laboratory, representative
from tests.together import entries, together

pytestmark = pytest.mark.django_db(transaction=True)
SHARE = IndicatorRule("ai_share", "share", "world")


def test_eight_corrections_at_once_take_eight_versions_in_a_row():
    def correct(number):
        return submit_reading(
            indicator=SHARE,
            organisation=None,
            value=Decimal(number),
            low=None,
            high=None,
            unit="share",
            observed_at=LONG_AGO,
            source="observed",
            provider="Example",
            series="daily",
            evidence_url="",
            by=None,
            at=NOON,
        )

    together(correct, list(range(8)))
    rows = list(Reading.objects.order_by("pk").values_list("version", "supersedes__version"))
    assert rows == [(number + 1, number or None) for number in range(8)]
    assert entries("reading.received") == 8


def test_the_same_inventory_sent_eight_times_at_once_is_one_version():
    ada = representative(laboratory("aster"))
    accelerator("h100")
    site = facility(laboratory("aster"))
    together(
        lambda _: declare_inventory(
            facility=type(site).objects.get(), quantities={"h100": 8}, as_of=LONG_AGO, by=ada, at=NOON
        ),
        list(range(8)),
    )
    assert Inventory.objects.count() == 1
    assert entries("inventory.declared") == 1


def test_a_declaration_sent_eight_times_at_once_is_filed_once():
    ada = representative(laboratory("aster"))
    owed = declaration(laboratory("aster"))
    together(
        lambda _: file_declaration(declaration=type(owed).objects.get(), nil=True, by=ada, at=NOON), list(range(8))
    )
    assert entries("declaration.filed") == 1


def test_an_invitation_accepted_eight_times_at_once_makes_one_account():
    ada = representative(laboratory("aster"))
    asked = invite(
        email="grace@example.org", organisation=laboratory("aster"), role=Role.REPRESENTATIVE, by=ada, at=NOON
    )

    def accept(_):
        return accept_invitation(
            invitation=type(asked).objects.get(), name="Grace", password="correct horse battery", at=NOON
        )

    answers = together(accept, list(range(8)))
    assert sum(isinstance(answer, DomainError) for answer in answers) == 7
    assert Membership.objects.filter(user__email="grace@example.org").count() == 1
    assert entries("member.appointed") == 1
