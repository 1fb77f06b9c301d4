"""What a session shows by itself: outputs cut, commands run again to see more of them, files read whole."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from mcp_smalltools.discovery.transcript import AgentCall, Chain
from mcp_smalltools.hooks.after.agent_step import AgentStep, steps_of
from mcp_smalltools.hooks.after.follow_up import NamedPlace
from mcp_smalltools.hooks.after.same_command import Core, core_of
from mcp_smalltools.hooks.fields import object_of_field, text_of_field

LONG_CHARS: Final = 10_000
"""Characters from which a file that is read whole counts as long."""
_CUT: Final = re.compile(
    r"\.\.\. \[\d[\d,]* (?:characters|lines) truncated\] \.\.\.|…\d+ (?:tokens|chars) truncated…|"
    r"^Warning: truncated output \(original token count: \d+\)|\[\.\.\. omitted \d+ of \d+ lines \.\.\.\]",
    re.MULTILINE,
)
_PUT_ASIDE: Final = "<persisted-output>"
_LOG_NAME: Final = re.compile(r"(?i)\.(?:log|out|err|trace)(?:\.\d+)?$|(?:^|[-_.])logs?(?:[-_.]|$)")
_LOG_FOLDERS: Final = frozenset(("log", "logs"))
_NUMBERED: Final = re.compile(r"^ *\d+(?:\t|→)", re.MULTILINE)


@dataclass(slots=True)
class UnseenOutput:
    """A command's output of which the model saw only parts, and the calls that went for the rest."""

    call: AgentCall
    core: Core
    put_aside: str = ""
    """The client's file with all of it."""
    changed: bool = False
    """Whether something may have changed since: then the command runs for another reason."""
    ran_again: list[AgentCall] = field(default_factory=list)
    opened: list[AgentCall] = field(default_factory=list)


@dataclass(slots=True)
class WholeRead:
    """A long file that was read whole."""

    call: AgentCall
    path: str
    text: str
    is_log: bool
    edited: bool = False
    """Whether the agent edited it later: then it had to be read."""


@dataclass(slots=True)
class ChainFindings:
    """What one conversation shows. `steps` are what each call does."""

    unseen: list[UnseenOutput] = field(default_factory=list)
    cut: int = 0
    put_aside: int = 0
    whole: list[WholeRead] = field(default_factory=list)
    steps: list[tuple[AgentCall, list[AgentStep]]] = field(default_factory=list)


def findings_of(chain: Chain) -> ChainFindings:
    """Look at each call once, in order."""
    found = ChainFindings()
    for call in chain.calls:
        steps = list(steps_of(call.tool, call.arguments, call.response, failed=call.failed))
        found.steps.append((call, steps))
        _note_fetches(found, call, steps)
        for step in steps:
            if step.does == "edit":
                _note_edit(found, step)
            elif step.changes:
                _note_other_command(found, step)
            elif step.does == "read" and step.whole and call.answered and not call.failed:
                _note_whole(found, call, step.path)
        if call.tool == "Bash" and call.answered:
            _note_unseen(found, call)
    return found


def is_cut(call: AgentCall) -> bool:
    """Whether the client has cut what a command printed."""
    return _CUT.search(call.shown) is not None


def _note_unseen(found: ChainFindings, call: AgentCall) -> None:
    aside = text_of_field(call.response, "persistedOutputPath")
    if not aside and call.shown.startswith(_PUT_ASIDE):
        named = re.search(r"saved to: ([^\n]{1,4000})", call.shown[:6000])
        aside = named[1].strip() if named else "?"
    cut = not aside and is_cut(call)
    found.put_aside += bool(aside)
    found.cut += cut
    if aside or cut:
        found.unseen.append(UnseenOutput(call, core_of(text_of_field(call.arguments, "command")), aside))


def _note_fetches(found: ChainFindings, call: AgentCall, steps: Sequence[AgentStep]) -> None:
    """Whether a call goes for more of an output that was not seen whole. It counts for the latest one."""
    command = text_of_field(call.arguments, "command")
    core = core_of(command) if call.tool == "Bash" else ()
    given = json.dumps(call.arguments, default=str) if any(one.put_aside for one in found.unseen) else ""
    for output in reversed(found.unseen):
        if len(output.put_aside) > 1 and output.put_aside in given:
            output.opened.append(call)
            return
        if core and core == output.core and not output.changed:
            output.ran_again.append(call)
            return


def _note_edit(found: ChainFindings, step: AgentStep) -> None:
    for output in found.unseen:
        output.changed = True
    for read in found.whole:
        read.edited |= NamedPlace(read.path, 1).is_in(step.path)


def _note_other_command(found: ChainFindings, step: AgentStep) -> None:
    """A command that may have changed something: others that run again after it have another reason."""
    for output in found.unseen:
        output.changed |= step.core != output.core


def _note_whole(found: ChainFindings, call: AgentCall, path: str) -> None:
    content = text_of_field(object_of_field(call.response, "file"), "content") or _without_numbers(call.shown)
    if len(content) >= LONG_CHARS and not is_cut(call) and not call.shown.startswith(_PUT_ASIDE):
        found.whole.append(WholeRead(call, path, content, is_log_name(path)))


def _without_numbers(shown: str) -> str:
    """What a client shows of a file without the numbers of its lines."""
    return _NUMBERED.sub("", shown) if _NUMBERED.match(shown) else shown


def is_log_name(path: str) -> bool:
    """Whether a file is a log, by its name and folders."""
    pure = PurePosixPath(path.replace("\\", "/"))
    folders = {part.lower() for part in pure.parts[:-1]}
    return bool(_LOG_NAME.search(pure.name)) or not folders.isdisjoint(_LOG_FOLDERS)
