"""`find_failure`: the lines that say why a build, a test run or a program failed."""

from __future__ import annotations

from typing import ClassVar

from mcp_smalltools import result
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.tools import base
from mcp_smalltools.tools.find_failure.answer import FindFailureAnswer, FindFailureArguments


class FindFailure:
    """A learned ranker over lines, over rules that know the forms of common tools."""

    name: ClassVar[str] = "find_failure"
    title: ClassVar[str] = "Find why a run failed"
    description: ClassVar[str] = (
        "Find the few lines that say why a build, a test run, a CI job or a program failed, in a log of any "
        "size, without reading it. Use it first for any failed run with more than about 60 lines of output; "
        "give exit_code, and baseline_path (the log of a passing run), if you have them. Gives evidence "
        "verbatim with line numbers, the likeliest cause first, kind, tool, place in the source, calibrated "
        "confidence; failed is false if the run says it passed, absent if it can't tell. Not for counting or "
        "for a service's log (parse_log), nor for a known string (grep)."
    )
    version: ClassVar[int] = 2
    Arguments: ClassVar[type[base.Arguments]] = FindFailureArguments
    Answer: ClassVar[type[result.Answer]] = FindFailureAnswer

    async def run(self, arguments: FindFailureArguments, context: base.ToolContext) -> FindFailureAnswer:
        return await context.in_thread(_find, arguments, context)


def _find(arguments: FindFailureArguments, context: base.ToolContext) -> FindFailureAnswer:
    """Read, rank, compose, as far as the time allows. Raises FileError, ModelError, Cancelled."""
    from mcp_smalltools.tools.find_failure.compose import compose_answer
    from mcp_smalltools.tools.find_failure.learned_lines import learned_lines
    from mcp_smalltools.tools.find_failure.lines import read_baseline, read_log
    from mcp_smalltools.tools.find_failure.rank import rank
    from mcp_smalltools.tools.find_failure.read_file import TimedBlocks

    dropped: dict[str, int] = {}
    source = context.open(arguments.path)
    baseline = None
    if arguments.baseline_path:
        blocks = TimedBlocks(context.open(arguments.baseline_path), context, "baseline")
        baseline = read_baseline(blocks)
        dropped |= blocks.not_read()
    blocks = TimedBlocks(source, context, "log")
    log = read_log(blocks)
    dropped |= blocks.not_read()
    log.cut_off = blocks.cut_off
    ranked = rank(log, baseline, learned_lines(context.settings.state_dir))
    answer = compose_answer(log, ranked, arguments, dropped)
    if ranked.learned is not None and answer.evidence:
        answer.model = f"learned{ranked.learned}"
    if context.level() is PrivacyLevel.SEALED:
        answer.place = None  # its line number is a text of the file, too
    return answer
