"""`normalize.short_numbers` of many keys at once: numbers that stand alone lose the digits that only say how
large they are. The regular expressions there define "alone"; here all runs of digits are judged together.
"""

from __future__ import annotations

import string

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Chosen = NDArray[np.bool_]
_PART, _PORT = 3, 5
"""Digits that a part of an address and its port have at most."""


def _set_of(signs: str) -> Chosen:
    """For each byte, whether it is one of these."""
    chosen = np.zeros(256, bool)
    chosen[np.frombuffer(signs.encode(), np.uint8)] = True
    return chosen


_LETTERS = string.ascii_letters + "_"
_LETTER, _WORD = _set_of(_LETTERS), _set_of(_LETTERS + string.digits)
_BEFORE = _WORD | _set_of(".:/+,-")
"""A number alone does not follow one of these."""
_BEHIND = _WORD | _set_of(":/+-")
"""A number alone is not followed by one of these, nor by a sign of `_JOINS` and a word."""
_JOINS = _set_of(".,")
_PATH = _WORD | _set_of("./-")
_DOT, _COLON, _SLASH, _ONE = np.frombuffer(b".:/1", np.uint8)


def shorten_numbers(keys: bytes) -> bytes:
    """ASCII keys, each ended by LF, with their numbers shortened."""
    text = np.frombuffer(keys, np.uint8)
    digit = np.concatenate(([False], text == _ONE))  # it ends with LF, so each run ends
    starts, ends = np.flatnonzero(digit[1:] & ~digit[:-1]), np.flatnonzero(digit[:-1] & ~digit[1:])
    chosen = (ends - starts > 1) & (_alone(text, starts, ends) | _in_paths(text, starts))
    change = np.zeros(len(text), np.int8)  # +1 where digits to be left out begin, -1 after them
    change[starts[chosen] + 1] += 1
    change[ends[chosen]] -= 1
    kept: NDArray[np.uint8] = text[np.cumsum(change, dtype=np.int8) == 0]
    return kept.tobytes()


def _alone(text: NDArray[np.uint8], starts: Places, ends: Places) -> Chosen:
    """Which runs of digits are an integer, a decimal or an address that stands alone, or a part of one."""
    last = len(text) - 1
    first = ~_BEFORE[text[starts - 1]] | (starts == 0)
    over = ~(_BEHIND[text[ends]] | (_JOINS[text[ends]] & _WORD[text[np.minimum(ends + 1, last)]]))
    size = ends - starts
    follows = np.append(starts[1:] == ends[:-1] + 1, False)
    dotted, coloned = follows & (text[ends] == _DOT), follows & (text[ends] == _COLON)
    small = size <= _PART
    decimal = first & dotted & _next(over)
    parts = first & dotted & small
    for number in (1, 2):
        parts &= _next(dotted & small, number)
    parts &= _next(small, 3)
    ported = parts & _next(coloned, 3) & _next(over & (size <= _PORT), 4)
    address = ported | (parts & _next(over, 3))
    chosen: Chosen = (first & over) | decimal | _before(decimal) | address | _before(ported, 4)
    for number in (1, 2, 3):
        chosen |= _before(address, number)
    return chosen


def _next(chosen: Chosen, number: int = 1) -> Chosen:
    """For each run, whether the run `number` after it is chosen."""
    return np.append(chosen[number:], np.zeros(min(number, len(chosen)), bool))


def _before(chosen: Chosen, number: int = 1) -> Chosen:
    """For each run, whether the run `number` before it is chosen."""
    return np.append(np.zeros(min(number, len(chosen)), bool), chosen[: len(chosen) - number])[: len(chosen)]


def _in_paths(text: NDArray[np.uint8], places: Places) -> Chosen:
    """Which places are in a path."""
    slashes = np.flatnonzero(text == _SLASH)
    begins = slashes[(~_BEFORE[text[slashes - 1]] | (slashes == 0)) & _LETTER[text[slashes + 1]]]
    if not len(begins):
        return np.zeros(len(places), bool)
    outside = np.flatnonzero(~_PATH[text])
    ends = outside[np.searchsorted(outside, begins)]
    of_place = np.searchsorted(begins, places) - 1
    found: Chosen = (of_place >= 0) & (places < ends[of_place])
    return found
