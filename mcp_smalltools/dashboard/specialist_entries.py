"""An entry for each specialist: how often it is right, and whether its confidence can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcp_smalltools.calibration.scores import REAL_INPUT, RIGHT_WHERE_SURE, Evaluation
from mcp_smalltools.dashboard.charts import calibration_plot
from mcp_smalltools.dashboard.details import cut
from mcp_smalltools.dashboard.elements import Markup, element
from mcp_smalltools.dashboard.shown_numbers import counted
from mcp_smalltools.dashboard.specialists import ENOUGH, SURE, Specialist, right_when_sure, worst_gap
from mcp_smalltools.learning.improve.kept import LearnedState

_SETS_SHOWN: Final = 4
NOTED_GAP: Final = 0.08
"""By how much a confidence may promise too much before the page says so."""
_NAMES: Final = {"GA": "grouping accuracy (GA)", "PA": "parsing accuracy (PA)"}


def specialists_section(found: Sequence[Specialist], learned: Sequence[LearnedState] = ()) -> Markup:
    about = (
        "Measured on data that nothing was fitted on. In the plots, what was promised goes to the right, how "
        "often it was right upwards: dots on the line kept their promise, dots below it promised too much."
    )
    return element(
        "section",
        element("h2", "The specialists", id="specialists"),
        element("p", about, class_="about"),
        element(
            "p",
            element("span", "measured before it shipped", class_="key measured"),
            element("span", "your own files, by outcome", class_="key own"),
            class_="keys",
        ),
        element("div", *map(_entry, found), class_="panel specialists"),
        _learned(learned) if learned else None,
        aria_labelledby="specialists",
    )


def _learned(states: Sequence[LearnedState]) -> Markup:
    """What `improve` has made of the user's corrections, and how it is undone."""
    return element(
        "div",
        element("h3", "Learned from your corrections"),
        element("ul", *map(_learned_item, states), class_="plain"),
        class_="panel",
    )


def _learned_item(state: LearnedState) -> Markup:
    use = f"version {state.version} in use" if state.version else "as shipped: what was learned is undone"
    return element(
        "li",
        element("strong", cut(state.title)),
        f": {use}, {counted(state.examples, 'case')}",
        element("pre", element("code", f"mcp-smalltools improve --undo {state.key}"), tabindex=0)
        if state.version
        else None,
    )


def _entry(tool: Specialist) -> Markup:
    sets = [_set(entry) for entry in tool.sets[:_SETS_SHOWN]]
    said = element(
        "div",
        element("h3", tool.name),
        element("p", calibration_said(tool)),
        element("p", own_said(tool), class_="quiet") if tool.own_answers else None,
    )
    plot = _plot(tool) if tool.measured or tool.own else element("div", class_="no-plot")
    return element("article", said, plot, element("dl", *sets, class_="sets"), class_="specialist")


def _plot(tool: Specialist) -> Markup:
    said = f"Calibration of {tool.name}. {calibration_said(tool)} {own_said(tool)}".rstrip()
    axes = element("figcaption", "promised → right ↑", aria_hidden="true")
    return element("figure", calibration_plot(tool.measured, tool.own, said), axes)


def calibration_said(tool: Specialist) -> str:
    """How often it is right when it is sure, on the set that its calibration was measured on."""
    sure = right_when_sure(tool.measured)
    if tool.calibrated is None:
        return "It was measured without a confidence."
    gap = worst_gap(tool.measured)
    too_sure = f" At worst it promised {100 * gap:.0f} points too much." if gap >= NOTED_GAP else ""
    if sure is None:
        return f"It was never {SURE:.0%} sure on {tool.calibrated.set}.{too_sure}"
    right, answers = sure
    return (
        f"When it was {SURE:.0%} sure or more, {right:.0%} of {counted(answers, 'answer')} were right "
        f"({tool.calibrated.set}).{too_sure}"
    )


def own_said(tool: Specialist) -> str:
    """The same on the user's own files, or how many outcomes are missing; "" where there are none."""
    if not tool.own_answers:
        return ""
    if not tool.own:
        answers = counted(tool.own_answers, "checked answer")
        return f"On your files: {answers} with a confidence so far; {ENOUGH} make a plot."
    sure = right_when_sure(tool.own)
    if sure is None:
        return f"On your files: {counted(tool.own_answers, 'checked answer')}, none of them {SURE:.0%} sure."
    answers = counted(sure[1], "checked answer")
    return f"On your files, when {SURE:.0%} sure or more: {sure[0]:.0%} of {answers} were right."


def _set(entry: Evaluation) -> Markup:
    """A set with its first figure, and whether its aim was reached."""
    name = _first_figure(entry)
    aim = {None: "", True: " (aim reached)", False: " (aim missed)"}[entry.reached(name)]
    others = [f"{other} {_shown(entry, other)}" for other in entry.metrics if other != name]
    more = f"; {', '.join(others)}" if entry.set == REAL_INPUT and others else ""
    return element(
        "div",
        element("dt", f"{entry.set}, {counted(entry.items, 'item')}, {entry.date.isoformat()}"),
        element(
            "dd",
            element("strong", _shown(entry, name)),
            element("span", f"{_NAMES.get(name, name)}{aim}{more}"),
            class_="missed" if entry.reached(name) is False else None,
        ),
    )


def _first_figure(entry: Evaluation) -> str:
    """On real input what is right where it was sure, if it ever was: that is what one relies on."""
    return RIGHT_WHERE_SURE if RIGHT_WHERE_SURE in entry.metrics else next(iter(entry.metrics))


def _shown(entry: Evaluation, name: str) -> str:
    value = entry.metrics[name]
    return f"{value:,.2f}" if value <= 1 else f"{value:,.0f}"
