"""Arguments and answer of `extract`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.result import FileText, TextOfFile


class FieldEvidence(result.Record):
    """Where the value of a field was found."""

    field: str = Field(description="its name; actions[2] is a row, rows[0-59] are rows on consecutive lines")
    start: int = Field(description="first line, 1-based, of the file or text")
    end: int
    text: FileText | None = Field(None, description="those lines; absent where the caller gave the text")
    confidence: float | None = Field(
        None, description="calibrated; absent where the text names the value, or none was measured"
    )
    box: list[int] | None = Field(
        None, description="of a picture: page, then left, top, right, bottom of the value in pixels"
    )


class SkippedLines(result.Record):
    """Lines of a table that became no row."""

    field: str
    start: int = Field(description="first line, 1-based")
    end: int
    why: str


class ExtractAnswer(result.Answer):
    """What `extract` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("skipped", "evidence")

    data: Annotated[Any, TextOfFile()] = Field(
        description="the values, valid by the schema, except that a required field that is missing is null"
    )
    evidence: list[FieldEvidence] = Field(default_factory=list, description="one for each field found")
    missing: list[str] = Field(default_factory=list, description="fields that are not in the text")
    unverified: list[str] = Field(
        default_factory=list, description="fields whose value is not in the text in these words"
    )
    mapped: dict[str, FileText] = Field(
        default_factory=dict,
        description="the column or path that a field was read from, if it has another name",
    )
    skipped: list[SkippedLines] = Field(
        default_factory=list, description="lines of a table that are no row: totals, what didn't fit"
    )


class OwnTextEvidence(FieldEvidence):
    text: str | None = None


class OwnTextAnswer(ExtractAnswer):
    """The caller's own words go back to it as they are: they are text of no file."""

    data: Any = None
    mapped: dict[str, str] = Field(default_factory=dict)
