"""A call of a tool in this process and thread, on files that are only in memory (elsewhere than on Linux
in nameless ones).

For processes that have walls already, or that look at nothing but texts of ours.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from mcp_smalltools import result
from mcp_smalltools.config import Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import NotAllowed, NotFound
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.tools.base import StopSignal, ToolContext
from mcp_smalltools.tools.built_in import built_in_tools
from mcp_smalltools.tools.open_files import OpenFiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.stores.exports import OutputFile

T = TypeVar("T")


def call_here(
    name: str,
    arguments: Mapping[str, Any],
    settings: Settings,
    texts: Mapping[str, bytes],
    *,
    level: PrivacyLevel = PrivacyLevel.REDACTED,
    deadline_s: float = 10.0,
) -> result.Answer:
    """A built-in tool's answer as it may leave, about `texts` by their paths, as if under a root of a level.

    No engine, no writer. Raises what the tool raises.
    """
    return anyio.run(_call, name, arguments, TextsInMemory(settings, texts, level), settings, deadline_s)


async def _call(
    name: str, arguments: Mapping[str, Any], files: TextsInMemory, settings: Settings, deadline_s: float
) -> result.Answer:
    tool = built_in_tools()[name]
    context = _InThisThread(
        settings=settings,
        engine=FakeEngine(),
        open=files.open,
        folders=files,
        create_output=_no_output,
        kept=_NothingKept(),
        scrub=files.scrub,
        progress=lambda *_: None,
        stop=StopSignal(deadline_s),
        level=lambda: files.level,
    )
    try:
        answer: result.Answer = await tool.run(tool.Arguments.model_validate(arguments), context)
        answer.source = answer.source or files.sources()
        files.apply_privacy(answer)
        return answer
    finally:
        files.close()


class TextsInMemory(OpenFiles):
    """Files that are only in memory."""

    def __init__(self, settings: Settings, texts: Mapping[str, bytes], level: PrivacyLevel) -> None:
        super().__init__(settings)
        self._texts, self._level = texts, level

    def open(self, path: str) -> UserFile:
        """Raises NotFound."""
        if path not in self._open:
            if path not in self._texts:
                raise NotFound(f"There is no {path}.")
            descriptor = _nameless_file()
            left = memoryview(self._texts[path])
            while left:
                left = left[os.write(descriptor, left) :]
            self._open[path] = UserFile(path, Path("/", path), self._level, descriptor)
        return self._open[path]

    def is_folder(self, path: str) -> bool:
        return False


def _nameless_file() -> int:
    if sys.platform == "linux":
        return os.memfd_create("text", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _no_output(name: str) -> OutputFile:
    raise NotAllowed("There is no output folder.")


class _NothingKept:
    """`KeptState` without a store."""

    def position(self, path: Path) -> bytes | None:
        return None

    def keep_position(self, path: Path, position: bytes) -> bool:
        return False

    def vectors(self, made_by: str, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        return {}

    def keep_vectors(self, made_by: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        pass


class _InThisThread(ToolContext):
    """A process that forks has one thread."""

    async def in_thread(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return function(*args, **kwargs)
