"""Counting the files of a call: whole or from where the last call ended, on one core or several."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcp_smalltools.errors import DeadlineExceeded, UsageError
from mcp_smalltools.files.reader import BLOCK, FilePart
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.logs.counting.parallel import ParallelReader, helpers_for
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.counting.state import compact, resume
from mcp_smalltools.logs.folding.fold_blocks import RecordFolder, form_of
from mcp_smalltools.logs.folding.record_forms import RecordForm
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.keys.terminal import strip_terminal_codes
from mcp_smalltools.tools.parse_log.answer import LAST
from mcp_smalltools.tools.parse_log.last_call import LogChange, load_position, position_at, save_position
from mcp_smalltools.tools.parse_log.since import Since, SinceReader, parse_since, time_of

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import StopCheck, UserFile
    from mcp_smalltools.tools.base import ToolContext
    from mcp_smalltools.tools.parse_log.answer import ParseLogArguments

_GROUPING_SHARE = 0.2
"""The share of the time that is kept for clustering and for the answer."""
_HEAD = 256 << 10
"""Bytes at the start of a log by which its form is told, however little time there is."""
_LEAST_BLOCK, _BYTES_PER_S = 64 << 10, 128 << 10
"""Of the time that a call has, one block takes a small part even where every line is new."""
Feed = Callable[[Block], None]


@dataclass(slots=True)
class CountedLog:
    """Records counted by line type, before there are templates.

    `compares`: there are records to compare with: of a baseline, or from before `since`. `part`: what was
    read of the file, if that is not all of it; `form`: how its records are written over several lines.
    """

    source: UserFile
    parser: LogParser
    compares: bool = False
    part: FilePart | None = None
    form: RecordForm | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def blocks(self, stop: StopCheck) -> Iterator[Block]:
        """What was read, once more."""
        return RecordFolder(self.form).blocks(self.source.byte_blocks(stop=stop, part=self.part))


def count(arguments: ParseLogArguments, context: ToolContext) -> CountedLog:
    """Read the log, and the baseline if there is one. Raises FileError, UsageError, Cancelled."""
    if arguments.since and arguments.baseline_path:
        raise UsageError("since and baseline_path can't be combined.", remedy="Give only one of them.")
    since = parse_since(arguments.since) if arguments.since not in ("", LAST) else None
    counted = CountedLog(context.open(arguments.path), LogParser())
    reading = _Reading(counted, context)
    if arguments.baseline_path:
        reading.baseline(context.open(arguments.baseline_path))
        reading.whole()
    elif arguments.since == LAST:
        reading.appended()
    elif since:
        reading.since(since)
    else:
        reading.whole()
    reading.keep_place()
    return counted


def _block_bytes(deadline_s: float) -> int:
    """Bytes that are counted between two looks at the clock; a log whose lines are all of forms of their own
    takes a second and more for a MiB on a busy machine.
    """
    return round(min(BLOCK, max(_LEAST_BLOCK, deadline_s * _BYTES_PER_S)))


@dataclass(slots=True)
class _FirstBlockAnyway:
    """Lets the first block be read where the time was over before, as when the program has just started: some
    lines say more than none.
    """

    stop: StopCheck
    has_block: bool = False

    def check(self) -> None:
        """Raises Cancelled, and DeadlineExceeded from the second block on."""
        try:
            self.stop.check()
        except DeadlineExceeded:
            if self.has_block:
                raise


class _Reading:
    """Feeds the parser, and keeps the position at which the next call can go on."""

    def __init__(self, counted: CountedLog, context: ToolContext) -> None:
        self._counted = counted
        self._context = context
        self._source = counted.source
        self._parser = counted.parser
        self._offset = 0
        self._unended: dict[str, Any] | None = None  # the state before a last line that has no line end
        self._with_before = True

    def baseline(self, source: UserFile) -> None:
        """Count another log, for comparison."""
        self._counted.compares = True
        self._with_before = False
        self._feed(source, "baseline", self._parser.skip)
        self._parser.restart()

    def whole(self) -> None:
        helpers = helpers_for(self._source)
        if helpers and self._form_of(self._source) is None:
            self._feed_in_parts(helpers)
        else:
            self._feed(self._source, "log", self._parser.feed)

    def since(self, since: Since) -> None:
        """Count what comes before for comparison only."""
        self._counted.compares = True
        reader = SinceReader(since, self._parser)
        self._feed(self._source, "log", reader.read)
        if not self._parser.lines:
            raise self._nothing_since(since, reader)
        if since.line is None and not self._is_sealed:
            where = f"{time_of(reader.first_text)} (line {reader.first_line:,})"
            self._counted.notes.append(f"Counted from {where} on.")

    def _nothing_since(self, since: Since, reader: SinceReader) -> UsageError:
        """Why no line is at or after it; that a log has no times doesn't mean that nothing happened."""
        path, lines = self._source.path, self._parser.last_line
        if self._counted.dropped:
            return UsageError(
                f"The time was over before {path} was read to since={since.text}.", remedy="Raise deadline_s."
            )
        if since.line is not None:
            return UsageError(
                f"{path} has {lines:,} lines: none is at or after line {since.line:,}.",
                remedy="Give a line number or a time within the log.",
            )
        if reader.last_timed is None:
            return UsageError(
                f"{path} has no times that could be read, so nothing can be said about since={since.text}.",
                remedy=f"Give a line number from 1 to {lines:,}, or call without since.",
            )
        number, line = reader.last_timed
        told = f"its last time is {time_of(line)}, at line {number:,}"
        if self._is_sealed:
            told = f"its last time is at line {number:,}"
        return UsageError(
            f"{path} has nothing at or after since={since.text}: {told}; "
            f"{reader.timed:,} of {lines:,} lines have a time.",
            remedy="Call without since: the answer has the log's time range and number of lines.",
        )

    def appended(self) -> None:
        """Count what came since the last call, or the whole file where that is not known."""
        note = self._counted.notes.append
        if self._is_sealed:
            note(
                "since=last does not work on a sealed file, of which nothing is remembered: all of it was "
                "read."
            )
            return self.whole()
        if not self._source.is_plain():
            note("since=last needs a plain UTF-8 text file: all of it was read.")
            return self.whole()
        place = load_position(self._context.kept, self._source)
        if place is None:
            note("since=last found no earlier call on this file: all of it was read.")
            return self.whole()
        self._counted.compares = True
        change = place.change(self._source)
        resume(self._parser, place.counted, follows=change is LogChange.APPENDED)
        if change is not LogChange.APPENDED:
            note(_WHAT_CHANGED[change].format(line=place.line))
            return self.whole()
        self._offset = place.offset
        self._counted.part = place.rest(self._source)
        self._feed(self._source, "log", self._parser.feed, self._counted.part)
        first = place.line + 1
        note(
            f"Lines {first} to {self._parser.last_line} were added since the last call."
            if self._parser.lines
            else f"Nothing was added since the last call, which read up to line {place.line}."
        )
        if self._unended is not None:
            note("The last line has no line end yet; the next call counts it again.")
        return None

    @property
    def _is_sealed(self) -> bool:
        """What is kept has words of the file, so nothing is kept of a sealed one."""
        return self._source.level is PrivacyLevel.SEALED

    def keep_place(self) -> None:
        """Save the position for `since="last"`. If that fails, the next call reads the whole file."""
        if self._offset and self._source.is_plain() and not self._is_sealed and self._counted.form is None:
            counted = self._unended or compact(self._parser, with_before=self._with_before)
            place = position_at(self._source, self._offset, counted["last_line"], counted)
            save_position(self._context.kept, self._source, place)

    def _feed(self, source: UserFile, what: str, feed: Feed, part: FilePart | None = None) -> None:
        """Feed block by block while there is time, and note how many bytes were not read."""
        dropped = self._counted.dropped
        whole = False
        with contextlib.suppress(DeadlineExceeded):
            whole = self._feed_blocks(source, what, feed, part)
        if not whole:
            dropped[f"bytes_of_{what}_not_read"] = max(1, source.size - source.bytes_read)
        elif source.cut_lines:
            dropped[f"cut_lines_of_{what}"] = source.cut_lines

    def _feed_blocks(self, source: UserFile, what: str, feed: Feed, part: FilePart | None) -> bool:
        size = _block_bytes(self._context.stop.seconds)
        stop = _FirstBlockAnyway(self._context.stop)
        folder, last = RecordFolder(None if part is not None else self._form_of(source)), 0
        for block in source.byte_blocks(stop=stop, block_bytes=size, part=part):
            stop.has_block = True
            lines = Block(block.first, strip_terminal_codes(block.data))
            last = block.first + len(lines) - 1
            if source is self._source:
                if not block.ended:
                    self._unended = compact(self._parser, with_before=self._with_before)
                self._offset = block.end
            feed(folder.fold(lines))
            self._tell(source.bytes_read, source, what)
            if not self._has_time():
                return False
        rest = folder.rest(last)
        if rest is not None:
            feed(rest)
        return True

    def _form_of(self, source: UserFile) -> RecordForm | None:
        """How its records are written over several lines. Also lets the parser look at its first lines."""
        for block in source.byte_blocks(stop=_FirstBlockAnyway(self._context.stop), block_bytes=_HEAD):
            head = Block(block.first, strip_terminal_codes(block.data))
            form = form_of(head)
            self._parser.look_ahead(RecordFolder(form).fold(head))
            if source is self._source:
                self._counted.form = form
            return form
        return None

    def _feed_in_parts(self, helpers: int) -> None:
        source, dropped = self._source, self._counted.dropped
        reader = ParallelReader(source, helpers, tell=lambda done: self._tell(done, source, "log"))
        whole = False
        with contextlib.suppress(DeadlineExceeded):
            whole = reader.read(self._parser, self._context.stop, self._has_time)
        self._offset = reader.read_to
        if whole and reader.read_to < source.size:
            rest = FilePart(reader.read_to, self._parser.last_line + 1, source.size)
            self._feed(source, "log", self._parser.feed, rest)
        source.line_count = self._parser.last_line if whole else None
        if not whole:
            dropped["bytes_of_log_not_read"] = source.size - reader.read_to
        if reader.cut_lines:
            dropped["cut_lines_of_log"] = reader.cut_lines + dropped.get("cut_lines_of_log", 0)

    def _tell(self, done: int, source: UserFile, what: str) -> None:
        self._context.progress(done, source.size, f"reading the {what}")

    def _has_time(self) -> bool:
        stop = self._context.stop
        stop.check()
        return stop.remaining_s >= stop.seconds * _GROUPING_SHARE


_WHAT_CHANGED = {
    LogChange.ROTATED: "The log was rotated since the last call: this is another file, and all "
    "of it was "
    "read. `before` counts the old file up to line {line}; lines added to it after that are not "
    "counted.",
    LogChange.TRUNCATED: "The log was emptied or rewritten since the last call, which read up to "
    "line {line}. All of it was read; `before` counts what it held then.",
}
