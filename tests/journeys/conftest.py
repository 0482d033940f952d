import os

import pytest

from tests.groups import until_the_end_of
from tests.site import site

PARTIES = "from tests import factories as make; make.parties('aster', 'borealis', 'cobalt', 'daxing', 'elbe', 'fjord')"


@pytest.fixture(scope="module")
def bare_site(tmp_path_factory, worker_id="main"):
    """A site with its organisations, people and sites, and nothing else, in real processes."""
    state = tmp_path_factory.mktemp("journey")
    name = f"journey_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with site(state, name=name, prepare=(("load_demonstration", "--cast"),)) as running:
        yield running


@pytest.fixture(scope="session")
def bound_parties(tmp_path_factory):
    """A site with six parties that are bound and have orders, in real processes.

    Tests that share it are of one xdist group, and test_gate, which begins without a pause, comes first by its name.
    """
    state = tmp_path_factory.mktemp("parties")
    name = f"parties_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    bound = site(state, name=name, prepare=(("open_ledger",),))
    with until_the_end_of("parties", bound) as running:
        running.manage("shell", "-c", PARTIES)
        running.until(
            lambda: running.observer.http.get("/labs/fjord/order").status_code == 200, 60, "an order is issued"
        )
        yield running
