"""Triggers over a million readings: all judged beside bare SQL aggregates, and a new reading up to the trigger's entry.

python -m config.servers --state .state/bench -- python -m benchmarks conditions
"""

import json
import os
import sys
import tempfile
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.place import run_apart
from benchmarks.table import Row, seconds, show
from config.servers import valkey

LABS, TRIGGERS, READINGS = 100, 20, 1_000_000
INDICATORS = 10
WINDOW, SUSTAINED = 28, 7  # days
ARRIVALS = 20
FILL = """
    INSERT INTO labs_reading (indicator, organisation_id, value, unit, observed_at, received_at, source, provider, series, version, evidence_url)
    SELECT 'i' || n, lab, (d * 7919 + lab * 31 + n) %% 1000 / 1000.0, 'share', %(now)s - d * interval '1 day', %(now)s - d * interval '1 day',
           'declared', 'Benchmark', lab || ':' || n || ':' || d, 1, ''
    FROM generate_series(0, %(indicators)s - 1) n, unnest(%(labs)s::bigint[]) lab, generate_series(1, %(days)s) d
"""
# The mean of each trigger's window for each laboratory, and no more: neither sustained for, nor explained.
BARE = """
    SELECT organisation_id, avg(value), count(*) FROM labs_reading
    WHERE indicator = %s AND observed_at > %s AND received_at <= %s GROUP BY organisation_id
"""
# What is judged, in SQL alone: of the newest versions that no quarantine holds, the mean of the window at every instant of the week at
# which it changes, for each laboratory. One statement for each comparison that the triggers share; nothing explained.
STANDING = """
    SELECT organisation_id, observed_at, value FROM labs_reading r
    WHERE indicator = %(indicator)s AND observed_at > %(since)s AND received_at <= %(at)s AND {free_r} AND NOT EXISTS (
        SELECT FROM labs_reading n WHERE n.indicator = r.indicator AND n.series = r.series AND n.organisation_id = r.organisation_id
        AND n.version > r.version AND n.version > 1 AND n.received_at <= %(at)s AND {free_n})
""".format(**{
    f"free_{name}": f"NOT EXISTS (SELECT FROM labs_quarantine WHERE reading_id = {name}.id AND opened_at <= %(at)s"
    " AND (lifted_at IS NULL OR lifted_at > %(at)s))" for name in "rn"
})  # fmt: skip
COURSE = f"""
    WITH standing AS MATERIALIZED ({STANDING}), instants AS (
        SELECT organisation_id, %(start)s AS instant FROM standing
        UNION SELECT organisation_id, observed_at FROM standing WHERE observed_at > %(start)s
        UNION SELECT organisation_id, observed_at + %(window)s FROM standing WHERE observed_at + %(window)s BETWEEN %(start)s AND %(at)s)
    SELECT organisation_id, instant, avg(value), count(*), max(observed_at) FROM instants JOIN standing USING (organisation_id)
    WHERE observed_at <= instant AND observed_at > instant - %(window)s GROUP BY organisation_id, instant
"""
LATEST = f"SELECT DISTINCT ON (organisation_id) organisation_id, value FROM ({STANDING}) s ORDER BY organisation_id, observed_at DESC"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as redis:
        os.environ["REDIS_URL"] = redis
        code = run_apart("benchmarks.conditions")
    if code:
        sys.exit(code)


def inside() -> None:
    import django

    django.setup()
    from django.utils import timezone

    at = timezone.now()
    rules = population(at)
    title = f"{TRIGGERS} triggers over {LABS} laboratories and {READINGS:,} readings"
    show(title, evaluation(rules, at))
    show("A new reading", [arrival()])


def population(at: Any) -> Any:
    """Make parties, a text with TRIGGERS triggers over INDICATORS indicators, and the readings, in bulk; return the text's rules."""
    from accounts.models import Organisation
    from accounts.rules.names import skeleton
    from benchmarks.population import MODEL
    from ledger.actions import open_log
    from treaty.models import Party, TreatyText
    from treaty.rules.reading import read_text, read_yaml

    open_log(at=at - timedelta(days=2000))
    stated: Any = read_yaml(MODEL.read_bytes()).value
    share = stated["indicators"]["ai_research_share"] | {"largest_jump": None}
    stated["indicators"] |= {f"i{number}": share for number in range(INDICATORS)}
    stated["triggers"] = {f"t{number}": trigger(number) for number in range(TRIGGERS - 1)} | {"newest": newest()}
    source = json.dumps(stated, ensure_ascii=False).encode()
    read_text(source)
    since = at - timedelta(days=2000)
    text = TreatyText.objects.create(
        version=1, source=source, sha256="b" * 64, title="Benchmark", published_at=since, in_force_at=since
    )
    names = [f"Laboratory {number:03}" for number in range(LABS)]
    labs = Organisation.objects.bulk_create(
        Organisation(
            key=name.lower().replace(" ", "-"),
            name=name,
            skeleton=skeleton(name),
            kind="laboratory",
            jurisdiction="CH",
            joined_at=since,
        )
        for name in names
    )
    Party.objects.bulk_create(
        Party(organisation=lab, text=text, signed_at=since, ratified_at=since, bound_at=since) for lab in labs
    )
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        days = READINGS // LABS // INDICATORS
        connection.execute(FILL, {"now": at, "indicators": INDICATORS, "labs": [lab.pk for lab in labs], "days": days})
        connection.execute("ANALYZE labs_reading")
    return read_text(source)


def trigger(number: int) -> dict[str, Any]:
    """A mean over four weeks, sustained for a week, at some of the laboratories: the shape of the model treaty's."""
    compared = {
        "kind": "compare", "indicator": f"i{number % INDICATORS}", "aggregate": "mean", "window": f"{WINDOW} d",
        "op": ">", "value": "0.9", "sustained_for": f"{SUSTAINED} d",
    }  # fmt: skip
    return {
        "title": f"Trigger {number}", "condition": {"kind": "in_labs", "n": 3, "of": compared},
        "opens": "start_pause_ordinary", "level": "pause", "source": "This benchmark.",
    }  # fmt: skip


def newest() -> dict[str, Any]:
    """A trigger that counts the laboratories whose newest reading is the largest there is: each arrival changes the finding."""
    compared = {"kind": "compare", "indicator": "i0", "aggregate": "latest", "op": ">=", "value": "1"}
    return trigger(0) | {"condition": {"kind": "in_labs", "n": LABS, "of": compared}}


def evaluation(rules: Any, at: Any) -> list[Row]:
    """Fetch all that the triggers are judged by and judge them, each with its reset, as the sweep does."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from treaty.queries.worlds import world
    from treaty.rules.evaluation import evaluate
    from treaty.rules.triggers import conditions_of

    conditions = conditions_of(rules.triggers.values())

    def judge() -> None:
        around = world(conditions, rules, at)
        for condition in conditions:
            evaluate(condition, around, at)

    def bare() -> None:
        with connection.cursor() as cursor:
            for number in range(TRIGGERS):
                cursor.execute(BARE, [f"i{number % INDICATORS}", at - timedelta(days=WINDOW), at])
                cursor.fetchall()

    def same() -> None:
        window, start = timedelta(days=WINDOW), at - timedelta(days=SUSTAINED)
        given = {"at": at, "window": window, "start": start, "since": start - window}
        with connection.cursor() as cursor:
            for statement, number in [(COURSE, number) for number in range(INDICATORS)] + [(LATEST, 0)]:
                cursor.execute(statement, given | {"indicator": f"i{number}"})
                cursor.fetchall()

    with CaptureQueriesContext(connection) as captured:
        judge()
    took, count = seconds(judge), len(captured)
    return [
        Row("every trigger judged", took, seconds(same), "s", count, "goal 1 s; peer: the same aggregates in SQL"),
        Row("every trigger judged", took, seconds(bare), "s", count, "peer: one avg() for each trigger in SQL"),
    ]


def arrival() -> Row:
    """Receive a reading that makes a trigger's finding another one, and sweep: until the finding is on record."""
    from django.utils import timezone

    from accounts.models import Organisation
    from labs.models import Reading
    from treaty.actions.triggers import evaluate_triggers
    from treaty.models import TriggerEvaluation

    evaluate_triggers(at=timezone.now())
    took = []
    for number, lab in enumerate(Organisation.objects.laboratories().order_by("pk")[:ARRIVALS]):
        known, at = TriggerEvaluation.objects.count(), timezone.now()
        start = time.perf_counter()
        Reading.objects.create(
            indicator="i0", organisation=lab, value=Decimal(1), unit="share", observed_at=at, received_at=at,
            source="declared", provider="Benchmark", series=f"new:{number}", version=1,
        )  # fmt: skip
        evaluate_triggers(at=at)
        took.append(time.perf_counter() - start)
        if TriggerEvaluation.objects.count() == known:
            raise RuntimeError("the new reading changed no finding")
    p95 = sorted(took)[-1 - ARRIVALS // 20]
    return Row(
        "a new reading up to the trigger's entry, p95",
        p95,
        None,
        "s",
        None,
        f"{ARRIVALS} readings; goal 2 s, and the sweep's 5 s to notice it",
    )


if __name__ == "__main__":
    inside()
