"""`parse_log`: what a log holds, as templates with exact counts."""

from __future__ import annotations

from typing import ClassVar

from mcp_smalltools import result
from mcp_smalltools.tools import base
from mcp_smalltools.tools.parse_log.answer import ParseLogAnswer, ParseLogArguments

_ANSWER_SHARE = 0.1
"""The share of the time that is kept for the answer, and for clustering what could not be judged."""


class ParseLog:
    """Counts the records of a log by template. Only `focus` uses the engine, and it works "
    "without one."""

    name: ClassVar[str] = "parse_log"
    title: ClassVar[str] = "Parse a log"
    description: ClassVar[str] = (
        "What is in a log of any size or format (application, syslog, JSON lines, access log, build, CI): "
        "message templates with exact counts, levels, times and gaps; errors verbatim with line numbers; "
        "what is rare, bursting, new since the last call, or changed against another log; sessions by "
        "request, block or process; with focus, only what matches a question. Use it before you read a log "
        "of more than about 100 lines, then read single lines by number. Not for finding a known string "
        "(use grep), and not for prose."
    )
    version: ClassVar[int] = 12
    Arguments: ClassVar[type[base.Arguments]] = ParseLogArguments
    Answer: ClassVar[type[result.Answer]] = ParseLogAnswer

    async def run(self, arguments: ParseLogArguments, context: base.ToolContext) -> ParseLogAnswer:
        """Count records, derive templates, and compose the answer, as far as the time allows.

        Raises FileError, UsageError, Cancelled.
        """
        from mcp_smalltools.logs.judge.adaptation import judge_for
        from mcp_smalltools.logs.templates.parsed_log import derive_templates
        from mcp_smalltools.tools.parse_log.compose import compose_answer
        from mcp_smalltools.tools.parse_log.count_file import count
        from mcp_smalltools.tools.parse_log.focus import focus_on

        counted = await context.in_thread(count, arguments, context)
        judge = await context.in_thread(judge_for, context.settings.state_dir)
        until = context.stop.ends_at - context.stop.seconds * _ANSWER_SHARE
        log = await context.in_thread(derive_templates, counted.parser, judge, until)
        focus = await focus_on(arguments.focus, log.templates, context) if arguments.focus else None
        return await context.in_thread(compose_answer, counted, log, focus, arguments, context)
