"""What `ask_file` sees of each question, for `fit.py`.

    PYTHONPATH=. python models/recipes/ask_file/gather.py --out ROWS DIR...    # minutes

Takes written questions (`questions.txt`) and those that code makes from the real files under the folders
(`evaluation/data/questions.py`), a third of them put to a file that doesn't answer. Writes the candidates of
each with their features and which of them answer.
"""

from __future__ import annotations

import argparse
import asyncio
import pickle
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from written import WRITTEN, Written, written_questions

from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.evaluation.data.questions import EvalQuestion, questions
from mcp_smalltools.tools.ask_file.features import Floats, candidate_features
from mcp_smalltools.tools.ask_file.question import Question as ParsedQuestion
from mcp_smalltools.tools.ask_file.question import parse_question
from mcp_smalltools.tools.ask_file.rank import encoder_text
from mcp_smalltools.tools.ask_file.units import units_of
from mcp_smalltools.tools.ask_file.word_index import FileUnit, Index, Matches
from mcp_smalltools.tools.ask_file.word_vectors import word_table


@dataclass(slots=True)
class Row:
    """A question and its candidates. Arrays have the shape (candidates,); there may be none."""

    part: str
    """fit, cal or test of a written question; made, or astray: a written one put to another file."""
    group: str
    """The file: questions to it are left out together."""
    question: ParsedQuestion
    gold: frozenset[tuple[int, int]]
    """File and line of all lines that answer."""
    units: list[FileUnit]
    columns: dict[str, Floats]
    matches: Matches
    """With one column: the best match of all units."""

    @property
    def written(self) -> bool:
        return self.part not in ("made", "astray")

    @property
    def answers(self) -> list[bool]:
        """Whether each candidate answers; of a made question, those that fit best and at least half."""
        if self.written:
            return [self.holds(u.file, u.unit.start, u.unit.end) for u in self.units]
        grades = [self.grade(u.file, u.unit.start, u.unit.end) for u in self.units]
        return [g >= 0.5 and g == max(grades) for g in grades]

    def holds(self, file: int, start: int, end: int) -> bool:
        return any((file, line) in self.gold for line in range(start, end + 1))

    def grade(self, file: int, start: int, end: int) -> float:
        """F1 of lines."""
        both = sum((file, line) in self.gold for line in range(start, end + 1))
        return 2 * both / (end - start + 1 + len(self.gold)) if both else 0.0


async def row_of(question: Written | EvalQuestion, index: Index, engine: EngineClient) -> Row:
    parsed = parse_question(question.text)
    matches = index.matches(parsed)
    chosen = index.candidates(matches)
    columns: dict[str, Floats] = {}
    if chosen:
        texts = [question.text, *(encoder_text(index.units[n].unit) for n in chosen)]
        vectors = (await engine.embed(texts, CallOptions(deadline_s=600))).vectors
        columns = candidate_features(index, parsed, matches, chosen, (vectors[1:] @ vectors[0]).tolist())
    if isinstance(question, Written):
        part, group = question.part, str(question.path)
        gold = frozenset((0, line) for line in question.lines)
    else:
        part, group = "made", str(question.path)
        lines = range(question.start, question.end + 1) if question.start else ()
        gold = frozenset((question.paths.index(question.path), line) for line in lines)
    best = matches.every.max(axis=1, initial=0.0)[:, None]
    small = Matches(matches.weights, best, best, np.zeros(0, np.float32))
    return Row(part, group, parsed, gold, [index.units[n] for n in chosen], columns, small)


def astray(written: Sequence[Written]) -> list[Written]:
    """Each question once more, to a file that it is not about."""
    rng = random.Random(6)
    paths = sorted({question.path for question in written})
    rest = {path: [other for other in paths if other.suffix != path.suffix] for path in paths}
    moved = [replace(q, part="astray", path=rng.choice(rest[q.path]), lines=frozenset()) for q in written]
    return sorted(moved, key=lambda question: str(question.path))


def index_of(paths: Sequence[Path]) -> Index:
    units = []
    for number, path in enumerate(paths):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        units += [FileUnit(number, unit) for unit in units_of(str(path), lines)]
    return Index(units, word_table())


async def gather(asked: Sequence[Written | EvalQuestion]) -> list[Row]:
    engine = EngineClient(load_settings())
    rows: list[Row] = []
    last: tuple[Any, Index] | None = None
    try:
        for question in asked:
            paths = list(question.paths)
            if last is None or last[0] != paths:
                last = (paths, index_of(paths))
            rows.append(await row_of(question, last[1], engine))
    finally:
        await engine.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+", help="real files to make questions from")
    parser.add_argument("--count", type=int, default=110, help="questions of each folder that have an answer")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    written, left_out = written_questions(WRITTEN)
    learnt = [question for question in written if question.part != "test"]
    asked: list[Written | EvalQuestion] = [*learnt, *astray(learnt)]
    for number, folder in enumerate(args.folders):
        asked += questions(folder, args.count, 100 + number, without=0.5)
    rows = asyncio.run(gather(asked))
    args.out.write_bytes(pickle.dumps(rows))
    print(
        len(rows),
        "questions;",
        sum(left_out.values()),
        "written ones left out, since their files are not here",
    )


if __name__ == "__main__":
    main()
