"""What the detector leaves out or cuts too close: signs and digits that stand alone beside a line of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.pictures.detect import Corners, Pixels, ink
from mcp_smalltools.pictures.recognise import ReadLine

_STRAIGHT: Final = 0.006
"""Slant of lines, in radians, up to which the page lies as on a screen: elsewhere nothing is looked for."""
_LARGEST: Final = 1.7
"""Height and width of a mark, in those of a letter."""
_SMALLEST: Final = 0.25
_TOGETHER: Final = 1.1
"""Distance of marks of one group, in heights of a letter."""
_MOST_MARKS: Final = 150
_MARGIN: Final = 0.6
"""Room that a lone character is given on each side, in heights of its line."""
_SURE: Final = 0.85
_OF_SHAPE: Final = 0.9
"""Probability of what is told by its shape."""
_SIGNS: Final = frozenset("0123456789-+*/\\=<>|%$#&@~^_()[]{}:;.,!?'\"")
"""What a mark may be: a letter that stands alone and that the detector leaves out is an icon."""

Boxes = NDArray[np.float32]
"""n x 4: left, top, right, bottom."""


def lone_marks(
    page: Pixels,
    corners: Sequence[Corners],
    letter: float,
    read: Callable[[list[Corners]], list[ReadLine]],
) -> Iterator[tuple[Corners, ReadLine]]:
    """Signs and numbers of a letter's size on the height of a line, outside of all lines, by `read`; a dash
    by its shape, since the network takes one that stands alone for a dot.
    """
    if not corners or _slant(corners) > _STRAIGHT:
        return
    lines = boxes_of(corners)
    gray = np.asarray(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink(gray), connectivity=8)
    sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    fits = (sides <= _LARGEST * letter) & (sides >= _SMALLEST * letter)
    marks = stats[1:][fits]
    asked = []
    for group, line in _groups(marks, lines, letter)[:_MOST_MARKS]:
        left, right = float(group[0][0]), float((group[:, 0] + group[:, 2]).max())
        box = np.array([left, line[1], right, line[3]], np.float32)
        if len(group) == 1 and _is_dash(group[0], line, letter):
            yield _corners_of(box), ReadLine("-", ((0.0, 1.0),), (_OF_SHAPE,))
        else:
            asked.append(_corners_of(_with_room(box, lines)))
    for place, found in zip(asked, read(asked), strict=True):
        if _is_mark(found):
            yield place, found


def _is_dash(mark: NDArray[np.int32], line: NDArray[np.float32], letter: float) -> bool:
    _, top, width, height = mark[:4].tolist()
    level = (top + height / 2 - line[1]) / max(1.0, line[3] - line[1])
    return bool(0.3 * letter <= width <= 1.3 * letter and width >= 1.6 * height and 0.3 < level < 0.7)


def with_room(corners: Sequence[Corners]) -> list[Corners]:
    """Lines that hold one character, with as much room around it as there is: the network reads no letter
    that fills its picture.
    """
    if not corners or _slant(corners) > _STRAIGHT:
        return list(corners)
    lines = boxes_of(corners)
    narrow = (lines[:, 2] - lines[:, 0]) < (lines[:, 3] - lines[:, 1])
    return [
        _corners_of(_with_room(line, lines)) if is_narrow else corner
        for corner, line, is_narrow in zip(corners, lines, narrow, strict=True)
    ]


def _is_mark(line: ReadLine) -> bool:
    """Whether what was read where the detector saw nothing is a sign or a number."""
    text = line.text.strip()
    return bool(text) and _SIGNS.issuperset(text) and line.mean >= _SURE


def boxes_of(corners: Sequence[Corners]) -> Boxes:
    points = np.stack(corners)
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1).astype(np.float32)


def _groups(
    marks: NDArray[np.int32], lines: Boxes, letter: float
) -> list[tuple[NDArray[np.int32], NDArray[np.float32]]]:
    """Marks (left, top, width, height) that stand together, and the line on whose height they are."""
    groups: list[tuple[list[list[int]], NDArray[np.float32]]] = []
    heights = lines[:, 3] - lines[:, 1]
    middles = (lines[:, 1] + lines[:, 3]) / 2
    for left, top, width, height in sorted(marks[:, :4].tolist(), key=lambda mark: mark[0]):
        x, y = left + width / 2, top + height / 2
        level = np.abs(middles - y) < 0.45 * heights
        inside = (lines[:, 0] - 1 <= x) & (x <= lines[:, 2] + 1) & (np.abs(middles - y) <= heights / 2 + 1)
        if inside.any() or not level.any():
            continue
        away = np.maximum(np.maximum(lines[:, 0] - x, x - lines[:, 2]), 0)
        line = lines[int(np.where(level, away, np.inf).argmin())]
        for group, other in groups[-8:]:
            if abs(other[1] - line[1]) < 1 and left - group[-1][0] - group[-1][2] < _TOGETHER * letter:
                group.append([left, top, width, height])
                break
        else:
            groups.append(([[left, top, width, height]], line))
    return [(np.array(group, np.int32), line) for group, line in groups]


def _with_room(box: NDArray[np.float32], lines: Boxes) -> NDArray[np.float32]:
    """The box, wider by its margin or by half of the way to what stands beside it."""
    left, top, right, bottom = box.tolist()
    margin = _MARGIN * (bottom - top)
    beside = lines[(lines[:, 1] < bottom) & (lines[:, 3] > top)]
    before = beside[beside[:, 2] <= left + 1, 2]
    after = beside[beside[:, 0] >= right - 1, 0]
    start = max(left - margin, float(left + before.max()) / 2 if len(before) else left - margin, 0.0)
    end = min(right + margin, float(right + after.min()) / 2 if len(after) else right + margin)
    return np.array([start, top, end, bottom], np.float32)


def _corners_of(box: NDArray[np.float32]) -> Corners:
    left, top, right, bottom = box
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _slant(corners: Sequence[Corners]) -> float:
    """How askew the longest lines are, in radians."""
    points = np.stack(corners)
    across = points[:, 1] - points[:, 0]
    longest = np.argsort(-np.abs(across[:, 0]))[:9]
    angles = np.abs(across[longest, 1]) / np.maximum(1.0, np.abs(across[longest, 0]))
    return float(np.median(angles))
