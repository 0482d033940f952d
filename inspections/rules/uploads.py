"""What may be uploaded as a photograph, and what its name becomes."""

import unicodedata
from typing import Final

from core.errors import DomainError

LARGEST_BYTES: Final = 10_000_000
LARGEST_PIXELS: Final = 40_000_000
LONGEST_NAME: Final = 100
MOST_PHOTOGRAPHS: Final = 40
TYPES: Final = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
SUFFIXES: Final = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
# What no photograph holds: the beginnings of pages, scripts, documents and archives hidden behind or in one.
FOREIGN: Final = (
    b"<script",
    b"<!doctype",
    b"<html",
    b"<?php",
    b"PK\x03\x04\x14",
    b"PK\x05\x06\0\0",
    b"%PDF-1.",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
)


class UploadRefused(DomainError):
    """The file cannot be taken. Nothing was stored; what you typed is kept."""

    code = "upload_refused"


class UploadEmpty(UploadRefused):
    """The file is empty: choose it again."""

    code = "upload_empty"


class UploadTooLarge(UploadRefused):
    """A photograph has at most 10 MB: save it smaller and send it again."""

    code = "upload_too_large"


class TooManyPixels(UploadRefused):
    """A photograph has at most 40 megapixels: save it smaller and send it again."""

    code = "upload_too_many_pixels"


class NotAPhotograph(UploadRefused):
    """This is not a JPEG, PNG or WebP picture, whatever its name says."""

    code = "upload_not_a_photograph"


class MoreThanAPhotograph(UploadRefused):
    """The file holds more than a picture. Take a fresh export of it and send that."""

    code = "upload_polyglot"


class TooManyPhotographs(UploadRefused):
    """A report holds at most 40 photographs."""

    code = "upload_too_many"


def check_bytes(data: bytes) -> None:
    """Refuse an empty file, one over the limit, and one that carries a page, a script or an archive."""
    if not data:
        raise UploadEmpty
    if len(data) > LARGEST_BYTES:
        raise UploadTooLarge
    lowered = data.lower()
    if any(marker.lower() in lowered for marker in FOREIGN):
        raise MoreThanAPhotograph


def check_pixels(width: int, height: int) -> None:
    """Refuse what would take more memory than a photograph needs."""
    if width * height > LARGEST_PIXELS:
        raise TooManyPixels
    if width < 1 or height < 1:
        raise NotAPhotograph


def safe_name(name: str, media_type: str) -> str:
    """Return a name that can be shown and saved anywhere: no folders, control or direction characters, the type's own suffix."""
    last = unicodedata.normalize("NFKC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        character for character in last if unicodedata.category(character)[0] not in "CZ" or character == " "
    )
    kept = "".join("_" if character in '<>:"|?*;%' else character for character in kept)
    stem = kept.rsplit(".", 1)[0].strip(" .")
    while len(stem.encode()) > LONGEST_NAME - 5:
        stem = stem[:-1]
    return (stem or "photograph") + SUFFIXES[media_type]
