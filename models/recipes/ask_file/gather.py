"""What `ask_file` sees of each question, for `fit.py`.

    PYTHONPATH=. python models/recipes/ask_file/gather.py --field DIR --out ROWS    # 10 minutes

Takes the real cases under each DIR that are marked `fit` (benchmarks/field) and the written questions
(`questions.txt`), parts `fit` and `cal`. Writes the candidates of each with their features and which of them
answer, and what the judge says of the best ones: best by a model that saw no question of the same source.
"""

from __future__ import annotations

import argparse
import asyncio
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from written import WRITTEN, Written, unseen_by_the_judge, written_questions

from mcp_smalltools.calibration.calibration import Logistic
from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.evaluation.field.cases import read_cases
from mcp_smalltools.tools.ask_file.features import Floats, candidate_features, log_odds_of
from mcp_smalltools.tools.ask_file.question import Question as ParsedQuestion
from mcp_smalltools.tools.ask_file.question import parse_question
from mcp_smalltools.tools.ask_file.rank import READ, encoder_text, judge_text, read_scores
from mcp_smalltools.tools.ask_file.units.of_file import units_of
from mcp_smalltools.tools.ask_file.word_index import FileUnit, Index, Matches
from mcp_smalltools.tools.ask_file.word_vectors import word_table
from mcp_smalltools.tools.similarity import NoEncoder

FOLDS: Final = 5
FIELD_WEIGHT: Final = 2.0
"""How many written questions a real one counts for."""
RIDGE: Final = 100.0
"""L2 penalty of the models."""


@dataclass(slots=True)
class Row:
    """A question and its candidates. Arrays have the shape (candidates,); there may be none."""

    part: str
    """fit, cal or test of a written question; field: a real case."""
    group: str
    """The file, or the source of a real case: what is left out together."""
    question: ParsedQuestion
    gold: frozenset[tuple[int, int]]
    """File and line of all lines that answer."""
    units: list[FileUnit]
    columns: dict[str, Floats]
    matches: Matches
    """With one column: the best match of all units."""

    log_odds: Floats | None = None
    """Of the candidates, by a model that saw no row of the group."""
    read: NDArray[np.int64] | None = None
    """The numbers of the candidates that the judge read, shape (read,)."""
    scores: Floats | None = None
    """The judge's, of each of them."""

    @property
    def answers(self) -> list[bool]:
        """Whether each candidate answers."""
        return [self.holds(u.file, u.unit.start, u.unit.end) for u in self.units]

    def holds(self, file: int, start: int, end: int) -> bool:
        return any((file, line) in self.gold for line in range(start, end + 1))


async def row_of(question: Written, group: str, index: Index, engine: EngineClient) -> Row:
    parsed = parse_question(question.text)
    matches = index.matches(parsed)
    chosen = index.candidates(matches)
    columns: dict[str, Floats] = {}
    if chosen:
        texts = [question.text, *(encoder_text(index.units[n].unit) for n in chosen)]
        vectors = (await engine.embed(texts, CallOptions(deadline_s=600))).vectors
        columns = candidate_features(index, parsed, matches, chosen, (vectors[1:] @ vectors[0]).tolist())
    gold = frozenset((0, line) for line in question.lines)
    best = matches.every.max(axis=1, initial=0.0)[:, None]
    small = Matches(matches.weights, best, best, np.zeros(0, np.float32))
    return Row(question.part, group, parsed, gold, [index.units[n] for n in chosen], columns, small)


def field_questions(folder: Path) -> list[Written]:
    """The real cases under a folder that may be fitted on."""
    found = []
    for case in read_cases(folder, split="fit", tools=frozenset({"ask_file"})):
        lines = frozenset(n for _, first, last in case.right["lines"] for n in range(first, last + 1))
        found.append(Written("field", case.source, case.paths()[0], str(case.arguments["question"]), lines))
    return found


def index_of(paths: Sequence[Path]) -> Index:
    units = []
    for number, path in enumerate(paths):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        units += [FileUnit(number, unit) for unit in units_of(str(path), lines)]
    return Index(units, word_table())


async def gather(asked: Sequence[Written]) -> list[Row]:
    engine = EngineClient(load_settings())
    rows: list[Row] = []
    last: tuple[Path, Index] | None = None
    try:
        for question in asked:
            if last is None or last[0] != question.path:
                last = (question.path, index_of([question.path]))
            group = question.source if question.part == "field" else str(question.path)
            rows.append(await row_of(question, group, last[1], engine))
        add_log_odds(rows)
        for question, row in zip(asked, rows, strict=True):
            await add_readings(question, row, engine)
    finally:
        await engine.close()
    return rows


def add_log_odds(rows: Sequence[Row]) -> None:
    """Each row's by a model that has not seen its group."""
    fold = folds_of([row.group for row in rows])
    for number in range(FOLDS):
        unit = fit_units([row for row in rows if fold[row.group] != number])
        for row in rows:
            if fold[row.group] == number and row.columns:
                row.log_odds = log_odds_of(unit(row.columns))


async def read_again(asked: Sequence[Written], rows: Sequence[Row]) -> None:
    """Rows that were gathered before, with the scores of the judge of today."""
    engine = EngineClient(load_settings())
    by_text = {(name_of(row), row.question.text): row for row in rows}
    try:
        for question in asked:
            name = question.source if question.part == "field" else question.path.name
            if row := by_text.get((name, question.text)):
                await add_readings(question, row, engine)
    finally:
        await engine.close()


def name_of(row: Row) -> str:
    """The source of a real case, the file's name of a written question."""
    return row.group if row.part == "field" else Path(row.group).name


async def add_readings(question: Written, row: Row, engine: EngineClient) -> None:
    if row.log_odds is None:
        return
    files = [question.path.read_text(encoding="utf-8", errors="replace").split("\n")]
    row.read = np.argsort(-row.log_odds, kind="stable")[:READ]
    pairs = [(question.text, judge_text(row.units[n], files)) for n in row.read.tolist()]
    scores = await read_scores(engine, pairs, 600)
    if isinstance(scores, NoEncoder):
        raise SystemExit(f"There is no judge: {scores.error}")
    row.scores = scores


def folds_of(groups: Sequence[str]) -> dict[str, int]:
    distinct = sorted(set(groups))
    np.random.default_rng(5).shuffle(distinct)
    return {group: number % FOLDS for number, group in enumerate(distinct)}


def weight_of(row: Row) -> float:
    return FIELD_WEIGHT if row.part == "field" else 1.0


def fit_units(rows: Sequence[Row]) -> Logistic:
    used = [row for row in rows if row.columns and any(row.answers)]
    columns = {name: np.concatenate([row.columns[name] for row in used]) for name in used[0].columns}
    varied = {name: column for name, column in columns.items() if column.std() > 0}
    right = np.concatenate([row.answers for row in used])
    weight = np.concatenate([np.full(len(row.units), weight_of(row)) for row in used])
    return Logistic.fit(varied, right, weight=weight, ridge=RIDGE)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--field", type=Path, required=True, action="append", help="real cases (benchmarks/field)"
    )
    parser.add_argument("--again", type=Path, help="rows of before, to be read by the judge of today")
    parser.add_argument("--files", type=int, default=0, help="written questions to so many files; 0: all")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    written, left_out = written_questions(WRITTEN)
    learnt = [question for question in written if question.part != "test"]
    if args.files:
        first = list(dict.fromkeys(question.path for question in learnt))[: args.files]
        learnt = [question for question in learnt if question.path in first]
    asked = [*(one for folder in args.field for one in field_questions(folder)), *learnt]
    if args.again:
        rows = pickle.loads(args.again.read_bytes())
        unseen = unseen_by_the_judge(name_of(row) for row in rows if row.part != "field")
        asked = [one for one in asked if one.part == "field" or one.path.name in unseen]
        asyncio.run(read_again(asked, rows))
    else:
        rows = asyncio.run(gather(asked))
    args.out.write_bytes(pickle.dumps(rows))
    print(len(rows), "questions;", sum(left_out.values()), "written ones left out: their files are not here")


if __name__ == "__main__":
    main()
