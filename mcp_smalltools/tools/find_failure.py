"""`find_failure`: the lines that say why a build, a test run or a program failed."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.result import FileText
from mcp_smalltools.tools import base

MOST_LINES = 5_000


class FindFailureArguments(base.Arguments):
    """What `find_failure` takes."""

    path: str = Field(description="the log of the failed run; .gz .bz2 .xz .zst are read too")
    baseline_path: str = Field(
        "", description="the log of a run that passed, if there is one: what it has too is no cause"
    )
    max_lines: int = Field(50, ge=1, le=MOST_LINES, description="lines in the answer, context included")


class Evidence(result.Span):
    """Lines that say why it failed."""

    count: int | None = Field(
        None, description="how many lines of the log are like its main line, where more than one"
    )


class Place(result.Record):
    """Where in the source the evidence points to."""

    file: FileText
    line: int


class FindFailureAnswer(result.Answer):
    """What `find_failure` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("context", "evidence")

    failed: bool | None = Field(
        None, description="false: nothing in this log failed; absent: can't tell, reason says why"
    )
    kind: str | None = Field(
        None,
        description="compile, link, test, dependency, timeout, memory, disk, network, permission, crash or "
        "configuration; absent if the lines don't say",
    )
    tool: str | None = Field(None, description="what reported it: pytest, maven, compiler, cargo, …")
    place: Place | None = Field(None, description="the place in the source that the evidence names")
    evidence: list[Evidence] = Field(description="why it failed, verbatim; the likeliest cause first")
    context: list[result.Span] = Field(
        default_factory=list, description="what led there and how it ended; no causes"
    )


class FindFailure:
    """A learned ranker over lines, over rules that know the forms of common tools."""

    name: ClassVar[str] = "find_failure"
    title: ClassVar[str] = "Find why a run failed"
    description: ClassVar[str] = (
        "Find the few lines that say why a build, a test run, a CI job or a program failed, in a log of any "
        "size, without reading it. Use it first for any failed run with more than about 60 lines of output; "
        "give baseline_path (the log of a passing run) if you have one. Gives evidence verbatim with line "
        "numbers, the likeliest cause first, kind, tool, the place in the source, calibrated confidence; "
        "failed is false if nothing failed, absent if it can't tell. Not for counting or for a "
        "service's log (parse_log), nor for a known string (grep)."
    )
    version: ClassVar[int] = 1
    Arguments: ClassVar[type[base.Arguments]] = FindFailureArguments
    Answer: ClassVar[type[result.Answer]] = FindFailureAnswer

    async def run(self, arguments: FindFailureArguments, context: base.ToolContext) -> FindFailureAnswer:
        from mcp_smalltools.tools.failure.run import run

        return await context.in_thread(run, arguments, context)
