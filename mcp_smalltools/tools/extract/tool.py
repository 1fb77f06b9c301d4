"""`extract`: the values of the caller's own fields, from a file or a text, each with its line."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.errors import EngineError, ModelError, UsageError
from mcp_smalltools.tools import base
from mcp_smalltools.tools.extract.answer import (
    ExtractAnswer,
    FieldEvidence,
    OwnTextAnswer,
    OwnTextEvidence,
    SkippedLines,
)

if TYPE_CHECKING:
    from mcp_smalltools.tools.extract.confidence import Assessment
    from mcp_smalltools.tools.extract.document import Document
    from mcp_smalltools.tools.extract.fill import Filled, FilledRecords
    from mcp_smalltools.tools.extract.mapping.found import Mapped
    from mcp_smalltools.tools.extract.schema import Plan
    from mcp_smalltools.tools.extract.writing.combine import Writer
    from mcp_smalltools.tools.similarity import NoEncoder

MAX_TEXT = 8 << 20
MAX_SKIPPED = 20
"""Lines of a table that became no row, as far as they are shown; all are counted."""
MAX_MAPPED = 60


with warnings.catch_warnings():
    # pydantic warns that `schema` was a method of its models once; to agents it is the obvious name.
    warnings.simplefilter("ignore", UserWarning)

    class ExtractArguments(base.Arguments):
        """What `extract` takes: `path` or `text`, and `schema`."""

        path: str = Field("", description="file to draw the values from; or give text")
        text: str = Field("", max_length=200_000, description="text to draw the values from; or give path")
        schema: dict[str, Any] = Field(  # type: ignore[assignment]
            description="JSON schema of an object: type, properties, required, items, enum, format, limits; "
            "descriptions help. A list of objects takes the rows of a table or the entries of a list"
        )


_SEVERAL_ABSENT: Final = 2
"""Fields that a text doesn't name from which its answer is doubtful: on texts that nobody had fitted to, sure
answers with one such field were right in 17 of 21, with two or more in 1 of 5, with none in 8 of 8.
"""


class Extract:
    """Code finds possible values, the reader chooses the field of each, code checks that the text has it."""

    name: ClassVar[str] = "extract"
    title: ClassVar[str] = "Extract fields"
    description: ClassVar[str] = (
        "Pull the values of a JSON schema's fields out of a file or a text: settings, reports, mails, "
        "invoices, tables (a list of objects takes every row). Use it for long files and many fields, or to "
        "turn a request into arguments. Not for values that must be computed or judged. Returns data that is "
        "valid by the schema, the source line of each field, the fields that are missing (never made up) or "
        "unverified, and escalate when you should check the values yourself."
    )
    version: ClassVar[int] = 8
    Arguments: ClassVar[type[base.Arguments]] = ExtractArguments
    Answer: ClassVar[type[result.Answer]] = ExtractAnswer

    async def run(self, arguments: ExtractArguments, context: base.ToolContext) -> ExtractAnswer:
        from mcp_smalltools.tools.extract.fill import Absence, Filled, FilledRecords, Work, fill, fill_records
        from mcp_smalltools.tools.extract.schema import plan_of
        from mcp_smalltools.tools.similarity import NoEncoder, proven_encoder
        from mcp_smalltools.tools.span_reader import ADAPTER as READER

        plan = await context.in_thread(plan_of, _check(arguments))
        document = await context.in_thread(_document, arguments, context)
        mapped = await context.in_thread(_map, plan, document, context.stop.check)
        filled, tables = Filled(), [FilledRecords() for _ in plan.records]
        problem, proven = None, None
        work, seconds = Work(context.in_thread, context.stop.check), lambda: context.stop.remaining_s
        try:
            reader = context.engine, seconds, work
            proven = await proven_encoder(context, context.adapter or READER)
            writer = _writer(context, proven)
            unasked = await _by_meaning(mapped, document, context, proven)
            await fill(plan.fields, document, *reader, mapped=mapped, writer=writer, filled=filled)
            if mapped is not None:
                mapped.doubts += [*_near_absent(mapped, filled), *_several_absent(mapped, filled)]
            tables = [
                await fill_records(
                    group,
                    document,
                    context.engine,
                    seconds,
                    work,
                    mapped=mapped.tables.get(number) if mapped else None,
                )
                for number, group in enumerate(plan.records)
            ]
            if unasked is not None:
                raise unasked.error
        except (EngineError, ModelError, UsageError) as error:  # usage: of an engine without token vectors
            problem = NoEncoder(error)
            named = {value.field for value in filled.found}
            filled.absent = [Absence(field, {}) for field in plan.fields if field.name not in named]
            tables = [mapped.tables.get(n, t) if mapped else t for n, t in enumerate(tables)]
        answer = await context.in_thread(
            _answer, arguments, plan, document, (filled, tables, mapped), context
        )
        answer.note = _about_writer(filled) or answer.note
        if problem is not None:
            _say_unread(answer, problem)
        _cut_rows(answer, plan, tables, int(0.8 * context.settings.max_answer_chars))
        if filled.used_reader:
            answer.model = "+".join(filter(None, (context.settings.embed_model, "reader", filled.writer)))
            _take_out_confidences(answer, context, proven)
        return answer


async def _by_meaning(
    mapped: Mapped | None, document: Document, context: base.ToolContext, proven: str | None
) -> NoEncoder | None:
    """Only with the encoder that the limits were measured with; with another one no answer is sure."""
    from mcp_smalltools.tools.extract.by_meaning import judge_by_meaning
    from mcp_smalltools.tools.extract.confidence import calibration_of_extract

    if mapped is None:
        return None
    if calibration_of_extract().doubt(context.settings, context.adapter, proven=proven) is not None:
        return None
    return await judge_by_meaning(mapped, document.path, context.engine, lambda: context.stop.remaining_s)


def _near_absent(mapped: Mapped, filled: Filled) -> list[str]:
    """A doubt for what prose doesn't say either, while a key may mean it."""
    return [
        f"{absence.field.name} (may be on line {mapped.near[absence.field.name]})"
        for absence in filled.absent
        if absence.field.name in mapped.near
    ]


def _several_absent(mapped: Mapped, filled: Filled) -> list[str]:
    """A doubt where the text names several of the fields by nothing, not even as empty: then it is likelier
    that it calls them something else than that it lacks them all.
    """
    unnamed = {one.name for one in mapped.open}
    names = [
        absence.field.name
        for absence in filled.absent
        if absence.field.name in unnamed and "named" in absence.features
    ]
    if len(names) < _SEVERAL_ABSENT:
        return []
    return [f"{', '.join(names)} (the text has none of these names)"]


def _say_unread(answer: ExtractAnswer, problem: NoEncoder) -> None:
    """Without the reader, a missing value is one that nobody has looked for."""
    answer.only_now()
    answer.note = problem.note("only what the text names is filled in, and values may be missing")
    if answer.missing:
        answer.confidence, answer.escalate = None, True
        answer.reason = (
            "without the encoder only names were compared: what is in `missing` may be there, look yourself"
        )


def _check(arguments: ExtractArguments) -> Mapping[str, Any]:
    if arguments.path and arguments.text:
        raise UsageError("Both path and text are given.", remedy="Give one of them.")
    if not arguments.path and not arguments.text.strip():
        raise UsageError("There is nothing to extract from.", remedy="Give path (a file) or text.")
    return arguments.schema


def _document(arguments: ExtractArguments, context: base.ToolContext) -> Document:
    from mcp_smalltools.tools.extract.document import Document

    text = arguments.text or context.open(arguments.path).text(MAX_TEXT, stop=context.stop)
    document = Document(arguments.path, text.replace("\r\n", "\n").split("\n"))
    document.prepare(context.stop.check)
    return document


def _writer(context: base.ToolContext, proven: str | None) -> Writer | None:
    """The model that reads too: one that qualified, and only beside the encoder that it qualified with."""
    from mcp_smalltools.tools.extract.confidence import FEATURES_OF_PAIR, calibration_of_extract
    from mcp_smalltools.tools.extract.writing.combine import Writer

    if (given := context.writer) is None or given.calibration.features != FEATURES_OF_PAIR:
        return None
    if calibration_of_extract().doubt(context.settings, context.adapter, proven=proven) is not None:
        return None
    return Writer(given.model, given.calibration.models, reader=calibration_of_extract().models)


def _about_writer(filled: Filled) -> str | None:
    if filled.writer_problem:
        return f"The writer could not read ({filled.writer_problem}): these are one reader's values."
    if filled.writer_unread:
        names = ", ".join(filled.writer_unread[:10])
        more = f" and {len(filled.writer_unread) - 10} more" if len(filled.writer_unread) > 10 else ""
        return f"There was no time for {filled.writer} to read {names}{more}: these are one reader's values."
    return None


def _map(plan: Plan, document: Document, check: Callable[[], None]) -> Mapped | None:
    """What the structure of the text gives; None for a request in prose."""
    from mcp_smalltools.tools.extract.mapping.map_plan import map_plan

    return None if document.structure is None else map_plan(plan, document.structure, check)


def _answer(
    arguments: ExtractArguments,
    plan: Plan,
    document: Document,
    found: tuple[Filled, Sequence[FilledRecords], Mapped | None],
    context: base.ToolContext,
) -> ExtractAnswer:
    from mcp_smalltools.tools.extract.confidence import assess
    from mcp_smalltools.tools.extract.fill import put

    filled, tables, mapped = found
    data: Any = {}
    values = {value.field: value for value in filled.found}
    for field in plan.fields:
        put(data, field, values[field.name].value if field.name in values else None)
    for group, table in zip(plan.records, tables, strict=True):
        if not group.path:
            data = table.rows
        elif table.rows or group.required:
            _set(data, group.path, table.rows or None)
    doubts = mapped.doubts if mapped else ()
    judged = assess(
        plan,
        document,
        (filled, tables),
        data,
        arguments.schema,
        doubts=doubts,
        pair=context.writer.calibration if context.writer else None,
        check=context.stop.check,
    )
    own = not arguments.path
    evidence = _evidence(plan, document, filled, tables, judged)
    answer = (OwnTextAnswer if own else ExtractAnswer)(
        data=data,
        evidence=evidence,
        missing=judged.missing,
        unverified=judged.unverified,
        confidence=judged.confidence,
        escalate=judged.reason is not None,
        reason=judged.reason,
        mapped=dict(list(mapped.names.items())[:MAX_MAPPED]) if mapped else {},
        skipped=_skipped(plan, tables),
    )
    for group, table in zip(plan.records, tables, strict=True):
        if not_read := table.not_read + len(table.unread):
            answer.dropped[f"{'.'.join(group.path) or 'rows'}_not_read"] = not_read
    return answer


def _evidence(
    plan: Plan,
    document: Document,
    filled: Filled,
    tables: Sequence[FilledRecords],
    judged: Assessment,
) -> list[FieldEvidence]:
    """The lines of each value that is given, and of the rows."""
    record = FieldEvidence if document.path else OwnTextEvidence
    evidence = [
        record(
            field=value.field,
            start=value.start,
            end=value.end,
            text="\n".join(document.lines[value.start - 1 : value.end]).strip() if document.path else None,
            confidence=judged.fields.get(value.field),
        )
        for value in filled.found
        if value.field not in judged.missing
    ]
    for group, table in zip(plan.records, tables, strict=True):
        name = ".".join(group.path)
        evidence += [
            record(field=f"{name}[{rows}]", start=start, end=end) for rows, start, end in _runs(table.places)
        ]
    return evidence


def _cut_rows(answer: ExtractAnswer, plan: Plan, tables: Sequence[FilledRecords], most: int) -> None:
    """Leave out the last rows of the longest lists, where the data has more than `most` characters."""
    for group, table in sorted(
        zip(plan.records, tables, strict=True), key=lambda pair: -len(json.dumps(pair[1].rows))
    ):
        excess = len(json.dumps(answer.data, ensure_ascii=False)) - most
        if excess <= 0 or not table.rows:
            return
        lengths = [len(json.dumps(row, ensure_ascii=False)) + 2 for row in table.rows]
        kept = len(lengths)
        while kept > 1 and excess > 0:
            kept -= 1
            excess -= lengths[kept]
        name = ".".join(group.path) or "rows"
        first, left_out = table.places[kept][0], len(table.rows) - kept
        del table.rows[kept:], table.places[kept:]
        given = [item for item in answer.evidence if not item.field.startswith(f"{name}[")]
        record = OwnTextEvidence if isinstance(answer, OwnTextAnswer) else FieldEvidence
        answer.evidence = given + [
            record(field=f"{name}[{rows}]", start=start, end=end) for rows, start, end in _runs(table.places)
        ]
        answer.dropped[f"{name}_not_given"] = left_out
        answer.escalate = True
        answer.reason = f"{left_out} more rows of {name} don't fit into the answer, from line {first} on"


def _skipped(plan: Plan, tables: Sequence[FilledRecords]) -> list[SkippedLines]:
    return [
        SkippedLines(field=".".join(group.path) or "rows", start=lines.start, end=lines.end, why=lines.why)
        for group, table in zip(plan.records, tables, strict=True)
        for lines in table.unread[:MAX_SKIPPED]
    ]


def _take_out_confidences(answer: ExtractAnswer, context: base.ToolContext, proven: str | None) -> None:
    """Where the encoder in use is not the one that they were measured with."""
    from mcp_smalltools.tools.extract.confidence import calibration_of_extract

    doubt = calibration_of_extract().doubt(context.settings, context.adapter, proven=proven)
    if doubt is None:
        return
    for item in answer.evidence:
        item.confidence = None
    answer.confidence, answer.escalate, answer.reason = None, True, doubt


def _runs(places: Sequence[tuple[int, int]]) -> list[tuple[str, int, int]]:
    """Rows that stand on one line each, one under the other, as one: ("0-59", 2, 61)."""
    runs: list[list[int]] = []  # first and last row, first and last line
    for row, (start, end) in enumerate(places):
        if (
            runs
            and start == end == runs[-1][3] + 1
            and runs[-1][3] - runs[-1][2] == runs[-1][1] - runs[-1][0]
        ):
            runs[-1][1], runs[-1][3] = row, end
        else:
            runs.append([row, row, start, end])
    return [(str(a) if a == b else f"{a}-{b}", start, end) for a, b, start, end in runs]


def _set(data: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        data = data.setdefault(name, {})
    data[path[-1]] = value
