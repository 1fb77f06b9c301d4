"""Frames between the server and a worker, over a socket pair: numbers, text, arrays and records, never code.

A frame is its length, the number of descriptors that come with it, and a value as the engine's protocol
packs it. Both sides block, each in a thread of its own.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Sequence
from typing import Any, Final

from mcp_smalltools.engine import protocol

MAX_FRAME: Final = 256 << 20
_HEAD: Final = struct.Struct(">IB")
_LENGTH: Final = 4
"""Bytes of the length that the engine's protocol puts before a value; ours stands in its place."""


class FrameSocket:
    """One end. Several threads may send; one receives."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._sending = threading.Lock()

    def send(self, value: Any, descriptors: Sequence[int] = ()) -> None:
        """Raises OSError where the other side is gone, ProtocolError for a value that is too large."""
        body = protocol.encode(value, MAX_FRAME)[_LENGTH:]
        head = _HEAD.pack(len(body), len(descriptors))
        with self._sending:
            if descriptors:
                socket.send_fds(self._end, [head], list(descriptors))
            else:
                self._end.sendall(head)
            self._end.sendall(body)

    def receive(self) -> tuple[Any, list[int]]:
        """The next value and its descriptors. Raises EOFError at the end, ProtocolError for a bad frame."""
        data, descriptors, _, _ = socket.recv_fds(self._end, _HEAD.size, 4)
        try:
            data += self._exactly(_HEAD.size - len(data))
            length, count = _HEAD.unpack(data)
            if length > MAX_FRAME or count != len(descriptors):
                raise protocol.ProtocolError("A frame of a worker is damaged.")
            return protocol.decode(self._exactly(length)), descriptors
        except BaseException:
            close_all(descriptors)
            raise

    def close(self) -> None:
        self._end.close()

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._end.recv(min(1 << 20, size - len(parts)))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)


def close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def pack_path(path: str | os.PathLike[str]) -> bytes:
    """A path as it crosses: any text, also one that can be no file's name."""
    return os.fspath(path).encode("utf-8", "surrogatepass")


def unpack_path(packed: bytes) -> str:
    return packed.decode("utf-8", "surrogatepass")
