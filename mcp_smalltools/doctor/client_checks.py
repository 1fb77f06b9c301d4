"""Checks of the clients that the server is registered with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from mcp_smalltools.clients.known import CLIENTS, SERVER_NAME
from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check, CheckState


def check_clients(settings: Settings) -> Iterator[Check]:
    registered = False
    for name, client in CLIENTS.items():
        for scope, where in client.files.items():
            check = _check_entry(name, scope, where)
            if check is not None:
                registered = True
                yield check
    if not registered:
        remedy = "`mcp-smalltools install claude-code` registers it with Claude Code in this folder."
        yield Check("clients", CheckState.NOTE, "the server is not registered with any client", remedy)


def _check_entry(name: str, scope: str, where: Callable[[], Path]) -> Check | None:
    client, path = CLIENTS[name], where()
    title = f"{client.title} ({scope})"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        return None
    except UnicodeDecodeError:
        return Check(title, CheckState.WRONG, f"{path} is not UTF-8", "Save it as UTF-8.")
    try:
        servers = client.format.loads(text).get(client.table) or {}
        entry = servers.get(SERVER_NAME)
        command = entry.get("command") if entry else None
    except (ValueError, AttributeError) as error:
        return Check(title, CheckState.WRONG, f"{path} can't be read: {error}", "Correct the file.")
    if entry is None:
        return None
    if command and shutil.which(command) is None:
        remedy = f"`mcp-smalltools install {name} --scope {scope}` writes the right one."
        return Check(title, CheckState.WRONG, f"{path} names {command}, which is not there", remedy)
    return Check(title, CheckState.OK, f"registered in {path}")
