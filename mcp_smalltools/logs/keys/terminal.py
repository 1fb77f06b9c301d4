"""Lines as a terminal shows them."""

from __future__ import annotations

import re

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_WRITTEN_OVER = re.compile(rb"^[^\n]*\r(?=[^\n\r])", re.MULTILINE)  # anchored: linear in the line


def strip_colours(lines: list[str]) -> list[str]:
    """The lines without the sequences that colour a terminal, and are no part of a message."""
    text = "\n".join(lines)
    return ANSI.sub("", text).split("\n") if "\x1b" in text else lines


def strip_terminal_codes(data: bytes) -> bytes:
    """Lines as UTF-8 as a terminal shows them: without colours, and of a line that was written over (a
    progress bar) what was written last.
    """
    if b"\x1b" in data:
        data = ANSI.sub("", data.decode("utf-8", "surrogatepass")).encode("utf-8", "surrogatepass")
    return _WRITTEN_OVER.sub(b"", data) if b"\r" in data else data
