"""One command: started as if nobody watched, its output kept, and a few lines about it at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.hooks.agent_session import level_of
from mcp_smalltools.hooks.kept.outputs import KeptOutput, OutputStore, OutputWriter
from mcp_smalltools.hooks.run.command_terminal import (
    CommandTerminal,
    is_terminal,
    shares_terminal_signals,
    take_as_controlling,
)
from mcp_smalltools.hooks.run.masked_stream import MaskedStream
from mcp_smalltools.hooks.run.relay import Relay, Sink
from mcp_smalltools.hooks.tell.message import failure_message
from mcp_smalltools.hooks.tell.teller import is_answer, is_short
from mcp_smalltools.hooks.tool_calls import HookTools
from mcp_smalltools.level import PrivacyLevel

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes of shells for a command that can't be started."""
_WARM_AFTER_S: Final = 2.0
"""A command that runs longer may need the workers at its end: they are started meanwhile."""
_DEADLINE_S: Final = 30.0


@dataclass(slots=True)
class CommandRun:
    """What runs, and what becomes of its output."""

    command: Sequence[str]
    settings: Settings
    mask: bool = False
    _tools: HookTools = field(default_factory=HookTools)

    def run(self) -> int:
        """Run the command to its end; its exit code, or 128 and the number of the signal that ended it."""
        store = OutputStore.of(self.settings)
        with contextlib.ExitStack() as stack:
            stack.callback(self._tools.close)
            writer = stack.enter_context(OutputWriter(store, "run", time.strftime("%m%d-%H%M%S")))
            masked = MaskedStream(self.settings) if self.mask else None
            try:
                with self._warmed_meanwhile():
                    code = self._relayed(writer, masked)
            except FileNotFoundError as error:
                return self._not_started(error, NOT_FOUND)
            except OSError as error:
                return self._not_started(error, NOT_EXECUTABLE)
            if masked is not None:
                writer.write(rest := masked.rest())
                with contextlib.suppress(BrokenPipeError):
                    _write_all(1, rest)
            self._tell(code, writer.finished())
        return code

    def _relayed(self, writer: OutputWriter, masked: MaskedStream | None) -> int:
        """Start the command and relay until its end. Raises OSError where it can't be started."""
        with contextlib.ExitStack() as stack:
            ends = _Ends.for_command(masked is None, stack)
            process = processes.start(
                self.command,
                stdin=ends.stdin,
                stdout=ends.stdout,
                stderr=ends.stderr,
                env=os.environ,
                cwd=Path.cwd(),
                **ends.options,
            )
            ends.close_theirs()

            def passed_to(target: int) -> Sink:
                def sink(data: bytes) -> None:
                    shown = data if masked is None else masked.feed(data)
                    writer.write(shown)
                    _write_all(target, shown)

                return sink

            relay = Relay(
                process.pid,
                {source: passed_to(target) for source, target in ends.sources.items()},
                ends.terminal,
                0 if ends.terminal is not None and is_terminal(0) else None,
                frozenset({signal.SIGINT, signal.SIGQUIT}) if ends.shares_signals else frozenset(),
            )
            status = relay.until_end()
            code = os.waitstatus_to_exitcode(status)
            process.returncode = code
        return code if code >= 0 else 128 - code

    @contextlib.contextmanager
    def _warmed_meanwhile(self) -> Any:
        timer = threading.Timer(_WARM_AFTER_S, self._tools.warm_up, (self.settings,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _tell(self, code: int, kept: KeptOutput | None) -> None:
        if kept is None:
            return
        where = f"exit code {code}, {kept.size:,} bytes of output: {kept.path}"
        name = Path(self.command[0]).name
        if is_answer(code, name) or is_short(kept):
            self._say(where)
            return
        arguments = {"exit_code": code, "command": " ".join(self.command)}
        level = level_of(str(Path.cwd()), self.settings)
        answer = self._tools.call(
            "find_failure", kept.path, arguments, self.settings, level, deadline_s=_DEADLINE_S
        )
        sealed = level is PrivacyLevel.SEALED
        message = failure_message(answer, kept, exit_code=code, sealed=sealed) if answer else ""
        if answer:
            self._tools.note_shown(answer, message, self.settings)
        self._say(message.removeprefix("smalltools ") or where)

    def _not_started(self, error: OSError, code: int) -> int:
        self._say(f"{self.command[0]} can't be started: {error.strerror}.")
        return code

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):
            print(f"smalltools: {text}", file=sys.stderr, flush=True)


@dataclass(slots=True)
class _Ends:
    """Where the command reads and writes, and where its output goes on to."""

    stdin: int
    stdout: int
    stderr: int
    sources: dict[int, int]
    terminal: CommandTerminal | None = None
    options: dict[str, Any] = field(default_factory=dict)
    shares_signals: bool = False
    _theirs: list[int] = field(default_factory=list)

    @classmethod
    def for_command(cls, may_have_terminal: bool, stack: contextlib.ExitStack) -> _Ends:
        """A terminal where we have one; else pipes, one where our output and errors go to one place."""
        terminal = None
        if may_have_terminal and is_terminal(1):
            terminal = CommandTerminal.like(1)
            stack.callback(os.close, terminal.ours)
        theirs = [terminal.theirs] if terminal is not None else []
        ends = cls(0, 1, 2, {}, terminal, {}, terminal is None and shares_terminal_signals(), theirs)
        for target, shown in ((1, is_terminal(1)), (2, is_terminal(2))):
            if terminal is not None and shown:
                end = terminal.theirs
                ends.sources[terminal.ours] = 1
            elif target == 2 and terminal is None and _same_file(1, 2):
                end = ends.stdout
            else:
                source, end = os.pipe()
                stack.callback(os.close, source)
                ends.sources[source] = target
                theirs.append(end)
            ends.stdout, ends.stderr = (end, ends.stderr) if target == 1 else (ends.stdout, end)
        if terminal is not None:
            ends.stdin = terminal.theirs if is_terminal(0) else 0
            take = take_as_controlling(terminal.theirs)
            ends.options = {"start_new_session": True, "preexec_fn": take, "pass_fds": (terminal.theirs,)}
        return ends

    def close_theirs(self) -> None:
        for descriptor in self._theirs:
            os.close(descriptor)


def _same_file(one: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False


def _write_all(target: int, data: bytes) -> None:
    """Raises BrokenPipeError where nobody reads it any more; any other failure is not the command's."""
    try:
        while data:
            data = data[os.write(target, data) :]
    except BrokenPipeError:
        raise
    except OSError:
        return
