"""Write quality.md and its pictures from the scores of the skills. A test fails when they are stale.

python docs/quality.py
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mcp_smalltools.calibration.scores import Evaluation, Speed, read_quality

FOLDER = Path(__file__).parent
SKILLS = FOLDER.parent / "models" / "skills"
INTRODUCTION = """# Quality on benchmarks

Clean public sets, and some made for this project. Nothing was fitted on them; [the log](../models/LOG.md)
says what was looked at during development. [On real input](../README.md#how-often-it-is-right) the tools are
right less often: go by those figures first (where a release recorded them, they are the first set of a tool).

Shares are of 1. *Coverage*: the share of answers that are not escalated. *Calibration error*: expected
calibration error, 15 bins. The left picture shows how many of the surest answers are right, the right one
what the confidence promises and how often it was right (the size of a dot is the number of answers).
**Bold**: the aim is reached; *missed*: it isn't. Below each table is the command that measures it again. (The
page is made by `python docs/quality.py` from `models/skills/*/scores.json`.)
"""


def files() -> dict[str, str]:
    """Path under docs/ -> content of the page and of each picture."""
    made: dict[str, str] = {}
    lines = [INTRODUCTION]
    for path in sorted(SKILLS.glob("*/scores.json")):
        quality, skill = read_quality(path), path.parent.name
        if not (quality.evaluation or quality.speed):
            continue
        lines += [f"## {skill}", "", f"[What it is good for](../models/skills/{skill}/card.md)", ""]
        if not (path.parent / "card.md").exists():
            lines[-2:] = []
        for number, entry in enumerate(quality.evaluation, 1):
            lines += _evaluation(entry)
            if entry.coverage_curve and entry.reliability:
                picture = f"quality/{skill}-{number}.svg"
                made[picture] = draw(entry)
                lines += [f"![{entry.set}: accuracy against coverage, and reliability]({picture})", ""]
        for measured in quality.speed:
            lines += _speed(measured)
    return {"quality.md": "\n".join(lines).rstrip() + "\n"} | made


def _evaluation(entry: Evaluation) -> Iterator[str]:
    yield from (f"### {entry.set}", "", f"{entry.items:,} items. {entry.note}".strip(), "")
    yield from _table(entry)


def _speed(entry: Speed) -> Iterator[str]:
    yield from (f"### Speed: {entry.what}", "", f"On {entry.machine}. {entry.note}".strip(), "")
    yield from _table(entry)


def _table(entry: Evaluation | Speed) -> Iterator[str]:
    yield from ("| figure | | aim |", "|---|---|---|")
    for name, value in entry.metrics.items():
        shown = f"{value:,.4g}" if isinstance(entry, Speed) or value > 1 else f"{value:.3f}"
        reached, aim = entry.reached(name), entry.aims.get(name, "")
        shown = f"**{shown}**" if reached else shown
        yield f"| {name} | {shown} | {aim}{' *missed*' if reached is False else ''} |"
    yield from ("", f"`{entry.command}`, {entry.date.isoformat()}", "")


# Pictures: two panels of the same size side by side, drawn in the unit square.

PANEL, GAP, EDGE = 220, 70, 46
WIDTH, HEIGHT = 2 * PANEL + GAP + 2 * EDGE, PANEL + EDGE + 40
INK, GRID, LINE = "#444", "#ddd", "#2266aa"


def draw(entry: Evaluation) -> str:
    """One SVG: accuracy against coverage on the left, promised against right on the right."""
    lowest = min((share for _, share in entry.coverage_curve), default=0.0)
    floor = min(0.9, int(lowest * 10) / 10)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}" font-family="sans-serif" font-size="11" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_axes(EDGE, "share of answers, surest first", "right", floor),
        *_curve(EDGE, entry.coverage_curve, floor),
        *_axes(EDGE + PANEL + GAP, "confidence", "right", 0.0),
        *_dots(EDGE + PANEL + GAP, entry.reliability),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes(left: int, below: str, beside: str, floor: float) -> Iterator[str]:
    for step in range(6):
        share = step / 5
        x, y = _place(left, share, share)
        yield f'<path d="M{left} {y}H{left + PANEL}M{x} 20V{20 + PANEL}" stroke="{GRID}" fill="none"/>'
        yield f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{floor + share * (1 - floor):.2g}</text>'
        yield f'<text x="{x}" y="{PANEL + 36}" text-anchor="middle">{share:.1g}</text>'
    yield f'<text x="{left + PANEL / 2:.0f}" y="{PANEL + 56}" text-anchor="middle">{below}</text>'
    yield f'<text x="{left}" y="12" text-anchor="middle">{beside}</text>'


def _curve(left: int, points: Sequence[tuple[float, float]], floor: float) -> Iterator[str]:
    places = (_place(left, share, (right - floor) / (1 - floor)) for share, right in points)
    path = " ".join(f"{x},{y}" for x, y in places)
    yield f'<polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="2"/>'


def _dots(left: int, rows: Iterable[tuple[float, float, int]]) -> Iterator[str]:
    rows = list(rows)
    (x0, y0), (x1, y1) = _place(left, 0, 0), _place(left, 1, 1)
    yield f'<path d="M{x0} {y0}L{x1} {y1}" stroke="{INK}" stroke-dasharray="4 4"/>'
    most = max((count for _, _, count in rows), default=1)
    for promised, right, count in rows:
        x, y = _place(left, promised, right)
        radius = 2 + 7 * (count / most) ** 0.5
        yield f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" fill="{LINE}" fill-opacity="0.7"/>'


def _place(left: int, x: float, y: float) -> tuple[float, float]:
    return round(left + x * PANEL, 1), round(20 + (1 - y) * PANEL, 1)


def main() -> None:
    wanted = files()
    (FOLDER / "quality").mkdir(exist_ok=True)
    for old in (FOLDER / "quality").glob("*.svg"):
        if f"quality/{old.name}" not in wanted:
            old.unlink()
    for name, content in wanted.items():
        (FOLDER / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
