"""Watches, by the events that arrive anyway, what the agent does after answers: weak outcomes.

Answers that a hook has told are known at once; those of calls that the agent made are in the ledger. Only
numbers of calls, kinds and times are kept.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.hooks.after.agent_step import AgentStep, steps_of
from mcp_smalltools.hooks.after.follow_up import FollowUp, places_of
from mcp_smalltools.hooks.after.same_command import core_of
from mcp_smalltools.hooks.event import HookEvent
from mcp_smalltools.stores.accounts.weak_outcomes import WeakKind
from mcp_smalltools.stores.ledger import Ledger, LedgerRow, open_ledger
from mcp_smalltools.stores.outcomes import open_outcomes, weak_outcome_of

_RECENT_S: Final = 1800.0
"""Seconds after a call of the agent's in which what it does may be about the answer."""
_MOST_ANSWERS: Final = 16
_MOST_SESSIONS: Final = 64
_MOST_ROWS: Final = 12
_LARGEST_EDITED: Final = 2 << 20
"""Bytes of a file in which the lines of an edit are looked for."""
_SUMMARIES: Final = frozenset(("summarize_file", "parse_log"))


@dataclass(slots=True)
class _Session:
    """The answers of one session that are still followed, by their calls."""

    answers: deque[tuple[str, FollowUp]] = field(default_factory=lambda: deque(maxlen=_MOST_ANSWERS))
    known: deque[str] = field(default_factory=lambda: deque(maxlen=4 * _MOST_ANSWERS))


class AnswerWatcher:
    """Follows the answers of all sessions. Methods may be called in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def told(self, session: str, answer: Mapping[str, Any], command: str) -> None:
        """A hook has told of a command's output, by `find_failure`'s answer."""
        call_id = answer.get("call_id")
        if not isinstance(call_id, str):
            return
        with self._lock:
            own = self._session(session)
            own.known.append(call_id)
            own.answers.append((call_id, FollowUp(places_of(answer), core_of(command))))

    def see(self, event: HookEvent, settings: Settings, *, sees_edits: bool) -> list[tuple[str, WeakKind]]:
        """Follow one event, and keep what it says of answers before it. `sees_edits`: whether events of edits
        arrive; without, a command that runs again may run for an edit that nobody has told of.

        Raises ConfigError, sqlite3.Error.
        """
        steps = _steps(event)
        with self._lock:
            followed = event.session in self._sessions and bool(self._sessions[event.session].answers)
        if not steps or (not followed and all(step.does == "run" for step in steps)):
            return []
        with closing(open_ledger(settings)) as ledger:
            rows = _recent(ledger) if any(step.does != "run" for step in steps) else []
            with self._lock:
                own = self._session(event.session)
                self._follow(own, rows)
                found = [
                    (call_id, kind)
                    for step in steps
                    for call_id, follow in own.answers
                    for kind in follow.see(step)
                    if sees_edits or kind != "ran_again"
                ]
            outcomes = [
                weak_outcome_of(row, kind, "hook")
                for call_id, kind in found
                if (row := ledger.find(call_id)) is not None
            ]
        if outcomes:
            with closing(open_outcomes(settings.state_dir)) as store:
                store.add_weak(outcomes)
        return found

    def _session(self, session: str) -> _Session:
        own = self._sessions.setdefault(session, _Session())
        self._sessions.move_to_end(session)
        while len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return own

    def _follow(self, own: _Session, rows: Sequence[LedgerRow]) -> None:
        """Take up the answers of calls that the agent made a while ago."""
        for row in reversed(rows):
            if row.call_id in own.known:
                continue
            own.known.append(row.call_id)
            try:
                answer: Any = json.loads(row.answer)
                places = places_of(answer) if row.tool == "find_failure" else []
            except (ValueError, TypeError, AttributeError, RecursionError):
                continue
            sources = row.paths if row.tool in _SUMMARIES else ()
            if places or sources:
                own.answers.append((row.call_id, FollowUp(places, sources=sources)))


def _recent(ledger: Ledger) -> list[LedgerRow]:
    """Calls of the user's own agent, answered in the last half hour, newest first."""
    rows = ledger.rows(since=time.time() - _RECENT_S, limit=_MOST_ROWS, principal="local")
    return [row for row in rows if not row.by_hook and row.error is None and not row.escalate]


def _steps(event: HookEvent) -> list[AgentStep]:
    """What an event says that the agent has done or, of an edit, is about to do."""
    if event.name == "PreToolUse":
        return _coming_edit(event)
    if event.name not in ("PostToolUse", "PostToolUseFailure"):
        return []
    failed = event.name == "PostToolUseFailure"
    return list(steps_of(event.tool, event.arguments, event.response, failed=failed))


def _coming_edit(event: HookEvent) -> list[AgentStep]:
    """An edit before it is made, with its lines in the file as it is."""
    if event.tool not in ("Edit", "MultiEdit", "Write"):
        return []
    steps = list(steps_of(event.tool, event.arguments, {}, failed=False))
    old = event.arguments.get("old_string")
    if len(steps) != 1 or not isinstance(old, str) or not old:
        return steps
    try:
        path = Path(event.cwd or "/", steps[0].path)
        if not path.is_file() or path.stat().st_size > _LARGEST_EDITED:
            return steps
        text = path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return steps
    at = text.find(old)
    if at < 0:
        return steps
    first = text.count("\n", 0, at) + 1
    around = 3  # as many lines as the client puts around a change
    spans = ((max(1, first - around), first + old.count("\n") + around),)
    return [AgentStep("edit", steps[0].path, spans)]
