"""What was read of a picture: lines of text, with the place and the probability of each character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

VERSION: Final = 2
"""Of the way pictures are read: part of the key of what is cached."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels of the page as a viewer shows it; the last two not included."""

Quad = tuple[float, float, float, float, float, float, float, float]
"""x and y of the corners top left, top right, bottom right, bottom left, as the text runs."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """Characters that stand together on a line: a word, a cell, a whole line.

    `edges` are the left and right end of each character, as shares of the way from the quad's left to its
    right side; `probabilities` are of each character that it is the right one, 0 to 1. Both are as long as
    the fragment's text (`edges` in pairs).
    """

    start: int
    """Offset of its first character in the line's text."""
    quad: Quad
    edges: tuple[tuple[float, float], ...]
    probabilities: tuple[float, ...]

    @property
    def end(self) -> int:
        return self.start + len(self.probabilities)

    def part(self, start: int, end: int) -> Quad:
        """The quad of some of its characters, by their offsets in the line."""
        first, last = max(start, self.start) - self.start, min(end, self.end) - self.start
        left = min(edge[0] for edge in self.edges[first:last])
        right = max(edge[1] for edge in self.edges[first:last])
        x0, y0, x1, y1, x2, y2, x3, y3 = self.quad
        return (
            *(x0 + (x1 - x0) * left, y0 + (y1 - y0) * left),
            *(x0 + (x1 - x0) * right, y0 + (y1 - y0) * right),
            *(x3 + (x2 - x3) * right, y3 + (y2 - y3) * right),
            *(x3 + (x2 - x3) * left, y3 + (y2 - y3) * left),
        )


@dataclass(frozen=True, slots=True)
class PictureLine:
    """A line of text as it was read. Spaces that stand for the distance of fragments are in none of them."""

    text: str
    page: int
    """1-based."""
    fragments: tuple[Fragment, ...] = ()

    def quads(self, start: int = 0, end: int | None = None) -> Iterator[Quad]:
        """Where the characters from `start` to `end` are."""
        last = len(self.text) if end is None else end
        for fragment in self.fragments:
            if fragment.start < last and fragment.end > start:
                yield fragment.part(start, last)

    def box(self, start: int = 0, end: int | None = None) -> Box | None:
        """What holds these characters; None where there are none."""
        return bounding_box(self.quads(start, end))

    def probabilities(self) -> list[float]:
        """Of each character of the text; 1 for the spaces that stand for a distance."""
        found = [1.0] * len(self.text)
        for fragment in self.fragments:
            found[fragment.start : fragment.end] = fragment.probabilities
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a picture file, as a viewer shows it."""

    width: int
    height: int
    scanned: bool
    """False where its text came with the file: a text layer of a PDF."""


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """All that was read of a file."""

    kind: str
    """PNG, JPEG, PDF, …"""
    pages: tuple[Page, ...]
    lines: tuple[PictureLine, ...]
    skipped_pages: int = 0
    """Pages beyond the limit, which were not read."""
    shown: str = ""
    """What kind of picture it seems to be: a dark screenshot, a light one, a scan or photograph."""

    def text(self) -> str:
        return "".join(f"{line.text}\n" for line in self.lines)

    def packed(self) -> dict[str, Any]:
        """As plain values, for a cache or another process."""
        return {
            "kind": self.kind,
            "pages": [(page.width, page.height, page.scanned) for page in self.pages],
            "lines": [
                (
                    line.text,
                    line.page,
                    [
                        (
                            fragment.start,
                            [round(value, 1) for value in fragment.quad],
                            [round(value, 4) for edge in fragment.edges for value in edge],
                            [round(value, 4) for value in fragment.probabilities],
                        )
                        for fragment in line.fragments
                    ],
                )
                for line in self.lines
            ],
            "skipped_pages": self.skipped_pages,
            "shown": self.shown,
        }

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> Self:
        """Raises KeyError, TypeError and ValueError for what `packed` did not make."""
        return cls(
            str(packed["kind"]),
            tuple(Page(int(w), int(h), bool(scanned)) for w, h, scanned in packed["pages"]),
            tuple(
                PictureLine(
                    _one_line(text),
                    int(page),
                    tuple(_fragment(*values, length=len(text)) for values in fragments),
                )
                for text, page, fragments in packed["lines"]
            ),
            int(packed["skipped_pages"]),
            str(packed["shown"]),
        )


def _fragment(
    start: int, quad: Sequence[float], edges: Sequence[float], probabilities: Sequence[float], *, length: int
) -> Fragment:
    pairs = tuple(zip(map(float, edges[::2]), map(float, edges[1::2]), strict=True))
    if len(quad) != 8 or len(pairs) != len(probabilities) or not 0 <= start <= length - len(pairs):
        raise ValueError("a fragment of a picture's line is damaged")
    return Fragment(int(start), _quad(quad), pairs, tuple(map(float, probabilities)))


def _quad(values: Sequence[float]) -> Quad:
    a, b, c, d, e, f, g, h = map(float, values)
    return a, b, c, d, e, f, g, h


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("a line of a picture holds several")
    return str(text)


def bounding_box(quads: Iterator[Quad] | Sequence[Quad]) -> Box | None:
    """The smallest upright box that holds all of them; None for none."""
    found = list(quads)
    if not found:
        return None
    xs = [x for quad in found for x in quad[0::2]]
    ys = [y for quad in found for y in quad[1::2]]
    return max(0, int(min(xs))), max(0, int(min(ys))), int(max(xs)) + 1, int(max(ys)) + 1
