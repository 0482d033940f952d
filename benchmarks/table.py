"""How a benchmark prints: one row a measurement, its floor beside it, and the ratio of the two."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    what: str
    measured: float
    floor: float | None
    unit: str
    queries: int | None = None
    note: str = ""

    @property
    def ratio(self) -> str:
        return "–" if self.floor is None else f"{self.measured / self.floor:.2g}"


def show(title: str, rows: list[Row]) -> None:
    print(f"\n## {title}\n")
    print("| what | measured | floor or peer | unit | ratio | SQL queries | note |")
    print("| --- | ---: | ---: | --- | ---: | ---: | --- |")
    for row in rows:
        floor = "–" if row.floor is None else f"{row.floor:,.4g}"
        queries = "–" if row.queries is None else str(row.queries)
        print(
            f"| {row.what} | {row.measured:,.4g} | {floor} | {row.unit} | {row.ratio} | {queries} | {row.note} |",
            flush=True,
        )


def seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """Median seconds of `rounds` runs."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)
