"""The keys of all lines of a block at once.

A key is its line with every digit as 1 and every identifier of letters and digits made alike, byte for byte
at the same places: what is found at a place of the key is at that place of the line. It is a pure function of
the line, so no result depends on the lines before. `normalize.identifier_key` defines an identifier, which
is found here over the bytes of a block, where no letter beyond ASCII is next to one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.logs.keys.bitstreams import difference, ends_of_runs, holds, places_of, runs_of, stream_of
from mcp_smalltools.logs.keys.block import Block

# Digits that set the level are kept, as control characters that no log has: pino's levels, HTTP's 5xx, <PRI>.
_JSON_LEVELS = tuple(
    (b'"%s"' % name, re.compile(rb'"%s" {0,2}: {0,2}"?([0-9]{1,2})(?![0-9.])' % name))
    for name in (b"level", b"severity", b"PRIORITY", b"priority", b"levelno", b"severityNumber")
)
_SERVER_ERROR = re.compile(rb'HTTP/[0-9](?:\.[0-9])?" (5)(?=[0-9][0-9] )')
_PRIORITY = re.compile(rb"^<([0-9]{1,3})>", re.MULTILINE)
_EVENT_LEVEL = re.compile(rb"<Level>([0-9])<")
_LOGFMT_LEVELS = tuple(
    (name, re.compile(rb"%s([0-9]{1,2})(?![0-9A-Za-z.])" % name))
    for name in (b"level=", b"severity=", b"pri=", b"PRIORITY=")
)
_CISCO = re.compile(rb"%[A-Z][A-Z0-9_-]{1,60}-([0-7])-[A-Z0-9_]{1,60}: ")
_SCCM = re.compile(rb'<!\[LOG\[[^\n]{0,4000}?\btype="([1-3])"')
_SWITCH = re.compile(
    rb"(?:^|[ %])(?:%%[0-9][0-9])?[A-Z][A-Z0-9_]{1,30}/([0-7])/[A-Za-z0-9_]{1,60}(?:\([a-z]\))?"
    rb"(?:\[[0-9]{1,9}\])?:",
    re.MULTILINE,
)
_ECLIPSE = re.compile(rb"^!ENTRY [^ \n]{1,120} ([0-8]) ", re.MULTILINE)
_YAST = re.compile(rb"^[0-9]{4}-[0-9-]{5} [0-9:]{8} <([0-5])> ", re.MULTILINE)
_STUNNEL = re.compile(rb"[0-9] LOG([0-7])\[")
_DAY = re.compile(rb"11[A-Z][a-z][a-z]1111")
_KEPT, _REPLACED = 0x10, 0x1A  # a control character of the log itself that would be read as such a digit
_ZERO, _ONE, _A, _BEYOND, _QUOTE = np.frombuffer(b'01a\x80"', np.uint8)
_TO_LOWER, _TEN, _HEX_LETTERS, _LETTERS = np.array((0x20, 10, 6, 26), np.uint8)
_LEAST = 6
"""Characters of the shortest identifier of hexadecimal digits; one of any letters has two more."""
_SWITCHES_WITHIN = 20
_UUID = np.frombuffer(b"f1f1f1f1-f1f1-f1f1-f1f1-f1f1f1f1f1f1", np.uint8)
_DASHES = (8, 13, 18, 23)
_FOURS = (0, 4, 9, 14, 19, 24, 28, 32)  # where four digits of a UUID start
_OF_GLOG = np.isin(np.arange(256), np.frombuffer(b"DIWEFC", np.uint8))
Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


def block_keys(block: Block) -> bytes:
    """The key of each line, at the places of the lines, each ended by LF."""
    text = _digits_alike(np.frombuffer(block.data, np.uint8))
    for pattern in _level_patterns(block.data):
        for found in pattern.finditer(block.data):
            for place in range(*found.span(1)):
                text[place] = _KEPT + block.data[place] - _ZERO
    if len(text):
        _fill_identifiers(text, ascii_only=block.data.isascii())
    return text.tobytes()


def _level_patterns(data: bytes) -> Iterator[re.Pattern[bytes]]:
    """Those of which the data may have one."""
    if _has(data, b'"', b":", 1) or _has(data, b'"', b":", 2):
        for name, pattern in _JSON_LEVELS:
            if _has_number(data, name[-2:-1]) and name in data:
                yield pattern
    if _has(data, b'"', b"5", 2):
        yield _SERVER_ERROR
    if data[:1] == b"<" or _has(data, b"\n", b"<", 1):
        yield from (_PRIORITY, _EVENT_LEVEL, _SCCM)
    for name, pattern in _LOGFMT_LEVELS:
        if _has(data, name[-2:-1], b"=", 1):
            yield pattern
    if b"%" in data:
        yield _CISCO
        if _has(data, b"/", b"/", 2):
            yield _SWITCH
    if b" LOG" in data:
        yield _STUNNEL
    if b"!ENTRY " in data:
        yield _ECLIPSE
    if _has(data, b"<", b">", 2):
        yield _YAST


def _digits_alike(data: Bytes) -> Bytes:
    """A copy with every digit as 1; arithmetic on all bytes is four times as fast as a table."""
    mask = np.negative((data - _ZERO < _TEN).view(np.uint8))
    text: Bytes = data ^ _ONE
    text &= mask
    text ^= data
    control = data - np.uint8(_KEPT) < _TEN
    if control.any():
        text[control] = _REPLACED
    return text


def _has(data: bytes, first: bytes, second: bytes, distance: int) -> bool:
    """Are two signs anywhere this far apart? Comparing all bytes is several times as fast as a search."""
    text = np.frombuffer(data, np.uint8)
    return first in data and bool(((text[:-distance] == ord(first)) & (text[distance:] == ord(second))).any())


def _has_number(data: bytes, letter: bytes) -> bool:
    """Has any key of JSON that ends with this letter a value that starts with a digit, also in quotes? Most
    levels are words, and the patterns needn't be searched then.
    """
    text = np.frombuffer(data, np.uint8)
    at = np.flatnonzero((text[:-1] == ord(letter)) & (text[1:] == _QUOTE)) + 2
    for sign, most in ((b" ", 2), (b":", 1), (b" ", 2), (b'"', 1)):
        for _ in range(most):
            at = np.minimum(at, len(text) - 1)
            at = at + (text[at] == ord(sign))
    return bool((text[np.minimum(at, len(text) - 1)] - _ZERO < _TEN).any())


def _fill_identifiers(text: Bytes, *, ascii_only: bool) -> None:
    """The text ends with LF, so each word has an end in it."""
    lower = text | _TO_LOWER
    lower -= _A
    digit = stream_of(text == _ONE)
    hexadecimal = digit | stream_of(lower < _HEX_LETTERS)
    mixed = digit | stream_of(lower < _LETTERS)
    word = mixed if ascii_only else mixed | stream_of(text >= _BEYOND)
    uuids = _uuids(text, hexadecimal, word)
    if uuids:
        inside = (uuids << len(_UUID)) - uuids
        digit, hexadecimal, mixed, word = (
            difference(stream, inside) for stream in (digit, hexadecimal, mixed, word)
        )
        text[places_of(uuids, len(text))[:, None] + np.arange(len(_UUID))] = _UUID
    letter = mixed ^ digit
    switch = (digit & (letter << 1)) | (letter & (digit << 1))
    starts = _likely(word, switch)
    if starts:
        size = len(text)
        ends = places_of(ends_of_runs(word, starts), size)
        is_hex = holds(ends_of_runs(hexadecimal, starts), ends, size)
        is_mixed = ~is_hex if ascii_only else ~is_hex & holds(ends_of_runs(mixed, starts), ends, size)
        begins = places_of(starts, size)
        is_mixed &= ends - begins >= _LEAST + 2
        if (is_mixed & (text[begins] == _ONE)).any():
            switches = places_of(((word ^ switch) + starts) & switch, size)
            is_mixed &= ~_is_number_with_unit(text, begins, switches, ends)
        is_other = _is_level_and_date(text, begins, ends)
        is_hex, is_mixed = is_hex & ~is_other, is_mixed & ~is_other
        letters = np.where(is_hex, ord("f"), np.where(is_mixed, ord("z"), 0)).astype(np.uint8)
        _fill_words(text, begins, ends, letters)


def _uuids(text: Bytes, hexadecimal: int, word: int) -> int:
    """Where they start."""
    dash = stream_of(text == ord("-"))
    starts = dash >> _DASHES[0]
    for place in _DASHES[1:]:
        starts &= dash >> place
    if starts:
        of_four = runs_of(hexadecimal, 4)
        for place in _FOURS:
            starts &= of_four >> place
        starts = difference(difference(starts, word << 1), word >> len(_UUID))
    return starts


def _likely(word: int, switch: int) -> int:
    """Starts of words that are long enough and go from digits to letters, or back, soon enough."""
    starts = difference(runs_of(word, _LEAST), word << 1)
    if not starts or not switch:
        return 0
    reach, near, runs = 0, switch, {1: word}
    while reach < _SWITCHES_WITHIN:
        step = min(reach + 1, _SWITCHES_WITHIN - reach)
        if step not in runs:
            runs[step] = runs_of(word, step)
        near |= runs[step] & (near >> step)
        reach += step
    return starts & near


def _fill_words(text: Bytes, starts: Places, ends: Places, letters: Bytes) -> None:
    """Make each word this letter and 1 in turns, and the last of an odd number 1; none whose letter is 0."""
    chosen = letters > 0
    starts, letters, sizes = starts[chosen], letters[chosen], (ends - starts)[chosen]
    if not len(starts):
        return
    begins = np.cumsum(sizes) - sizes
    offsets = np.arange(begins[-1] + sizes[-1]) - np.repeat(begins, sizes)
    values = np.repeat(letters, sizes)
    values[offsets % 2 == 1] = _ONE
    odd = sizes % 2 == 1
    values[begins[odd] + sizes[odd] - 1] = _ONE
    text[np.repeat(starts, sizes) + offsets] = values


def _is_level_and_date(text: Bytes, starts: Places, ends: Places) -> NDArray[np.bool_]:
    """The letter of a level with six or eight digits after it, as glog writes them, or a day as 04Mar2026."""
    sizes = ends - starts
    found: NDArray[np.bool_] = ((sizes == 7) | (sizes == 9)) & _OF_GLOG[text[starts]]
    for place in np.flatnonzero(found).tolist():
        found[place] = bool((text[starts[place] + 1 : ends[place]] == _ONE).all())
    for place in np.flatnonzero((sizes == 9) & (text[starts] == _ONE)).tolist():
        found[place] = _DAY.fullmatch(text[starts[place] : ends[place]].tobytes()) is not None
    return found


def _is_number_with_unit(text: Bytes, starts: Places, switches: Places, ends: Places) -> NDArray[np.bool_]:
    """Digits with one or two letters after them (`15000000ms`), or the digits of a date before its T.

    `switches`: the first place in each word where digits and letters change.
    """
    rest = ends - switches
    following = text[np.minimum(switches + 1, len(text) - 1)]
    unit = (rest <= 2) & (text[ends - 1] != _ONE)
    date = (text[switches] == ord("T")) & (rest >= 2) & (following == _ONE)
    found: NDArray[np.bool_] = (text[starts] == _ONE) & (unit | date)
    return found
