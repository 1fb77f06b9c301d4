"""Asks the user whether a folder may be read, where the agent's client can ask (MCP elicitation)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import anyio

from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.server.questions.elicitation import ask, can_ask
from mcp_smalltools.service import Service
from mcp_smalltools.text.visible import escaped_name

_ARGUMENTS: Final = ("path", "paths", "baseline_path")


class FolderQuestion:
    """Asks once for each folder. Only the user of this machine's own agent is asked."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._asked: set[Path] = set()

    async def may_go_on(self, request: ToolRequest, context: Any) -> bool:
        """Whether the user has just allowed what the call was refused. `context` is the SDK's."""
        if not can_ask(request, context):
            return False
        folders = await anyio.to_thread.run_sync(lambda: list(dict.fromkeys(self._refused(request))))
        if len(folders) != 1 or folders[0] in self._asked:
            return False
        (folder,) = folders
        self._asked.add(folder)
        level = self._service.settings.privacy
        question = (
            f"{request.tool} wants to read in {escaped_name(str(folder))}, which is outside of the folders "
            f"that may be read. Allow it until this server ends, at the level `{level}`? (--root keeps it "
            "allowed.)"
        )
        if await ask(question, context) != "accept":
            return False
        self._service.allow(folder)
        return True

    def _refused(self, request: ToolRequest) -> Iterator[Path]:
        """Folders of existing files that the call names outside of the roots; none that is too wide."""
        try:
            roots = Roots.of(self._service.settings_for(request))
        except SmallToolsError:
            return
        for path in _paths(request):
            real = Path(path).expanduser()
            if not real.is_absolute() or not real.is_file():
                continue
            folder = real.resolve().parent
            try:
                roots.level_of(path)
            except SmallToolsError:
                if len(folder.parts) > 1 and folder != Path.home().resolve() and not self._is_ours(folder):
                    yield folder

    def _is_ours(self, folder: Path) -> bool:
        own = [Path(one).expanduser().resolve() for one in self._service.settings.own_folders]
        return any(folder.is_relative_to(one) for one in own)


def _paths(request: ToolRequest) -> Iterator[str]:
    for name in _ARGUMENTS:
        value = request.arguments.get(name)
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))
