"""Files that others publish, as rows: pure parsers, one module for each source. `SOURCES` names them."""

from collections.abc import Callable, Iterator
from typing import Final

from treaty.importers.commits import read_commits
from treaty.importers.epoch import read_epoch
from treaty.importers.metr import read_metr
from treaty.rules.readings import Row, read_csv

SOURCES: Final[dict[str, Callable[[bytes], Iterator[Row]]]] = {
    "epoch": read_epoch,
    "metr": read_metr,
    "commits": read_commits,
    "csv": read_csv,
}
