"""Reads a picture or a PDF: pages of pixels, lines on them, their characters, and the order of the lines."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from mcp_smalltools.pictures.arrange import Piece, lines_of
from mcp_smalltools.pictures.corrected import corrected
from mcp_smalltools.pictures.decoded import DecodedPage, decode
from mcp_smalltools.pictures.detect import Corners, Detector, Pixels, letter_height
from mcp_smalltools.pictures.layer import pieces_of_layer
from mcp_smalltools.pictures.lone_marks import lone_marks, with_room
from mcp_smalltools.pictures.probabilities import character_probability
from mcp_smalltools.pictures.reading import Page, PictureLine, ReadPicture
from mcp_smalltools.pictures.recognise import ReadLine, Recogniser, columns_of, parts_of
from mcp_smalltools.pictures.second_reading import read_again

_NARROW: Final = 0.6
"""How much narrower a line is made for the first reading: its time grows with the width."""
_NARROWEST: Final = 0.48
_CHARACTER: Final = 14.4
"""Columns of a character to which a page is narrowed where its letters are wide."""
_WIDE: Final = 1.0
"""For the second reading, of what the first was not sure of."""
_WIDEST: Final = 1.3
"""For the second reading where the first was wide."""
_NARROW_ENOUGH: Final = 0.95
"""Mean probability of the longest lines, read narrow, from which the page is read so."""
_SAMPLE: Final = 4
_STANDS: Final = 1.4
"""How much higher than wide most long lines are where the page is turned by a quarter."""
_TURNED_BELOW: Final = 0.85
"""Mean probability of a page's characters below which it is tried upside down."""
_LEAST_MEAN: Final = 0.45
"""Of the characters of a fragment below which it is no text, but a drawing."""


class PictureReader:
    """Reads pictures, with the networks loaded once. Not for several threads at a time."""

    def __init__(self, threads: int = 1) -> None:
        """Raises ImportError where the extra is not installed, OSError where its networks are missing."""
        cv2.setNumThreads(threads)
        detector, recogniser = (_session(path, threads) for path in _networks())
        self._detector = Detector(detector)
        self._recogniser = Recogniser(recogniser)

    def read(self, data: bytes, check: Callable[[], None]) -> ReadPicture:
        """What is on a picture or on the pages of a PDF. Raises Unreadable, and what `check` raises."""
        decoded = decode(data)
        pages: list[Page] = []
        lines: list[PictureLine] = []
        shown = ""
        for number, page in enumerate(decoded.pages, 1):
            check()
            pages.append(Page(page.width, page.height, page.pixels is not None))
            if page.pixels is None:
                pieces = pieces_of_layer(page.characters)
            else:
                pieces = self._pieces(page, check)
                shown = shown or kind_of_picture(page.pixels, decoded.kind)
            if lines and pieces:
                lines.append(PictureLine("", number))
            lines += lines_of(pieces, number)
        return ReadPicture(decoded.kind, tuple(pages), tuple(lines), decoded.skipped, shown)

    def _pieces(self, page: DecodedPage, check: Callable[[], None]) -> list[Piece]:
        pixels = page.pixels
        assert pixels is not None
        if min(pixels.shape[:2]) < 8:
            return []
        corners = self._detector.corners(pixels)
        turns = 0
        if _stands(corners):
            turns = 1
            pixels = _turned(pixels, turns)
            corners = self._detector.corners(pixels)
        corners = with_room(corners)
        reading = _PageReading(self._recogniser, pixels, corners, check)
        reading.begin()
        if reading.is_upside_down():
            width, height = pixels.shape[1], pixels.shape[0]
            turns, pixels = turns + 2, _turned(pixels, 2)
            corners = [_upside_down(corner, width, height) for corner in corners]
            reading = _PageReading(self._recogniser, pixels, corners, check)
            reading.begin()
        read = reading.all()
        for mark, line in lone_marks(
            pixels,
            corners,
            letter_height(pixels),
            lambda places: self._recogniser.read(pixels, places, _WIDE, check),
        ):
            corners, read = [*corners, mark], [*read, line]
        angle = _slant(corners)
        pieces = []
        for found, corner in zip(read, corners, strict=True):
            if found.text.strip() and found.mean >= _LEAST_MEAN:
                line = corrected(found)
                back = _turned_back(corner, turns, pixels.shape[1], pixels.shape[0]) / page.scale
                pieces += _pieces_of_line(line, back, _straight(corner, angle))
        return pieces


class _PageReading:
    """The lines of one page: a few long ones first, which say how wide the others are read."""

    def __init__(
        self, recogniser: Recogniser, pixels: Pixels, corners: Sequence[Corners], check: Callable[[], None]
    ) -> None:
        self._recogniser, self._pixels, self._corners, self._check = recogniser, pixels, corners, check
        self._first, self._second = _NARROW, _WIDE
        self._read: dict[int, ReadLine] = {}

    def begin(self) -> None:
        """Read the sample. Narrow letters need more width, wide ones less."""
        sample = _longest(self._corners)
        self._read = self._lines(sample, _NARROW)
        if not sample:
            return
        if _mean(list(self._read.values())) < _NARROW_ENOUGH:
            self._first, self._second = _WIDE, _WIDEST
            self._read = self._lines(sample, _WIDE)
            return
        widths = [
            columns_of(self._corners[number], _NARROW) / len(line.text)
            for number, line in self._read.items()
            if len(line.text) > 8
        ]
        if widths:
            self._first = float(np.clip(_NARROW * _CHARACTER / np.median(widths), _NARROWEST, _NARROW))

    def is_upside_down(self) -> bool:
        """Whether the sample is read better the other way round."""
        upright = _mean(list(self._read.values()))
        if self._first < _WIDE or upright >= _TURNED_BELOW:
            return False
        height, width = self._pixels.shape[:2]
        turned = [_upside_down(self._corners[number], width, height) for number in self._read]
        return (
            _mean(self._recogniser.read(_turned(self._pixels, 2), turned, _WIDE, self._check)) > upright + 0.1
        )

    def all(self) -> list[ReadLine]:
        """Every line; what was read unsurely is read again, wider."""
        rest = [number for number in range(len(self._corners)) if number not in self._read]
        self._read |= self._lines(rest, self._first)
        read = [self._read[number] for number in range(len(self._corners))]
        read_again(read, self._corners, lambda places: self._at(places, self._second))
        return read

    def _lines(self, numbers: Sequence[int], squeeze: float) -> dict[int, ReadLine]:
        found = self._at([self._corners[number] for number in numbers], squeeze)
        return dict(zip(numbers, found, strict=True))

    def _at(self, places: Sequence[Corners], squeeze: float) -> list[ReadLine]:
        return self._recogniser.read(self._pixels, places, squeeze, self._check)


def _longest(corners: Sequence[Corners]) -> list[int]:
    """The longest lines of a page, which say most of how it is to be read."""

    def shape(number: int) -> float:
        width, height = _sides(corners[number])
        return width / max(1.0, height)

    return sorted(range(len(corners)), key=shape, reverse=True)[:_SAMPLE]


def _upside_down(corner: Corners, width: int, height: int) -> Corners:
    """A line's corners on a page of that size that was turned by half, from the top left of its text on."""
    return _turned_back(corner, 2, width, height)[[2, 3, 0, 1]]


def _networks() -> tuple[Path, Path]:
    """The detector's file and the recogniser's, as the package brings them. Raises OSError, ImportError."""
    found = importlib.util.find_spec("rapidocr")
    if found is None or not found.submodule_search_locations:
        raise ImportError("rapidocr is not installed")
    folder = Path(found.submodule_search_locations[0]) / "models"
    detectors, recognisers = sorted(folder.glob("*det*.onnx")), sorted(folder.glob("*rec*.onnx"))
    if not detectors or not recognisers:
        raise FileNotFoundError(f"{folder} has no networks")
    return detectors[-1], recognisers[-1]


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def kind_of_picture(pixels: Pixels, kind: str) -> str:
    """A screenshot, whose ground has one colour, or a scan or photograph, whose ground has many."""
    small = np.asarray(cv2.resize(pixels, (256, 256), interpolation=cv2.INTER_NEAREST), np.uint8)
    colours, counts = np.unique(small.reshape(-1, 3) // 4, axis=0, return_counts=True)
    most = int(counts.argmax())
    if counts[most] < 0.18 * 256 * 256:
        return "a scan or photograph"
    if kind == "PDF":
        return "a drawn page"
    return "a dark screenshot" if int(colours[most].sum()) < 3 * 32 else "a light screenshot"


def _mean(read: Sequence[ReadLine]) -> float:
    total = sum(len(line.probabilities) for line in read)
    return sum(sum(line.probabilities) for line in read) / total if total else 0.0


def _sides(corner: Corners) -> tuple[float, float]:
    """Width and height."""
    return float(np.linalg.norm(corner[1] - corner[0])), float(np.linalg.norm(corner[3] - corner[0]))


def _stands(corners: Sequence[Corners]) -> bool:
    """Whether most of the text runs from top to bottom or the other way."""
    sides = [_sides(corner) for corner in corners]
    standing = sum(h for w, h in sides if h > _STANDS * w)
    lying = sum(w for w, h in sides if w > _STANDS * h)
    return standing > 1.5 * lying


def _turned(pixels: Pixels, turns: int) -> Pixels:
    """By so many quarters against the clock."""
    return np.ascontiguousarray(np.rot90(pixels, turns))


def _turned_back(corner: Corners, turns: int, width: int, height: int) -> Corners:
    """The points of a page of that size, turned by so many quarters, on the page before; so ordered still."""
    points = corner.copy()
    for _ in range(turns % 4):
        points = np.stack([height - points[:, 1], points[:, 0]], axis=1)
        width, height = height, width
    return points


def _slant(corners: Sequence[Corners]) -> float:
    """The angle in which the long lines run, in radians."""
    angles, weights = [], []
    for corner in corners:
        width, height = _sides(corner)
        if width > 4 * height:
            across = corner[1] - corner[0] + corner[2] - corner[3]
            angles.append(math.atan2(float(across[1]), float(across[0])))
            weights.append(width)
    if not angles:
        return 0.0
    order = np.argsort(angles)
    summed = np.cumsum(np.asarray(weights)[order])
    return float(np.asarray(angles)[order][np.searchsorted(summed, summed[-1] / 2)])


def _straight(corner: Corners, angle: float) -> Corners:
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], np.float32)
    return np.asarray(corner @ turn, np.float32)


def _pieces_of_line(line: ReadLine, corner: Corners, straight: Corners) -> list[Piece]:
    """A line in parts where it has wide gaps, which are the columns of a table."""
    left, right = float(straight[[0, 3], 0].mean()), float(straight[[1, 2], 0].mean())
    middle, height = float(straight[:, 1].mean()), _sides(straight)[1]
    pieces = []
    for start, end in parts_of(line):
        first, last = line.edges[start][0], line.edges[end - 1][1]
        span = max(last - first, 1e-6)
        edges = tuple(
            (max(0.0, (a - first) / span), min(1.0, (b - first) / span)) for a, b in line.edges[start:end]
        )
        across_top, across_bottom = corner[1] - corner[0], corner[2] - corner[3]
        quad = (
            corner[0] + across_top * first,
            corner[0] + across_top * last,
            corner[3] + across_bottom * last,
            corner[3] + across_bottom * first,
        )
        a, b, c, d, e, f, g, h = (float(value) for point in quad for value in point)
        pieces.append(
            Piece(
                line.text[start:end],
                (a, b, c, d, e, f, g, h),
                edges,
                tuple(
                    character_probability(*pair)
                    for pair in zip(line.text[start:end], line.probabilities[start:end], strict=True)
                ),
                left + (right - left) * first,
                middle - height / 2,
                left + (right - left) * last,
                middle + height / 2,
            )
        )
    return pieces
