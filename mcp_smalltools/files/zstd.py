"""zstd, where this Python has it: from 3.14 on its own, before by the package `zstandard` (extra `zstd`)."""

from __future__ import annotations

import importlib
from typing import Any, Final

from mcp_smalltools.errors import Unreadable

MAGIC: Final = b"\x28\xb5\x2f\xfd"
WINDOW: Final = 27
"""Binary logarithm of the largest window that is accepted, as of the `zstd` program."""


def zstd_decompressor() -> tuple[Any, type[Exception]]:
    """A decompressor of one frame (`decompress`, `eof`, `unused_data`), and the error that it raises.

    Raises Unreadable where neither is there.
    """
    try:
        standard = importlib.import_module("compression.zstd")
    except ImportError:
        pass
    else:
        options = {standard.DecompressionParameter.window_log_max: WINDOW}
        return standard.ZstdDecompressor(options=options), standard.ZstdError
    try:
        import zstandard
    except ImportError:
        raise Unreadable(
            "Files packed with zstd can't be read: the package `zstandard` is not installed.",
            remedy="Unpack the file, or install it: pip install 'mcp-smalltools[zstd]'.",
        ) from None
    return zstandard.ZstdDecompressor(max_window_size=1 << WINDOW).decompressobj(), zstandard.ZstdError


def unpack_zstd(data: bytes, most: int) -> bytes:
    """The content of one frame of our own stores. Raises ValueError."""
    try:
        decompressor, problem = zstd_decompressor()
    except Unreadable as error:
        raise ValueError(str(error)) from None
    try:
        content: bytes = decompressor.decompress(data)
    except problem as error:
        raise ValueError(str(error)) from None
    if not decompressor.eof:
        raise ValueError("it is cut off")
    if len(content) > most:
        raise ValueError("it is larger than it may be")
    return content
