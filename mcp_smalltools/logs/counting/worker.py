"""A process that parses parts of a log for another one. It is given the open file, opens none, and leaves
when its standard input ends.

First it is told what is known of the log's lines already (a pickle, from the process that started it), then
each request is [start, first, end] of a part and each answer the state of its parse; all in msgpack, with
their length before them.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import IO, Any, cast

import msgpack

_LENGTH = struct.Struct("<Q")


def send(stream: IO[bytes], value: Any) -> None:
    data = cast(bytes, msgpack.packb(value, unicode_errors="surrogatepass"))
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next value. Raises EOFError."""
    return msgpack.unpackb(
        _exactly(stream, _LENGTH.unpack(_exactly(stream, _LENGTH.size))[0]),
        unicode_errors="surrogatepass",
        strict_map_key=False,
    )


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def serve(descriptor: int) -> None:
    """Parse what is asked for until there is nothing more."""
    from mcp_smalltools.files.reader import FilePart, UserFile
    from mcp_smalltools.level import PrivacyLevel
    from mcp_smalltools.logs.counting.parts import PartParser
    from mcp_smalltools.logs.lines.shapes import FormTable

    with UserFile("log", Path("log"), PrivacyLevel.SEALED, descriptor) as source:
        parser = None
        while True:
            try:
                told = receive(sys.stdin.buffer)
            except EOFError:
                return
            if parser is None:
                parser = PartParser(source, FormTable.taught(told))
                continue
            start, first, end = told
            send(sys.stdout.buffer, parser.parse(FilePart(start, first, end)))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
