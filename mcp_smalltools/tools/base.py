"""What a tool is: a name, a description, a record of arguments, a record for the answer, and `run`."""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import anyio.to_thread
from pydantic import BaseModel, ConfigDict, ValidationError

from mcp_smalltools import result
from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import Engine, Progress
from mcp_smalltools.errors import Cancelled, DeadlineExceeded, UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.suggest import did_you_mean
from mcp_smalltools.text.visible import whole_text
from mcp_smalltools.tools.meant import as_meant

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from mcp_smalltools.calibration.qualification import QualifiedWriter
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.files.tree import FileEntry
    from mcp_smalltools.pictures.reading import Quad, ReadPicture
    from mcp_smalltools.stores.exports import OutputFile
    from mcp_smalltools.stores.kept_state import KeptState

T = TypeVar("T")
A = TypeVar("A", bound="Arguments")


class Arguments(BaseModel):
    """Base of every tool's arguments: flat, unknown names refused, each field described for the agent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    writes: ClassVar[bool] = False
    """Whether a call may do more than answer, such as write a file, or replace one that it wrote before."""

    repeatable: ClassVar[bool] = True
    """Whether the same call again changes nothing more than the first did."""

    @property
    def cacheable(self) -> bool:
        """False where the call writes, or where more than arguments and opened files decides the answer."""
        return True

    @property
    def task(self) -> str | None:
        """What the answer is chosen from, as JSON, so that a correction can be understood later; None where
        the tool's name says it all. No text of a file.
        """
        return None


def validate_arguments(name: str, record: type[Arguments], given: Mapping[str, Any]) -> Arguments:
    """A call's arguments as the tool's record. Raises UsageError that names what is wrong."""
    known = record.model_fields
    given = as_meant(given, known)
    for argument in given:
        if argument not in known:
            raise UsageError(
                f"{name} takes no argument {argument!r}{did_you_mean(argument, known)}.",
                remedy=f"Arguments are: {', '.join(known)}.",
            )
        if isinstance(given[argument], dict) and _has_half_character(given[argument]):
            raise UsageError(
                f"{name}: {argument} has half a character (a lone surrogate).",
                remedy="Correct the text and call again.",
            )
    try:
        return record.model_validate(
            {argument: _in_whole_characters(value) for argument, value in given.items()}
        )
    except ValidationError as error:
        problems = "; ".join(map(_problem, error.errors()[:3]))
        raise UsageError(f"{name}: {problems}.", remedy="Correct the arguments and call again.") from None


def _problem(item: ErrorDetails) -> str:
    place = ".".join(map(str, item["loc"])) or "arguments"
    if item["type"] == "missing":
        return f"{place} is missing"
    return f"{place}: {item['msg'].removeprefix('Value error, ')}"


def _in_whole_characters(value: Any, depth: int = 2) -> Any:
    """An argument with halves of characters in its texts replaced: labels, say, come back in answers.
    `depth`: of lists and objects that are looked into; no argument's texts lie deeper.
    """
    if isinstance(value, str):
        return whole_text(value)
    if depth and isinstance(value, list):
        return [_in_whole_characters(item, depth - 1) for item in value]
    if depth and isinstance(value, dict):
        return {name: _in_whole_characters(item, depth - 1) for name, item in value.items()}
    return value


def _has_half_character(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object has text that no UTF-8 can hold."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return True
    except (TypeError, ValueError, RecursionError):
        return False  # the record says what is wrong
    return False


class StopSignal:
    """Tells a worker thread that its call is cancelled or out of time. `check` takes under a microsecond."""

    def __init__(self, deadline_s: float) -> None:
        self.seconds = deadline_s
        self.ends_at = time.monotonic() + deadline_s
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def remaining_s(self) -> float:
        return self.ends_at - time.monotonic()

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed. Tools that can answer in part check this and stop reading."""
        return self.remaining_s <= 0

    def check(self) -> None:
        """Raise Cancelled or DeadlineExceeded if the call is over."""
        if self._cancelled.is_set():
            raise Cancelled("The call was cancelled.")
        if self.expired:
            raise DeadlineExceeded(
                "The call's time is over.",
                remedy="Raise deadline_s in the configuration, or ask for less at once.",
            )


@dataclass(frozen=True, slots=True)
class FolderListing:
    """The files below a folder inside the roots. `prefix` is the way from its root to it, ended by "/"."""

    prefix: str
    entries: tuple[FileEntry, ...]
    ignored: int
    """Files and folders that a .gitignore leaves out."""
    unreachable: int = 0
    """Files and folders whose names are not UTF-8, and folders that are too deep or can't be listed."""


class FolderAccess(Protocol):
    """Folders inside the roots, as far as tools look into them."""

    def is_folder(self, path: str) -> bool:
        """Raises NotAllowed, NotFound."""

    def listing(self, path: str, check: Callable[[], None]) -> FolderListing:
        """All files below a folder; `check` is called now and then and may raise. Raises FileError."""

    def path_to_open(self, folder: str, entry: FileEntry) -> str:
        """How to name a file of a listing to `ToolContext.open`."""


class PictureSource(Protocol):
    """Reads pictures for what lasts longer than a call. Any thread may call it."""

    def why_not(self, level: PrivacyLevel) -> str | None:
        """Why pictures under a level are not read here, in words that follow "because"; None if they are."""

    def known(self, file: UserFile) -> ReadPicture | None:
        """What was read of a picture with these bytes before."""

    def read(self, file: UserFile, stop: StopSignal | None) -> ReadPicture:
        """What is on a picture, kept for `known`. May take seconds. Raises Unreadable, DeadlineExceeded."""


@dataclass(slots=True)
class ToolContext:
    """What a tool may use while it runs. Built by the service for one call."""

    settings: Settings
    engine: Engine
    open: Callable[[str], UserFile]
    """Open a path inside the roots; the service closes it. Raises FileError."""
    folders: FolderAccess
    """Look into folders inside the roots."""
    create_output: Callable[[str], OutputFile]
    """Start an export under the name that the agent gave, inside the output folder. Raises NotAllowed."""
    kept: KeptState
    """What the caller's earlier calls left to be found again."""
    scrub: Callable[[str], str]
    """Mask secrets and personal data as the level of the files opened so far demands; under `sealed` also
    every word that is not in the vocabulary. Scrub a line before cutting it: half a secret is not recognised.
    """
    progress: Progress
    stop: StopSignal
    level: Callable[[], PrivacyLevel]
    """The strictest level of the files opened so far (the default level if none)."""
    paint: Callable[[UserFile, Sequence[tuple[int, Quad]], OutputFile], None] | None = None
    """Write a copy of a picture into an export, with these places (page, corners) painted over."""
    pictures: Callable[[], PictureSource] | None = None
    """What reads pictures for the index of `find_files`; None where there is no index."""
    caller: str = "local"
    """The principal's name, as in the ledger. What is kept between calls is kept for each principal."""
    writer: QualifiedWriter | None = None
    """The model that qualified as a second reader for this tool, if one is here."""
    adapter: str | None = None
    """The adapter of the user's skill, which `engine` uses instead of the tool's."""
    skill: str | None = None
    """The user's skill for which a built-in tool works; what was learned is kept for each."""

    async def in_thread(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run blocking work in a thread. The function should call `stop.check()` now and then."""
        call = functools.partial(function, *args, **kwargs)
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)


class Tool(Protocol):
    """A tool. `version` is part of the cache's key: raise it when the same input gives another answer.

    All are properties here, so that class attributes and instance attributes both fit.
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def Arguments(self) -> type[Arguments]: ...
    @property
    def Answer(self) -> type[result.Answer]: ...

    def __hash__(self) -> int: ...

    async def run(self, arguments: Any, context: ToolContext) -> result.Answer: ...


def skill_of(tool: Tool) -> str:
    """The skill that a tool's qualifications are kept under: of one made of a skill pack, the built-in's."""
    built_in: Tool = getattr(tool, "tool", tool)
    return built_in.name
