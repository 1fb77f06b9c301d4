"""`read_redacted`: lines of a file, verbatim but for masked secrets and personal data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from mcp_smalltools import result
from mcp_smalltools.errors import UsageError
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.in_context import ContextRedactor
from mcp_smalltools.text.visible import clean_text
from mcp_smalltools.tools import base
from mcp_smalltools.tools.read_redacted.answer import MOST_LINES, ReadRedactedAnswer, ReadRedactedArguments

_LINES_AROUND: Final = 500
"""So many lines before and after those that are asked for are looked at."""
_HEAD_LINES: Final = 5
"""First lines of the file that are, too: a table's header."""


class ReadRedacted:
    name: ClassVar[str] = "read_redacted"
    title: ClassVar[str] = "Read with secrets masked"
    description: ClassVar[str] = (
        "Read lines of a file with secrets and personal data masked (<SECRET_1>, <EMAIL_1>; the same value "
        "gets the same placeholder). Use it for files that may hold credentials or personal data (.env, "
        "configuration, dumps, customers' data in logs), and for compressed files or unusual encodings. Not "
        "for finding out what a long log or document says: parse_log and summarize_file take far fewer "
        "tokens. Returns the lines from `start` to `end`, in order; line numbers are those of the file."
    )
    version: ClassVar[int] = 2
    Arguments: ClassVar[type[base.Arguments]] = ReadRedactedArguments
    Answer: ClassVar[type[result.Answer]] = ReadRedactedAnswer

    async def run(self, arguments: ReadRedactedArguments, context: base.ToolContext) -> ReadRedactedAnswer:
        return await context.in_thread(self._read, arguments, context)

    def _read(self, arguments: ReadRedactedArguments, context: base.ToolContext) -> ReadRedactedAnswer:
        source = context.open(arguments.path)
        last = min(arguments.end or 1 << 62, arguments.start + MOST_LINES - 1)
        lines, seen = _lines(source, arguments.start, last, context)
        if not lines.asked and arguments.start > 1:
            raise UsageError(
                f"{arguments.path} has {seen} lines; there is no line {arguments.start}.",
                remedy=f"Ask for lines 1 to {seen}.",
            )
        # With the lines around them: a key, a block or a table may begin before the first line that is asked
        # for. Under `open` too: that is the tool's purpose.
        is_open = context.level() is PrivacyLevel.OPEN
        scrub = ContextRedactor(context.settings, lambda: [source]).scrub if is_open else context.scrub
        text = scrub(clean_text("\n".join([*lines.head, *lines.before, *lines.asked, *lines.after])))
        first = len(lines.head) + len(lines.before)
        shown = text.split("\n")[first : first + len(lines.asked)]
        answer = ReadRedactedAnswer(start=arguments.start, lines=shown, of=source.line_count)
        if arguments.export_path:
            from mcp_smalltools.tools.read_redacted.masked_copy import write_masked_copy

            answer.export = write_masked_copy(source, scrub, arguments.export_path, context)
        if source.cut_lines:
            answer.dropped["cut_lines"] = source.cut_lines
        wanted = (arguments.end or 0) - last
        if wanted > 0:
            answer.dropped["lines"] = wanted
            answer.note = f"At most {MOST_LINES} lines are returned at once; continue with start={last + 1}."
        return answer


@dataclass(slots=True)
class _Lines:
    """Lines of a file, and those that say how they are to be masked."""

    head: list[str] = field(default_factory=list)
    """The file's first lines, if `before` doesn't start with them."""
    before: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def _lines(source: UserFile, start: int, last: int, context: base.ToolContext) -> tuple[_Lines, int]:
    """Lines `start` to `last` with their surroundings, and how many lines were read."""
    taken = _Lines()
    seen = 0
    for block in source.blocks(stop=context.stop):
        seen = block.first + len(block.lines) - 1
        from_line = max(1, start - _LINES_AROUND)
        if block.first == 1 and from_line > 1:
            taken.head = block.lines[: min(_HEAD_LINES, from_line - 1)]
        for lines, first, end in (
            (taken.before, from_line, start - 1),
            (taken.asked, start, last),
            (taken.after, last + 1, last + _LINES_AROUND),
        ):
            if seen >= first and end >= block.first:
                lines.extend(block.lines[max(0, first - block.first) : max(0, end - block.first + 1)])
        if seen >= last + _LINES_AROUND:
            break
        context.progress(source.bytes_read, source.size, "reading")
    return taken, seen
