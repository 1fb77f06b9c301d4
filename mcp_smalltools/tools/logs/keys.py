"""A line without the values of its digits and identifiers, at reading speed.

Lines with equal keys have one shape, one kind and their parts at the same places, so a dictionary answers
for nearly all lines of a log. A key is as long as its line: what is found at a place of the key is at that
place of the line. Both steps are pure functions of the line, so the result never depends on the order of
lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DIGITS = str.maketrans("023456789", "111111111")
_DIGIT_BYTES = bytes.maketrans(b"023456789", b"111111111")
# Digits that set the level are kept, as control characters that no log has: pino's levels, HTTP's status.
_LEVEL_DIGIT = re.compile(r'(?<="level":)[1-6](?=0[,}])|(?<=HTTP/[0-9]\.[0-9]" )[1-5](?=[0-9][0-9] )')
_KEPT = {str(digit): chr(0x10 + digit) for digit in range(10)}
_RESTORE = {0x10 + digit: str(digit) for digit in range(10)}
_CONTROL = re.compile(r"[\x10-\x19]")

_IDENTIFIER = re.compile(
    r"(?<![^\W_])(?:"
    r"(?P<u>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"
    r"|(?P<x>(?=[a-fA-F]{0,20}1)(?=1{0,20}[a-fA-F])[1a-fA-F]{6,})"
    r"|(?P<z>(?=[A-Za-z]{0,20}1)(?=1{0,20}[A-Za-z])(?!1+[A-Za-z]{1,2}(?![^\W_])|1+T1+)[1A-Za-z]{8,})"
    r")(?![^\W_])"
)


def digit_keys(lines: Sequence[str]) -> list[str]:
    """For each line its text with every digit as 1."""
    text = "\n".join(lines)
    if '"level":' in text or "HTTP/" in text:
        text = _CONTROL.sub("\x1a", text)
        text = _LEVEL_DIGIT.sub(lambda found: _KEPT[found[0]], text)
    if text.isascii():
        return text.translate(_DIGITS).split("\n")
    # The dictionary of str.translate is slow on text beyond ASCII; digits are single bytes in UTF-8.
    data = text.encode("utf-8", "surrogatepass").translate(_DIGIT_BYTES)
    return data.decode("utf-8", "surrogatepass").split("\n")


def identifier_keys(keys: Sequence[str]) -> list[str]:
    """For each digit key its text with every identifier of letters and digits made alike."""
    return _IDENTIFIER.sub(_filled, "\n".join(keys)).split("\n") if keys else []


def _filled(found: re.Match[str]) -> str:
    size = found.end() - found.start()
    if found.lastgroup == "u":
        return "f1f1f1f1-f1f1-f1f1-f1f1-f1f1f1f1f1f1"
    return ("f1" if found.lastgroup == "x" else "z1") * (size // 2) + "1" * (size % 2)


def readable(key: str) -> str:
    """The key with the digits that set the level put back, for reading its header."""
    return key.translate(_RESTORE)
