"""What the ledger and the outcomes say of a period, by tool, by agent and by day of the local calendar."""

from __future__ import annotations

import datetime
import statistics
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mcp_smalltools.config import Settings
from mcp_smalltools.stores.accounts.call_cost import HOOK_CLIENT
from mcp_smalltools.stores.accounts.groups import CallGroup, CallName
from mcp_smalltools.stores.accounts.weak_outcomes import WeakEvidence
from mcp_smalltools.stores.ledger import GUARD_ROWS, OWN_ROWS, Ledger, LedgerRow, open_ledger
from mcp_smalltools.stores.outcomes import ReportedOutcome, Verdict, open_outcomes

LATEST: Final = 8
"""Calls that are shown one by one."""
MOST_NAMES: Final = 20
"""Tools and agents that are shown by name. Callers choose names; the rest is counted together."""
OTHERS: Final = "others"
UNKNOWN: Final = "no tool of this name"
SIGNS_FROM: Final = 0.5
"""Log-odds, either way, from which on what the agent did after an answer counts as a sign."""
_STILL_GROWING: Final = 1
"""Days back to which rows may still come: a call is written when it ends, at the time of its start."""
_MOST_CHANGES: Final = 200
"""Changed outcomes whose calls are looked up; beyond it all days are read anew."""


@dataclass(slots=True)
class Tally:
    """Counts of calls. Savings are in characters, by the ledger's formula; `lost` is positive."""

    calls: int = 0
    cached: int = 0
    escalated: int = 0
    errors: int = 0
    read: int = 0  # bytes of files
    left: int = 0  # characters of answers that agents were shown
    saved: int = 0  # of the calls that saved something
    lost: int = 0  # of those that cost more than they saved, answers that were reported wrong among them
    losing: int = 0  # how many those are
    asked: int = 0  # characters of arguments
    cpu_s: float = 0.0
    gpu_s: float = 0.0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    outcomes: Counter[str] = field(default_factory=Counter)  # reported, by verdict
    signs: Counter[str] = field(default_factory=Counter)  # "for" and "against": calls without a report

    @property
    def net(self) -> int:
        return self.saved - self.lost

    @property
    def typical_s(self) -> float:
        """Median duration in seconds; 0.0 without calls."""
        return statistics.median(self.seconds) if self.seconds else 0.0

    def count(self, group: CallGroup) -> None:
        self.calls += group.calls
        self.cached += group.cached
        self.read += group.bytes_read
        self.left += group.chars_shown
        self.saved += group.saved
        self.lost += group.lost
        self.losing += group.losing
        self.asked += group.chars_asked
        self.cpu_s += group.cpu_s
        self.gpu_s += group.gpu_s
        if group.error is None:
            self.escalated += group.escalated
        else:
            self.errors += group.calls

    def add(self, other: Tally) -> None:
        for name in ("calls", "cached", "escalated", "errors", "read", "left", "saved", "lost", "losing"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.asked += other.asked
        self.cpu_s += other.cpu_s
        self.gpu_s += other.gpu_s
        self.seconds.extend(other.seconds)
        self.outcomes.update(other.outcomes)
        self.signs.update(other.signs)


@dataclass(slots=True)
class Day:
    """One day of the local calendar. `total` is of the calls that agents asked for, `hooks` of the others."""

    date: datetime.date
    total: Tally = field(default_factory=Tally)
    hooks: Tally = field(default_factory=Tally)
    by_tool: dict[str, Tally] = field(default_factory=dict)
    by_agent: dict[str, Tally] = field(default_factory=dict)
    left_by_level: Counter[str] = field(default_factory=Counter)  # characters
    guard: Counter[str] = field(default_factory=Counter)  # masked, refused, shown, withheld: how many times

    @property
    def saved(self) -> int:
        return self.total.saved + self.hooks.saved

    @property
    def lost(self) -> int:
        return self.total.lost + self.hooks.lost

    def tallies(self, tool: str, client: str, principal: str) -> tuple[Tally, ...]:
        """Where a call is counted."""
        if client == HOOK_CLIENT:
            return (self.hooks,)
        tool = tool if tool.isidentifier() else UNKNOWN
        agent = agent_of(client, principal)
        return self.total, _of(self.by_tool, tool), _of(self.by_agent, agent)

    def count(self, group: CallGroup) -> None:
        if group.tool == GUARD_ROWS:
            self.guard[(group.error or "guard_masked").removeprefix("guard_")] += group.calls
        elif group.tool != OWN_ROWS:
            for tally in self.tallies(group.tool, group.client, group.principal):
                tally.count(group)
            self.left_by_level[group.level or "none"] += group.chars_shown


@dataclass(frozen=True, slots=True)
class Figures:
    """What is shown. `days` is the chart's, oldest first, and may be longer than the `period`."""

    today: datetime.date
    period: int  # days, today included
    days: Sequence[Day]
    total: Tally
    hooks: Tally
    by_tool: Mapping[str, Tally]
    by_agent: Mapping[str, Tally]
    left_by_level: Mapping[str, int]
    guard: Mapping[str, int]
    refused: int  # requests to a listening server
    latest: Sequence[LedgerRow]
    verdicts: Mapping[str, str]  # reported, by call_id
    outcomes: Sequence[ReportedOutcome]  # of all times
    ledger_bytes: int

    @property
    def ever_called(self) -> bool:
        return bool(self.latest) or any(day.total.calls or day.hooks.calls for day in self.days)

    @property
    def net(self) -> int:
        """Characters saved, less what was lost and what hooks added."""
        return self.total.net + self.hooks.net


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of answers."""

    reported: Sequence[ReportedOutcome]
    weak: Sequence[WeakEvidence]


class FigureReader:
    """Reads figures. Days that are over are kept until the outcome of one of their calls changes."""

    def __init__(self, settings: Settings, today: Callable[[], datetime.date] = datetime.date.today) -> None:
        self._settings = settings
        self._today = today
        self._lock = threading.Lock()
        self._days: dict[datetime.date, Day] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._signs: dict[str, str] = {}

    def read(self, period: int | None, chart_days: int) -> Figures:
        """`period` None is today where there were calls today, and else the chart's days.

        Blocks. May be called in any thread. Raises ConfigError where a database can't be read.
        """
        known = self._outcomes()
        ledger = open_ledger(self._settings)
        try:
            with self._lock:
                self._take(ledger, known)
                days = self._read_days(ledger, max(period or 1, chart_days))
                return self._figures(ledger, days, period, chart_days, known.reported)
        finally:
            ledger.close()

    def _figures(
        self,
        ledger: Ledger,
        days: Sequence[Day],
        period: int | None,
        chart_days: int,
        outcomes: Sequence[ReportedOutcome],
    ) -> Figures:
        period = period or (1 if days[-1].total.calls else chart_days)
        shown = days[-period:]
        latest = [row for row in ledger.rows(limit=8 * LATEST) if _is_call(row)]
        refusals = ledger.refusals(since=start_of(shown[0].date))
        return Figures(
            today=days[-1].date,
            period=period,
            days=days[-chart_days:],
            total=_sum(day.total for day in shown),
            hooks=_sum(day.hooks for day in shown),
            by_tool=_by_name(day.by_tool for day in shown),
            by_agent=_by_name(day.by_agent for day in shown),
            left_by_level=sum((day.left_by_level for day in shown), Counter()),
            guard=sum((day.guard for day in shown), Counter()),
            refused=sum(refusal.count for refusal in refusals),
            latest=latest[:LATEST],
            verdicts=dict(self._verdicts),
            outcomes=outcomes,
            ledger_bytes=ledger.bytes_used(),
        )

    def _outcomes(self) -> _Known:
        store = open_outcomes(self._settings.state_dir)
        try:
            return _Known(store.all(), store.weak_evidence())
        finally:
            store.close()

    def _take(self, ledger: Ledger, known: _Known) -> None:
        """Use these outcomes, and forget the days with a call of which something else is known now."""
        verdicts = {outcome.call_id: outcome.verdict for outcome in known.reported}
        signs = {
            one.call_id: "for" if one.log_odds > 0 else "against"
            for one in known.weak
            if abs(one.log_odds) >= SIGNS_FROM
        }
        changed = {call_id for call_id, _ in verdicts.items() ^ self._verdicts.items()}
        changed |= {call_id for call_id, _ in signs.items() ^ self._signs.items()}
        self._verdicts, self._signs = verdicts, signs
        if len(changed) > _MOST_CHANGES:
            self._days.clear()
        elif self._days and changed:
            for name in ledger.names(changed):
                self._days.pop(datetime.date.fromtimestamp(name.at), None)

    def _read_days(self, ledger: Ledger, count: int) -> list[Day]:
        """The last days, oldest first."""
        today = self._today()
        dates = [today - datetime.timedelta(days=back) for back in reversed(range(count))]
        missing = [date for date in dates if date not in self._days or (today - date).days <= _STILL_GROWING]
        names = ledger.names({*self._verdicts, *self._signs}) if missing else []
        for date in missing:
            self._days[date] = self._read_day(ledger, date, names)
        return [self._days[date] for date in dates]

    def _read_day(self, ledger: Ledger, date: datetime.date, names: Sequence[CallName]) -> Day:
        """One day; `names` are the calls of which something is known, of any day."""
        day = Day(date)
        since, until = start_of(date), start_of(date + datetime.timedelta(days=1))
        own = [name for name in names if since <= name.at < until]
        wrong = [name.call_id for name in own if self._verdicts.get(name.call_id) == "wrong"]
        for group in ledger.groups(since=since, until=until, wrong=wrong):
            day.count(group)
        for tool, client, principal, seconds in ledger.durations(since=since, until=until):
            if tool not in (OWN_ROWS, GUARD_ROWS) and isinstance(seconds, float):
                for tally in day.tallies(tool, client, principal):
                    tally.seconds.append(seconds)
        for name in own:
            for tally in day.tallies(name.tool, name.client, name.principal):
                if verdict := self._verdicts.get(name.call_id):
                    tally.outcomes[verdict] += 1
                elif sign := self._signs.get(name.call_id):
                    tally.signs[sign] += 1
        return day


def agent_of(client: str, principal: str) -> str:
    """Who called: the client's name for itself, and the token's where the call came from elsewhere."""
    return client if principal == "local" else f"{client} ({principal})"


def start_of(date: datetime.date) -> float:
    """Seconds since the epoch at which a day of the local calendar begins."""
    return datetime.datetime.combine(date, datetime.time()).timestamp()


def _is_call(row: LedgerRow) -> bool:
    return row.tool not in (OWN_ROWS, GUARD_ROWS) and not row.by_hook


def _of(tallies: dict[str, Tally], name: str) -> Tally:
    found = tallies.get(name)
    if found is None:
        name = name if len(tallies) < MOST_NAMES else OTHERS
        found = tallies.setdefault(name, Tally())
    return found


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _by_name(parts: Iterable[Mapping[str, Tally]]) -> dict[str, Tally]:
    """The most used first."""
    found: dict[str, Tally] = {}
    for part in parts:
        for name, tally in part.items():
            _of(found, name).add(tally)
    return dict(sorted(found.items(), key=lambda item: (-item[1].calls, item[0])))
