"""Quality of classify on CLINC150 and BANKING77: accuracy, what it turns away, and whether it knows
what it knows.

The tool runs as an agent would call it: the whole pipeline, one call for each set (or --batch items at a
time). Nothing of the data was used to build or to fit it. With scikit-learn installed, the floor (TF-IDF with
a linear SVM on the same examples) stands beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import itertools
import json
import lzma
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.console_table import print_table
from mcp_smalltools.evaluation.linear_words import linear_words
from mcp_smalltools.evaluation.suite import UNCUT, add_data, add_json, add_record, give_figures, service_with
from mcp_smalltools.request import ToolRequest

OUT_OF_SCOPE = "oos"
DEADLINE_S = 3600.0


@dataclass(frozen=True, slots=True)
class DataSet:
    """Texts with their labels. In `test`, `OUT_OF_SCOPE` marks what belongs to no label."""

    name: str
    train: list[tuple[str, str]]
    test: list[tuple[str, str]]

    @property
    def labels(self) -> list[str]:
        return sorted({label for _, label in self.train})


@dataclass(frozen=True, slots=True)
class ClassifyFigures:
    """How one set went. Shares are of 1; `None` where there is nothing to count."""

    data: str
    examples: int
    items: int
    accuracy: float  # in scope; what was turned away counts as wrong
    turned_away: float  # in scope, wrongly
    out_of_scope_recall: float | None
    calibration_error: float | None  # expected, over all items that have a confidence
    coverage: float  # not escalated, of what is in scope
    accuracy_covered: float | None
    coverage_all: float  # the same over all items, out of scope included
    accuracy_covered_all: float | None
    coverage_at_95: float
    items_per_second: float
    floor_accuracy: float | None  # TF-IDF and a linear SVM, in scope


@dataclass(frozen=True, slots=True)
class Draw:
    """One run over a set: its figures, and how sure each answer was and whether it was right."""

    figures: ClassifyFigures
    sure: list[float]
    right: list[bool]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, "the data sets")
    parser.add_argument("--examples", type=int, nargs="+", default=[0, 8], metavar="N", help="for each label")
    parser.add_argument("--batch", type=int, default=0, metavar="N", help="items a call (default: all)")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="items of each set (default: all)")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0], metavar="N", help="which examples and items are drawn"
    )
    add_record(parser, "the means over the draws")
    add_json(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    draws = anyio.run(_evaluate, args, settings)
    give_figures("classify", [draw.figures for draw in draws], _show, as_json=args.json)
    if args.record:
        _record(args.record, draws, args.seeds)
    return 0


async def _evaluate(args: argparse.Namespace, settings: Settings) -> list[Draw]:
    draws = []
    async with service_with(settings, max_answer_chars=UNCUT) as service:
        for whole, count in itertools.product(load_sets(args.data), args.examples):
            for seed in args.seeds if count or args.limit else args.seeds[:1]:
                data = _sample(whole, args.limit, seed)
                examples = _draw(data, count, seed)
                started = time.perf_counter()
                results = await _classify(service, data, examples, args.batch)
                seconds = time.perf_counter() - started
                draws.append(_measure(data, count, results, examples, seconds))
    return draws


async def _classify(
    service: Any, data: DataSet, examples: Sequence[tuple[str, str]], batch: int
) -> list[dict[str, Any]]:
    items = [text for text, _ in data.test]
    results: list[dict[str, Any]] = []
    for start in range(0, len(items), batch or len(items)):
        arguments = {
            "items": items[start : start + (batch or len(items))],
            "labels": data.labels,
            "examples": [{"text": text, "label": label} for text, label in examples],
        }
        answer = await service.call(ToolRequest("classify", arguments, deadline_s=DEADLINE_S))
        results += answer.structured()["results"]
    return results


def _measure(
    data: DataSet,
    count: int,
    results: Sequence[dict[str, Any]],
    examples: Sequence[tuple[str, str]],
    seconds: float,
) -> Draw:
    import numpy as np

    from mcp_smalltools.calibration.measures import coverage_at, expected_calibration_error, with_confidence
    from mcp_smalltools.tools.classify.labels import NONE_OF_THESE

    truth = [NONE_OF_THESE if label == OUT_OF_SCOPE else label for _, label in data.test]
    inside = np.array([label != NONE_OF_THESE for label in truth])
    right = np.array([item["label"] == label for item, label in zip(results, truth, strict=True)])
    away = np.array([item["label"] == NONE_OF_THESE for item in results])
    relied = np.array([not item["escalate"] for item in results])
    given = [item.get("confidence") for item in results]
    sure, right_of_sure = with_confidence(given, list(right))
    sure_inside, right_inside = with_confidence(
        list(itertools.compress(given, inside)), list(itertools.compress(right, inside))
    )

    def mean(values: Any) -> float | None:
        return round(float(values.mean()), 4) if len(values) else None

    figures = ClassifyFigures(
        data=data.name,
        examples=count,
        items=len(truth),
        accuracy=mean(right[inside]) or 0.0,
        turned_away=mean(away[inside]) or 0.0,
        out_of_scope_recall=mean(away[~inside]),
        calibration_error=round(expected_calibration_error(sure, right_of_sure), 4) if sure else None,
        coverage=mean(relied[inside]) or 0.0,
        accuracy_covered=mean(right[inside & relied]),
        coverage_all=mean(relied) or 0.0,
        accuracy_covered_all=mean(right[relied]),
        coverage_at_95=round(coverage_at(sure_inside, right_inside, 0.95)[0], 4),
        items_per_second=round(len(truth) / seconds, 1),
        floor_accuracy=_floor(data, examples),
    )
    return Draw(figures, sure, list(map(bool, right_of_sure)))


AIMS: Mapping[tuple[str, bool], Mapping[str, str]] = {
    ("CLINC150", True): {"accuracy": ">= 0.93", "out of scope found": ">= 0.65", "turned away": "<= 0.05"},
    ("CLINC150", False): {"accuracy": ">= 0.75"},
    ("BANKING77", True): {"accuracy": ">= 0.86"},
    ("BANKING77", False): {"accuracy": ">= 0.66"},
}
"""By set, and whether there are examples."""


def _record(path: Path, draws: Sequence[Draw], seeds: Sequence[int]) -> None:
    import datetime

    from mcp_smalltools.calibration.scores import Evaluation, coverage_curve, record_quality, reliability

    entries = []
    for (name, count), group in itertools.groupby(draws, lambda d: (d.figures.data, d.figures.examples)):
        same = list(group)
        sure = [chance for draw in same for chance in draw.sure]
        right = [hit for draw in same for hit in draw.right]
        aims = {
            **AIMS.get((name, count > 0), {}),
            "calibration error": "<= 0.05",
            "right where not escalated": ">= 0.95",
            **({"coverage": ">= 0.80"} if count else {}),
        }
        entry = Evaluation(
            set=f"{name}, {f'{count} examples a label' if count else 'label names alone'}",
            items=same[0].figures.items,
            metrics=_means([draw.figures for draw in same]),
            aims=aims,
            command=f"mcp-smalltools eval classify --data DIR --examples {count} --seeds "
            + " ".join(map(str, seeds[: len(same)])),
            date=datetime.date.today(),
            note=f"Means of {len(same)} draws of the examples." if len(same) > 1 else "",
            coverage_curve=coverage_curve(sure, right),
            reliability=reliability(sure, right),
        )
        entries.append(entry)
    record_quality(path, entries)


_RECORDED: Mapping[str, str] = {
    "accuracy": "accuracy",
    "accuracy of TF-IDF and a linear SVM": "floor_accuracy",
    "turned away": "turned_away",
    "out of scope found": "out_of_scope_recall",
    "calibration error": "calibration_error",
    "coverage": "coverage",
    "right where not escalated": "accuracy_covered",
    "coverage at 95% right": "coverage_at_95",
}


def _means(figures: Sequence[ClassifyFigures]) -> dict[str, float]:
    """Of each figure that is known in every draw."""
    columns = {name: [getattr(one, field) for one in figures] for name, field in _RECORDED.items()}
    return {
        name: round(sum(values) / len(values), 4)
        for name, values in columns.items()
        if all(value is not None for value in values)
    }


def _floor(data: DataSet, examples: Sequence[tuple[str, str]]) -> float | None:
    """Accuracy in scope of TF-IDF and a linear SVM on the same examples; None without scikit-learn."""
    with contextlib.suppress(ImportError):
        known = [pair for pair in data.test if pair[1] != OUT_OF_SCOPE]
        if not examples or not known:
            return None
        model = linear_words()
        model.fit([text for text, _ in examples], [label for _, label in examples])
        return round(float(model.score([text for text, _ in known], [label for _, label in known])), 4)
    return None


def _draw(data: DataSet, count: int, seed: int) -> list[tuple[str, str]]:
    """So many examples of each label, drawn from the training part."""
    drawn: list[tuple[str, str]] = []
    for label in data.labels:
        of_label = sorted(pair for pair in set(data.train) if pair[1] == label)
        drawn += random.Random(f"{seed} {label}").sample(of_label, min(count, len(of_label)))
    return drawn


def _sample(data: DataSet, limit: int, seed: int) -> DataSet:
    if not limit or limit >= len(data.test):
        return data
    return replace(data, test=random.Random(seed).sample(data.test, limit))


def load_sets(folder: Path) -> Iterator[DataSet]:
    """The sets that lie in the folder or in its `classification`. Raises NotFound if none does."""
    inside = folder / "classification"
    folder = inside if inside.is_dir() else folder
    banking, clinc = folder / "banking77_test.csv", folder / "clinc150_full.json"
    found = False
    if _exists(banking):
        found = True
        yield DataSet("BANKING77", _rows(folder / "banking77_train.csv"), _rows(banking))
    if _exists(clinc):
        found = True
        parts = json.loads(_text(clinc))
        pairs = {name: [(text, label) for text, label in parts[name]] for name in parts}
        yield DataSet("CLINC150", pairs["train"], pairs["test"] + pairs["oos_test"])
    if not found:
        raise NotFound(
            f"There is no data set for classify in {folder.resolve()}.",
            remedy="It looks for clinc150_full.json and banking77_{train,test}.csv, each also with .xz.",
        )


def _exists(path: Path) -> bool:
    return path.is_file() or path.with_name(f"{path.name}.xz").is_file()


def _text(path: Path) -> str:
    if path.is_file():
        return path.read_text(encoding="utf-8")
    return lzma.decompress(path.with_name(f"{path.name}.xz").read_bytes()).decode("utf-8")


def _rows(path: Path) -> list[tuple[str, str]]:
    rows = csv.DictReader(_text(path).splitlines(keepends=True))
    return [(row["text"].strip(), row["category"]) for row in rows]


def _show(figures: Sequence[ClassifyFigures]) -> None:
    from rich.table import Table

    table = Table(caption="covered: not escalated; ECE: expected calibration error; floor: TF-IDF + SVM")
    columns = ("data", "examples", "accuracy", "floor", "turned away", "out of scope found", "ECE")
    for column in (*columns, "covered", "right of it", "items/s"):
        table.add_column(column, justify="left" if column == "data" else "right")
    for item in figures:
        cells = (
            *(item.data, item.examples, item.accuracy, item.floor_accuracy, item.turned_away),
            *(item.out_of_scope_recall, item.calibration_error, item.coverage, item.accuracy_covered),
            item.items_per_second,
        )
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    print_table(table)
