"""Arguments and answer of `summarize_file`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.result import FileName, FileText, Span
from mcp_smalltools.tools import base


class SummarizeFileArguments(base.Arguments):
    """What `summarize_file` takes."""

    path: str = Field(description="source code, document, HTML, PDF, notebook, data file; or a folder")
    focus: str = Field(
        "", max_length=500, description="what you want to know: key points close to it are chosen"
    )
    max_words: int = Field(
        0,
        ge=0,
        le=2000,
        description="approximate length; by default names and first lines of documentation, up to 200 words "
        "depending on the file; 300 or more leaves room for signatures",
    )


class OutlineItem(result.Record):
    """A definition, heading, cell or key."""

    line: int
    end: int
    depth: int = 0
    text: FileText = Field(description="signature, heading or name, as in the file")
    about: FileText | None = Field(None, description="first line of its own documentation, or its shape")


class ColumnShape(result.Record):
    """A column or field of a data file."""

    name: FileText
    type: str = Field(description="int, float, bool, time, text, list, object, or several")
    filled: int = Field(description="number of values that are not empty, exact")
    distinct: int | None = Field(None, description="number of different values; absent above 1,000")
    examples: list[FileText] = Field(default_factory=list)


class MapLine(result.Record):
    """A file of a folder, or a folder in it."""

    path: FileName = Field(description='relative to the folder; with "/" at its end it is a folder')
    lines: int | None = None
    files: int | None = Field(None, description="for a folder: files in it and below")
    about: FileText | None = Field(
        None, description="what it says it is for, then the names that set it apart"
    )


class SummarizeFileAnswer(result.Answer):
    """What `summarize_file` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("map", "outline", "columns", "key_points")

    kind: str = Field(description="code, document, html, pdf, picture, notebook, data, folder")
    language: str | None = None
    purpose: Span | None = Field(None, description="what the file says it is for, verbatim")
    outline: list[OutlineItem] = Field(default_factory=list)
    keywords: FileText | None = Field(
        None, description="names and words that set the file apart, the most distinctive first"
    )
    key_points: list[Span] = Field(default_factory=list, description="sentences of the file, verbatim")
    rows: int | None = None
    columns: list[ColumnShape] | None = None
    map: list[MapLine] | None = Field(None, description="for a folder: its files and subfolders")
