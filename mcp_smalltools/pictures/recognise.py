"""What a line of text says: PP-OCR's recogniser, with the probability and the place of each character."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.pictures.detect import Corners, Pixels

_HEIGHT: Final = 48
"""Pixels of a line as the network takes it."""
_STEP: Final = 8
"""Its pixels for each step of its output."""
_LATE: Final = 2
"""Steps behind the end of a line in which its last character may still be given."""
_MOST_WIDTH: Final = 3200
_BATCH_COLUMNS: Final = 4096
"""Width of the lines of one batch together: bounds the memory."""
_FILLING: Final = 0.06
"""Share of a batch's columns that may be there only because its lines differ in width."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line's text; for each character where it is on the way from left to right, and its probability."""

    text: str
    edges: tuple[tuple[float, float], ...]
    probabilities: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.probabilities)) if self.probabilities else 0.0

    def part(self, start: int, end: int) -> ReadLine:
        """Some of its characters, by their offsets; edges still of the whole line."""
        return ReadLine(self.text[start:end], self.edges[start:end], self.probabilities[start:end])


NOTHING: Final = ReadLine("", (), ())


class Recogniser:
    """Reads lines. `session` runs the recogniser's network, whose metadata has the alphabet."""

    def __init__(self, session: Any) -> None:
        alphabet = session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._alphabet = ["", *alphabet, " "]
        self._session = session
        self._input = session.get_inputs()[0].name

    def read(
        self, page: Pixels, lines: Sequence[Corners], squeeze: float, check: Callable[[], None]
    ) -> list[ReadLine]:
        """What each of these lines says, read `squeeze` times as wide as it is. `check` is called now and
        then and may raise.
        """
        crops = [_crop(page, corners, squeeze) for corners in lines]
        order = sorted(range(len(crops)), key=lambda number: crops[number].shape[1])
        found = [NOTHING] * len(crops)
        batch: list[int] = []
        columns = 0
        for number in order:
            widest = crops[number].shape[1]
            together = widest * (len(batch) + 1)
            if batch and (together > _BATCH_COLUMNS or together - columns - widest > _FILLING * together):
                self._read_batch(crops, batch, found)
                check()
                batch, columns = [], 0
            batch.append(number)
            columns += widest
        if batch:
            self._read_batch(crops, batch, found)
        return found

    def _read_batch(
        self, crops: Sequence[NDArray[np.float32]], batch: Sequence[int], found: list[ReadLine]
    ) -> None:
        widest = max(crops[number].shape[1] for number in batch)
        given = np.zeros((len(batch), 3, _HEIGHT, widest + _LATE * _STEP), np.float32)
        for row, number in enumerate(batch):
            given[row, :, :, : crops[number].shape[1]] = crops[number].transpose(2, 0, 1)
        (steps,) = self._session.run(None, {self._input: given})
        for row, number in enumerate(batch):
            found[number] = self._decoded(steps[row], crops[number].shape[1])

    def _decoded(self, steps: NDArray[np.float32], width: int) -> ReadLine:
        """The characters of the best path, step by step (Graves et al., 2006): repeats are one."""
        used = min(len(steps), -(-width // _STEP) + _LATE)
        best = steps[:used].argmax(axis=1)
        probability = steps[np.arange(used), best]
        changes = np.flatnonzero(np.diff(best, prepend=-1))
        ends = np.append(changes[1:], used)
        text, probabilities, places = [], [], []
        for start, end in zip(changes, ends, strict=True):
            if best[start] == 0:
                continue
            text.append(self._alphabet[best[start]])
            probabilities.append(float(probability[start:end].max()))
            places.append((int(start), int(end)))
        return _with_edges(text, probabilities, places, used)


def _crop(page: Pixels, corners: Corners, squeeze: float) -> NDArray[np.float32]:
    columns = columns_of(corners, squeeze)
    shrink = max(_between(corners, 0, 3), _between(corners, 1, 2), 1.0) / _HEIGHT
    # From a small upright part of the page: a warp of the whole page takes longer than it is worth.
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
    x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + 2
    part = page[y0 : max(y1, 0), x0 : max(x1, 0)]
    if part.size == 0:
        return np.zeros((_HEIGHT, 16, 3), np.float32)
    if shrink > 1.5:  # warping skips pixels; averaging first does not
        part = np.asarray(cv2.GaussianBlur(part, (0, 0), 0.4 * shrink), np.uint8)
    target = np.array([[0, 0], [columns, 0], [columns, _HEIGHT], [0, _HEIGHT]], np.float32)
    source = (corners - np.array([x0, y0])).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    line = cv2.warpPerspective(
        part, matrix, (columns, _HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return line[:, :, ::-1].astype(np.float32) / 127.5 - 1.0


def columns_of(corners: Corners, squeeze: float) -> int:
    """How many columns of pixels the network is given of a line."""
    width = max(_between(corners, 0, 1), _between(corners, 3, 2), 1.0)
    height = max(_between(corners, 0, 3), _between(corners, 1, 2), 1.0)
    return int(np.clip(round(width / height * _HEIGHT * squeeze), 16, _MOST_WIDTH))


def _between(corners: Corners, one: int, other: int) -> float:
    return float(np.linalg.norm(corners[other] - corners[one]))


def _with_edges(
    text: Sequence[str], probabilities: Sequence[float], places: Sequence[tuple[int, int]], steps: int
) -> ReadLine:
    """A character reaches half of the way to its neighbours', and not beyond a usual width."""
    if not text:
        return NOTHING
    centres = [(start + end) / 2 for start, end in places]
    gaps = [right - left for left, right in itertools.pairwise(centres)]
    usual = float(np.median(gaps)) if gaps else 2.0
    edges = []
    for number, centre in enumerate(centres):
        left = centre - centres[number - 1] if number else usual
        right = centres[number + 1] - centre if number + 1 < len(centres) else usual
        edges.append(
            (
                max(0.0, (centre - min(left, usual * 1.3) / 2) / steps),
                min(1.0, (centre + min(right, usual * 1.3) / 2) / steps),
            )
        )
    whole = list(zip(edges, text, probabilities, strict=True))
    return ReadLine(
        "".join(char for _, char, _ in whole),
        tuple(edge for edge, char, _ in whole for _ in char),
        tuple(probability for _, char, probability in whole for _ in char),
    )


_IN_DOUBT: Final = 0.6
"""Probability that a character has at most where two readings differ."""
_WIDE_GAP: Final = 2.7
"""Distance of two characters, in usual ones, from which they are of two cells: a space makes two."""


def of_two_readings(first: ReadLine, second: ReadLine, *, cut: bool = False) -> ReadLine:
    """The surer of two readings of a line. Where the other says the same a character is surer than in each
    alone, elsewhere it is in doubt. A second one of a part that was `cut` out may lack the first or last
    character, or have one too many.
    """
    best, other = (second, first) if second.mean >= first.mean else (first, second)
    if cut and second.text and _differ_at_an_end(first.text, second.text):
        best, other = first, second
    if _without_repeats(first.text) == _without_repeats(second.text):
        best, other = second, first  # the wider one: where steps are few, equal characters become one
    if not best.text:
        return first
    probabilities = [min(probability, _IN_DOUBT) for probability in best.probabilities]
    matcher = SequenceMatcher(None, best.text, other.text, autojunk=False)
    for here, there, size in matcher.get_matching_blocks():
        for step in range(size):
            ours, theirs = best.probabilities[here + step], other.probabilities[there + step]
            probabilities[here + step] = 1 - (1 - ours) * (1 - theirs) ** 0.5
    return ReadLine(best.text, best.edges, tuple(probabilities))


def _differ_at_an_end(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) in (1, 2) and (long.startswith(short) or long.endswith(short))


def _without_repeats(text: str) -> str:
    return "".join(char for char, _ in itertools.groupby(text))


def parts_of(line: ReadLine) -> list[tuple[int, int]]:
    """Offsets of the parts of a line between wide gaps, without the spaces at their ends."""
    centres = [(left + right) / 2 for left, right in line.edges]
    steps = [b - a for a, b in itertools.pairwise(centres)]
    usual = float(np.median(steps)) if steps else 1.0
    cuts = [0]
    marks = [number for number, char in enumerate(line.text) if not char.isspace()]
    for one, other in itertools.pairwise(marks):
        if centres[other] - centres[one] > _WIDE_GAP * usual:
            cuts.append(other)
    parts = []
    for start, end in zip(cuts, [*cuts[1:], len(line.text)], strict=True):
        inside = [number for number in marks if start <= number < end]
        if inside:
            parts.append((inside[0], inside[-1] + 1))
    return parts
