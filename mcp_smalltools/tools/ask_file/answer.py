"""Arguments and answer of `ask_file`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.result import FileName, FileText
from mcp_smalltools.tools import base

MAX_PATHS = 50


class AskFileArguments(base.Arguments):
    """What `ask_file` takes."""

    paths: list[str] = Field(
        min_length=1,
        max_length=MAX_PATHS,
        description="text files of any kind: code, documents, settings, tables, logs",
    )
    question: str = Field(
        min_length=1,
        max_length=500,
        description="one question for one fact; names and words that you know help",
    )
    max_lines: int = Field(20, ge=1, le=200, description="most lines of `evidence` to return")


class Evidence(result.Span):
    """Lines that answer."""

    path: FileName | None = Field(None, description="the file, if several were given")
    under: FileText | None = Field(
        None, description="the line that they belong to: heading, column names, block, definition"
    )


class AskFileAnswer(result.Answer):
    """What `ask_file` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("elsewhere", "evidence")

    found: bool = Field(
        description="whether the files seem to answer; false is no proof that they don't, see `elsewhere`"
    )
    answer: FileText | None = Field(
        None, description="the value or name asked for, verbatim, if the first lines of `evidence` hold one"
    )
    evidence: list[Evidence] = Field(
        default_factory=list,
        description="the lines that answer, verbatim, best first; of several places, one answers",
    )
    confidence: float | None = Field(
        None,
        ge=0,
        le=1,
        description="calibrated probability that the lines in `evidence` answer or, if nothing was found, "
        "that nothing in the files does; absent if no word of the question is in the files, and if it was "
        "not measured for the encoder in use",
    )
    elsewhere: list[Evidence] = Field(
        default_factory=list, description="other places that may answer, best first"
    )
