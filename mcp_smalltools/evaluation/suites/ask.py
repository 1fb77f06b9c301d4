"""Quality of ask_file on questions that code makes from the real files under a folder.

The answers are known since the questions come from them (`evaluation/data/questions.py`): definitions and
what they do, constants, settings, exceptions, numbers in sentences, sections, log lines, rows, copyright
holders. A tenth as many more are put to a file that doesn't answer. The tool runs as an agent would call it.
Span recall and F1 count lines: how many of the lines that answer come back, and how many of those that come
back answer. The floor is the line that shares most words with the question (BM25). Questions are the same for
the same folder, count and seed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.console_table import print_table
from mcp_smalltools.evaluation.suite import add_data, add_json, give_figures, service_with
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest

if TYPE_CHECKING:
    from mcp_smalltools.evaluation.data.questions import EvalQuestion


@dataclass(frozen=True, slots=True)
class AskFigures:
    """Shares are of 1. For a question that has an answer, "not found" counts as no line found."""

    data: str
    questions: int  # that have an answer
    span_recall: float
    f1: float
    without_answer: int
    wrong_found: float  # of those without an answer
    wrong_lines: float  # of all that was found: none of its lines answers
    answers_right: float | None  # of the short answers that were given
    calibration_error: float | None  # of answers with a confidence
    floor_span_recall: float
    floor_f1: float
    seconds_a_question: float
    f1_by_kind: dict[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, "files of any kind")
    parser.add_argument("--count", type=int, default=300, metavar="N", help="questions that have an answer")
    parser.add_argument("--seed", type=int, default=0, help="which questions are drawn")
    add_json(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    give_figures("ask", [anyio.run(_evaluate, args, settings)], _show, as_json=args.json)
    return 0


async def _evaluate(args: argparse.Namespace, settings: Settings) -> AskFigures:
    from mcp_smalltools.evaluation.data.questions import questions

    asked = questions(args.data.resolve(), args.count, args.seed)
    if not asked:
        raise NotFound(
            f"No question could be made from the files in {args.data}.",
            remedy="Name a folder with source code, documents, settings, logs or tables.",
        )
    root = RootSpec(path=args.data.resolve(), level=PrivacyLevel.OPEN)
    async with service_with(settings, roots=(root,)) as service:
        started = time.perf_counter()
        answers = [await _ask(service, question) for question in asked]
        seconds = time.perf_counter() - started
    return _measure(args.data.name, asked, answers, seconds / len(asked))


async def _ask(service: Any, question: EvalQuestion) -> dict[str, Any]:
    paths = [str(path) for path in question.paths]
    request = ToolRequest("ask_file", {"paths": paths, "question": question.text}, deadline_s=600.0)
    answer: dict[str, Any] = (await service.call(request)).structured()
    return answer


def _measure(
    name: str, asked: Sequence[EvalQuestion], answers: Sequence[dict[str, Any]], seconds: float
) -> AskFigures:
    from mcp_smalltools.calibration.measures import expected_calibration_error, with_confidence

    recalls, f1s, floors, wrong, short = [], [], [], [], []
    confidences, right = [], []
    by_kind: dict[str, list[float]] = {}
    empty = 0
    for question, answer in zip(asked, answers, strict=True):
        if not question.start:
            wrong.append(answer["found"])
            empty += answer["found"]
            confidences.append(answer.get("confidence"))
            right.append(not answer["found"])
            continue
        recall, f1 = _overlap(question, _lines(question, answer))
        recalls.append(recall)
        f1s.append(f1)
        by_kind.setdefault(question.kind, []).append(f1)
        floors.append(_overlap(question, _floor(question)))
        empty += answer["found"] and not f1
        confidences.append(answer.get("confidence"))
        right.append(answer["found"] and f1 > 0)
        if answer["found"] and answer.get("answer") and question.answer:
            short.append(_same(answer["answer"], question.answer))
    found = sum(answer["found"] for answer in answers)
    rated, right_of_rated = with_confidence(confidences, right)
    return AskFigures(
        data=name,
        questions=len(f1s),
        span_recall=_mean(recalls),
        f1=_mean(f1s),
        without_answer=len(wrong),
        wrong_found=_mean(wrong),
        wrong_lines=round(empty / max(1, found), 4),
        answers_right=_mean(short) if short else None,
        calibration_error=round(expected_calibration_error(rated, right_of_rated), 4) if rated else None,
        floor_span_recall=_mean([recall for recall, _ in floors]),
        floor_f1=_mean([f1 for _, f1 in floors]),
        seconds_a_question=round(seconds, 3),
        f1_by_kind={kind: _mean(values) for kind, values in sorted(by_kind.items())},
    )


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


def _same(given: str, wanted: str) -> bool:
    from mcp_smalltools.text.facts import fold

    return fold(wanted) in fold(given) or fold(given) in fold(wanted)


def _lines(question: EvalQuestion, answer: dict[str, Any]) -> set[tuple[str, int]]:
    """Path and number of each line of the evidence."""
    return {
        (span.get("path", str(question.paths[0])), number)
        for span in answer["evidence"]
        for number in range(span["start"], span["end"] + 1)
    }


def _overlap(question: EvalQuestion, given: set[tuple[str, int]]) -> tuple[float, float]:
    """Recall and F1 of lines."""
    wanted = {(str(question.path), number) for number in range(question.start, question.end + 1)}
    both = len(wanted & given)
    return both / len(wanted), 2 * both / (len(wanted) + len(given))


def _floor(question: EvalQuestion) -> set[tuple[str, int]]:
    """The one line that BM25 puts first."""
    from mcp_smalltools.text.bm25 import BM25
    from mcp_smalltools.text.words import content_stems, stems_of

    places = [
        (str(path), number, line)
        for path in question.paths
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1)
    ]
    best = BM25([stems_of(line) for _, _, line in places]).best(content_stems(question.text), 1)
    return {(places[n][0], places[n][1]) for n in best}


def _show(all_figures: Sequence[AskFigures]) -> None:
    (figures,) = all_figures
    from rich.table import Table

    table = Table("", figures.data, "floor: best line by BM25")
    table.add_row("questions with an answer", str(figures.questions))
    table.add_row("span recall", str(figures.span_recall), str(figures.floor_span_recall))
    table.add_row("F1 of lines", str(figures.f1), str(figures.floor_f1))
    table.add_row("questions without an answer", str(figures.without_answer))
    table.add_row("wrongly found, of these", str(figures.wrong_found), "1.0")
    table.add_row("wrong lines, of all found", str(figures.wrong_lines))
    table.add_row("short answers right, of those given", str(figures.answers_right))
    table.add_row("calibration error", str(figures.calibration_error))
    table.add_row("seconds a question", str(figures.seconds_a_question))
    for kind, f1 in figures.f1_by_kind.items():
        table.add_row(f"F1, {kind}", str(f1))
    print_table(table)
