"""`ask_file`: the lines of one or several files that answer a question, verbatim, or "not found"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from mcp_smalltools import result
from mcp_smalltools.errors import FileError
from mcp_smalltools.tools import base
from mcp_smalltools.tools.ask_file.answer import AskFileAnswer, AskFileArguments, Evidence

if TYPE_CHECKING:
    from mcp_smalltools.tools.ask_file.question import Question
    from mcp_smalltools.tools.ask_file.rank import Ranked
    from mcp_smalltools.tools.ask_file.selection import Passage
    from mcp_smalltools.tools.ask_file.word_index import Place

MAX_TEXT = 16 << 20
POINTED_LINES = 6
"""Lines of a place that is only pointed to."""


class AskFile:
    """Units of the files by words, meaning and structure; no text is made up."""

    name: ClassVar[str] = "ask_file"
    title: ClassVar[str] = "Ask a file"
    description: ClassVar[str] = (
        "Find the lines of one or several files that answer a question: which function does something, what "
        "it does, what a setting or constant is, what a row or a section says, when something was logged. "
        "Use it for long files when you want one fact and don't know the line. Not for counting, comparing "
        "or summing up (parse_log, summarize_file), nor for a known string (grep). Returns the lines "
        "verbatim with their numbers, a short answer where they hold one, or the best places to read."
    )
    version: ClassVar[int] = 4
    Arguments: ClassVar[type[base.Arguments]] = AskFileArguments
    Answer: ClassVar[type[result.Answer]] = AskFileAnswer

    async def run(self, arguments: AskFileArguments, context: base.ToolContext) -> AskFileAnswer:
        from mcp_smalltools.calibration.calibration import load_calibration
        from mcp_smalltools.tools.ask_file.features import FEATURES
        from mcp_smalltools.tools.ask_file.question import understood
        from mcp_smalltools.tools.ask_file.rank import rank
        from mcp_smalltools.tools.ask_file.word_index import Index
        from mcp_smalltools.tools.ask_file.word_vectors import word_table

        files, problems = await context.in_thread(_read, arguments.paths, context)
        places = await context.in_thread(_places, arguments.paths, files, context)
        question = understood(arguments.question)
        index = await context.in_thread(Index, places, word_table())
        calibration = load_calibration("ask_file", FEATURES)
        ranked = await rank(context.engine, index, question, calibration, context.stop.remaining_s)
        answer = _answer(arguments, question, ranked, files)
        if problems:
            answer.dropped["files_not_read"] = len(problems)
            answer.note = problems[0]
        if ranked.no_encoder:
            answer.note = ranked.no_encoder.note("these lines were found by their words alone")
            answer.escalate = True
            answer.reason = "without the encoder the right lines may be missing: check these lines yourself"
        elif ranked.passages:
            answer.model = context.settings.embed_model
        return answer


def _read(paths: Sequence[str], context: base.ToolContext) -> tuple[list[list[str]], list[str]]:
    """The lines of each file, and what is wrong with those that can't be read. Raises if none can."""
    files: list[list[str]] = []
    errors: list[FileError] = []
    for number, path in enumerate(paths):
        context.progress(number, len(paths), "reading")
        try:
            files.append(context.open(path).text(MAX_TEXT).split("\n"))
        except FileError as error:
            errors.append(error)
            files.append([])
    if len(errors) == len(paths):
        raise errors[0]
    return files, [error.message for error in errors]


def _places(paths: Sequence[str], files: Sequence[Sequence[str]], context: base.ToolContext) -> list[Place]:
    from mcp_smalltools.tools.ask_file.units import units_of
    from mcp_smalltools.tools.ask_file.word_index import Place

    return [
        Place(number, unit)
        for number, (path, lines) in enumerate(zip(paths, files, strict=True))
        for unit in units_of(path, lines, context.stop.check)
    ]


def _answer(
    arguments: AskFileArguments, question: Question, ranked: Ranked, files: Sequence[Sequence[str]]
) -> AskFileAnswer:
    from mcp_smalltools.calibration.calibration import load_calibration
    from mcp_smalltools.tools.ask_file.features import FEATURES
    from mcp_smalltools.tools.ask_file.rank import short_answer
    from mcp_smalltools.tools.ask_file.verdict import verdict

    if not ranked.passages:
        text = any(line.strip() for lines in files for line in lines)
        what = "none of the question's words is in the files, nor one like it" if text else "no text"
        return AskFileAnswer(found=False, confidence=0.9, escalate=not text, reason=what)
    judged = verdict(ranked.passages, ranked.whole, load_calibration("ask_file", FEATURES))
    answer = AskFileAnswer(found=judged.shown > 0, confidence=round(judged.chance, 3))
    answer.escalate, answer.reason = judged.escalate, judged.reason
    lines = arguments.max_lines
    for passage in ranked.passages[: judged.shown]:
        answer.evidence.append(_evidence(passage, arguments, files, lines))
        lines = max(1, lines - (passage.end - passage.start + 1))
    answer.elsewhere = [
        _evidence(passage, arguments, files, min(POINTED_LINES, arguments.max_lines))
        for passage in ranked.passages[judged.shown :]
    ]
    if judged.shown:
        answer.answer = short_answer(question, ranked.passages[0].best.unit)
        if ranked.alike:
            answer.dropped["lines_alike"] = ranked.alike
            answer.note = "Other lines say the same with other numbers: parse_log counts them."
    return answer


def _evidence(
    passage: Passage, arguments: AskFileArguments, files: Sequence[Sequence[str]], most: int
) -> Evidence:
    """Of a passage that is too long, the lines from its best place on."""
    start, end = passage.start, passage.end
    if end - start >= most:
        start = min(passage.best.unit.start, end - most + 1)
        end = start + most - 1
    text = "\n".join(files[passage.file][start - 1 : end])
    path = arguments.paths[passage.file] if len(arguments.paths) > 1 else None
    return Evidence(start=start, end=end, text=text, path=path)
