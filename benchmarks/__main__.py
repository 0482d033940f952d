"""`make bench` runs all; `make bench ARGS="ledger"` runs the named ones."""

import importlib
import pkgutil
import sys

import benchmarks

SCRIPTS = {"bare", "load", "place", "population", "table", "__main__"}

available = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in SCRIPTS)
chosen = sys.argv[1:] or available
for name in chosen:
    if name not in available:
        sys.exit(f"There is no benchmark {name!r}; there are {', '.join(available)}.")
    importlib.import_module(f"benchmarks.{name}").main()
