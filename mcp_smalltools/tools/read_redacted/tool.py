"""`read_redacted`: lines of a file, verbatim but for masked secrets and personal data."""

from __future__ import annotations

from typing import ClassVar

from mcp_smalltools import result
from mcp_smalltools.errors import UsageError
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.redact import Redactor
from mcp_smalltools.text.visible import clean_text
from mcp_smalltools.tools import base
from mcp_smalltools.tools.read_redacted.answer import MOST_LINES, ReadRedactedAnswer, ReadRedactedArguments


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
    version: ClassVar[int] = 1
    Arguments: ClassVar[type[base.Arguments]] = ReadRedactedArguments
    Answer: ClassVar[type[result.Answer]] = ReadRedactedAnswer

    async def run(self, arguments: ReadRedactedArguments, context: base.ToolContext) -> ReadRedactedAnswer:
        return await context.in_thread(self._read, arguments, context)

    def _read(self, arguments: ReadRedactedArguments, context: base.ToolContext) -> ReadRedactedAnswer:
        source = context.open(arguments.path)
        last = min(arguments.end or 1 << 62, arguments.start + MOST_LINES - 1)
        lines, seen = _lines(source, arguments.start, last, context)
        if not lines and arguments.start > 1:
            raise UsageError(
                f"{arguments.path} has {seen} lines; there is no line {arguments.start}.",
                remedy=f"Ask for lines 1 to {seen}.",
            )
        # All lines together, since a private key spans many. Under `open` too: that is the tool's purpose.
        is_open = context.level() is PrivacyLevel.OPEN
        scrub = Redactor.from_settings(context.settings).scrub if is_open else context.scrub
        text = scrub(clean_text("\n".join(lines)))
        answer = ReadRedactedAnswer(
            start=arguments.start, lines=text.split("\n") if lines else [], of=source.line_count
        )
        if source.cut_lines:
            answer.dropped["cut_lines"] = source.cut_lines
        wanted = (arguments.end or 0) - last
        if wanted > 0:
            answer.dropped["lines"] = wanted
            answer.note = f"At most {MOST_LINES} lines are returned at once; continue with start={last + 1}."
        return answer


def _lines(source: UserFile, start: int, last: int, context: base.ToolContext) -> tuple[list[str], int]:
    """Lines `start` to `last`, and how many lines were read."""
    taken: list[str] = []
    seen = 0
    for block in source.blocks(stop=context.stop):
        seen = block.first + len(block.lines) - 1
        if seen >= start:
            taken += block.lines[max(0, start - block.first) : max(0, last - block.first + 1)]
        if seen >= last:
            break
        context.progress(source.bytes_read, source.size, "reading")
    return taken, seen
