"""A copy of a picture with places painted over, and nothing in it but its pixels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

from PIL import Image, ImageDraw

from mcp_smalltools.pictures.decoded import decode

_MARGIN: Final = 0.12
"""How far beyond the characters is painted, as a share of their height."""


def painted_over(data: bytes, places: Sequence[tuple[int, Sequence[float]]]) -> bytes:
    """The first page as PNG, black where `places` (page and quad) are. Raises Unreadable.

    Several pages stand one below the other. Metadata, thumbnails and transparency, which could hold what was
    painted over, are not copied.
    """
    pages = [_page(page, number, places) for number, page in enumerate(decode(data, draw=True).pages, 1)]
    width, height = max(page.width for page in pages), sum(page.height for page in pages)
    whole = Image.new("RGB", (width, height), "white")
    top = 0
    for page in pages:
        whole.paste(page, (0, top))
        top += page.height
    written = io.BytesIO()
    whole.save(written, "PNG")
    return written.getvalue()


def _page(page: Any, number: int, places: Sequence[tuple[int, Sequence[float]]]) -> Any:
    image = Image.fromarray(page.pixels)
    draw = ImageDraw.Draw(image)
    for of_page, quad in places:
        if of_page != number:
            continue
        xs, ys = [x * page.scale for x in quad[0::2]], [y * page.scale for y in quad[1::2]]
        margin = max(2.0, _MARGIN * (max(ys) - min(ys)))
        corners = list(zip(xs, ys, strict=True))
        draw.polygon(corners, fill="black")
        draw.line([*corners, corners[0]], fill="black", width=round(2 * margin), joint="curve")
    return image
