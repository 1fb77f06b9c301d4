"""Arguments and answer of `ask_file`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.result import FileText
from mcp_smalltools.tools import base

MAX_PATHS = 50


class AskFileArguments(base.Arguments):
    """What `ask_file` takes."""

    paths: list[str] = Field(
        min_length=1,
        max_length=MAX_PATHS,
        description="text files of any kind: code, documents, settings, data, logs",
    )
    question: str = Field(
        min_length=1, max_length=500, description="one question, with the names and words that you know"
    )
    max_lines: int = Field(20, ge=1, le=200, description="lines of evidence, at most")


class Evidence(result.Span):
    """Lines that answer."""

    path: str | None = Field(None, description="the file, where several were asked")


class AskFileAnswer(result.Answer):
    """What `ask_file` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("elsewhere", "evidence")

    found: bool = Field(description="false: these files don't seem to answer; don't take it for proof")
    answer: FileText | None = Field(None, description="the short answer, if the lines hold one, verbatim")
    evidence: list[Evidence] = Field(
        default_factory=list,
        description="the lines that answer, verbatim; of several places one does, best first",
    )
    elsewhere: list[Evidence] = Field(
        default_factory=list, description="the next best places to read, best first"
    )
