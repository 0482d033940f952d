"""Compile the translations of locale/ with polib, so that no machine needs gettext: `python -m config.languages`."""

import os
import tempfile
from pathlib import Path
from typing import Final

import polib

FOLDER: Final = Path(__file__).resolve().parent.parent / "locale"


def catalogues() -> list[Path]:
    """Return the translations' sources, one a language."""
    return sorted(FOLDER.glob("*/LC_MESSAGES/django.po"))


def compile_all() -> None:
    """Compile each that is newer than what was compiled from it; several processes may do so at once."""
    for source in catalogues():
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            with tempfile.NamedTemporaryFile(dir=source.parent, suffix=".tmp", delete=False) as fresh:
                fresh.write(polib.pofile(str(source)).to_binary())
            os.chmod(fresh.name, 0o644)  # noqa: PTH101 - a temporary file is its maker's alone
            os.replace(fresh.name, target)  # noqa: PTH105 - at once or not at all


if __name__ == "__main__":
    compile_all()
