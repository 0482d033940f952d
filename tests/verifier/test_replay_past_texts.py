"""What was decided under a text that was published long ago follows still (decision 0013)."""

from pathlib import Path

import pytest

from tests.verifier.decisions import site_in_force
from tests.verifier.test_replay_drills import exercised

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("kept", sorted((ROOT / "data" / "texts").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_was_decided_under_a_text_of_the_past_follows(kept):
    source = kept.read_bytes()
    site = site_in_force(source)
    exercised(site)
    site.pause()
    record = site.record()
    record.fetch = lambda _sha256: source
    assert record.problems() == []
