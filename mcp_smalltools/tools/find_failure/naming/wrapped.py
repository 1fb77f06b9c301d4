"""Lines that a console broke at its width, joined again, so that what they say can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

_WIDEST = 130
_MOST_LINES = 400
_OF_A_RULE = 4
"""Distinct characters of a line that is a rule or a border at most."""
_FULL = 3
"""Lines of exactly the greatest length from which a log counts as broken at it."""


def console_width(lines: Sequence[str]) -> int | None:
    """The width at which these lines are broken; None if they aren't: the longest are of one length, and not
    few.
    """
    lengths = Counter(len(line) for line in lines[-_MOST_LINES:] if len(set(line)) > _OF_A_RULE)
    if not lengths:
        return None
    widest = max(lengths)
    near = lengths[widest] + lengths[widest - 1]
    narrow = widest <= _WIDEST and lengths[widest] >= _FULL and near >= 0.2 * sum(lengths.values())
    return widest if narrow and near < sum(lengths.values()) else None


def joined(lines: Sequence[str], width: int) -> tuple[list[str], list[int]]:
    """The lines, each that is as long as the console is wide with the one after it; and for each line its place
    among them.
    """
    whole: list[str] = []
    places: list[int] = []
    open_line = False
    for line in lines:
        if open_line and line:
            whole[-1] += line
        else:
            whole.append(line)
        places.append(len(whole) - 1)
        # A space at the end of a full line may have been cut off.
        open_line = width - 1 <= len(line) <= width
    return whole, places
