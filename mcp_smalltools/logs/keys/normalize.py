"""A line without the values of its digits and identifiers.

Lines with equal keys have one shape, one kind and their parts at the same places, so a dictionary answers
for nearly all lines of a log. Keys are pure functions of the line, so the result never depends on the order
of lines. `by_block` makes them for a whole block at once.
"""

from __future__ import annotations

import re

_ALIKE = str.maketrans("023456789", "111111111")
_RESTORE = {0x10 + digit: str(digit) for digit in range(10)}

_HEXADECIMAL = r"(?=[a-fA-F]{0,20}1)(?=1{0,20}[a-fA-F])[1a-fA-F]"
_MIXED = r"(?=[A-Za-z]{0,20}1)(?=1{0,20}[A-Za-z])(?!1+[A-Za-z]{1,2}(?![^\W_])|1+T1+)"
_LEVEL_AND_DATE = r"(?:[DIWEFC](?:1{6}|1{8})|11[A-Z][a-z][a-z]1111)(?![^\W_])"  # of glog; of Forge, 04Mar2026
_UUID = "-".join(f"[1a-fA-F]{{{size}}}" for size in (8, 4, 4, 4, 12))
_IDENTIFIER = re.compile(
    rf"(?<![^\W_])(?!{_LEVEL_AND_DATE})(?:(?P<u>{_UUID})|(?P<x>{_HEXADECIMAL}{{6,}})|(?P<z>{_MIXED}[1A-Za-z]{{8,}}))(?![^\W_])"
)
# What is before a number or path is checked after its first character, by which the search goes. Shortening
# numbers changes no path: in a path, each number follows a sign after which no number is alone.
_ALONE = r"(?<![\w.:/+,-]{})"
_END = r"(?![\w:/+-]|[.,]\w)"
_ADDRESS = re.compile(rf"1{_ALONE.format('1')}1{{0,2}}\.1{{1,3}}\.1{{1,3}}\.1{{1,3}}(:1{{1,5}})?{_END}")
_FLOAT = re.compile(rf"1{_ALONE.format('1')}1*\.1+{_END}")
_INT = re.compile(rf"1{_ALONE.format('1')}1+{_END}")
_PATH = re.compile(rf"/{_ALONE.format('/')}[A-Za-z_][\w./-]*")
_DIGITS = re.compile("11+")


def identifier_key(key: str) -> str:
    """A digit key with every identifier of letters and digits made alike."""
    return _IDENTIFIER.sub(_filled, key)


def line_key(line: str) -> str:
    """The key of one line, by itself. Digits that set the level are as all others."""
    return identifier_key(line.translate(_ALIKE))


def _filled(found: re.Match[str]) -> str:
    size = found.end() - found.start()
    if found.lastgroup == "u":
        return "f1f1f1f1-f1f1-f1f1-f1f1-f1f1f1f1f1f1"
    return ("f1" if found.lastgroup == "x" else "z1") * (size // 2) + "1" * (size % 2)


def short_numbers(content: str) -> str:
    """The content of a key with numbers that stand alone as 1 or 1.1, however many digits they have,
    addresses as 1.1.1.1, and every number in a path as 1.
    """
    if "1.1" in content:
        content = _ADDRESS.sub(_short_address, content)
        content = _FLOAT.sub("1.1", content)
    if "/" in content:
        content = _PATH.sub(_short_path, content)
    return _INT.sub("1", content)


def _short_address(found: re.Match[str]) -> str:
    return "1.1.1.1:1" if found[1] else "1.1.1.1"


def _short_path(found: re.Match[str]) -> str:
    return _DIGITS.sub("1", found[0])


def readable(key: str) -> str:
    """The key with the digits that set the level put back, for reading its header."""
    return key if key.isprintable() else key.translate(_RESTORE)
