"""Which part answers which event, and what they share."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mcp_smalltools.config import Settings
from mcp_smalltools.hooks.after.watcher import AnswerWatcher
from mcp_smalltools.hooks.agent_session import HookCall, client_folder, tasks_folder
from mcp_smalltools.hooks.event import HookEvent
from mcp_smalltools.hooks.guard.guard import Guard
from mcp_smalltools.hooks.guard.journal import GuardJournal
from mcp_smalltools.hooks.kept.keeper import OutputKeeper
from mcp_smalltools.hooks.kept.outputs import OutputStore
from mcp_smalltools.hooks.reply import HookReply
from mcp_smalltools.hooks.tell.teller import Teller
from mcp_smalltools.hooks.tool_calls import HookTools


@dataclass(frozen=True, slots=True)
class HookHost:
    """What lives as long as the daemon."""

    keeper: OutputKeeper = field(default_factory=OutputKeeper)
    tools: HookTools = field(default_factory=HookTools)
    journal: GuardJournal = field(default_factory=GuardJournal)
    watcher: AnswerWatcher = field(default_factory=AnswerWatcher)


@dataclass(frozen=True, slots=True)
class Occasion:
    """One event, with all that a part needs to answer it."""

    event: HookEvent
    call: HookCall
    settings: Settings
    host: HookHost


Part = Callable[[Occasion], HookReply]


def keep(occasion: Occasion) -> HookReply:
    """Keep the outputs of the session's commands from now on."""
    event = occasion.event
    keeper = occasion.host.keeper
    if event.name == "SessionEnd":
        keeper.leave(event.session)
    elif event.session:
        folder = tasks_folder(event.session, event.cwd, occasion.call.environ)
        keeper.watch(folder, event.session, OutputStore.of(occasion.settings))
    return HookReply()


def tell(occasion: Occasion) -> HookReply:
    """Say why a command failed."""
    host, settings = occasion.host, occasion.settings
    if occasion.event.name == "SessionStart":
        host.tools.warm_up(settings)
        return HookReply()
    projects = client_folder(occasion.call.environ) / "projects"
    teller = Teller(host.keeper, host.tools, settings, host.watcher, put_aside_in=projects)
    return HookReply(context=teller.tell(occasion.event))


def guard(occasion: Occasion) -> HookReply:
    """Mask what the agent's own tools show, and refuse them what is sealed."""
    if occasion.event.name == "SessionStart":
        from mcp_smalltools.privacy.find_secrets import compile_matchers

        compile_matchers()
    return Guard(occasion.settings, occasion.call.environ, occasion.host.journal).answer(occasion.event)


PARTS: Final[Mapping[str, Mapping[str, Part]]] = {
    "keep": {"SessionStart": keep, "PostToolUse": keep, "PostToolUseFailure": keep, "SessionEnd": keep},
    "tell": {"SessionStart": tell, "PostToolUse": tell, "PostToolUseFailure": tell},
    "guard": {"SessionStart": guard, "PreToolUse": guard, "PostToolUse": guard, "PostToolUseFailure": guard},
}
"""By the part's name: what answers which event. Parts answer in this order."""


def answer(occasion: Occasion) -> HookReply:
    """What all parts that were asked for say together.

    Raises what `guard` raises: nobody may take its failure for "nothing to mask". The others' failures are
    noted, and they say nothing.
    """
    reply = HookReply()
    for name, events in PARTS.items():
        part = events.get(occasion.event.name)
        if part is None or not occasion.call.asks_for(name):
            continue
        try:
            reply = reply.merged(part(occasion))
        except Exception as error:
            if name == "guard":
                raise
            note_failure(error)
    return reply


def answer_and_watch(occasion: Occasion) -> HookReply:
    """The answer, and what the event says of answers before it: never of the one that it is given itself.

    Raises as `answer` does.
    """
    if occasion.event.name != "PreToolUse":
        _watch(occasion)
        return answer(occasion)
    reply = answer(occasion)
    if not reply.refusal:  # what is refused isn't done
        _watch(occasion)
    return reply


def _watch(occasion: Occasion) -> None:
    """Never raises."""
    if not occasion.event.session:
        return
    try:
        sees_edits = occasion.call.asks_for("guard")
        occasion.host.watcher.see(occasion.event, occasion.settings, sees_edits=sees_edits)
    except Exception as error:
        note_failure(error)


def note_failure(error: Exception) -> None:
    """Say on standard error where something went wrong. Its text may hold text of the user's."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    with contextlib.suppress(OSError, ValueError):  # on a full disk nothing is noted
        print(f"{type(error).__name__} at {place.filename}:{place.lineno}", file=sys.stderr)
