"""A file's bytes as pages of pixels, as a viewer shows them; of PDF pages with a text layer its characters.

Only in a process that can do nothing else: decoders of pictures are where untrusted files do harm. Sizes are
looked at before anything is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image, ImageOps

from mcp_smalltools.errors import Unreadable
from mcp_smalltools.pictures.detect import Pixels

MOST_PIXELS: Final = 60_000_000
"""Pixels of a picture that are decoded at most: a page of 600 dpi has 35 million."""
MOST_PAGES: Final = 20
_MOST_READ: Final = 16_000_000
"""Pixels that are read at most: larger pictures are made smaller first."""
_DPI: Final = 180
"""Dots per inch at which a page of a PDF is drawn."""
_POINTS: Final = 72
_TEXT_LAYER: Final = 12
"""Characters of a page of a PDF from which it has a text layer."""
_FORMATS: Final[tuple[str, ...]] = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "MPO", "HEIF")


@dataclass(frozen=True, slots=True)
class Character:
    """A character of a text layer, where it is on the page in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class DecodedPage:
    """A page: its pixels, or the characters of its text layer. `scale` is how much smaller it was made."""

    width: int
    height: int
    pixels: Pixels | None
    scale: float = 1.0
    characters: tuple[Character, ...] = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file: what format, its pages one after the other, and how many there are beyond the limit."""

    kind: str
    pages: Iterator[DecodedPage]
    skipped: int


def decode(data: bytes, *, draw: bool = False) -> Decoded:
    """With `draw`, pages of a PDF as pixels, whether they have a text layer or not.

    Raises Unreadable for what is damaged, too large or of no format that is known.
    """
    if data.startswith(b"%PDF-"):
        return _pdf(data, draw)
    with_heif()
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    Image.init()
    formats: list[str] = [name for name in _FORMATS if name in Image.OPEN]
    try:
        image: Any = Image.open(io.BytesIO(data), formats=formats)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(error) from None
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _too_large(width, height)
    frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    shown = min(frames, MOST_PAGES)
    return Decoded(str(image.format), _frames(image, shown), frames - shown)


def with_heif() -> bool:
    """Let Pillow read HEIC, where the user has a library for it."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener(thumbnails=False)
    return True


def upright(image: Any) -> Any:
    """The picture as viewers show it: turned as its metadata says, on a ground where it is transparent."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        return _on_ground(turned.convert("RGBA"))
    if turned.mode.startswith("I;16"):  # 16 bits of gray: Pillow would cut them off at 255
        return Image.fromarray((np.asarray(turned) >> 8).astype(np.uint8)).convert("RGB")
    return turned.convert("RGB")


def _on_ground(image: Any) -> Any:
    """On white, or on black where what can be seen of it is light."""
    values = np.asarray(image)
    seen = values[values[:, :, 3] > 128]
    mostly_opaque = len(seen) > 0.9 * values.shape[0] * values.shape[1]
    light = bool(len(seen)) and not mostly_opaque and float(seen[:, :3].mean()) > 150
    ground = Image.new("RGBA", image.size, "black" if light else "white")
    return Image.alpha_composite(ground, image).convert("RGB")


def _frames(image: Any, count: int) -> Iterator[DecodedPage]:
    for number in range(count):
        try:
            image.seek(number)
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise _too_large(width, height)
            shown = upright(image)
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            raise _unreadable(error) from None
        yield _page(shown)


def _page(image: Any) -> DecodedPage:
    width, height = image.size
    scale = min(1.0, (_MOST_READ / max(1, width * height)) ** 0.5)
    if scale < 1:
        image = image.resize((max(1, round(width * scale)), max(1, round(height * scale))))
    return DecodedPage(width, height, np.asarray(image), scale)


def _pdf(data: bytes, draw: bool) -> Decoded:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise Unreadable(
            "The PDF needs a password." if locked else "The PDF is damaged.",
            remedy="Save a copy without a password." if locked else "Write or fetch it again.",
        ) from None
    shown = min(count, MOST_PAGES)
    return Decoded("PDF", _pdf_pages(document, shown, draw), count - shown)


def _pdf_pages(document: Any, count: int, draw: bool) -> Iterator[DecodedPage]:
    import pypdfium2

    for number in range(count):
        try:
            yield _pdf_page(document[number], draw)
        except pypdfium2.PdfiumError as error:
            raise _unreadable(error) from None


def _pdf_page(page: Any, draw: bool) -> DecodedPage:
    width, height = page.get_size()
    scale = _DPI / _POINTS
    scale = min(scale, (_MOST_READ / max(1.0, width * height)) ** 0.5)
    pixels = max(1, round(width * scale)), max(1, round(height * scale))
    characters = () if draw else _text_layer(page, height, scale)
    if sum(not character.text.isspace() for character in characters) >= _TEXT_LAYER:
        return DecodedPage(pixels[0], pixels[1], None, 1.0, characters)
    image = page.render(scale=scale).to_pil().convert("RGB")
    return DecodedPage(image.width, image.height, np.asarray(image))


def _text_layer(page: Any, height: float, scale: float) -> tuple[Character, ...]:
    layer = page.get_textpage()
    text = layer.get_text_range()
    count = layer.count_chars()
    if len(text) != count or page.get_rotation():  # surrogates, or turned: drawn and read instead
        return ()
    found = []
    for number, character in enumerate(text):
        if character.isspace() or not character.isprintable():
            continue
        left, bottom, right, top = layer.get_charbox(number, loose=True)
        found.append(
            Character(
                character, left * scale, (height - top) * scale, right * scale, (height - bottom) * scale
            )
        )
    return tuple(found)


def _too_large(width: int, height: int) -> Unreadable:
    return Unreadable(
        f"The picture has {width:,} x {height:,} pixels; at most {MOST_PIXELS:,} are decoded.",
        remedy="Save it smaller.",
    )


def _unreadable(error: Exception) -> Unreadable:
    if isinstance(error, Image.DecompressionBombError):
        return Unreadable(f"The picture has far more than {MOST_PIXELS:,} pixels.", remedy="Save it smaller.")
    return Unreadable(
        "The picture is damaged, or of a format that can't be read here.",
        remedy="Save it as PNG or JPEG.",
    )
