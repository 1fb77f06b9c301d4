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

    path: str = Field(description="the log; .gz, .bz2, .xz and .zst files are decompressed")
    since: Annotated[str, BeforeValidator(_as_text)] = Field(
        "",
        max_length=64,
        description='where to start: "last" (where the last call on this file ended), a line number, or a '
        "time as the log writes it or in ISO 8601. Only records from there on are counted; templates "
        "without earlier records are in `new`",
    )
    baseline_path: str = Field(
        "",
        description="a log to compare with, such as the last good run: which templates are new, gone, more "
        "or less frequent",
    )
    focus: str = Field(
        "",
        max_length=500,
        description='a question, such as "database timeouts": only the templates that match it, each with '
        "its first record",
    )
    limit: int | None = Field(
        None,
        ge=1,
        le=200,
        description="at most this many templates; if not given, as many as a short answer holds",
    )
    export_path: str = Field(
        "",
        max_length=255,
        description="name of a file to write in the output folder: one JSON object for each line, with its "
        "template and variables",
    )

    writes: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False  # with since=last, each call goes on from the one before

    @property
    def cacheable(self) -> bool:
        return not self.export_path and self.since != LAST


class Variable(result.Record):
    """What was in place of one `<*>` of a template: records by value, or a range of numbers."""

    slot: int = Field(description="1 is the template's first <*>")
    name: MaskedText | None = Field(None, description="what the text around it calls it")
    counts: dict[FileText, int] | None = Field(
        None, description="records by value, where values are few: statuses, methods, results"
    )
    others: int | None = Field(None, description="records with other values than those in `counts`")
    range: list[FileText] | None = Field(None, description="least, median and greatest of a measure")
    records: int | None = Field(
        None, description="records that were looked at; absent if these are all of the template"
    )


class OptionalPart(result.Record):
    """A field `key=value` that only some records of a template have."""

    key: MaskedText
    count: int = Field(description="records that have it; exact")


class Template(result.Record):
    """One event of the log."""

    id: int
    template: MaskedText = Field(description="the message, with <*> for each part that varies")
    count: int = Field(description="records; exact")
    first_line: int
    levels: dict[str, int] | None = Field(
        None,
        description="records by level; absent where all have the level that most records of the log have",
    )
    optional: list[OptionalPart] | None = Field(
        None, description="fields key=value that only some records have; at most five"
    )
    before: int | None = Field(None, description="records before `since`, or in the baseline")
    variables: list[Variable] | None = Field(
        None, description="what tells its records apart, the most telling first; at most three"
    )
    evidence: list[result.Span] | None = Field(None, description="with focus: the first record, verbatim")


class ErrorGroup(result.Record):
    """The error records of one template, the first of them verbatim."""

    template_id: int = Field(description="its template may not be among `templates`")
    level: str = Field(description="none: the log gives none")
    count: int
    suspected: bool | None = Field(
        None, description="true: the log says no level of an error; its words or a stack trace suggest it"
    )
    evidence: list[result.Span] = Field(
        description="the first record; if it is long, only its start, cause and end; of the ninth error and "
        "later ones the start of the message"
    )
    also: list[int] | None = Field(
        None, description="line numbers of further records of this error: the next few, and the last"
    )


class ExceptionLines(result.Record):
    """Lines inside records that name an exception, such as the last line of a stack trace."""

    template: MaskedText
    lines: int = Field(description="lines of this template; exact")
    first_line: int


class Recognised(result.Record):
    """Shares of the records whose header, time and level were read; a level that only words of the message
    suggest does not count.
    """

    header: float
    time: float
    level: float


class Changed(result.Record):
    """A template that is much more or less frequent than before, beyond what chance explains."""

    template_id: int
    factor: float = Field(
        description="how many times as frequent as expected: its records divided by `before` times the "
        "growth of the median template"
    )


class Gone(result.Record):
    """A template that only the baseline has."""

    template: MaskedText
    before: int


class Burst(result.Record):
    """A template whose records came close together."""

    template_id: int
    count: int = Field(description="its records between start and end")
    start: str | None = Field(None, description="a time, or a line number if the log has no times")
    end: str | None = None
    factor: float = Field(
        description="the share of its records that came then, divided by the share of all records that did"
    )


class Gap(result.Record):
    """A long time without records."""

    seconds: float
    after_line: int
    before_line: int


class Session(result.Record):
    """One session that failed or is unusual."""

    id: FileText
    lines: list[int] = Field(description="line numbers of its first eight records")
    failed: bool = Field(description="it has an error")


class Sessions(result.Record):
    """Records grouped by an identifier that they share, such as a request, a block or a process."""

    count: int
    records: int = Field(description="records with an identifier")
    usual: list[int] = Field(description="the most common sequence of templates, by id; the first twelve")
    usual_count: int = Field(description="sessions with the usual sequence")
    failed: int = Field(description="sessions with an error")
    unusual: int = Field(description="sessions without an error that have another sequence")
    examples: list[Session] = Field(description="failed sessions, then those with the rarest sequences")
    to_line: int | None = Field(
        None, description="the last line that was searched for sessions, if not all were"
    )


class TimeRange(result.Record):
    """When the records were written, by the log's own clock."""

    start: str | None = Field(None, description="absent for a sealed file")
    end: str | None = None
    seconds: float
    gaps: list[Gap] | None = None
    backwards: int | None = Field(
        None, description="records with an earlier time than the record before them"
    )


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
        description="log records: a line with the stack trace or continuation lines that belong to it"
    )
    levels: dict[str, int] | None = Field(
        None, description="records by the level that the log says, if it says any"
    )
    recognised: Recognised | None = Field(None, description="absent where there are no records")
    formats: dict[str, int] | None = Field(None, description="records by header format, if there are several")
    time: TimeRange | None = None
    template_count: int = Field(description="distinct templates of records")
    errors: list[ErrorGroup] = Field(
        description="worst first, then what is only suspected; empty says nothing where levels are unknown"
    )
    exceptions: list[ExceptionLines] | None = Field(
        None, description="exceptions named inside records, most frequent first"
    )
    templates: list[Template] = Field(description="most frequent first; with focus, best match first")
    new: list[int] | None = Field(
        None, description="ids of templates without earlier records, worst level and rarest first"
    )
    changed: list[Changed] | None = Field(
        None, description="templates that became more or less frequent, the clearest first"
    )
    gone: list[Gone] | None = Field(
        None, description="templates that only the earlier records have, most frequent first"
    )
    rare: list[int] | None = Field(
        None, description="ids of templates with very few records; worst level first"
    )
    bursts: list[Burst] | None = None
    sessions: Sessions | None = None
    export: Export | None = None
