"""Pictures as SVG, without text of their own: they stretch with the page, and the words beside them don't.

Colours are the stylesheet's, by class.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.dashboard.elements import Markup, element
from mcp_smalltools.dashboard.figures import Day
from mcp_smalltools.dashboard.shown_numbers import counted, date_words, tokens
from mcp_smalltools.dashboard.specialists import Bin

WIDTH: Final = 1000
HEIGHT: Final = 200
SQUARE: Final = 120
_LEAST: Final = 4.0
"""Height of the smallest bar that is not nothing."""
_ROOM: Final = 8.0
"""Height that is left for bars in a direction that has any."""


def days_chart(days: Sequence[Day], first_shown: int) -> Markup:
    """A bar for each day: up what was saved, down what was lost. Days before `first_shown` are paler."""
    scale = _scale(max((day.saved for day in days), default=0), max((day.lost for day in days), default=0))
    bars = [
        _bar(day, number, WIDTH / len(days), scale, paler=number < first_shown)
        for number, day in enumerate(days)
    ]
    zero = round(scale.zero, 1)
    line = element("line", x1=0, x2=WIDTH, y1=zero, y2=zero, class_="zero")
    return _svg(WIDTH, HEIGHT, [*bars, line], _days_said(days), "days", stretched=True)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where zero is from the top, and the height of one character."""

    zero: float
    unit: float

    def length(self, value: int) -> float:
        return round(max(self.unit * value, _LEAST), 1) if value > 0 else 0.0


def _scale(most_up: int, most_down: int) -> _Scale:
    """One unit for both directions, with room for the smallest bar in each that has any."""
    if not most_down:
        return _Scale(HEIGHT, HEIGHT / max(most_up, 1))
    zero = HEIGHT * most_up / (most_up + most_down)
    zero = min(max(zero, _ROOM if most_up else 0), HEIGHT - _ROOM)
    return _Scale(zero, min(zero / most_up if most_up else HEIGHT, (HEIGHT - zero) / most_down))


def _bar(day: Day, number: int, step: float, scale: _Scale, *, paler: bool) -> Markup:
    calls = counted(day.total.calls, "call")
    said = f"{date_words(day.date)}: {calls}, saved about {tokens(day.saved)} tokens, lost {tokens(day.lost)}"
    x, width, zero = round(number * step + step * 0.12, 1), round(step * 0.76, 1), scale.zero
    up, down = scale.length(day.saved), scale.length(day.lost)
    return element(
        "g",
        element("title", said),
        element("rect", x=x, y=0, width=width, height=HEIGHT, class_="hover"),
        element("rect", x=x, y=round(zero - up, 1) + 0.0, width=width, height=up, class_="up"),
        element("rect", x=x, y=round(zero, 1), width=width, height=down, class_="down"),
        class_="before" if paler else None,
    )


def sparkline(counts: Sequence[int], said: str) -> Markup:
    """Small bars, one for each day."""
    most, step = max(counts, default=0) or 1, 4
    bars = [
        element("rect", x=number * step, y=round(24 - height, 1), width=step - 1, height=height, class_="up")
        for number, count in enumerate(counts)
        if (height := round(max(24 * count / most, 2), 1) if count else 0)
    ]
    return _svg(max(len(counts), 1) * step, 24, bars, said, "spark", stretched=True)


def calibration_plot(measured: Sequence[Bin], own: Sequence[Bin], said: str) -> Markup:
    """Confidence (to the right) against how often it was right (upwards). The line is a promise kept."""
    grid = [
        element("line", x1=at, x2=at, y1=0, y2=SQUARE, class_="grid")
        for at in (0, SQUARE // 4, SQUARE // 2, 3 * SQUARE // 4, SQUARE)
    ] + [
        element("line", x1=0, x2=SQUARE, y1=at, y2=at, class_="grid")
        for at in (0, SQUARE // 4, SQUARE // 2, 3 * SQUARE // 4, SQUARE)
    ]
    kept = element("line", x1=0, y1=SQUARE, x2=SQUARE, y2=0, class_="kept")
    dots = [*_dots(measured, "measured"), *_dots(own, "own")]
    return _svg(SQUARE, SQUARE, [*grid, kept, *dots], said, "calibration", margin=9)


def _dots(bins: Iterable[Bin], kind: str) -> list[Markup]:
    bins = list(bins)
    most = max((count for _, _, count in bins), default=1)
    return [
        element(
            "circle",
            element("title", f"promised {promised:.0%}, right {right:.0%}, {counted(count, 'answer')}"),
            cx=round(promised * SQUARE, 1),
            cy=round((1 - right) * SQUARE, 1),
            r=round(2.2 + 4.8 * (count / most) ** 0.5, 1),
            class_=kind,
        )
        for promised, right, count in bins
    ]


def _days_said(days: Sequence[Day]) -> str:
    saved, lost = sum(day.saved for day in days), sum(day.lost for day in days)
    best = max(days, key=lambda day: day.saved, default=None)
    top = f"; most on {date_words(best.date)}" if best is not None and best.total.saved else ""
    return (
        f"Tokens saved and lost by day over {counted(len(days), 'day')}: about {tokens(saved)} saved, "
        f"{tokens(lost)} lost{top}."
    )


def _svg(
    width: int,
    height: int,
    parts: Sequence[Markup],
    said: str,
    kind: str,
    *,
    stretched: bool = False,
    margin: int = 0,
) -> Markup:
    box = f"{-margin} {-margin} {width + 2 * margin} {height + 2 * margin}"
    return element(
        "svg",
        *parts,
        viewBox=box,
        preserveAspectRatio="none" if stretched else None,
        role="img",
        aria_label=said,
        class_=kind,
    )
