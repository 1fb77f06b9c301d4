"""Small calls of the tools that read files, in this process and thread: what they load, compile and look up
for the first time, forks of the process have.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import NotAllowed
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
_LOG: Final = (
    "2026-01-02 03:04:05,678 INFO [main] app.Server: listening on 127.0.0.1:8080\n"
    "2026-01-02 03:04:06,001 ERROR [pool-1] app.Jobs: job 17 failed after 31 ms\n"
    "Traceback (most recent call last):\n"
    '  File "app.py", line 3, in run\n'
    "    raise ValueError('no port')\n"
    "ValueError: no port\n"
) * 6
_TEXTS: Final[Mapping[str, str]] = {
    "a.log": _LOG,
    "a.md": "# Ports\n\nThe server listens on port 8080. It is started by hand.\n\n- one\n- two\n" * 4,
    "a.py": 'def first(port: int) -> int:\n    """The next port."""\n    return port + 1\n' * 3,
    "a.toml": '[server]\nport = 8080\npassword = "Tiger77!x0"\n',
    "a.csv": "name,port\nann,8080\nbob,8081\n",
}
_SCHEMA: Final = {
    "type": "object",
    "properties": {"port": {"type": "integer"}, "name": {"type": "string"}},
}
_CALLS: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("read_redacted", {"path": "a.toml"}),
    ("find_failure", {"path": "a.log"}),
    ("parse_log", {"path": "a.log"}),
    ("extract", {"path": "a.toml", "schema": _SCHEMA}),
    ("extract", {"path": "a.csv", "schema": _SCHEMA}),
    ("summarize_file", {"path": "a.md"}),
    ("summarize_file", {"path": "a.py", "focus": "ports"}),
    ("ask_file", {"paths": ["a.md", "a.toml"], "question": "Which port does it listen on?"}),
    ("classify", {"paths": ["a.md", "a.log"], "labels": ["bug", "question"]}),
)
_DEADLINE_S: Final = 10.0


def warm_up() -> None:
    """Make the calls; what fails would fail in a worker too, where it is said. Linux only."""
    for name, arguments in _CALLS:
        with contextlib.suppress(Exception):
            anyio.run(_call, name, arguments, Settings())


async def _call(name: str, arguments: Mapping[str, Any], settings: Settings) -> None:
    tool, files = built_in_tools()[name], _Samples(settings)
    context = _InThisThread(
        settings=settings,
        engine=FakeEngine(),
        open=files.open,
        folders=files,
        create_output=_no_output,
        kept=_NothingKept(),
        scrub=files.scrub,
        progress=lambda *_: None,
        stop=StopSignal(_DEADLINE_S),
        level=lambda: files.level,
    )
    try:
        answer = await tool.run(tool.Arguments.model_validate(arguments), context)
        answer.source = answer.source or files.sources()
        files.apply_privacy(answer)
        answer.model_dump(mode="json")
    finally:
        files.close()


class _Samples(OpenFiles):
    """Files that are only in memory, as if under a root with the usual level."""

    def open(self, path: str) -> UserFile:
        if path not in self._open:
            descriptor = os.memfd_create(path, os.MFD_CLOEXEC)
            os.write(descriptor, _TEXTS[path].encode())
            self._open[path] = UserFile(path, Path("/", path), PrivacyLevel.REDACTED, descriptor)
        return self._open[path]

    def is_folder(self, path: str) -> bool:
        return False


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
