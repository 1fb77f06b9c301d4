"""Where lines of text are on a page: PP-OCR's detector, and the marks that it leaves out.

The detector is a network for differentiable binarization (Liao et al., 2020): it gives for each pixel the
probability of lying in the middle of a line of text; each connected part of it, grown again, is a line. It is
run on a page that was scaled so that letters have the height that it needs and no more: its time grows with
the pixels.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""RGB, height x width x 3."""
Corners = NDArray[np.float32]
"""4 x 2: top left, top right, bottom right, bottom left."""

_LETTER_PX: Final = 8.0
"""Height of most letters on the page that the detector sees."""
_MOST_SIDE: Final = 2400
_LEAST_SIDE: Final = 64
_INSIDE: Final = 0.3
"""Probability from which a pixel is in a line (PP-OCR's own)."""
_LEAST_MEAN: Final = 0.5
"""Mean probability of a line's pixels (PP-OCR's own)."""
_GROWN: Final = 1.5
"""How far a part is grown, as a share of its area through its perimeter (PP-OCR's own: 1.6)."""
MOST_LINES: Final = 3000


class Detector:
    """Finds lines. `session` runs the detector's network."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    def corners(self, page: Pixels) -> list[Corners]:
        """The corners of each line of text, in no order."""
        height, width = page.shape[:2]
        letter = letter_height(page)
        scale = min(_LETTER_PX / letter, 2.0, _MOST_SIDE / max(height, width))
        rows, columns = (max(_LEAST_SIDE, round(side * scale / 32) * 32) for side in (height, width))
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(page, (columns, rows), interpolation=interpolation)
        # PP-OCR's networks were trained on blue, green, red.
        values = small[:, :, ::-1].astype(np.float32) / 127.5 - 1.0
        given = np.ascontiguousarray(values.transpose(2, 0, 1)[None])
        (probability,) = self._session.run(None, {self._input: given})
        found = _parts(probability[0, 0])
        factors = np.array([width / columns, height / rows], np.float32)
        return [corners * factors for corners in found]


def letter_height(page: Pixels) -> float:
    """Height in pixels of most marks on the page that could be letters; 20 where there are none."""
    gray = np.asarray(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), np.uint8)
    marks = ink(gray)
    _, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    widths, heights = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    fits = (heights >= 4) & (heights <= 120) & (widths >= 2) & (widths <= 3 * heights)
    return float(np.median(heights[fits])) if int(fits.sum()) >= 8 else 20.0


def ink(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 where a pixel stands out from what surrounds it, dark on light or light on dark."""
    around = cv2.blur(gray, (41, 41))
    difference = cv2.absdiff(gray, around)
    return np.asarray(difference > 36, np.uint8)


def _parts(probability: NDArray[np.float32]) -> list[Corners]:
    inside = cv2.dilate(np.asarray(probability > _INSIDE, np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in sorted(contours, key=len, reverse=True)[:MOST_LINES]:
        (x, y), (w, h), angle = cv2.minAreaRect(contour)
        if min(w, h) < 2 or _mean(probability, contour) < _LEAST_MEAN:
            continue
        grown = w * h * _GROWN / (2 * (w + h))
        box = cv2.boxPoints(((x, y), (w + 2 * grown, h + 2 * grown), angle))
        found.append(_in_order(np.asarray(box, np.float32)))
    return found


def _mean(probability: NDArray[np.float32], contour: Any) -> float:
    x, y, w, h = cv2.boundingRect(contour)
    mask = np.zeros((h, w), np.uint8)
    cv2.drawContours(mask, [contour], -1, 1, -1, offset=(-x, -y))
    return float(cv2.mean(probability[y : y + h, x : x + w], mask)[0])


def _in_order(box: Corners) -> Corners:
    """The corners from top left on, clockwise, for a box that lies more than it stands."""
    by_x = box[np.argsort(box[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    top_left, bottom_left = left[np.argsort(left[:, 1])]
    top_right, bottom_right = right[np.argsort(right[:, 1])]
    return np.stack([top_left, top_right, bottom_right, bottom_left])
