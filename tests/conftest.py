import gc
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as examples

from config.languages import compile_all
from tests.databases import empty, template
from tests.groups import end, group_of

ROOT = Path(__file__).resolve().parent.parent
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
# How long an example takes says something about the machine, and nothing about the rule.
examples.register_profile("fermata", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("fermata")
# What takes longest, in this order: begun late, it would leave one process alone at the end.
LONGEST = (
    "demonstration",
    "whole_story",
    "tests/inspections/rules/test_simulation.py",  # needs no database, while the others wait for theirs to be migrated
    "journey",
    "parties",
    "tests/browser/test_report_offline.py",
    "tests/browser/test_report.py",
    "tests/browser/test_votes.py",
    "tests/treaty/views/test_votes_sealed.py",
    "tests/concurrency/test_closing.py",
    "tests/concurrency/test_publisher_killed.py",
    "tests/concurrency/test_restored.py",
    "tests/inspections/views/test_doors.py",
    "tests/test_doors.py",
    "tests/web/test_fuzz.py",
    "tests/treaty/views/test_pauses.py",
    "tests/inspections/views/test_pages.py",
)
# Test processes share one Valkey: each has its own part of the cache.
settings.CACHES["default"]["KEY_PREFIX"] = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config, items):
    """Of several test processes one runs all of a file, so that what its tests share is made once; the longest work comes first."""
    if hasattr(config, "workerinput"):
        for item in items:  # before xdist reads the groups
            if not group_of(item):
                item.add_marker(pytest.mark.xdist_group(item.path.relative_to(ROOT).as_posix()))
    answer = yield
    items.sort(key=rank)  # after pytest-django has sorted
    return answer


def rank(item):
    """Where in the order of the work the item's group comes."""
    group = group_of(item)
    return LONGEST.index(group) if group in LONGEST else len(LONGEST)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    if group_of(item) != group_of(nextitem):
        end(group_of(item))


def pytest_collection_finish():
    """What was imported lives to the end, and what a test makes mostly ends by itself: to look for cycles less often saves a sixth of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The real input data, or a skip that says so."""
    folder = Path(os.environ.get("FERMATA_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real input data is absent (name its folder with FERMATA_DATA)")
    return folder


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """Copy the tests' database from one that is migrated already."""
    settings.DATABASES["default"]["TEST"]["TEMPLATE"] = connection.settings_dict["TEST"]["TEMPLATE"] = template(
        os.environ.get("DATABASE_URL", "postgresql:///fermata")
    )


@pytest.fixture(scope="session", autouse=True)
def emptied():
    """Tests with real transactions leave an empty database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: empty(connection))
        yield


@pytest.fixture(scope="session", autouse=True)
def static_root():
    """WhiteNoise warns where the folder of collected files is absent; warnings are errors."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="session", autouse=True)
def translations():
    """What `make` compiles, for those who run pytest by itself."""
    compile_all()


@pytest.fixture(autouse=True)
def english():
    """A test that reads in another language leaves none behind."""
    yield
    translation.deactivate()


@pytest.fixture
def noon() -> datetime:
    return NOON
