"""Passes input, output and signals on between a running command and whoever has started us."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from mcp_smalltools.hooks.run.command_terminal import CommandTerminal, RawMode

_READ: Final = 64 << 10
_FORWARDED: Final = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_NOTICED: Final = (signal.SIGCHLD, signal.SIGWINCH, signal.SIGCONT)

Sink = Callable[[bytes], None]


@dataclass(slots=True)
class Relay:
    """One command that runs. `sinks` says for each descriptor that it writes to what is done with it."""

    pid: int
    sinks: Mapping[int, Sink]
    terminal: CommandTerminal | None = None
    input: int | None = None
    """Our terminal, whose keys go to the command's."""
    kept_back: frozenset[signal.Signals] = frozenset()
    """Signals that the command gets from the terminal itself."""
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _raw: RawMode | None = None

    def until_end(self) -> int:
        """Relay until the command has ended; returns its wait status."""
        with contextlib.ExitStack() as stack:
            wake = stack.enter_context(_signals_as_bytes())
            stack.callback(self._selector.close)
            for descriptor in self.sinks:
                os.set_blocking(descriptor, False)
                self._selector.register(descriptor, selectors.EVENT_READ)
            self._selector.register(wake, selectors.EVENT_READ)
            if self.input is not None:
                self._raw = stack.enter_context(RawMode(self.input))
                self._selector.register(self.input, selectors.EVENT_READ)
            return self._loop(wake)

    def _loop(self, wake: int) -> int:
        status = self._ended()  # it may have ended before its signal was listened for
        while status is None:
            for key, _ in self._selector.select():
                if key.fd == wake:
                    status = self._take_signals(os.read(wake, 256)) if status is None else status
                elif key.fd == self.input:
                    self._pass_keys(key.fd)
                else:
                    self._pass_output(key.fd)
        for descriptor in self.sinks:  # what it wrote last; others may still have the pipe open
            while descriptor in self._selector.get_map() and self._pass_output(descriptor):
                pass
        return status

    def _pass_output(self, descriptor: int) -> bool:
        """Whether there was any."""
        try:
            data = os.read(descriptor, _READ)
        except BlockingIOError:
            return False
        except OSError:  # a terminal whose other end is closed
            data = b""
        if not data:
            self._selector.unregister(descriptor)
            return False
        try:
            self.sinks[descriptor](data)
        except BrokenPipeError:  # whoever read our output has left: so the command's reader leaves, too
            self._selector.unregister(descriptor)
            nowhere = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            os.dup2(nowhere, descriptor, inheritable=False)
            os.close(nowhere)
            return False
        return True

    def _pass_keys(self, descriptor: int) -> None:
        assert self.terminal is not None
        try:
            data = os.read(descriptor, _READ)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(descriptor)
            return
        suspend = self.terminal.suspend_key
        before, found, after = data.partition(suspend) if suspend else (data, b"", b"")
        self._write_keys(before)
        if found:
            self._suspend()
            self._write_keys(after)

    def _write_keys(self, data: bytes) -> None:
        assert self.terminal is not None
        os.set_blocking(self.terminal.ours, True)
        try:
            with contextlib.suppress(OSError):
                while data:
                    data = data[os.write(self.terminal.ours, data) :]
        finally:
            os.set_blocking(self.terminal.ours, False)

    def _suspend(self) -> None:
        """Stop the command and ourselves, as a shell's Ctrl-Z does, until both are continued."""
        self._signal(signal.SIGSTOP)
        if self._raw is not None:
            self._raw.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._continue()

    def _continue(self) -> None:
        if self._raw is not None:
            self._raw.leave()
            self._raw.enter()
        if self.terminal is not None and self.input is not None:
            self.terminal.follow_size(self.input)
        self._signal(signal.SIGCONT)

    def _take_signals(self, numbers: bytes) -> int | None:
        """Pass on what was sent to us; the wait status if the command has ended."""
        for number in numbers:
            if number == signal.SIGWINCH:
                if self.terminal is not None and self.input is not None:
                    self.terminal.follow_size(self.input)
            elif number == signal.SIGCONT:
                self._continue()
            elif number in _FORWARDED and signal.Signals(number) not in self.kept_back:
                self._signal(signal.Signals(number))
        return self._ended()

    def _signal(self, number: signal.Signals) -> None:
        """To the command; with a terminal of its own to all of its session's group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.terminal is not None:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def _ended(self) -> int | None:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return status if pid else None


@contextlib.contextmanager
def _signals_as_bytes() -> Iterator[int]:
    """A descriptor from which the numbers of signals that come are read while the block runs."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, _noticed) for number in (*_FORWARDED, *_NOTICED)}
    former = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(former)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


def _noticed(number: int, frame: object) -> None:
    """Its byte is written by then."""
