"""The worker's process: `python -m mcp_smalltools.workers.sandboxed DESCRIPTOR MEMORY_MB FILE_MB FOLDER...`.

It gives up its rights, says so, and then runs one tool at a time for the server at the other end of the
socket: it is sent the arguments and the settings, asks for open files and for the engine's vectors, and
sends the answer as it may leave. The server kills it at a call's deadline.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mcp_smalltools.workers import sandbox


def main() -> None:
    descriptor, memory_mb, file_mb, *readable = sys.argv[1:]
    status = sandbox.open_status()
    walls = sandbox.enter([Path(folder) for folder in readable], int(memory_mb), int(file_mb))
    import os
    import socket

    # Only now: what is imported from here on may start threads, which the walls would not hold.
    from mcp_smalltools.workers.caller import Server
    from mcp_smalltools.workers.wire import FrameSocket

    server = Server(FrameSocket(socket.socket(fileno=int(descriptor))), status)
    server.start(walls)
    os._exit(0)


if __name__ == "__main__":
    main()
