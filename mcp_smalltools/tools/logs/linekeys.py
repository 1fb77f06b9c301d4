"""The keys of all lines of a block at once.

A key is its line with every digit as 1 and every identifier of letters and digits made alike, byte for byte
at the same places: what is found at a place of the key is at that place of the line. It is a pure function of
the line, so no result depends on the lines before. `keys.identifier_key` says what an identifier is; here it
is found by numpy, over the bytes of a block, where letters beyond ASCII stand next to none.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.logs.block import Block

# Digits that set the level are kept, as control characters that no log has: pino's levels, HTTP's 5xx.
_LEVEL_DIGIT = re.compile(rb'"level":([1-6])(?=0[,}])')
_SERVER_ERROR = re.compile(rb'HTTP/[0-9]\.[0-9]" (5)(?=[0-9][0-9] )')
_KEPT = 0x10
_CONTROL = bytes(range(_KEPT, _KEPT + 10))
_ALIKE = bytes.maketrans(b"023456789" + _CONTROL, b"1" * 9 + b"\x1a" * len(_CONTROL))

_OTHER, _DIGIT, _HEX, _LETTER, _BEYOND = 0, 1, 2, 4, 8
_CLASSES = bytearray(256)
for _byte in range(256):
    if 0x30 <= _byte < 0x3A:
        _CLASSES[_byte] = _DIGIT
    elif chr(_byte) in "abcdefABCDEF":
        _CLASSES[_byte] = _HEX
    elif _byte < 0x80 and chr(_byte).isalpha():
        _CLASSES[_byte] = _LETTER
    elif _byte >= 0x80:
        _CLASSES[_byte] = _BEYOND
_LEAST = 6
"""An identifier of hexadecimal digits has at least so many; one of any letters has two more."""
_SWITCHES_WITHIN = 20
_UUID = np.frombuffer(b"f1f1f1f1-f1f1-f1f1-f1f1-f1f1f1f1f1f1", np.uint8)
_UUID_HEX = np.not_equal(_UUID, ord("-"))
_DASHES = (8, 13, 18, 23)
Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


def block_keys(block: Block) -> list[bytes]:
    """The key of each line."""
    key = bytearray(block.data.translate(_ALIKE))
    for marker, digit in ((b'"level":', _LEVEL_DIGIT), (b"HTTP/", _SERVER_ERROR)):
        if marker in block.data:
            for found in digit.finditer(block.data):
                key[found.start(1)] = _KEPT + int(found[1])
    shown = np.frombuffer(key, np.uint8)
    classes = np.frombuffer(key.translate(bytes(_CLASSES)), np.uint8)
    _fill_uuids(shown, classes)
    _fill_words(shown, classes)
    lines = bytes(key).split(b"\n")
    lines.pop()
    return lines


def _fill_uuids(text: Bytes, classes: Bytes) -> None:
    """Fill them, and take them out of the classes."""
    size = len(_UUID)
    if len(text) < size:
        return
    dash = text == ord("-")
    reach = len(text) - size + 1
    found = dash[_DASHES[0] : _DASHES[0] + reach].copy()
    for place in _DASHES[1:]:
        found &= dash[place : place + reach]
    starts = np.flatnonzero(found)
    if not len(starts):
        return
    at = starts[:, None] + np.arange(size)
    is_hex = (classes[at] & (_DIGIT | _HEX)) != 0
    good = (is_hex | ~_UUID_HEX).all(axis=1)
    before, after = starts - 1, starts + size
    good &= (starts == 0) | (classes[before] == _OTHER)
    good &= classes[after % len(text)] == _OTHER  # the text ends with LF
    text[at[good]] = _UUID
    classes[at[good]] = _OTHER


def _fill_words(text: Bytes, classes: Bytes) -> None:
    switches = _first_switches(classes)
    bounds = np.flatnonzero(classes == _OTHER)
    if not len(switches):
        return
    after = np.searchsorted(bounds, switches)
    starts = np.where(after > 0, bounds[after - 1] + 1, 0)
    sizes = bounds[after] - starts
    first = np.ones(len(starts), bool)
    first[1:] = starts[1:] != starts[:-1]
    likely = first & (sizes >= _LEAST) & (switches - starts <= _SWITCHES_WITHIN)
    starts, switches, sizes = starts[likely], switches[likely], sizes[likely]
    if not len(starts):
        return
    begins = np.cumsum(sizes) - sizes
    offsets = np.arange(begins[-1] + sizes[-1]) - np.repeat(begins, sizes)
    at = np.repeat(starts, sizes) + offsets
    kinds = np.bitwise_or.reduceat(classes[at], begins)
    is_hex = kinds == (_DIGIT | _HEX)
    mixed = (sizes >= _LEAST + 2) & (kinds < _BEYOND)
    mixed &= ~_is_number_with_unit(text, starts, switches, sizes)
    letters = np.where(is_hex, ord("f"), np.where(mixed, ord("z"), 0)).astype(np.uint8)
    values = np.repeat(letters, sizes)
    chosen = values > 0
    values[offsets % 2 == 1] = ord("1")
    values[begins[sizes % 2 == 1] + sizes[sizes % 2 == 1] - 1] = ord("1")
    text[at[chosen]] = values[chosen]


def _first_switches(classes: Bytes) -> Places:
    """Places where digits change to letters or back; of those that touch, only the first."""
    digit = classes == _DIGIT
    letter = (classes & (_HEX | _LETTER)) != 0
    switch = (digit[1:] & letter[:-1]) | (letter[1:] & digit[:-1])
    switch[1:] &= ~switch[:-1]
    return np.flatnonzero(switch) + 1


def _is_number_with_unit(text: Bytes, starts: Places, switches: Places, sizes: Places) -> NDArray[np.bool_]:
    """Digits with one or two letters behind them (`15000000ms`), or the digits of a date before its T."""
    rest = starts + sizes - switches
    last = text[starts + sizes - 1]
    following = text[np.minimum(switches + 1, len(text) - 1)]
    unit = (rest <= 2) & (last != ord("1"))
    date = (text[switches] == ord("T")) & (rest >= 2) & (following == ord("1"))
    found: NDArray[np.bool_] = (text[starts] == ord("1")) & (unit | date)
    return found
