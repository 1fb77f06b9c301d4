"""Which part answers which event, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mcp_smalltools.config import Settings
from mcp_smalltools.hooks.agent_session import HookCall, tasks_folder
from mcp_smalltools.hooks.event import HookEvent
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
    return HookReply(context=Teller(host.keeper, host.tools, settings).tell(occasion.event))


PARTS: Final[Mapping[str, Mapping[str, Part]]] = {
    "keep": {"SessionStart": keep, "PostToolUse": keep, "PostToolUseFailure": keep, "SessionEnd": keep},
    "tell": {"SessionStart": tell, "PostToolUse": tell, "PostToolUseFailure": tell},
}
"""By the part's name: what answers which event. Parts answer in this order."""


def answer(occasion: Occasion) -> HookReply:
    """What all parts that were asked for say together."""
    reply = HookReply()
    for name, events in PARTS.items():
        part = events.get(occasion.event.name)
        if part is not None and (not occasion.call.parts or name in occasion.call.parts):
            reply = reply.merged(part(occasion))
    return reply
