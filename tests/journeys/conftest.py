import os

import pytest

from tests.site import site


@pytest.fixture(scope="module")
def bare_site(tmp_path_factory, worker_id="main"):
    """A site with its organisations, people and sites, and nothing else, in real processes."""
    state = tmp_path_factory.mktemp("journey")
    name = f"journey_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with site(state, name=name, prepare=(("load_demonstration", "--cast"),)) as running:
        yield running
