"""The picture that other sites show beside a link to this one: the state in words, drawn with the site's own faces."""

from io import BytesIO
from typing import Final

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

WIDTH: Final = 1200
HEIGHT: Final = 630
EDGE: Final = 80
DEEP, GOLD, PAPER, SOFT = (
    "#14324a",
    "#d9a441",
    "#f4f1e8",
    "#c3cbd1",
)  # tokens.css: --deep, --gold, --on-deep, --on-deep-soft
SERIF, SANS = "newsreader-latin", "public-sans-latin"
LARGEST: Final = 116
LINES: Final = 3
DRAWN: Final = frozenset({"en", "fr", "es"})  # the languages whose letters the vendored faces have


def drawn(headline: str, facts: list[str]) -> bytes:
    """Return a PNG with the mark, the headline as large as fits, and below it one line for each of `facts`."""
    image = Image.new("RGB", (WIDTH, HEIGHT), DEEP)
    draw = ImageDraw.Draw(image)
    _mark(image)
    draw.text((EDGE + 124, 94), "Fermata", font=_face(SERIF, 58), fill=PAPER, anchor="lm")
    lines, face = _fitted(headline)
    step = face.size * 1.12
    for at, line in enumerate(lines):
        draw.text((EDGE, 190 + at * step), line, font=face, fill=PAPER)
    draw.rectangle((EDGE, HEIGHT - 66 - 46 * len(facts), EDGE + 72, HEIGHT - 62 - 46 * len(facts)), fill=GOLD)
    for at, fact in enumerate(facts):
        draw.text((EDGE, HEIGHT - 38 - 46 * (len(facts) - at)), fact, font=_face(SANS, 32), fill=SOFT)
    return _png(image)


def _fitted(headline: str) -> tuple[list[str], ImageFont.FreeTypeFont]:
    """Return the headline's lines at the largest size at which they fit the picture."""
    for size in range(LARGEST, 40, -4):
        face = _face(SERIF, size)
        lines = _broken(headline, face)
        if len(lines) <= LINES and len(lines) * size * 1.12 <= 300:
            break
    return lines, face


def _broken(text: str, face: ImageFont.FreeTypeFont) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.getlength(longer) <= WIDTH - 2 * EDGE:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _mark(image: Image.Image) -> None:
    """Draw the fermata at the top, four times as large first, so that its edge is smooth."""
    large = Image.new("L", (4 * 100, 4 * 60))
    draw = ImageDraw.Draw(large)
    draw.arc((16, 16, 384, 384), 180, 360, fill=255, width=38)
    draw.ellipse((164, 148, 236, 220), fill=255)
    image.paste(Image.new("RGB", (100, 60), GOLD), (EDGE, 64), large.resize((100, 60), Image.Resampling.LANCZOS))


def _face(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(settings.ROOT / "static" / "fonts" / f"{name}.woff2", size)


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.quantize(64, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()
