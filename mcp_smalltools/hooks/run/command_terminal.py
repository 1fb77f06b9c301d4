"""A terminal for the command, of the size of ours, and ours in raw mode meanwhile."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import termios
import tty
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_NO_SIZE: Final = b"\0" * 8


@dataclass(slots=True)
class CommandTerminal:
    """A pseudo-terminal: `ours` is its end here, `theirs` the command's."""

    ours: int
    theirs: int

    @classmethod
    def like(cls, descriptor: int) -> CommandTerminal:
        """One of the same size and modes as a terminal. Raises OSError."""
        ours, theirs = os.openpty()
        terminal = cls(ours, theirs)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(theirs, termios.TCSANOW, termios.tcgetattr(descriptor))
        terminal.follow_size(descriptor)
        return terminal

    def follow_size(self, descriptor: int) -> None:
        """Take over the window's size; the command is told of a change by the kernel."""
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, _NO_SIZE)
            fcntl.ioctl(self.ours, termios.TIOCSWINSZ, size)

    @property
    def suspend_key(self) -> bytes:
        """What suspends the command; empty where it reads keys itself."""
        try:
            modes = termios.tcgetattr(self.ours)
        except termios.error:
            return b""
        key = modes[6][termios.VSUSP]
        return key if modes[3] & termios.ISIG and isinstance(key, bytes) and key != b"\0" else b""

    def close_theirs(self) -> None:
        os.close(self.theirs)


class RawMode:
    """Our own terminal passes each key on while the block runs, if it is ours to set."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None

    def __enter__(self) -> RawMode:
        self.enter()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def enter(self) -> None:
        with contextlib.suppress(OSError, termios.error):
            if os.tcgetpgrp(self._descriptor) == os.getpgrp():  # else we are in the background
                self._before = termios.tcgetattr(self._descriptor)
                tty.setraw(self._descriptor, termios.TCSADRAIN)

    def leave(self) -> None:
        if self._before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
            self._before = None


def take_as_controlling(descriptor: int) -> Callable[[], None]:
    """What a new session's first process does to make a terminal its own."""

    def take() -> None:
        fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)

    return take


def is_terminal(descriptor: int) -> bool:
    return sys.platform != "win32" and os.isatty(descriptor)


def shares_terminal_signals() -> bool:
    """Whether Ctrl-C reaches our process group from a terminal: then the command gets it there itself."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
