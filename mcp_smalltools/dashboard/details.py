"""The lower parts of the page: by tool, by agent, what left, the last calls, the machine."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Final

from mcp_smalltools.config import Settings
from mcp_smalltools.dashboard.bill import PeriodBill
from mcp_smalltools.dashboard.charts import sparkline
from mcp_smalltools.dashboard.elements import Markup, element, joined
from mcp_smalltools.dashboard.figures import Figures, Tally
from mcp_smalltools.dashboard.machine import Machine
from mcp_smalltools.dashboard.shown_numbers import counted, duration, megabytes, share, tokens
from mcp_smalltools.doctor.check import CheckState
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.stores.ledger import LedgerRow
from mcp_smalltools.text.visible import escaped_name

_NAME_CHARS: Final = 60
SEALED_NAME: Final = "sealed"
_LEVELS: Final[Mapping[str, str]] = {
    "open": "verbatim lines",
    "redacted": "lines, secrets masked",
    "sealed": "counts and labels, no text",
    "none": "no file was read",
}
_GUARD: Final[Mapping[str, str]] = {
    "masked": "a hook masked secrets before your agent saw them",
    "refused": "a hook refused a sealed file",
    "withheld": "a hook withheld what it could not look at",
    "shown": "your agent was shown secrets: a failed command printed them",
}


def names_of(rows: Iterable[LedgerRow], settings: Settings) -> dict[str, str]:
    """The files of each call as the page shows them, by call_id: masked, and none of sealed folders."""
    from mcp_smalltools.privacy.redact import Redactor

    redactor = Redactor.from_settings(settings)
    found = {}
    for row in rows:
        if row.level == PrivacyLevel.SEALED:
            found[row.call_id] = SEALED_NAME
        elif row.paths:
            name = redactor.scrub(escaped_name(PurePath(row.paths[0]).name))
            more = f" +{len(row.paths) - 1}" if len(row.paths) > 1 else ""
            found[row.call_id] = cut(name) + more
        else:
            found[row.call_id] = "no file"
    return found


def cut(name: str) -> str:
    """A name that others have chosen, on one line and not too long."""
    name = escaped_name(name)
    return name if len(name) <= _NAME_CHARS else f"{name[:_NAME_CHARS]}…"


def tables_section(figures: Figures) -> Markup:
    by_day = {
        name: [day.by_tool[name].calls if name in day.by_tool else 0 for day in figures.days]
        for name in figures.by_tool
    }
    note = (
        "Outcomes: what was reported of answers. Signs: what the agent did after others, such as editing the "
        "line that was named. They are evidence, not proof."
    )
    tools = _table("By tool", "by-tool", "tool", figures.by_tool, by_day, note=note)
    agents = _table("By agent", "by-agent", "agent", figures.by_agent, {})
    return joined([tools, element("div", agents, _left(figures), class_="columns even")])


def _table(
    title: str,
    key: str,
    what: str,
    tallies: Mapping[str, Tally],
    by_day: Mapping[str, Sequence[int]],
    *,
    note: str = "",
) -> Markup:
    heads = [what, "calls", "outcomes", "handed back", "saved", "lost", "typical time"]
    heads += ["calls by day"] if by_day else []
    head = element(
        "tr", *(element("th", name, scope="col", role="columnheader") for name in heads), role="row"
    )
    rows = [_row(name, tally, by_day.get(name), heads) for name, tally in tallies.items()]
    table = element(
        "table",
        element("thead", head, role="rowgroup"),
        element("tbody", *rows, role="rowgroup"),
        role="table",
        aria_labelledby=key,
        class_="figures",
    )
    content = table if rows else element("p", "No calls in this period.")
    about = element("p", note, class_="note") if note and rows else None
    return element("section", element("h2", title, id=key), content, about, class_="panel")


def _row(name: str, tally: Tally, by_day: Sequence[int] | None, heads: Sequence[str]) -> Markup:
    worth = "bad" if tally.net < 0 else "loss"
    cells: list[Markup | str] = [
        f"{tally.calls:,}",
        _outcomes(tally),
        share(tally.escalated, tally.calls),
        tokens(tally.saved),
        element("span", tokens(-tally.lost), class_=worth) if tally.lost else "0",
        duration(tally.typical_s) if tally.calls else "–",
    ]
    if by_day is not None:
        cells.append(sparkline(by_day, f"Calls by day, {max(by_day, default=0):,} at most"))
    shown = [
        element("td", cell, data_label=label, role="cell", class_="wide" if label == "calls by day" else None)
        for cell, label in zip(cells, heads[1:], strict=True)
    ]
    return element("tr", element("th", cut(name), scope="row", role="rowheader"), *shown, role="row")


def _outcomes(tally: Tally) -> Markup | str:
    kinds = [("right", "right"), ("partly", "partly"), ("wrong", "wrong")]
    parts = [
        element("span", f"{tally.outcomes[kind]:,} {said}", class_="bad" if kind == "wrong" else None)
        for kind, said in kinds
        if tally.outcomes[kind]
    ]
    for kind in ("for", "against"):
        if tally.signs[kind]:
            parts.append(element("span", f"{tally.signs[kind]:,} signs {kind}", class_="quiet"))
    if not parts:
        return element("span", "none yet", class_="quiet")
    return joined([parts[0], *(joined([", ", part]) for part in parts[1:])])


def _left(figures: Figures) -> Markup:
    levels = [
        element(
            "li",
            element("strong", f"≈ {tokens(figures.left_by_level[level])} tokens"),
            f" at level {level}: {said}" if level != "none" else f" where {said}",
        )
        for level, said in _LEVELS.items()
        if figures.left_by_level.get(level)
    ]
    guard = [
        element("li", element("strong", counted(figures.guard[done], "time")), f" {said}")
        for done, said in _GUARD.items()
        if figures.guard.get(done)
    ]
    refused = (
        [
            element(
                "li", element("strong", counted(figures.refused, "request")), " to a listening server refused"
            )
        ]
        if figures.refused
        else []
    )
    nothing = element("li", "Nothing left in this period.") if not (levels or guard or refused) else ""
    return element(
        "section",
        element("h2", "What left", id="left"),
        element("ul", *levels, *guard, *refused, nothing, class_="plain"),
        element("p", "The exact text of every answer:"),
        element("pre", element("code", "mcp-smalltools audit"), tabindex=0),
        aria_labelledby="left",
        class_="panel",
    )


def calls_section(figures: Figures, names: Mapping[str, str]) -> Markup:
    """The last calls. No text of an answer: that is the audit's."""
    heads = ("when", "tool", "file", "sent", "result")
    head = element(
        "tr", *(element("th", name, scope="col", role="columnheader") for name in heads), role="row"
    )
    rows = []
    for row in figures.latest:
        cells = (
            _when(row.at),
            cut(row.tool),
            names.get(row.call_id, "no file"),
            f"≈ {tokens(row.chars_left)}",
            _result(row, figures.verdicts.get(row.call_id)),
        )
        shown = [
            element("td", cell, data_label=label, role="cell", class_="name" if label == "file" else None)
            for cell, label in zip(cells[1:], heads[1:], strict=True)
        ]
        rows.append(element("tr", element("th", cells[0], scope="row", role="rowheader"), *shown, role="row"))
    table = element(
        "table",
        element("thead", head, role="rowgroup"),
        element("tbody", *rows, role="rowgroup"),
        role="table",
        aria_labelledby="calls",
        class_="figures calls",
    )
    return element("section", element("h2", "The last calls", id="calls"), table, class_="panel")


def _when(at: float) -> str:
    today = time.strftime("%Y-%m-%d") == time.strftime("%Y-%m-%d", time.localtime(at))
    return time.strftime("%H:%M" if today else "%d %b %H:%M", time.localtime(at))


def _result(row: LedgerRow, verdict: str | None) -> str:
    said = f"failed: {row.error.replace('_', ' ')}" if row.error else "answered"
    said = "handed back" if row.escalate and not row.error else said
    given = row.confidence if not (row.escalate or row.error) else None
    sure = f", {_confidence(given)} sure" if given is not None else ""
    reported = f"; it was {'partly right' if verdict == 'partly' else verdict}" if verdict else ""
    return f"{said}{sure}{reported}"


def _confidence(given: float) -> str:
    return ">99%" if given > 0.99 else f"{given:.0%}"


def machine_section(machine: Machine, figures: Figures, bill: PeriodBill | None) -> Markup:
    """The engine, and what `doctor` found."""
    parts: list[Markup] = [element("h2", "This machine", id="machine"), element("p", _engine(machine))]
    if bill is not None and bill.joules:
        cpu_s = figures.total.cpu_s + figures.hooks.cpu_s
        took = f"Calls of the period took {duration(cpu_s)} of processor time"
        parts.append(element("p", f"{took}, {_energy(bill.joules)} by estimate."))
    if machine.checks is None:
        parts.append(
            element("p", "The set-up is being examined: read again in a few seconds.", class_="quiet")
        )
        return element("section", *parts, aria_labelledby="machine", class_="panel")
    wrong = [check for check in machine.checks if check.state is CheckState.WRONG]
    notes = [check for check in machine.checks if check.state is CheckState.NOTE]
    fine = len(machine.checks) - len(wrong) - len(notes)
    parts.append(
        element(
            "p",
            f"Set-up: {counted(fine, 'check')} fine, {counted(len(notes), 'note')}, ",
            element("span", f"{len(wrong)} wrong", class_="bad" if wrong else None),
            ".",
        )
    )
    listed = [
        element(
            "li",
            element("strong", f"{check.name}: "),
            check.found,
            f" {check.remedy}" if check.remedy else "",
        )
        for check in (*wrong, *notes)
    ]
    if listed:
        more = element("summary", "What doctor says")
        parts.append(
            element("details", more, element("ul", *listed, class_="plain"), open="" if wrong else None)
        )
    return element("section", *parts, aria_labelledby="machine", class_="panel")


def _energy(joules: float) -> str:
    """As a bill has it, in watt-hours."""
    hours = joules / 3600
    if hours < 0.1:
        return "under 0.1 Wh"
    return f"about {hours:.1f} Wh" if hours < 1000 else f"about {hours / 1000:.1f} kWh"


def _engine(machine: Machine) -> str:
    engine = machine.engine
    if engine is None:
        return "Engine: it didn’t say how it is in time."
    if urls := engine.extra.get("endpoints"):
        up = sum(state == "answers" for state in urls.values())
        return f"Engine: {up} of {counted(len(urls), 'server')} of engine_urls answer."
    if not engine.running:
        return "Engine: not running. The first call that needs a model starts it."
    models = ", ".join(model.id for model in engine.models) or "no model yet"
    problem = f" {engine.extra['problem']}" if engine.extra.get("problem") else ""
    return (
        f"Engine: running on {engine.backend or 'this machine'}, {megabytes(engine.rss_mb * 1e6)}, "
        f"holds {models}; {counted(engine.requests, 'request')} so far, {engine.queued} waiting.{problem}"
    )
