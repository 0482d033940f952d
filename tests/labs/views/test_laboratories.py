from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import Organisation
from accounts.rules.names import skeleton
from core.durations import Duration
from labs.queries.laboratories import laboratories, overview
from labs.rules.inventories import Covered
from labs.rules.terms import Terms
from labs.views.laboratories import LaboratoriesView, LaboratoryView
from tests.factories import (
    LABS,
    LONG_AGO,
    NOON,
    body,
    declaration,
    deployment,
    facility,
    inventory,
    laboratory,
    reading,
    training_run,
)

pytestmark = pytest.mark.django_db
TERMS = Terms(
    covered=Covered(Decimal(16), Decimal(1280), Decimal(1979000000000000)),
    significant_flop=Decimal("1e24"),
    utilisation=Fraction(2, 5),
    overdue_after=Duration.parse("5 d"),
    long_overdue_after=Duration.parse("30 d"),
)


@pytest.fixture
def show(rf):
    """The pages as `labs` has them: at their addresses `dashboard` puts its own, which extend these."""

    def page(view, **kwargs):
        request = rf.get("/labs/")
        request.user = AnonymousUser()
        return view.as_view()(request, **kwargs).render().content.decode()

    return page


def furnish(lab):
    site = facility(lab)
    inventory(site)
    training_run(lab, facility=site)
    deployment(lab)
    declaration(lab, due_at=NOON)
    reading(of=lab, observed_at=LONG_AGO)


def many(count):
    for number in range(count):
        name = f"Laboratory {chr(65 + number % 26)}{'xyz'[number // 26]}"
        furnish(
            Organisation.objects.create(
                key=f"lab-{number}",
                name=name,
                skeleton=skeleton(name) + str(number),
                kind="laboratory",
                jurisdiction="CA",
                joined_at=LONG_AGO,
            )
        )


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_takes_as_many_queries_for_thirty_laboratories_as_for_three(
    show, count, django_assert_max_num_queries
):
    many(count)
    with django_assert_max_num_queries(6):
        page = show(LaboratoriesView)
    assert page.count('<th scope="row">') == min(count, 25)


@pytest.mark.parametrize("count", [3, 30])
def test_a_page_takes_as_many_queries_for_thirty_sites_as_for_three(show, count, django_assert_max_num_queries):
    lab = laboratory()
    for _ in range(count):
        furnish_site(lab)
    with django_assert_max_num_queries(14):
        page = show(LaboratoryView, key=lab.key)
    assert page.count("1,024 × H100 SXM") == count


def furnish_site(lab):
    site = facility(lab)
    inventory(site)
    training_run(lab, facility=site)
    deployment(lab)


def test_the_page_says_what_a_site_amounts_to_by_the_texts_numbers():
    lab = laboratory()
    inventory(facility(lab), quantities={"h100": 100_000})
    [row] = overview(lab, NOON, TERMS).facilities
    assert row.h100_equivalents == 100_000
    assert row.covered is True
    assert timedelta(hours=3) < row.conversion < timedelta(hours=4)


def test_without_the_text_nothing_is_claimed_that_needs_it():
    lab = laboratory()
    inventory(facility(lab))
    [row] = overview(lab, NOON).facilities
    assert (row.h100_equivalents, row.covered, row.conversion) == (None, None, None)
    assert [line.h100_equivalents for line in laboratories(NOON)] == [None]


def test_the_list_counts_what_stands_at_the_instant():
    lab, later = laboratory(), NOON + timedelta(days=40)
    site = facility(lab)
    inventory(site, quantities={"h100": 10})
    inventory(site, quantities={"h100": 40}, declared_at=NOON)
    declaration(lab, due_at=NOON)
    assert [(row.accelerators, row.overdue) for row in laboratories(NOON - timedelta(seconds=1), TERMS)] == [(10, 0)]
    assert [(row.accelerators, row.overdue) for row in laboratories(later, TERMS)] == [(40, 1)]


def test_a_laboratory_without_anything_has_a_page_that_says_so(show):
    page = show(LaboratoryView, key=laboratory().key)
    assert "No site is registered." in page
    assert "No training run is declared." in page


def test_a_site_without_an_inventory_is_unknown_and_never_shown_as_empty(show):
    lab = laboratory()
    facility(lab)
    page = show(LaboratoryView, key=lab.key)
    assert "Not declared" in page
    assert "0 GB" not in page
    assert [row.undeclared for row in laboratories(NOON)] == [1]


def test_an_unknown_laboratory_is_not_found_and_neither_is_a_body(client):
    body("compute-watch")
    assert client.get("/labs/nobody/").status_code == 404
    assert client.get("/labs/compute-watch/").status_code == 404


@pytest.mark.parametrize("key", sorted(LABS))
def test_every_laboratory_of_the_demonstration_has_a_distinct_skeleton(key):
    names = [skeleton(name) for name, _country in LABS.values()]
    assert names.count(skeleton(LABS[key][0])) == 1
