"""Publishing goes on after a failure at any step, whether the step took effect or not."""

from datetime import UTC, datetime
from pkgutil import resolve_name

import pytest

from ledger import published
from ledger.actions.publish import publish
from ledger.models import Checkpoint, Leaf
from ledger.queries.audit import audit
from ledger.rules.merkle import verify_consistency
from ledger.signer import Signer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


class PowerCut(BaseException):
    """Nothing may catch it, as nothing catches the end of a process."""


class Fault:
    """Count calls of every storage step; at one of them fail, before or after it took effect."""

    def __init__(self, monkeypatch):
        self.calls, self.at, self.applied = 0, None, False
        for target in [
            "ledger.published.write",
            "ledger.published.write_once",
            "ledger.signer.write_durably",
            "ledger.storage.Path.replace",
            "ledger.models.Checkpoint.objects.create",
        ]:
            self.wrap(monkeypatch, target)

    def wrap(self, monkeypatch, target):
        path, _, name = target.rpartition(".")
        owner = resolve_name(path)
        real = getattr(owner, name)

        def step(*arguments, **keywords):
            self.calls += 1
            failing = self.calls == self.at
            if failing and not self.applied:
                raise PowerCut
            answer = real(*arguments, **keywords)
            if failing:
                raise PowerCut
            return answer

        monkeypatch.setattr(owner, name, step)


def run_with_fault(fault, at, applied):
    fault.calls, fault.at, fault.applied = 0, at, applied
    try:
        publish(at=NOON)
    except PowerCut:
        return True
    finally:
        fault.at = None
    return False


@pytest.mark.slow
@pytest.mark.parametrize("applied", [False, True])
def test_after_a_failure_at_any_step_nothing_is_lost_twice_or_forked(
    published_log, write, monkeypatch, signer, applied
):
    fault = Fault(monkeypatch)
    heads = [published.head()]
    for at in range(1, 100):
        write(at % 3 + 1 if at % 4 else 260, start=at * 1000)
        failed = run_with_fault(fault, at, applied)
        present = published.head()
        heads += [present] if present != heads[-1] else []
        assert publish(at=NOON) is not None, "the run after the failure goes on"
        assert published.head().size == Leaf.objects.count()
        heads.append(published.head())
        if not failed:
            break
    else:
        pytest.fail("publishing has more steps than were tried")
    assert at > 8, "several steps were interrupted"
    tree = published.tree(heads[-1].size)
    for older in heads[:-1]:
        if older.size < tree.size:
            assert verify_consistency(older.size, tree.size, older.root, heads[-1].root, tree.consistency(older.size))
    assert list(audit(signer.key.verifier)) == []


def test_a_signature_whose_checkpoint_was_not_stored_is_caught_up_with(published_log, write, monkeypatch, signer):
    write(3)
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint.objects, "create", lambda **_values: (_ for _ in ()).throw(PowerCut))
        with pytest.raises(PowerCut):
            publish(at=NOON)
    assert signer.mark.size == 304
    assert not Checkpoint.objects.filter(size=304).exists()
    write(2)
    assert publish(at=NOON).size == 306


def test_nothing_is_signed_before_its_tiles_are_stored(published_log, write, monkeypatch):
    signed = []
    real = Signer.sign

    def sign(self, head, proof):
        signed.append(head.size)
        tree = published.tree(head.size)
        assert tree.root() == head.root
        return real(self, head, proof)

    monkeypatch.setattr(Signer, "sign", sign)
    write(300)
    publish(at=NOON)
    assert signed == [601]
