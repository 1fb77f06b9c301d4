"""Arguments and answer of `parse_log`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from mcp_smalltools import result
from mcp_smalltools.result import FileText, MaskedText
from mcp_smalltools.tools import base

LAST = "last"


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class ParseLogArguments(base.Arguments):
    """What `parse_log` takes."""

    path: str = Field(description="the log; .gz .bz2 .xz .zst are read too")
    since: Annotated[str, BeforeValidator(_as_text)] = Field(
        "",
        max_length=64,
        description='"last" (the last call on this file), a line number, or a time as the log writes it or '
        "in ISO 8601: only what comes from there on is counted, and templates not seen before it are new",
    )
    baseline_path: str = Field(
        "",
        description="a log to compare with, such as the last good run: what is new, gone, more or less often",
    )
    focus: str = Field(
        "",
        max_length=500,
        description='a question, such as "database timeouts": only what fits, with its first record',
    )
    limit: int = Field(20, ge=1, le=200, description="templates in the answer")
    export_path: str = Field(
        "",
        max_length=255,
        description="file name in the output folder: every line with its template and variables, as JSON",
    )

    writes: ClassVar[bool] = True

    @property
    def cacheable(self) -> bool:
        return not self.export_path and self.since != LAST


class Variable(result.Record):
    """What one `<*>` of a template stands for."""

    type: str = Field(description="int, float, hex, ip, path, url, uuid, duration, size, time, word, text, …")
    examples: list[FileText] = Field(default_factory=list, description="one or two values")


class OptionalPart(result.Record):
    """A part `key=value` of a message that some records lack."""

    key: MaskedText
    count: int = Field(description="records that have it, exactly")


class Template(result.Record):
    """One event of the log."""

    id: int
    template: MaskedText = Field(description="the message, <*> for what varies")
    count: int = Field(description="records, exactly")
    first_line: int
    last_line: int | None = Field(None, description="absent for a single record")
    levels: dict[str, int] | None = Field(None, description="records by level, where the log has levels")
    optional: list[OptionalPart] | None = Field(
        None, description="parts key=value that only some records have, at most five"
    )
    before: int | None = Field(None, description="records before `since`, or in the baseline")
    variables: list[Variable] | None = Field(
        None,
        description="the first three <*>, left to right; not of what was there before, nor of one record",
    )
    evidence: list[result.Span] | None = Field(None, description="with focus: the first record, verbatim")


class ErrorGroup(result.Record):
    """The records of one template that are errors, with the first of them verbatim."""

    template_id: int
    level: str
    count: int
    evidence: list[result.Span] = Field(
        description="the first record; if it is long, its start, its cause and its end"
    )


class ExceptionLines(result.Record):
    """Lines inside of records that name an exception, such as the end of a stack trace."""

    template: MaskedText
    lines: int = Field(description="exactly")


class Changed(result.Record):
    """A template that is much more or less frequent than before; chance is ruled out."""

    template_id: int
    factor: float = Field(description="times as often as `before` lets expect, by the median template's rate")


class Gone(result.Record):
    """A template that only the baseline has."""

    template: MaskedText
    before: int


class Burst(result.Record):
    """A template that came all at once."""

    template_id: int
    count: int = Field(description="its records in this stretch")
    start: str | None = Field(None, description="time, or line number where the log has no times")
    end: str | None = None
    factor: float = Field(description="how many times more than its share of all records")


class Gap(result.Record):
    """A long time without records."""

    seconds: float
    after_line: int
    before_line: int


class Session(result.Record):
    """One session that is worth a look."""

    id: FileText
    lines: list[int] = Field(description="its records, the first eight")
    failed: bool = Field(description="has an error")


class Sessions(result.Record):
    """Records put together by the identifier that they share: a request, a block, a process."""

    count: int
    records: int = Field(description="records that carry an identifier")
    usual: list[int] = Field(description="templates of the commonest sequence, the first twelve, by id")
    usual_count: int = Field(description="sessions that are so")
    failed: int = Field(description="sessions with an error")
    unusual: int = Field(description="other sessions with another sequence")
    examples: list[Session] = Field(description="failed ones, then those with the rarest sequences")
    to_line: int | None = Field(None, description="the last line that was looked at, if not all were")


class TimeRange(result.Record):
    """When the records were written, as the log's clock shows it."""

    start: str | None = Field(None, description="absent where no text may leave")
    end: str | None = None
    seconds: float
    gaps: list[Gap] | None = None
    backwards: int | None = Field(None, description="records that are earlier than the one before")


class Export(result.Record):
    """The file that was written."""

    path: str
    lines: int


class ParseLogAnswer(result.Answer):
    """What `parse_log` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = (
        "templates",
        "errors",
        "exceptions",
        "bursts",
        "gone",
        "changed",
        "new",
        "rare",
    )

    lines: int = Field(description="lines read")
    records: int = Field(
        description="records: lines with the stack traces and continuations that belong to them"
    )
    levels: dict[str, int] | None = Field(None, description="records by level, if the log has levels")
    formats: dict[str, int] | None = Field(
        None, description="records by kind of header, if there are several"
    )
    time: TimeRange | None = None
    template_count: int = Field(description="distinct templates of records")
    errors: list[ErrorGroup] = Field(description="worst first")
    exceptions: list[ExceptionLines] | None = Field(
        None, description="exceptions that records hold inside, most frequent first"
    )
    templates: list[Template] = Field(description="most frequent first; with focus, best match first")
    new: list[int] | None = Field(
        None, description="ids of templates that were not there before; rarest first"
    )
    changed: list[Changed] | None = Field(None, description="least likely by chance first")
    gone: list[Gone] | None = Field(None, description="most frequent first")
    rare: list[int] | None = Field(
        None, description="ids of templates with very few records; worst level first"
    )
    bursts: list[Burst] | None = None
    sessions: Sessions | None = None
    export: Export | None = None
