"""Numbers as people read them: short, with their unit, and never surer than they are."""

from __future__ import annotations

import datetime
from typing import Final

from mcp_smalltools.economics.prices import CHARS_PER_TOKEN

_MINUS: Final = "\u2212"


def short(number: float) -> str:
    """Three digits at most: 950, 1.2k, 34k, 1.2M. Negative ones with a minus sign."""
    sign, size = (_MINUS if number < 0 else ""), abs(number)
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= unit * 0.9995:
            part = size / unit
            return f"{sign}{part:.1f}{name}" if part < 9.95 else f"{sign}{part:.0f}{name}"
    return f"{sign}{size:.0f}"


def tokens(chars: float) -> str:
    """About how many tokens so many characters are."""
    return short(chars / CHARS_PER_TOKEN)


def counted(number: int, one: str, several: str = "") -> str:
    """`1 call`, `1,200 calls`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def share(part: int, whole: int) -> str:
    """A percentage that says 0% and 100% only where that is exact; a dash of nothing."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "<1%"
    if 99 < percent < 100:
        return ">99%"
    return f"{percent:.0f}%"


def duration(seconds: float) -> str:
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def megabytes(size: float) -> str:
    return f"{size / 1e6:.1f} MB" if size < 9.95e6 else f"{size / 1e6:,.0f} MB"


def period_words(days: int) -> str:
    """How a period is called at the start of a sentence."""
    if days == 1:
        return "Today"
    return f"In the last {days // 7} weeks" if days % 7 == 0 and days > 7 else f"In the last {days} days"


def date_words(date: datetime.date) -> str:
    return f"{date.day} {date:%b}"
