"""The WSGI application that granian serves: public pages from memory, everything else by Django."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_wsgi_application()

from ledger.queries import position  # noqa: E402 - models can be imported once Django is set up
from web.front import Front  # noqa: E402
from web.replicas import read  # noqa: E402

application = Front(django, lambda: read(position, position))

# What is loaded now stays: the collector need not walk it again and again while pages are rendered.
gc.collect()
gc.freeze()
gc.set_threshold(5_000, 10, 10)
