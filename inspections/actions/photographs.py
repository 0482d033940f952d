"""Looking into a photograph and making the copy that is published. The original is never changed."""

import warnings
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from inspections.rules.uploads import (
    TYPES,
    MoreThanAPhotograph,
    NotAPhotograph,
    TooManyPixels,
    check_bytes,
    check_pixels,
)

LONGEST_SIDE: Final = 2400  # of the published copy
QUALITY: Final = 85


@dataclass(frozen=True)
class Photograph:
    """A picture that was taken in, and its copy without metadata (no place, no device, no owner)."""

    original: bytes
    media_type: str
    width: int
    height: int
    copy: bytes
    copy_type: str

    @property
    def sha256(self) -> str:
        """Of the original."""
        return sha256(self.original).hexdigest()

    @property
    def copy_sha256(self) -> str:
        """Of the copy for publication."""
        return sha256(self.copy).hexdigest()


def examine(data: bytes) -> Photograph:
    """Return the photograph in `data`, judged by its content alone; raise UploadRefused for anything else."""
    check_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns where it suspects a bomb
            return _examined(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, Warning):
        raise NotAPhotograph from None


def _examined(data: bytes) -> Photograph:
    with Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
        check_pixels(*image.size)
        media_type = TYPES[image.format or ""]
        if getattr(image, "is_animated", False) and image.format != "MPO":
            raise MoreThanAPhotograph
        width, height = image.size
        copy, copy_type = _published(image)
    return Photograph(data, media_type, width, height, copy, copy_type)


def _published(image: Image.Image) -> tuple[bytes, str]:
    upright = ImageOps.exif_transpose(image)
    pixels = upright.convert("RGB")
    pixels.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.frombytes("RGB", pixels.size, pixels.tobytes())  # the pixels alone: nothing of `info` comes along
    answer = BytesIO()
    if image.format == "PNG":
        bare.save(answer, "PNG", optimize=False)
        return answer.getvalue(), "image/png"
    bare.save(answer, "JPEG", quality=QUALITY)
    return answer.getvalue(), "image/jpeg"
