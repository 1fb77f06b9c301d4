"""`ask_file`: the lines of one or several files that answer a question, verbatim, or "not found"."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from mcp_smalltools import result
from mcp_smalltools.errors import FileError
from mcp_smalltools.text.truncate import cut
from mcp_smalltools.tools import base
from mcp_smalltools.tools.ask_file.answer import AskFileAnswer, AskFileArguments, Evidence

if TYPE_CHECKING:
    from mcp_smalltools.calibration.calibration import Calibration
    from mcp_smalltools.tools.ask_file.learned_order import LearnedOrder
    from mcp_smalltools.tools.ask_file.question import Question
    from mcp_smalltools.tools.ask_file.rank import Ranking
    from mcp_smalltools.tools.ask_file.selection import RankedPassage
    from mcp_smalltools.tools.ask_file.word_index import FileUnit

MAX_TEXT = 16 << 20
"""Bytes of a file that are read."""
ELSEWHERE_LINES = 6
"""Lines of each place in `elsewhere`, at most."""
PLACES_BESIDE_SURE: Final = 2
"""Places in `elsewhere` where the evidence is sure: then hardly anybody reads them."""


UNDER_CHARS = 160
"""Characters of the line that the evidence is under, at most."""


class AskFile:
    """Units of the files, ranked by words, similarity and structure; no text is generated."""

    name: ClassVar[str] = "ask_file"
    title: ClassVar[str] = "Ask a file"
    description: ClassVar[str] = (
        "Find the lines of one or several files that answer a question: which function does something, what "
        "it does, what a setting or constant is, what a row or a section says, when something was logged. "
        "Use it for long files when you want one fact and don't know the line. Not for counting or "
        "comparing (parse_log), for an overview (summarize_file) or for a known string (grep). Returns the "
        "lines verbatim with their numbers, a short answer if they hold one, or the best places to read."
    )
    version: ClassVar[int] = 7
    Arguments: ClassVar[type[base.Arguments]] = AskFileArguments
    Answer: ClassVar[type[result.Answer]] = AskFileAnswer

    async def run(self, arguments: AskFileArguments, context: base.ToolContext) -> AskFileAnswer:
        from mcp_smalltools.calibration.calibration import load_calibration
        from mcp_smalltools.tools.ask_file.answer_judge import ADAPTER as JUDGE
        from mcp_smalltools.tools.ask_file.features import FEATURES
        from mcp_smalltools.tools.ask_file.question import parse_question
        from mcp_smalltools.tools.ask_file.rank import Asking, rank
        from mcp_smalltools.tools.ask_file.word_index import Index
        from mcp_smalltools.tools.ask_file.word_vectors import word_table
        from mcp_smalltools.tools.similarity import proven_encoder

        files, problems = await context.in_thread(_read, arguments.paths, context)
        units = await context.in_thread(_units, arguments.paths, files, context)
        question = parse_question(arguments.question)
        index = await context.in_thread(Index, units, word_table())
        calibration = load_calibration("ask_file", FEATURES)
        learned, where = await context.in_thread(_learned, arguments.paths, files, context)
        asking = Asking(files, context.stop.remaining_s, learned, where)
        ranking = await rank(context.engine, index, question, calibration, asking)
        answer = _answer(arguments, question, ranking, files, calibration)
        if problems:
            answer.dropped["files_not_read"] = len(problems)
            answer.note = problems[0]
        proven = await proven_encoder(context, None, context.adapter or JUDGE)
        if ranking.passages and (
            doubt := calibration.doubt(context.settings, context.adapter, proven=proven)
        ):
            answer.confidence, answer.escalate, answer.reason = None, True, doubt
        if ranking.no_encoder:
            answer.note = ranking.no_encoder.note("these lines were found by their words alone")
            answer.confidence, answer.escalate = None, True
            answer.reason = "without the encoder the right lines may be missing: check these lines yourself"
            answer.only_now()
        elif ranking.no_judge:
            answer.note = f"The judge is not available ({ranking.no_judge.error.code})."
            answer.confidence, answer.escalate = None, True
            answer.reason = "without the judge it is not known how sure these lines are: check them yourself"
            answer.only_now()
        if ranking.passages and not ranking.no_encoder:
            answer.model = context.settings.embed_model
            answer.model += f"+learned{ranking.learned}" if ranking.learned else ""
        if learned and ranking.moved and answer.found:
            answer.escalate, answer.confidence = True, round(learned.right_elsewhere, 3)
            answer.reason = (
                "what was learned of this repository puts another place first than the usual order: judge "
                "the lines in `evidence` and `elsewhere` for yourself"
            )
        return answer


def _read(paths: Sequence[str], context: base.ToolContext) -> tuple[list[list[str]], list[str]]:
    """The lines of each file, and the errors of those that can't be read. Raises FileError if none can."""
    files: list[list[str]] = []
    errors: list[FileError] = []
    for number, path in enumerate(paths):
        context.progress(number, len(paths), "reading")
        try:
            files.append(context.open(path).text(MAX_TEXT, stop=context.stop).split("\n"))
        except FileError as error:
            errors.append(error)
            files.append([])
    if len(errors) == len(paths):
        raise errors[0]
    return files, [error.message for error in errors]


def _learned(
    paths: Sequence[str], files: Sequence[Sequence[str]], context: base.ToolContext
) -> tuple[LearnedOrder | None, Sequence[Path]]:
    """What was learned of the repository of the files, and where each of them is."""
    from mcp_smalltools.tools.ask_file.learned_order import made_for, order_for

    where = [
        context.open(path).real_path if lines else Path() for path, lines in zip(paths, files, strict=True)
    ]
    known = [path for path, lines in zip(where, files, strict=True) if lines]
    return order_for(context.settings.state_dir, known, made_for(context.settings)), where


def _units(paths: Sequence[str], files: Sequence[Sequence[str]], context: base.ToolContext) -> list[FileUnit]:
    from mcp_smalltools.tools.ask_file.units.of_file import units_of
    from mcp_smalltools.tools.ask_file.word_index import FileUnit

    return [
        FileUnit(number, unit)
        for number, (path, lines) in enumerate(zip(paths, files, strict=True))
        for unit in units_of(path, lines, context.stop.check)
    ]


def _answer(
    arguments: AskFileArguments,
    question: Question,
    ranking: Ranking,
    files: Sequence[Sequence[str]],
    calibration: Calibration,
) -> AskFileAnswer:
    from mcp_smalltools.tools.ask_file.short_answer import short_answer
    from mcp_smalltools.tools.ask_file.verdict import verdict

    if not ranking.passages:
        # No confidence: no model was fitted on questions without a single match.
        has_text = any(line.strip() for lines in files for line in lines)
        reason = "no word of the question, nor a similar one, is in the files"
        if not has_text:
            reason = "the files have no text"
        return AskFileAnswer(found=False, escalate=not has_text, reason=reason)
    judged = verdict(ranking.passages, ranking.features, calibration)
    answer = AskFileAnswer(found=judged.shown > 0, confidence=round(judged.probability, 3))
    answer.escalate, answer.reason = judged.escalate, judged.reason
    lines = arguments.max_lines
    for passage in ranking.passages[: judged.shown]:
        answer.evidence.append(_evidence(passage, arguments, files, lines))
        lines = max(1, lines - (passage.end - passage.start + 1))
    answer.elsewhere = [
        _evidence(passage, arguments, files, min(ELSEWHERE_LINES, arguments.max_lines))
        for passage in ranking.passages[judged.shown : None if judged.escalate else 1 + PLACES_BESIDE_SURE]
    ]
    if judged.shown:
        best = ranking.passages[0]
        answer.answer = short_answer(question, best.best.unit, _line(files[best.file], best.best.unit.under))
        if ranking.lines_alike:
            answer.dropped["lines_alike"] = ranking.lines_alike
            answer.note = "Other lines differ from this one in their numbers alone; parse_log counts them."
    return answer


def _evidence(
    passage: RankedPassage, arguments: AskFileArguments, files: Sequence[Sequence[str]], most: int
) -> Evidence:
    """The lines of a passage; of one that is too long, those from its best unit on."""
    start, end = passage.start, passage.end
    if end - start >= most:
        start = min(passage.best.unit.start, end - most + 1)
        end = start + most - 1
    text = "\n".join(files[passage.file][start - 1 : end])
    path = arguments.paths[passage.file] if len(arguments.paths) > 1 else None
    under = passage.best.unit.under
    title = None if start <= under <= end else cut(_line(files[passage.file], under), UNDER_CHARS) or None
    return Evidence(start=start, end=end, text=text, path=path, under=title)


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1].strip() if number else ""
