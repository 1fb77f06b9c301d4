"""Whose lines those without a header are: of the record before them, or of something else that writes there.

In a log of one program that gives nearly every record a header, a plain line continues the record before it.
Where another program writes into the same file, its lines come one at a time between the headers, or in long
runs, and are records of their own.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from mcp_smalltools.logs.lines.line_types import LineType
from mcp_smalltools.logs.lines.records import ANNOUNCING, Assembler, Kind

LOOKED_AT = 4_000
"""Lines at the start of a log from which it is decided."""
_FEWEST_HEADED = 20
_WITH_LEVEL = 0.8
"""Share of the headers that say a level."""
_FEW_PLAIN = 0.75
_OFTEN, _SHORT_RUN = 0.1, 8
"""Plain lines to a header: either few in all, or often and mostly few at a time."""
_SINGLE = 1.5
"""Lines in a run below which they come one at a time."""
_FEWEST_RUNS = 5
_FEWEST_SPACED = 2


@dataclass(slots=True)
class _Seen:
    headed: int = 0
    levelled: int = 0
    plain: int = 0
    lengths: list[int] = field(default_factory=list)  # of the runs of plain lines
    without_header: int = 0  # lines of these runs, also those of stack traces
    carried: int = 0
    before: int = 0  # plain lines before the first header
    first_shapes: set[int] = field(default_factory=set)  # of the lines after a header

    behind_blank: int = 0  # headers right behind an empty line
    plain_behind_blank: int = 0

    @property
    def runs(self) -> int:
        return len(self.lengths)

    def spaced(self) -> bool:
        """Each record begins behind an empty line, and nothing else does: Elixir."""
        first = self.headed - 1
        return first >= _FEWEST_SPACED and self.behind_blank >= first and not self.plain_behind_blank


def joins_plain(types: Sequence[LineType], lines: Sequence[str]) -> bool:
    """Whether plain lines continue the record of the header before them, by the first lines of a log and
    their types.
    """
    seen = _seen(types, lines)
    if seen.spaced():
        return True
    if seen.headed < _FEWEST_HEADED or seen.levelled < _WITH_LEVEL * seen.headed:
        return False
    if seen.carried or not seen.runs or seen.before > seen.headed:
        return False
    run = statistics.median(seen.lengths)
    if (
        seen.without_header < _SINGLE * seen.runs
        and seen.runs >= _FEWEST_RUNS
        and len(seen.first_shapes) <= seen.runs / 3
    ):
        return False
    return seen.plain <= _FEW_PLAIN * seen.headed or (run <= _SHORT_RUN and seen.runs >= _OFTEN * seen.headed)


def joins_grave(types: Sequence[LineType], lines: Sequence[str]) -> bool:
    """Whether plain lines continue a warning or an error: in a short log, such as a part that somebody
    pasted, all of whose headers say a level.
    """
    seen = _seen(types, lines)
    return (
        0 < seen.headed < _FEWEST_HEADED
        and seen.levelled >= _WITH_LEVEL * seen.headed
        and not seen.carried
        and not seen.before
        and 0 < seen.plain <= 3 * seen.headed
    )


def _seen(types: Sequence[LineType], lines: Sequence[str]) -> _Seen:
    seen, assembler = _Seen(), Assembler()
    plain = others = 0  # since the last header
    blank = False  # the line before
    for line_type, line in zip(types, lines, strict=True):
        kind = line_type.kind
        starts = assembler.starts(kind, line_type.opens_trace, line)
        if kind is Kind.HEADED or kind in ANNOUNCING:
            seen.headed += 1
            seen.behind_blank += blank
            seen.levelled += line_type.level_said
            seen.without_header += plain + others if plain else 0
            plain = others = 0
        elif kind is not Kind.START or not starts:
            others += kind is not Kind.BLANK
        elif not seen.headed:
            seen.before += 1
        else:
            seen.carried += line_type.format == "ci"
            seen.plain += 1
            if not plain:
                seen.lengths.append(0)
                seen.first_shapes.add(line_type.shape)
            seen.lengths[-1] += 1
            seen.plain_behind_blank += blank
            plain += 1
        blank = kind is Kind.BLANK
    seen.without_header += plain + others if plain else 0
    return seen
