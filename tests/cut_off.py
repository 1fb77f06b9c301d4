"""Calls each tool in a process that has no network, and prints whom it tried to reach. For test_network.py.

python tests/cut_off.py FOLDER
"""

from __future__ import annotations

import itertools
import json
import socket
import sys
from pathlib import Path
from typing import Any

import anyio
from call_forms import forms

from mcp_smalltools.config import RootSpec, load_settings
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

EACH = 8
FILES = ["app.log", "notes.md", "module.py", "table.csv"]
reached: list[str] = []


def note(event: str, arguments: tuple[Any, ...]) -> None:
    """Every use of the network that Python makes, whichever library asks for it."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        if arguments[0].family != getattr(socket, "AF_UNIX", None):
            reached.append(f"{event} {arguments[1]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request"):
        reached.append(f"{event} {arguments}")


async def main(folder: Path) -> None:
    settings = load_settings(flags={"roots": (RootSpec(path=folder),)})
    service = Service(settings)
    answered, call_id = {}, ""
    for name, tool in service.tools.items():
        answered[name] = 0
        for arguments in itertools.islice(forms(tool, FILES), EACH):
            if "call_id" in arguments:
                arguments |= {"call_id": call_id}
            try:
                call_id = (await service.call(ToolRequest(name, arguments))).call_id
                answered[name] += 1
            except SmallToolsError as error:
                print(name, arguments, error, file=sys.stderr)
    await service.engine.shutdown()  # type: ignore[attr-defined]
    await service.close()
    print(json.dumps({"answered": answered, "reached": reached}))


if __name__ == "__main__":
    sys.addaudithook(note)
    anyio.run(main, Path(sys.argv[1]))
