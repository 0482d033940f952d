"""The first page with 8 and with 200 laboratories and a record of 200,000 entries, beside a bare view of as many bytes under the same server.

python -m config.servers --state .state/bench -- python -m benchmarks site
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load import CLIENTS, TOOL, anew_row, page_rows, served
from benchmarks.place import run_apart
from benchmarks.table import show
from config.servers import valkey

LABS = (8, 200)
ENTRIES = int(os.environ.get("SITE_ENTRIES", "200000"))
ALIKE = ("/parties/", "/labs/", "/inspections/", "/pauses/")  # pages that share its code


def main() -> None:
    for labs in LABS:
        with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as redis:
            os.environ["REDIS_URL"] = redis
            code = run_apart("benchmarks.site", [str(labs)])
        if code:
            sys.exit(code)


def inside(labs: int) -> None:
    import django

    django.setup()
    from benchmarks.population import populate

    start = time.monotonic()
    populate(labs, ENTRIES)
    print(
        f"\nRows for {labs} laboratories and {ENTRIES:,} entries made in {time.monotonic() - start:.1f} s.", flush=True
    )
    with served() as site:
        rows = page_rows(site, "/", "first page")
        rows += [anew_row(site, path, path) for path in ALIKE]
    show(f"Pages with {labs} laboratories, {CLIENTS} clients, load by {TOOL}", rows)


if __name__ == "__main__":
    inside(int(sys.argv[-1]))
