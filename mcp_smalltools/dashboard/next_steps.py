"""What to do next: each step with its reason and the command, the most urgent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.dashboard.figures import UNKNOWN, Figures
from mcp_smalltools.dashboard.shown_numbers import counted, period_words, share, tokens
from mcp_smalltools.dashboard.specialists import Specialist, is_too_sure
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.learning.improve.failure_cases import FIND_FAILURE
from mcp_smalltools.learning.improve.retrain import OF_FOLDERS

ENOUGH_CALLS: Final = 20
"""Calls of a tool from which on a step is made of its figures."""
MANY_ESCALATIONS: Final = 0.4
MANY_WRONG: Final = 5
TOO_LITTLE: Final = 400
"""Characters lost a call, on average, from which on a tool is said not to pay."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """`command` is what to type, or "" where `what` says it all. The most `urgent` goes first, at 0."""

    urgent: int
    what: str
    why: str
    command: str = ""


def next_steps(
    figures: Figures, tools: Sequence[Specialist], checks: Sequence[Check] | None
) -> list[NextStep]:
    """The most urgent first."""
    steps = [*_of_checks(checks or ()), *_of_figures(figures), *_of_tools(figures), *_of_specialists(tools)]
    return sorted(steps, key=lambda step: step.urgent)


def first_steps() -> list[NextStep]:
    """What to do where nothing was called yet."""
    return [
        NextStep(0, "See the tools at work", "On example files, in half a minute.", "mcp-smalltools demo"),
        NextStep(
            1,
            "Give them to your agent",
            "Run it in a project. Codex, Cursor, VS Code, Gemini CLI and Zed work the same way.",
            "mcp-smalltools install claude-code",
        ),
        NextStep(
            2,
            "See what they would have changed",
            "Replays the sessions that your agent has kept on this machine; nothing leaves it.",
            "mcp-smalltools discover",
        ),
        NextStep(3, "Check the set-up", "It says what is missing, and what to do.", "mcp-smalltools doctor"),
    ]


def _of_checks(checks: Sequence[Check]) -> Iterator[NextStep]:
    for check in checks:
        if check.state is CheckState.WRONG:
            yield NextStep(0, f"Mend: {check.name}", f"{check.found}. {check.remedy}".strip(), "")
        elif check.name == "clients" and check.remedy:
            yield NextStep(
                2,
                "Give the tools to an agent",
                "No client uses them yet.",
                "mcp-smalltools install claude-code",
            )
        elif check.name == "writer" and check.remedy:
            yield NextStep(4, "Add a second reader", check.found, check.remedy)


def _of_figures(figures: Figures) -> Iterator[NextStep]:
    when = period_words(figures.period).lower()
    if shown := figures.guard.get("shown", 0):
        yield NextStep(
            1,
            "Change the secrets that your agent was shown",
            f"{when.capitalize()}, failed commands printed secrets {counted(shown, 'time')} where a hook "
            "can't mask them.",
            "mcp-smalltools audit",
        )
    if figures.refused:
        yield NextStep(
            3,
            "See who was refused",
            f"{counted(figures.refused, 'request')} to a listening server {when}, by reason and address.",
            "mcp-smalltools audit",
        )
    checked, answers = figures.total.outcomes.total(), figures.total.calls - figures.total.errors
    if answers >= ENOUGH_CALLS and checked + figures.total.signs.total() == 0:
        yield NextStep(
            5,
            "Let your agent say what was right",
            f"None of {counted(answers, 'answer')} {when} has an outcome. Ask it to use report_outcome, or "
            "report one yourself.",
            "mcp-smalltools call report_outcome --arg call_id=ID --arg verdict=right",
        )


def _of_tools(figures: Figures) -> Iterator[NextStep]:
    labelled = Counter(outcome.tool for outcome in figures.outcomes for _ in outcome.examples)
    for name, tally in figures.by_tool.items():
        if name == UNKNOWN:
            continue
        if labelled.get(name, 0) >= MANY_WRONG:
            yield NextStep(
                1,
                f"Teach {name} from corrections",
                f"{counted(labelled[name], 'labelled correction')} of its answers; held-out ones decide "
                "whether the change is kept.",
                f"mcp-smalltools improve {name} --dry-run",
            )
            continue
        wrong = tally.outcomes["wrong"] + tally.outcomes["partly"]
        if wrong >= MANY_WRONG:
            yield _after_wrong_answers(name, wrong, tally.outcomes.total())
        if tally.calls < ENOUGH_CALLS:
            continue
        if -tally.net > TOO_LITTLE * tally.calls:
            yield NextStep(
                2,
                f"Hide {name}, if it doesn't pay",
                f"It cost about {tokens(-tally.net)} tokens more than it saved, in "
                f"{counted(tally.calls, 'call')}. In the configuration:",
                f'hide_tools = ["{name}"]',
            )
        elif tally.escalated > MANY_ESCALATIONS * tally.calls:
            yield NextStep(
                3,
                f"See why {name} hands so much back",
                f"{share(tally.escalated, tally.calls)} of its answers tell the agent to look itself. The "
                "audit has the reason of each.",
                "mcp-smalltools audit",
            )


def _after_wrong_answers(name: str, wrong: int, checked: int) -> NextStep:
    said = f"{wrong} of {counted(checked, 'checked answer')} were wrong or partly wrong."
    if name in OF_FOLDERS:
        what, how = f"Train {name} on your own files", "It learns from a source tree or its history"
        command = f"mcp-smalltools train {name} --from DIR"
        return NextStep(1, what, f"{said} {how}; what is no better isn't kept.", command)
    taught = " Corrections that quote the line teach it." if name == FIND_FAILURE else ""
    return NextStep(
        1, f"Look at what {name} got wrong", f"{said}{taught}", f"mcp-smalltools skills outcomes {name}"
    )


def _of_specialists(tools: Sequence[Specialist]) -> Iterator[NextStep]:
    for tool in tools:
        if is_too_sure(tool.own):
            yield NextStep(
                1,
                f"Don't trust the confidence of {tool.name} as it is",
                "On your own files it was right less often than it promised. Report more outcomes with "
                "corrections.",
                f"mcp-smalltools skills outcomes {tool.name}",
            )
