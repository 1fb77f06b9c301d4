"""What is known of a line by its key, so that each distinct key is taken apart once.

All tables are bounded. A log with more distinct shapes than `MAX_SHAPES` gets coarse shapes for the rest (the
first word, then anything); how many lines that were is counted.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence

from mcp_smalltools.tools.logs.headers import Line, read_line
from mcp_smalltools.tools.logs.keys import (
    digit_keys,
    hints,
    identifier_key,
    pattern_of,
    readable,
    short_numbers,
)
from mcp_smalltools.tools.logs.masking import MARKS, mask_text
from mcp_smalltools.tools.logs.records import Kind, kind_of, opens_trace, tells_of_error
from mcp_smalltools.tools.logs.times import TimeSpan, find_time

MAX_SHAPES = 20_000
MAX_COARSE = 2_000
MAX_CONTENT = 2_000
"""Characters of a content that its shape describes; the rest is one variable."""
_HEAD_LINES, _TAIL_LINES = 6, 4
_READ_CHARS, _READ_JSON_CHARS = 4_000, 64_000
_CACHED_KEYS = 150_000
_CACHED_CHARS = 48 << 20
_CACHED_CONTENTS = 20_000
_HINTS = 10_000
_PATTERNS_OF_A_HINT = 32
_PATTERN_CHARS = 1_000
Match = Callable[[str], object]
_FIRST_WORD = re.compile(r"\s*([^\W\d_]{2,40})\b")


class Sample:
    """The first record of a form: its start, its last lines, and its cause."""

    __slots__ = ("cause", "first", "head", "tail", "total")

    def __init__(self, first: int) -> None:
        self.first = first  # line number
        self.total = 0
        self.head: list[str] = []
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self.cause: tuple[int, str] | None = None  # the last "Caused by: …" and its line number

    def add(self, line: str) -> None:
        """Keep a line, or only what is needed of it."""
        if len(self.head) < _HEAD_LINES:
            self.head.append(line)
        else:
            self.tail.append(line)
        if line.lstrip().startswith("Caused by: "):
            self.cause = self.first + self.total, line
        self.total += 1

    def telling_end(self, lines: int) -> tuple[int, list[str]]:
        """Number and text of the lines that say most after the record's start: the cause, or the end."""
        if self.cause is not None and self.cause[0] >= self.first + 3:
            return self.cause[0], [self.cause[1]]
        kept = [*self.head, *self.tail][-lines:]
        return self.first + self.total - len(kept), kept


class Form:
    """A shape under one kind of header: what its records share, and their counts."""

    __slots__ = (
        "before",
        "coarse",
        "error",
        "first",
        "first_text",
        "format",
        "id",
        "kind",
        "last",
        "last_text",
        "level",
        "lines",
        "promoted",
        "records",
        "sample",
        "shape",
        "trace",
    )

    def __init__(self, number: int, shape: int, line: Line, kind: Kind, *, coarse: bool) -> None:
        self.id = number
        self.shape = shape
        self.format = line.format
        self.level = line.level
        self.kind = kind
        self.trace = opens_trace(line)
        self.error = tells_of_error(kind, line)
        self.coarse = coarse
        self.lines = 0  # lines of this form, also those inside records of others
        self.records = 0  # records that start with this form
        self.promoted = 0  # of them, without a level of their own and with a stack trace
        self.before = 0  # records before `since`, or of the baseline
        self.first = 0  # line numbers of the first and last record
        self.last = 0
        self.first_text = ""
        self.last_text = ""
        self.sample: Sample | None = None  # the first record


class Entry:
    """What a key tells: the form, where the time is, and where the content starts."""

    __slots__ = ("content_at", "form", "time")

    def __init__(self, form: Form, time: TimeSpan | None, content_at: int | None) -> None:
        self.form = form
        self.time = time
        self.content_at = content_at  # None: the content is not a part of the line (JSON, key=value)


class FormTable:
    """Lines to entries. `shapes` lists the distinct shapes in order of appearance."""

    def __init__(self, max_shapes: int = MAX_SHAPES) -> None:
        self.shapes: list[str] = []
        self.forms: list[Form] = []
        self._max_shapes = max_shapes
        self._shape_ids: dict[str, int] = {}
        self._forms: dict[tuple[object, ...], Form] = {}
        self._entries: dict[str, Entry] = {}
        self._patterns: dict[tuple[bytes, int], list[tuple[Match, Entry]]] = {}
        self._shape_of_content: dict[str, tuple[int, bool]] = {}
        self._cached_chars = 0

    def entries(self, lines: Sequence[str]) -> list[Entry]:
        """An entry for each line."""
        keys = digit_keys(lines)
        found: list[Entry | None] = [*map(self._entries.get, keys)]
        missed = [number for number, entry in enumerate(found) if entry is None]
        if not missed:
            return found  # type: ignore[return-value]  # there is no None
        missed_keys = [keys[number] for number in missed]
        for number, key, hint in zip(missed, missed_keys, hints(missed_keys), strict=True):
            candidates = self._patterns.get((hint, len(key)))
            if candidates:
                match, entry = candidates[0]
                found[number] = entry if match(key) else self._by_pattern(key, candidates)
            if found[number] is None:
                found[number] = self._by_reading(key, hint)
        return found  # type: ignore[return-value]  # every None was resolved

    def shape_of_content(self, content: str) -> int:
        """The number of the shape of a line's message, without its header."""
        key = digit_keys([content.replace("\n", " ")])[0]
        return self._shape(readable(identifier_key(key)))[0]

    def _by_pattern(self, key: str, candidates: list[tuple[Match, Entry]]) -> Entry | None:
        """The entry of a key that differs from a known one only in identifiers and numbers."""
        for place, (match, entry) in enumerate(candidates):
            if match(key):
                candidates.insert(0, candidates.pop(place))
                return entry
        return None

    def _by_reading(self, key: str, hint: bytes) -> Entry:
        alike = identifier_key(key)
        entry = self._entries.get(alike)
        if entry is None:
            entry = self._read(alike)
            self._remember(alike, entry)
        if alike != key:
            self._note_pattern(key, hint, entry)
        return entry

    def _note_pattern(self, key: str, hint: bytes, entry: Entry) -> None:
        """From the second time on, lines with this hint are worth a pattern, which is costly to make."""
        candidates = self._patterns.get((hint, len(key)))
        if candidates is None:
            if len(self._patterns) >= _HINTS:
                self._patterns.clear()
            self._patterns[hint, len(key)] = []
        elif len(candidates) < _PATTERNS_OF_A_HINT and len(key) <= _PATTERN_CHARS:
            candidates.append((pattern_of(key, entry.content_at).fullmatch, entry))

    def _remember(self, key: str, entry: Entry) -> None:
        if len(self._entries) >= _CACHED_KEYS or self._cached_chars > _CACHED_CHARS:
            self._entries.clear()
            self._cached_chars = 0
        self._entries[key] = entry
        self._cached_chars += len(key)

    def _read(self, key: str) -> Entry:
        # Headers are short; only JSON is read whole, as far as a line of sense goes.
        text = readable(key[: _READ_JSON_CHARS if key.startswith("{") else _READ_CHARS])
        line = read_line(text)
        kind = kind_of(line)
        shape, coarse = self._shape(line.content)
        time = find_time(text, line)
        identity = (shape, line.format, line.level, kind, opens_trace(line), time and time.calendar)
        form = self._forms.get(identity)
        if form is None:
            form = self._forms[identity] = Form(len(self.forms), shape, line, kind, coarse=coarse)
            self.forms.append(form)
        at = len(text) - len(line.content) if text.endswith(line.content) else None
        return Entry(form, time, at)

    def _shape(self, content: str) -> tuple[int, bool]:
        """The shape's number, and whether it is a coarse one."""
        content = short_numbers(content)
        known = self._shape_of_content.get(content)
        if known is None:
            if len(self._shape_of_content) >= _CACHED_CONTENTS:
                self._shape_of_content.clear()
            known = self._shape_of_content[content] = self._masked_shape(content)
        return known

    def _masked_shape(self, content: str) -> tuple[int, bool]:
        text = mask_text(content[:MAX_CONTENT])
        if len(content) > MAX_CONTENT:
            text += MARKS["text"]
        known = self._shape_ids.get(text)
        if known is not None:
            return known, False
        if len(self.shapes) < self._max_shapes:
            return self._new_shape(text), False
        first = _FIRST_WORD.match(content)
        coarse = f"{first[1]} {MARKS['text']}" if first else MARKS["text"]
        if coarse not in self._shape_ids and len(self.shapes) >= self._max_shapes + MAX_COARSE:
            coarse = MARKS["text"]
        known = self._shape_ids.get(coarse)
        return (self._new_shape(coarse) if known is None else known), True

    def _new_shape(self, text: str) -> int:
        number = self._shape_ids[text] = len(self.shapes)
        self.shapes.append(text)
        return number
