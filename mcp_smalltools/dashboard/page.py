"""The page: one sentence, a few numbers, what to do next, and then the details."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.dashboard.bill import PeriodBill
from mcp_smalltools.dashboard.charts import days_chart
from mcp_smalltools.dashboard.details import calls_section, machine_section, tables_section
from mcp_smalltools.dashboard.elements import Markup, element, joined
from mcp_smalltools.dashboard.figures import Figures
from mcp_smalltools.dashboard.machine import Machine
from mcp_smalltools.dashboard.next_steps import NextStep, first_steps, next_steps
from mcp_smalltools.dashboard.shown_numbers import (
    counted,
    date_words,
    duration,
    megabytes,
    period_words,
    share,
    tokens,
)
from mcp_smalltools.dashboard.specialist_entries import specialists_section
from mcp_smalltools.dashboard.specialists import ENOUGH, Specialist
from mcp_smalltools.learning.improve.kept import LearnedState

PERIODS: Final[Mapping[int, str]] = {1: "Today", 7: "7 days", 28: "4 weeks", 84: "12 weeks"}
"""Days -> what the link says."""
STEPS_SHOWN: Final = 3
_CENT: Final = 0.01


@dataclass(frozen=True, slots=True)
class Shown:
    """All that a page is made of. `names` are the files of a call as they may be shown, by call_id."""

    figures: Figures
    specialists: Sequence[Specialist]
    machine: Machine
    names: Mapping[str, str]
    read_at: float  # seconds since the epoch
    bill: PeriodBill | None = None
    learned: Sequence[LearnedState] = ()


def page(shown: Shown) -> str:
    """The whole document."""
    figures = shown.figures
    if figures.ever_called:
        steps = next_steps(figures, shown.specialists, shown.machine.checks)
        middle = joined(
            [_tiles(figures, shown.bill), _columns(_days(figures), _steps(steps)), tables_section(figures)]
        )
        middle = joined([middle, calls_section(figures, shown.names)])
    else:
        middle = _steps(first_steps())
    body = [
        element("a", "Skip to the content", href="#content", class_="skip"),
        _header(figures),
        element(
            "main",
            _headline(figures),
            middle,
            machine_section(shown.machine, figures, shown.bill),
            specialists_section(shown.specialists, shown.learned),
            id="content",
        ),
        _footer(shown),
    ]
    return document("mcp-smalltools", body)


def document(title: str, body: Sequence[Markup], head: Sequence[Markup] = ()) -> str:
    """A document with the stylesheet."""
    top = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="icon.svg", type="image/svg+xml"),
        element("link", rel="stylesheet", href="style.css"),
        *head,
    )
    return f"<!doctype html>\n{element('html', top, element('body', *body), lang='en')}\n"


def _header(figures: Figures) -> Markup:
    links = [
        element(
            "li",
            element(
                "a",
                said,
                href=f"?days={days}",
                aria_current="page" if days == figures.period else None,
            ),
        )
        for days, said in PERIODS.items()
    ]
    navigation = element("nav", element("ul", *links), aria_label="Period")
    return element("header", element("p", "mcp-smalltools", class_="brand"), navigation)


def _headline(figures: Figures) -> Markup:
    return element("section", element("h1", headline(figures)), element("p", truth(figures)), class_="hero")


def headline(figures: Figures) -> str:
    """What the tools did for the user in the period, in one sentence; negative where it is."""
    when, net = period_words(figures.period), figures.net
    done = []
    if figures.total.calls:
        done.append(counted(figures.total.calls, "call"))
    if figures.hooks.calls:
        done.append(counted(figures.hooks.calls, "note by hooks", "notes by hooks"))
    if not figures.ever_called:
        return "No agent has called the tools yet."
    if not done:
        return f"{when} no agent called the tools."
    if net >= 0:
        return f"{when} {' and '.join(done)} kept about {tokens(net)} tokens out of your agents’ context."
    return f"{when} {' and '.join(done)} cost your agents about {tokens(-net)} tokens more than they saved."


def truth(figures: Figures) -> str:
    """How often the answers were right, as far as anybody has looked."""
    if not figures.ever_called:
        return "Start below, and this page fills by itself. All of it stays on this machine."
    outcomes, signs = figures.total.outcomes, figures.total.signs
    answers = figures.total.calls - figures.total.errors
    if not figures.total.calls:
        return "Choose a longer period above, or look at the days below."
    seen = ""
    if signs.total():
        seen = (
            f" What agents did next speaks for {counted(signs['for'], 'more answer')} and against "
            f"{signs['against']:,}."
        )
    if not outcomes.total():
        unknown = "Nobody has said yet whether an answer was right, so how often they are isn’t known."
        return f"{unknown}{seen}"
    kinds = [("right", "right"), ("partly", "partly right"), ("wrong", "wrong")]
    found = ", ".join(f"{outcomes[kind]:,} {said}" for kind, said in kinds if outcomes[kind])
    were = "was" if outcomes.total() == 1 else "were"
    return f"{outcomes.total():,} of {counted(answers, 'answer')} {were} checked: {found}.{seen}"


def _tiles(figures: Figures, bill: PeriodBill | None) -> Markup:
    total, hooks = figures.total, figures.hooks
    checked, answers = total.outcomes.total(), total.calls - total.errors
    lost = f"{tokens(total.saved)} saved; {tokens(total.lost)} lost in {counted(total.losing, 'call')}"
    if hooks.calls:
        lost += f"; {tokens(-hooks.net)} added by hooks"
    if bill is not None and abs(bill.usd) >= _CENT:
        lost += f". {_bill_said(bill)}"
    tiles = [
        ("Tokens saved", f"≈ {tokens(figures.net)}", lost, "bad" if figures.net < 0 else ""),
        (
            "Calls",
            f"{total.calls:,}",
            f"typically {duration(total.typical_s)}; {share(total.cached, total.calls)} from the cache",
            "",
        ),
        (
            "Right, of those checked",
            _right_of(total.outcomes["right"], checked),
            f"{checked:,} of {counted(answers, 'answer')} checked",
            "bad" if total.outcomes["wrong"] > total.outcomes["right"] else "",
        ),
        (
            "Handed back",
            share(total.escalated, total.calls),
            f"{counted(total.escalated, 'answer')} told the agent to look itself; "
            f"{counted(total.errors, 'call')} failed",
            "",
        ),
        (
            "Left your files",
            f"≈ {tokens(total.left + hooks.left)}",
            f"tokens were sent to agents, of {megabytes(total.read + hooks.read)} read",
            "",
        ),
    ]
    return element("dl", *(_tile(*tile) for tile in tiles), class_="tiles")


def _right_of(right: int, checked: int) -> str:
    """A share, of few answers as a count: a percentage of three says more than three answers can."""
    return share(right, checked) if checked >= ENOUGH or not checked else f"{right} of {checked}"


def _bill_said(bill: PeriodBill) -> str:
    more = "less" if bill.usd >= 0 else "more"
    return f"About ${abs(bill.usd):,.2f} {more} to pay for {bill.model} (price of {bill.day.isoformat()})"


def _tile(name: str, value: str, note: str, kind: str) -> Markup:
    return element(
        "div",
        element("dt", name),
        element("dd", value, class_=f"value {kind}".strip()),
        element("dd", note, class_="note"),
    )


def _columns(left: Markup, right: Markup) -> Markup:
    return element("div", left, right, class_="columns")


def _days(figures: Figures) -> Markup:
    days = figures.days
    top = max((day.saved for day in days), default=0)
    rows = [
        element(
            "tr",
            element("th", date_words(day.date), scope="row"),
            element("td", f"{day.total.calls:,}"),
            element("td", tokens(day.saved)),
            element("td", tokens(day.lost)),
        )
        for day in reversed(days)
        if day.total.calls
    ]
    heads = element("tr", *(element("th", name, scope="col") for name in ("day", "calls", "saved", "lost")))
    table = element("table", element("thead", heads), element("tbody", *rows))
    return element(
        "section",
        element("h2", "Tokens saved by day", id="by-day"),
        element(
            "p",
            element("span", "saved", class_="key up"),
            element("span", "lost: cost more than it saved, or the answer was wrong", class_="key down"),
            class_="keys",
        ),
        element("p", f"≈ {tokens(top)}", class_="top", aria_hidden="true"),
        days_chart(days, max(len(days) - figures.period, 0)),
        element(
            "p",
            element("span", date_words(days[0].date)),
            element("span", "today"),
            class_="ends",
            aria_hidden="true",
        ),
        element("details", element("summary", "As a table"), table),
        aria_labelledby="by-day",
        class_="panel",
    )


def _steps(steps: Sequence[NextStep]) -> Markup:
    shown, rest = steps[:STEPS_SHOWN], steps[STEPS_SHOWN:]
    parts: list[Markup] = [element("h2", "What to do next", id="next")]
    if not steps:
        parts.append(element("p", "Nothing: the set-up is whole, and no figure asks for a change."))
    if shown:
        parts.append(element("ol", *map(_step, shown), class_="steps"))
    if rest:
        more = element("summary", f"{counted(len(rest), 'more step')}")
        parts.append(element("details", more, element("ol", *map(_step, rest), class_="steps", start=4)))
    return element("section", *parts, aria_labelledby="next", class_="panel")


def _step(step: NextStep) -> Markup:
    return element(
        "li",
        element("h3", step.what),
        element("p", step.why),
        element("pre", element("code", step.command), tabindex=0) if step.command else "",
    )


def _footer(shown: Shown) -> Markup:
    figures = shown.figures
    return element(
        "footer",
        element(
            "p",
            "A saving is what the agent would have read of the files, at most what its client lets through, "
            "less what it wrote and read instead. Answers that failed, handed back or were reported wrong "
            "saved nothing, and cost their reading. About 4 characters make a token.",
        ),
        element(
            "p",
            f"Read at {time.strftime('%H:%M:%S', time.localtime(shown.read_at))} from the ledger on this "
            f"machine ({megabytes(figures.ledger_bytes)}). Nothing on this page goes to another one. ",
            element("a", "Read again", href=f"?days={figures.period}"),
        ),
    )
