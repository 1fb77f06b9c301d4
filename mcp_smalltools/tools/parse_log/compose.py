"""The answer of `parse_log` from a parsed log: templates, sessions, the export, and what is missing."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.logs.folding.fold_blocks import RecordFolder
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.templates.parsed_log import ParsedLog
from mcp_smalltools.logs.templates.slot_values import TemplateValues, count_values
from mcp_smalltools.privacy.answers import as_json
from mcp_smalltools.tools.parse_log import answer as records
from mcp_smalltools.tools.parse_log.count_file import CountedLog
from mcp_smalltools.tools.parse_log.doubts import doubts_of
from mcp_smalltools.tools.parse_log.export import Exporter
from mcp_smalltools.tools.parse_log.focus import Focus
from mcp_smalltools.tools.parse_log.recognised import understood
from mcp_smalltools.tools.parse_log.report import Selection, rare_word_mask, select, survey_of
from mcp_smalltools.tools.parse_log.sessions import SHOWN, LogSessions, find_sessions
from mcp_smalltools.tools.parse_log.writer import MOST_ERRORS, RecordWriter

if TYPE_CHECKING:
    from mcp_smalltools.tools.base import ToolContext

_MOST_TEMPLATES, _LEAST_TEMPLATES = 20, 5
_SHORT_CHARS = 1_000
"""Characters of an answer before its notes and sessions, from which on it names fewer templates."""
_FAR = 1_000_000
"""Lines before the first that counts, from which the file is not read again for its values."""
USUAL, LINES = 12, 8
"""At most this many templates of the usual session, and lines of a session in the answer."""


def compose_answer(
    counted: CountedLog,
    log: ParsedLog,
    focus: Focus | None,
    arguments: records.ParseLogArguments,
    context: ToolContext,
) -> records.ParseLogAnswer:
    """The answer; writes the export too."""
    sessions = None if focus else _sessions(counted, log, context)
    usual = sessions.usual[:USUAL] if sessions else ()
    result = _of_fitting_size(counted, log, focus, arguments, context, usual=usual)
    result.sessions = _shown_sessions(sessions, log) if sessions else None
    result.model = focus.model if focus else None
    result.dropped |= counted.dropped
    notes = [*counted.notes, *_missing(result, log, focus)]
    known = understood(log)
    if known is not None:
        result.recognised = records.Recognised(
            header=round(known.header, 2), time=round(known.time, 2), level=round(known.level, 2)
        )
        result.reason = known.reason() or doubts_of(log).reason()
        result.escalate = result.reason is not None
        notes += known.notes()
    result.note = " ".join(notes) or None
    if arguments.export_path:
        result.export = _export(arguments.export_path, counted, log, context)
    return result


def _of_fitting_size(
    counted: CountedLog,
    log: ParsedLog,
    focus: Focus | None,
    arguments: records.ParseLogArguments,
    context: ToolContext,
    *,
    usual: Sequence[int],
) -> records.ParseLogAnswer:
    """The answer with as many templates as are asked for, or else as a short answer holds."""
    survey = survey_of(log, focus, compares=counted.compares)
    most = select(survey, limit=arguments.limit or _MOST_TEMPLATES, named=usual)
    values = _values(counted, log, most, context)
    scrub = functools.cache(context.scrub)

    def written(selection: Selection) -> records.ParseLogAnswer:
        return RecordWriter(
            log, selection, scrub, values, sealed=context.level() is PrivacyLevel.SEALED
        ).answer()

    if arguments.limit is not None or len(most.shown) <= _LEAST_TEMPLATES:
        return written(most)
    sealed = context.level() is PrivacyLevel.SEALED
    result = written(select(survey, limit=_LEAST_TEMPLATES, named=usual, errors=sealed))
    size = statistics.mean(len(template.model_dump_json()) for template in result.templates)
    more = int((_SHORT_CHARS - len(as_json(result))) / size)
    if more < 1:
        return result
    limit = min(_MOST_TEMPLATES, _LEAST_TEMPLATES + more)
    return written(select(survey, limit=limit, named=usual, errors=sealed))


def _sessions(counted: CountedLog, log: ParsedLog, context: ToolContext) -> LogSessions | None:
    """The sessions of a log that was counted from its first line, if the time allows."""
    if log.lines != log.last_line or context.stop.remaining_s < context.stop.seconds / 10:
        return None
    source, lines = counted.source, counted.source.line_count
    found = find_sessions(
        counted.blocks(context.stop),
        log,
        counted.parser.table,
        joins_plain=counted.parser.assembler.joins_plain,
        joins_grave=counted.parser.assembler.joins_grave,
    )
    source.line_count = lines  # of the whole file, which was not read again
    return found


def _values(
    counted: CountedLog, log: ParsedLog, selection: Selection, context: ToolContext
) -> dict[int, TemplateValues]:
    """What the slots of the templates that are shown held, if that may leave and the time allows."""
    if context.level() is PrivacyLevel.SEALED or context.stop.remaining_s < context.stop.seconds / 10:
        return {}
    if not log.lines or (counted.part is None and log.last_line - log.lines > _FAR):
        return {}
    source, lines = counted.source, counted.source.line_count
    found = count_values(
        counted.blocks(context.stop),
        log,
        counted.parser.table,
        {item.id for item in (*selection.shown, *selection.survey.errors[:MOST_ERRORS]) if item.records > 1},
    )
    source.line_count = lines  # of the whole file, which was not read again
    return found


def _shown_sessions(sessions: LogSessions, log: ParsedLog) -> records.Sessions:
    failed, unusual = sessions.failed(), sessions.unusual()
    marked = [(value, True) for value in failed[: SHOWN - 1]] + [(value, False) for value in unusual[:SHOWN]]
    return records.Sessions(
        count=len(sessions.by_value),
        records=sessions.records,
        usual=[*sessions.usual[:USUAL]],
        usual_count=sessions.usual_ones(),
        failed=len(failed),
        unusual=len(unusual),
        examples=[
            records.Session(
                id=value, lines=[item.line for item in sessions.by_value[value][:LINES]], failed=is_failed
            )
            for value, is_failed in marked[:SHOWN]
        ],
        to_line=sessions.last_line if sessions.last_line < log.last_line else None,
    )


def _missing(result: records.ParseLogAnswer, log: ParsedLog, focus: Focus | None) -> list[str]:
    notes = []
    if any(name.endswith("_not_read") for name in result.dropped):
        notes.append(
            f"The time was over after {log.lines:,} lines. Go on with since=last, or raise deadline_s."
        )
    if focus and not focus.fits and focus.templates:
        notes.append(f"Nothing fits focus={focus.question!r}; these are the nearest templates.")
    if focus and focus.problem:
        notes.append(f"Words alone decided what fits focus, without the encoder: {focus.problem}.")
        result.only_now()
    if result.dropped.get("templates") and not focus:
        notes.append("There are more templates: raise limit, give focus, or give export_path.")
    return notes


def _export(name: str, counted: CountedLog, log: ParsedLog, context: ToolContext) -> records.Export:
    sealed = context.level() is PrivacyLevel.SEALED
    masked = rare_word_mask(log.templates) if sealed else str
    texts = {
        template.id: context.scrub(masked(template.text).replace(VAR, "<*>")) for template in log.templates
    }
    exporter = Exporter(log, counted.parser.table, texts, None if sealed else context.scrub)
    blocks = counted.source.byte_blocks(stop=context.stop)
    with context.create_output(name) as output:
        lines = exporter.write(RecordFolder(counted.form).blocks(blocks), output, context.stop, log.last_line)
    return records.Export(path=str(output.path), lines=lines)
