"""Which lines of the evidence are shown where there is room for a dozen.

Evidence comes in spans, which begin before the message and end after it: a line that states something is
worth more than its neighbours. Chosen on the development half of LogChunks (models/LOG.md, 2026-11-30).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_smalltools.text.truncate import cut

LINE_CHARS: Final = 160
_STATES: Final = re.compile(
    r"(?i)error|fail|fatal|exception|panic|assert|cannot|can't|could not|couldn't|undefined|denied|"
    r"not found|no such|time[dr]? ?out|timetrap|expected|unable|missing|conflict|traceback|segmentation|"
    r"invalid|refused|mismatch|violat|unresolved|not ok|killed|abort|crash|disconnect|doesn't|does not|"
    r"unknown|exceed|overfull|undeclared|redefin|too (?:long|wide|many|few)|warning|no space|"
    r"out of memory|deadlock|[✕✗✖×❌]"
)
_QUIET: Final = re.compile(
    r"^\W*$|(?i:\b(?:pass(?:ed|ing)?|ok|success(?:ful(?:ly)?)?|skipped|xfail)\b)|[✓✔]|"
    r"(?i:\[(?:info|debug|trace)\])|\b(?:INFO|DEBUG)\b|^\s*\++ ?\S|^\s*\$ |"
    r"(?i:\b(?:errors?|failed|failures?|warnings?)[:=] ?0\b)|(?i:\b0 (?:errors?|failed|failures?)\b)|"
    r"(?i:^\s*(?:downloading|fetching|installing|cloning|compiling|pulling|checking|loading) )|"
    r"(?i:^\s*(?:updating|resolving|using) )"
)
_FRAME: Final = re.compile(r"^\s*(?:at |from |#\d+ |in `|File \"|\S+:\d+:in `|\.\.\. |--- End of )")
_STATES_VALUE, _QUIET_VALUE, _FRAME_VALUE, _AFTER_VALUE, _SPAN_VALUE = 3.0, -2.0, -2.0, 0.8, -0.3
_AGAIN_VALUE, _MOST_AGAIN = 0.4, 3.0
"""By how much a line is later for each before it that has the same words of trouble, and at most."""
_LAST_SPAN: Final = 6
_ENOUGH: Final = 5
"""Lines that state something, besides which others are shown only of the first span."""


@dataclass(frozen=True, slots=True, order=True)
class TellingLine:
    """A line of the evidence; the smallest is the most telling."""

    rank: float
    span: int
    number: int
    text: str

    @property
    def states(self) -> bool:
        """Whether it says something by itself."""
        return -self.rank > _STATES_VALUE + _LAST_SPAN * _SPAN_VALUE - 1

    def __str__(self) -> str:
        return f"{self.number}: {self.text}"


def fitting_lines(spans: Sequence[Mapping[str, Any]], room: int) -> list[TellingLine]:
    """The most telling lines that fit into so many characters, span by span, in order."""
    taken: list[TellingLine] = []
    stating = 0
    for line in _varied(sorted(line for at, span in enumerate(spans) for line in _lines_of(at, span))):
        if len(str(line)) + 1 > room or (line.span and not line.states and stating >= _ENOUGH):
            continue
        stating += line.states
        room -= len(str(line)) + 1
        taken.append(line)
    return sorted(taken, key=lambda line: (line.span, line.number))


def _varied(lines: Sequence[TellingLine]) -> list[TellingLine]:
    """In the order of their ranks, those later that state the same as others do: a list of failed tests
    leaves room for what one of them says.
    """
    told: Counter[frozenset[str]] = Counter()
    ranks: list[tuple[float, TellingLine]] = []
    for line in lines:
        words = frozenset(word.lower() for word in _STATES.findall(line.text))
        again = min(_MOST_AGAIN, _AGAIN_VALUE * told[words]) if words else 0.0
        ranks.append((line.rank + again, line))
        told[words] += 1
    return [line for _, line in sorted(ranks)]


def _lines_of(place: int, span: Mapping[str, Any]) -> Iterator[TellingLine]:
    before = 0.0
    for number, text in enumerate(span.get("text", "").split("\n"), span["start"]):
        value = _value_of(text)
        if any(char.isalnum() for char in text):
            after = _AFTER_VALUE if before >= _STATES_VALUE > value else 0.0
            rank = -(value + after + _SPAN_VALUE * min(place, _LAST_SPAN))
            yield TellingLine(rank, place, number, cut(text.rstrip(), LINE_CHARS))
        before = value


def _value_of(text: str) -> float:
    return (
        (_STATES_VALUE if _STATES.search(text) else 0.0)
        + (_QUIET_VALUE if _QUIET.search(text) else 0.0)
        + (_FRAME_VALUE if _FRAME.match(text) else 0.0)
    )
