"""Groups of tests that one process runs in one go (pytest.mark.xdist_group), and what ends with the last test of a group."""

from contextlib import ExitStack, contextmanager

import pytest

stacks = {}


def group_of(item: pytest.Item | None) -> str:
    """The name of the item's group; empty where it has none."""
    marker = item and item.get_closest_marker("xdist_group")
    return marker.args[0] if marker else ""


@contextmanager
def until_the_end_of(group: str, shared):
    """What the context manager `shared` gives, until the group's last test: a site that runs on would work for nobody."""
    with ExitStack() as stacks[group]:
        yield stacks[group].enter_context(shared)


def end(group: str) -> None:
    if group in stacks:
        stacks.pop(group).close()
