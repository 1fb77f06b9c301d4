"""Arguments and answer of `find_failure`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.result import FileText
from mcp_smalltools.tools import base

MAX_ANSWER_LINES = 5_000


class FindFailureArguments(base.Arguments):
    """What `find_failure` takes."""

    path: str = Field(description="the log of the failed run; .gz .bz2 .xz .zst are read too")
    baseline_path: str = Field(
        "", description="the log of a passing run, if you have one: lines that it has too are no cause"
    )
    exit_code: int | None = Field(
        None, description="the run's exit code, if you know it: then `failed` follows it"
    )
    command: str = Field(
        "", description="the command that was run: says what its exit code means, and whether a pipe hides it"
    )
    max_lines: int = Field(50, ge=1, le=MAX_ANSWER_LINES, description="lines in the answer, context included")


class Evidence(result.Span):
    """Lines that say why it failed."""

    count: int | None = Field(
        None, description="lines of the log that are like its main line, if more than one"
    )


class Place(result.Record):
    """Where in the source the evidence points to."""

    file: FileText
    line: int


class FindFailureAnswer(result.Answer):
    """What `find_failure` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("context", "evidence")

    failed: bool | None = Field(
        None,
        description="false: the run says itself that it went well; absent: can't tell, `reason` says why",
    )
    kind: str | None = Field(
        None,
        description="compile, link, test, dependency, timeout, memory, disk, network, permission, crash, "
        "configuration, cancelled or infrastructure (the CI system's own); absent if the lines don't say",
    )
    tool: str | None = Field(
        None,
        description="what reported it: pytest, maven, compiler, cargo, …; absent if its form isn't known",
    )
    place: Place | None = Field(
        None, description="the place in the user's own source that the evidence names"
    )
    evidence: list[Evidence] = Field(
        description="why it failed, verbatim, the main failure first; of each further one its head. Long "
        "lines are cut, with … there; `dropped.failures` counts distinct failures that are not shown"
    )
    context: list[result.Span] = Field(
        default_factory=list, description="what led to it and how the run ended; not the cause"
    )
