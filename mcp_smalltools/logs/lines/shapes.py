"""What is known of a line by its key, so that each distinct key is taken apart once.

All tables are bounded. A log with more distinct shapes than `MAX_SHAPES` gets coarse shapes for the rest (the
first word, then anything); how many lines that were is counted.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.keys.by_block import block_keys
from mcp_smalltools.logs.keys.normalize import identifier_key, readable, short_numbers
from mcp_smalltools.logs.keys.short_numbers import shortened
from mcp_smalltools.logs.keys.table import KeyTable
from mcp_smalltools.logs.lines.counts import Counts
from mcp_smalltools.logs.lines.headers import read_line
from mcp_smalltools.logs.lines.records import Kind, kind_of, opens_trace, tells_of_error
from mcp_smalltools.logs.lines.sample import Sample
from mcp_smalltools.logs.lines.times import Calendar, TimeSpan, find_time
from mcp_smalltools.logs.message.masking import MARKS, mask_text

MAX_SHAPES = 20_000
MAX_COARSE = 2_000
MAX_CONTENT = 2_000
"""Characters of a content that its shape describes; the rest is one variable."""
_READ_CHARS, _READ_JSON_CHARS = 4_000, 64_000
_CACHED_KEYS = 150_000
_CACHED_CHARS = 48 << 20
_CACHED_CONTENTS = 20_000
_COMPARED_CHARS = 1_000
_FIRST_WORD = re.compile(r"\s*([^\W\d_]{2,40})\b")


class Identity(NamedTuple):
    """What the records of a form share besides their shape."""

    format: str
    level: str | None
    kind: Kind
    trace: bool
    """It opens a stack trace."""
    calendar: Calendar | None


class Form:
    """A shape under one kind of header: what its records share, and their counts."""

    __slots__ = (
        "before",
        "coarse",
        "columns",
        "error",
        "first",
        "first_text",
        "id",
        "identity",
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

    def __init__(self, number: int, shape: int, identity: Identity, *, coarse: bool) -> None:
        self.id = number
        self.shape = shape
        self.identity = identity
        self.level = identity.level
        self.kind = identity.kind
        self.trace = identity.trace
        self.error = tells_of_error(identity.kind, identity.level)
        self.coarse = coarse
        self.columns = 0  # at the start of its content, which are no part of the message
        self.lines = 0  # lines of this form, also those inside records of others
        self.records = 0  # records that start with this form
        self.promoted = 0  # of them, without a level of their own and with a stack trace
        self.before = 0  # records before `since`, or of the baseline
        self.first = 0  # line numbers of the first and last record
        self.last = 0
        self.first_text = ""  # two of its lines
        self.last_text = ""
        self.sample: Sample | None = None  # the first record

    @property
    def format(self) -> str:
        return self.identity.format

    def forget_texts(self) -> None:
        """Be as if it had met no record yet."""
        self.promoted = 0
        self.first_text = self.last_text = ""
        self.sample = None

    def count(self, counts: Counts) -> None:
        """Take over what was counted."""
        self.lines, self.records = int(counts.lines[self.id]), int(counts.records[self.id])
        self.first, self.last = int(counts.first[self.id]), int(counts.last[self.id])
        self.before = int(counts.before[self.id])


class Entry(NamedTuple):
    """What a key tells: the form, where the time is (in bytes), and where the content starts."""

    form: Form
    time: TimeSpan | None
    content_at: int | None  # None: the content is not a part of the line (JSON, key=value)


class FormTable:
    """Lines to entries. `shapes` lists the distinct shapes in order of appearance.

    `known[n]` is the entry of number n. Numbers hold until the next call of `read`.
    """

    def __init__(self, max_shapes: int = MAX_SHAPES) -> None:
        self.shapes: list[str] = []
        self.forms: list[Form] = []
        self.known: list[Entry] = []
        self._max_shapes = max_shapes
        self._shape_ids: dict[str, int] = {}
        self._forms: dict[tuple[int, Identity], Form] = {}
        self._keys = KeyTable()
        self._number_of_entry: dict[tuple[object, ...], int] = {}
        self._alike: dict[str, list[tuple[str, int]]] = {}
        self._shape_of_content: dict[str, tuple[int, bool]] = {}
        self._cached_chars = 0
        self.spans: list[TimeSpan | None] = []
        self._span_ids: dict[TimeSpan | None, int] = {}
        self._columns: NDArray[np.int64] = np.zeros((2, 1_024), np.int64)  # form and span of each entry

    def knowledge(self) -> bytes:
        """All that is known of lines, for a table of another process; see `taught`."""
        return pickle.dumps(self, pickle.HIGHEST_PROTOCOL)

    @classmethod
    def taught(cls, knowledge: bytes) -> FormTable:
        """A table that knows what another one does. Only for bytes of a process of one's own."""
        table = pickle.loads(knowledge)
        assert isinstance(table, cls)
        return table

    def read(self, block: Block) -> NDArray[np.int64]:
        """The number of each line's entry, shape (lines,)."""
        if self._keys.keys >= _CACHED_KEYS or self._keys.bytes + self._cached_chars > _CACHED_CHARS:
            self._forget()
        keys, sizes = block_keys(block), block.ends - block.starts
        numbers = self._keys.find(keys, block.starts, sizes)
        unknown = np.flatnonzero(numbers < 0)
        if len(unknown):
            numbers[unknown] = self._learn(keys, block, unknown)
        return numbers

    def _learn(self, keys: bytes, block: Block, unknown: NDArray[np.int64]) -> list[int]:
        """The numbers of the keys at these places of a block, which are not known, for later blocks too."""
        starts, ends = block.starts[unknown].tolist(), block.ends[unknown].tolist()
        of_line = [keys[start:end] for start, end in zip(starts, ends, strict=True)]
        first = dict(zip(reversed(of_line), reversed(unknown.tolist()), strict=True))
        new = [*dict.fromkeys(of_line)]
        number_of = dict(zip(new, self._numbers_of([*map(_text_of, new)]), strict=True))
        at = np.array([first[key] for key in new])
        sizes = block.ends[at] - block.starts[at]
        self._keys.add(keys, block.starts[at], sizes, np.array([*number_of.values()]))
        return [number_of[key] for key in of_line]

    def _numbers_of(self, texts: list[str]) -> Iterator[int]:
        """The numbers of new keys."""
        for text, short in zip(texts, _all_shortened(texts), strict=True):
            yield self._number(text, short if len(text) <= _COMPARED_CHARS else "")

    def forms_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of the form (its place in `forms`) of each entry of these numbers."""
        return np.take(self._columns[0], numbers)

    def spans_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of the place of the time (in `spans`) of each entry of these numbers."""
        return np.take(self._columns[1], numbers)

    def entries(self, lines: Sequence[str]) -> list[Entry]:
        """An entry for each line."""
        return [self.known[number] for number in self.read(Block.of(1, lines)).tolist()]

    def shape_of_content(self, content: str) -> int:
        """The number of the shape of a line's message, without its header."""
        key = block_keys(Block.of(1, [content.replace("\n", " ")]))[:-1]
        return self._shape(readable(_text_of(key)))[0]

    def _forget(self) -> None:
        self._keys.clear()
        self._number_of_entry.clear()
        self._alike.clear()
        self.known.clear()
        self.spans.clear()
        self._span_ids.clear()
        self._cached_chars = 0

    def _number(self, text: str, short: str) -> int:
        """The number of a new key: that of one which differs only in how long its content's numbers are, or
        it is read.
        """
        for header, known in self._alike.get(short, ()) if short else ():
            if text.startswith(header):
                return known
        entry = self._read(text)
        number = self._number_of_entry.setdefault(tuple(entry), len(self.known))
        if number == len(self.known):
            self._add(entry)
        if short and entry.content_at is not None:
            self._alike.setdefault(short, []).append((text[: entry.content_at], number))
            self._cached_chars += len(short)
        return number

    def _add(self, entry: Entry) -> None:
        if len(self.known) == self._columns.shape[1]:
            self._columns = np.concatenate((self._columns, np.zeros_like(self._columns)), axis=1)
        span = self._span_ids.setdefault(entry.time, len(self.spans))
        if span == len(self.spans):
            self.spans.append(entry.time)
        self._columns[:, len(self.known)] = entry.form.id, span
        self.known.append(entry)

    def _read(self, key: str) -> Entry:
        # Headers are short; only JSON is read whole, as far as a line of sense goes.
        text = readable(key[: _READ_JSON_CHARS if key.startswith("{") else _READ_CHARS])
        line = read_line(text)
        kind = kind_of(line)
        shape, coarse = self._shape(line.content)
        time = _in_bytes(find_time(text, line), text)
        identity = Identity(line.format, line.level, kind, opens_trace(line), time and time.calendar)
        form = self._form(shape, identity, coarse=coarse)
        at = len(text) - len(line.content) if text.endswith(line.content) else None
        return Entry(form, time, at)

    def form_of(self, shape: str, identity: Identity, *, coarse: bool) -> Form:
        """The form of a shape that another table found."""
        number = self._shape_ids.get(shape)
        if number is None and len(self.shapes) < self._max_shapes:
            number = self._new_shape(shape)
        elif number is None:
            number, coarse = self._coarse_shape(shape), True
        return self._form(number, identity, coarse=coarse)

    def _form(self, shape: int, identity: Identity, *, coarse: bool) -> Form:
        form = self._forms.get((shape, identity))
        if form is None:
            form = self._forms[shape, identity] = Form(len(self.forms), shape, identity, coarse=coarse)
            self.forms.append(form)
        return form

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
        return self._coarse_shape(content), True

    def _coarse_shape(self, content: str) -> int:
        first = _FIRST_WORD.match(content)
        coarse = f"{first[1]} {MARKS['text']}" if first else MARKS["text"]
        if coarse not in self._shape_ids and len(self.shapes) >= self._max_shapes + MAX_COARSE:
            coarse = MARKS["text"]
        known = self._shape_ids.get(coarse)
        return self._new_shape(coarse) if known is None else known

    def _new_shape(self, text: str) -> int:
        number = self._shape_ids[text] = len(self.shapes)
        self.shapes.append(text)
        return number


def _all_shortened(texts: Sequence[str]) -> list[str]:
    """`short_numbers` of each."""
    lines = "".join([f"{text}\n" for text in texts])
    if not lines.isascii():
        return short_numbers(lines).split("\n")[:-1]
    return shortened(lines.encode()).decode().split("\n")[:-1]


def _text_of(key: bytes) -> str:
    text = key.decode("utf-8", "surrogatepass")
    return text if text.isascii() else identifier_key(text)


def _in_bytes(span: TimeSpan | None, text: str) -> TimeSpan | None:
    """A place in a line's characters as one in its bytes; None for a time with digits beyond ASCII."""
    if span is None or text.isascii():
        return span
    if not text[span.start : span.end].isascii():
        return None
    shift = len(text[: span.start].encode("utf-8", "surrogatepass")) - span.start
    return span._replace(start=span.start + shift, seconds_end=span.seconds_end + shift, end=span.end + shift)
