"""A worker's process: gives up its rights, says so, and then runs one tool at a time for the server.

`python -m mcp_smalltools.workers.sandboxed DESCRIPTOR MEMORY_MB FILE_MB FOLDER...` is one that starts anew;
where the system can, workers are forks of a process that has everything loaded (`fork_server`). A worker is
sent the arguments and the settings over the socket, asks for open files and for the engine's vectors, and
sends the answer as it may leave. The server kills it at a call's deadline.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import NoReturn

from mcp_smalltools.workers import sandbox


def work(descriptor: int, grants: sandbox.Grants) -> NoReturn:
    """Be a worker, until the server leaves."""
    status = sandbox.open_status()
    walls = sandbox.enter(grants)

    # Only now: what is imported from here on may start threads, which the walls would not hold.
    from mcp_smalltools.workers.caller import Server
    from mcp_smalltools.workers.wire import FrameSocket

    try:
        Server(FrameSocket(socket.socket(fileno=descriptor)), status).start(walls)
    finally:
        os._exit(0)


def main() -> None:
    descriptor, *grants = sys.argv[1:]
    work(int(descriptor), sandbox.Grants.from_arguments(grants))


if __name__ == "__main__":
    main()
