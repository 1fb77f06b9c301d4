"""A line without the values of its digits and identifiers, at reading speed.

Lines with equal keys have one shape, one kind and their parts at the same places, so a dictionary answers
for nearly all lines of a log. A key is as long as its line: what is found at a place of the key is at that
place of the line. Both steps are pure functions of the line, so the result never depends on the order of
lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_DIGITS = str.maketrans("023456789", "111111111")
_DIGIT_BYTES = bytes.maketrans(b"023456789", b"111111111")
_HEX_DIGITS = b"0123456789abcdefABCDEF"
# Digits that set the level are kept, as control characters that no log has: pino's levels, HTTP's 5xx.
_LEVEL_DIGIT = re.compile(r'("level":)([1-6])(?=0[,}])')
_SERVER_ERROR = re.compile(r'(HTTP/[0-9]\.[0-9]" )5(?=[0-9][0-9] )')
_RESTORE = {0x10 + digit: str(digit) for digit in range(10)}

_HEXADECIMAL = r"(?=[a-fA-F]{0,20}1)(?=1{0,20}[a-fA-F])[1a-fA-F]"
_MIXED = r"(?=[A-Za-z]{0,20}1)(?=1{0,20}[A-Za-z])(?!1+[A-Za-z]{1,2}(?![^\W_])|1+T1+)"
_UUID = "-".join(f"[1a-fA-F]{{{size}}}" for size in (8, 4, 4, 4, 12))
_IDENTIFIER = re.compile(
    rf"(?<![^\W_])(?:(?P<u>{_UUID})|(?P<x>{_HEXADECIMAL}{{6,}})|(?P<z>{_MIXED}[1A-Za-z]{{8,}}))(?![^\W_])"
)
_NUMBER = re.compile(r"(?<![\w.:/+,-])1+(?:\.1+)?(?![\w:/+-]|[.,]\w)")


def digit_keys(lines: Sequence[str]) -> list[str]:
    """For each line its text with every digit as 1."""
    text = "\n".join(lines)
    if '"level":' in text or "HTTP/" in text:
        text = _without_control(text)
    if '"level":' in text:
        text = _LEVEL_DIGIT.sub(lambda found: found[1] + chr(0x10 + int(found[2])), text)
    if "HTTP/" in text:
        text = _SERVER_ERROR.sub("\\1\x15", text)
    if text.isascii():
        return text.translate(_DIGITS).split("\n")
    # The dictionary of str.translate is slow on text beyond ASCII; digits are single bytes in UTF-8.
    data = text.encode("utf-8", "surrogatepass").translate(_DIGIT_BYTES)
    return data.decode("utf-8", "surrogatepass").split("\n")


def _without_control(text: str) -> str:
    for control in _RESTORE:
        if chr(control) in text:
            text = text.replace(chr(control), "\x1a")
    return text


def hints(keys: Sequence[str]) -> list[bytes]:
    """For each key what is left of it without hexadecimal digits: lines that differ only in identifiers have
    equal hints, but not the other way round.
    """
    return "\n".join(keys).encode("utf-8", "surrogatepass").translate(None, _HEX_DIGITS).split(b"\n")


def identifier_key(key: str) -> str:
    """A digit key with every identifier of letters and digits made alike."""
    return _IDENTIFIER.sub(_filled, key)


def _filled(found: re.Match[str]) -> str:
    size = found.end() - found.start()
    if found.lastgroup == "u":
        return "f1f1f1f1-f1f1-f1f1-f1f1-f1f1f1f1f1f1"
    return ("f1" if found.lastgroup == "x" else "z1") * (size // 2) + "1" * (size % 2)


def short_numbers(content: str) -> str:
    """The content of a key with numbers that stand alone as 1 or 1.1, however many digits they have."""
    return _NUMBER.sub(lambda found: "1.1" if "." in found[0] else "1", content)


def pattern_of(key: str, content_at: int | None) -> re.Pattern[str]:
    """Matches just the digit keys that have the identifier key of this one, numbers of its content shortened.

    What is found at a place before `content_at` is there in all of them.
    """
    parts, place = [], 0
    for found in _IDENTIFIER.finditer(key):
        parts += [_literal(key, place, found.start(), content_at), _identifier_pattern(found)]
        place = found.end()
    return _compiled("".join([*parts, _literal(key, place, len(key), content_at)]))


@lru_cache(maxsize=4_096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _identifier_pattern(found: re.Match[str]) -> str:
    size = found.end() - found.start()
    if found.lastgroup == "u":
        return _UUID
    if found.lastgroup == "x":
        return f"{_HEXADECIMAL}{{{size}}}"
    return f"{_MIXED}(?![1a-fA-F]{{{size}}})[1A-Za-z]{{{size}}}"


def _literal(key: str, start: int, end: int, content_at: int | None) -> str:
    if content_at is None or end <= content_at:
        return re.escape(key[start:end])
    parts, place = [], start
    for number in _NUMBER.finditer(key, max(start, content_at), end):
        parts.append(re.escape(key[place : number.start()]))
        parts.append(r"1+\.1+" if "." in number[0] else "1+")
        place = number.end()
    return "".join([*parts, re.escape(key[place:end])])


def readable(key: str) -> str:
    """The key with the digits that set the level put back, for reading its header."""
    return key.translate(_RESTORE)
