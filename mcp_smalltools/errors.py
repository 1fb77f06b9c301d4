"""The errors that a user or an agent can meet.

    SmallToolsError
    ├── UsageError            the call or the command line is wrong         (exit 2)
    │   └── ConfigError       a setting has a bad value
    │       └── SkillError    a skill.toml, or a file that it names, can't be used
    ├── FileError             a path can't be used
    │   ├── NotAllowed        outside the roots, or a kind of file that is never opened
    │   ├── NotFound          no such file
    │   └── Unreadable        there, but it can't be read as text
    ├── ModelError            a model is missing, damaged or can't be fetched
    ├── EngineError           the engine can't answer
    │   ├── EngineUnavailable it could not be started or reached, even after a retry
    │   │   └── EngineMissing  there is no llama.cpp on this machine yet
    │   ├── EngineBusy        its queue is full
    │   └── VersionMismatch   an engine of another version is running
    ├── NotRecorded           the answer can't be written into the ledger, so it is withheld
    ├── DeadlineExceeded      the call's time is over
    ├── TooMany               too many calls in a minute, or waiting
    ├── Cancelled             the client cancelled the call or disconnected
    └── InternalError         a bug of ours

Each carries a stable `code`, one sentence that names the thing, and a `remedy` that says what to do next.
Nothing else reaches an agent: any other exception is a bug, and is reported as one without its text.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import ClassVar, Self


class SmallToolsError(Exception):
    """An error with a stable code, a sentence that names the thing, and a remedy."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        # May quote a path or an argument, whose line breaks and control characters must not get into a log.
        self.message = _printable(message)
        self.remedy = _printable(remedy)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(SmallToolsError):
    """The call's arguments, or the command line's, are wrong."""

    code = "usage"


class ConfigError(UsageError):
    """A setting has a value that can't be used."""

    code = "config"


class SkillError(ConfigError):
    """A skill.toml, or a file that it names, can't be used; the sentence names the file and the line."""

    code = "skill"


class FileError(SmallToolsError):
    """A path can't be used."""

    code = "file"


class NotAllowed(FileError):
    """The path is outside the roots, or is of a kind that is never opened (FIFO, device, socket)."""

    code = "not_allowed"


class NotFound(FileError):
    """There is no such file."""

    code = "not_found"


class Unreadable(FileError):
    """The file is there, but can't be read as text (binary, damaged, no permission, a folder)."""

    code = "unreadable"


class ModelError(SmallToolsError):
    """A model is missing, damaged, or can't be fetched."""

    code = "model"


class EngineError(SmallToolsError):
    """The engine can't answer."""

    code = "engine"


class EngineUnavailable(EngineError):
    """The engine could not be started or reached, even after a retry on a fresh one."""

    code = "engine_unavailable"


class EngineMissing(EngineUnavailable):
    """There is no llama.cpp on this machine that the engine could use, or not yet."""

    code = "engine_missing"


class EngineBusy(EngineError):
    """The engine's queue is full."""

    code = "engine_busy"


class VersionMismatch(EngineError):
    """An engine of another version of this program is running."""

    code = "engine_version"


class WorkerDied(SmallToolsError):
    """The process that read the call's files ended before it had answered."""

    code = "worker_died"


class NotRecorded(SmallToolsError):
    """The answer can't be written into the ledger, so it is withheld."""

    code = "not_recorded"


class DeadlineExceeded(SmallToolsError):
    """The call's time is over."""

    code = "deadline"


class TooMany(SmallToolsError):
    """The principal made too many calls in a minute, or has too many calls waiting."""

    code = "too_many"


class Cancelled(SmallToolsError):
    """The client disconnected, or cancelled the call."""

    code = "cancelled"


class InternalError(SmallToolsError):
    """A bug of ours. Says where, but not the exception's text: that may hold text of the user's file."""

    code = "internal"

    @classmethod
    def at(cls, what: str, error: BaseException) -> Self:
        """Name the exception's type and the innermost frame of this program that it passed."""
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "mcp_smalltools" in Path(frame.filename).parts]
        where = f" in {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
        return cls(
            f"{what} failed inside: {type(error).__name__}{where}.",
            remedy="This is a bug, please report it. Meanwhile, read the file yourself.",
        )


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first SmallToolsError of a group, however deep, else its first error."""
    flat: list[BaseException] = []
    rest: list[BaseException] = [group]
    while rest:
        error = rest.pop(0)
        if isinstance(error, BaseExceptionGroup):
            rest = [*error.exceptions, *rest]
        else:
            flat.append(error)
    return next((error for error in flat if isinstance(error, SmallToolsError)), flat[0])


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
