"""The process that reads pictures.

`python -m mcp_smalltools.workers.picture_process DESCRIPTOR MEMORY_MB FILE_MB` loads the networks once. For
each picture it forks a process that gives up everything but memory and what it was handed, decodes the
picture and reads it; so a crafted picture meets a process that has seen no other one and ends with it. Where
a process can't be forked, this one gives up the same and reads one after the other.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any, Final

from mcp_smalltools.engine import protocol
from mcp_smalltools.errors import InternalError, SmallToolsError, Unreadable
from mcp_smalltools.workers import sandbox
from mcp_smalltools.workers.wire import FrameSocket

IDLE_S: Final = 300.0
"""Seconds without a picture after which the process ends."""
REQUEST: Final = struct.Struct(">B")
"""What comes with the two descriptors: the seconds that reading may take."""
MOST_BYTES: Final = 64 << 20
"""Of a picture's file."""


def main() -> None:
    descriptor, *arguments = sys.argv[1:]
    grants = sandbox.Grants.from_arguments(arguments)
    sandbox.die_with_parent()
    from mcp_smalltools.pictures.read import PictureReader

    reader = PictureReader()
    _load_decoders()
    gc.collect()
    gc.freeze()
    control = socket.socket(fileno=int(descriptor))
    forks = sys.platform == "linux"
    if forks:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    else:
        sandbox.enter(grants)
    while select.select([control], [], [], IDLE_S)[0]:
        data, given, _, _ = socket.recv_fds(control, REQUEST.size, 2)
        if not data:
            return
        end, file = given
        (seconds,) = REQUEST.unpack(data)
        if not forks:
            _answer(reader, end, file)
        elif os.fork() == 0:
            control.close()
            signal.alarm(seconds)
            sandbox.enter(grants)
            _answer(reader, end, file)
            os._exit(0)
        os.close(file)
        if forks:
            os.close(end)


def _load_decoders() -> None:
    """What forks would have to load each."""
    from PIL import Image

    from mcp_smalltools.pictures.decoded import with_heif

    Image.init()
    with_heif()
    try:
        import pypdfium2  # noqa: F401
    except ImportError:
        return


def _answer(reader: Any, end: int, file: int) -> None:
    """Read one picture and send what was read, or the error."""
    connection = socket.socket(fileno=end)
    frames = FrameSocket(connection)
    outcome: tuple[str, Any]
    try:
        outcome = _outcome(reader, frames, file, _still_wanted(connection))
    except SmallToolsError as error:
        outcome = ("failed", protocol.failure(0, error))
    except MemoryError:
        problem = Unreadable("The picture takes too much memory.", remedy="Save it smaller.")
        outcome = ("failed", protocol.failure(0, problem))
    except Exception as error:
        outcome = ("failed", protocol.failure(0, InternalError.at("pictures", error)))
    try:
        frames.send(outcome)
    except OSError:
        pass  # whoever asked has left
    finally:
        frames.close()


def _outcome(reader: Any, frames: FrameSocket, file: int, check: Callable[[], None]) -> tuple[str, Any]:
    (what, given), descriptors = frames.receive()
    data = os.pread(file, MOST_BYTES + 1, 0)
    while len(data) <= MOST_BYTES and (more := os.pread(file, MOST_BYTES + 1 - len(data), len(data))):
        data += more
    if len(data) > MOST_BYTES:
        raise Unreadable(
            f"The picture has more than {MOST_BYTES >> 20} MB.", remedy="Save it smaller, or a part of it."
        )
    if what == "paint":
        from mcp_smalltools.pictures.paint import painted_over

        (output,) = descriptors
        painted = painted_over(data, json.loads(given))
        written = 0
        while written < len(painted):
            written += os.write(output, painted[written:])
        return "painted", written
    return "picture", json.dumps(reader.read(data, check).packed())


def _still_wanted(connection: socket.socket) -> Callable[[], None]:
    """A check that ends the work once whoever asked has left."""

    def check() -> None:
        if select.select([connection], [], [], 0)[0]:
            raise Unreadable("Nobody waits for the picture any more.")

    return check


if __name__ == "__main__":
    main()
