"""A process that parses parts of a log for another one. It is given the open file, opens none, and exits
when its standard input ends.

The first message is the state of a `LineTable`: what is known of the log's lines already. Then each request
is [start, first, end, joins_plain, date_order] of a part, and each answer the state of its parse. All
messages are msgpack, each after its length.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import IO, Any, cast

import msgpack

_LENGTH = struct.Struct("<Q")


def message_of(value: Any) -> bytes:
    """The bytes of a message, its length first."""
    data = cast(bytes, msgpack.packb(value, unicode_errors="surrogatepass"))
    return _LENGTH.pack(len(data)) + data


def send(stream: IO[bytes], value: Any) -> None:
    """Write a message."""
    stream.write(message_of(value))
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
    """Parse the parts that are asked for, until the input ends."""
    from mcp_smalltools.files.reader import FilePart, UserFile
    from mcp_smalltools.level import PrivacyLevel
    from mcp_smalltools.logs.counting.parts import PartParser
    from mcp_smalltools.logs.lines.line_table import LineTable
    from mcp_smalltools.logs.lines.times import DateOrder

    with UserFile("log", Path("log"), PrivacyLevel.SEALED, descriptor) as source:
        parser = None
        while True:
            try:
                message = receive(sys.stdin.buffer)
            except EOFError:
                return
            if parser is None:
                parser = PartParser(source, LineTable.of(message))
                continue
            start, first, end, joins_plain, order = message
            part = FilePart(start, first, end)
            date_order = None if order is None else DateOrder(order)
            parsed = parser.parse(part, joins_plain=joins_plain, date_order=date_order)
            send(sys.stdout.buffer, parsed)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
