"""Fit the ranker of find_failure: `python models/recipes/find_failure/fit.py --runs DIR`, half an hour on two
cores with the `train` extra and scikit-learn.

DIR holds the runs that generate.py made. Each is dressed several times (dress.py). Boosted trees learn which
lines are evidence, with and without the passing log; whole tools are held out for the figures, thresholds and
calibration: two (go, jest) entirely, and all others in turn. The two stay held out of the ranker that ships. Writes ranker.json and scores.json of the skill.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from dress import Dressed, dressed
from numpy.typing import NDArray
from runs import CONTEXT, EVIDENCE, Run
from sklearn.ensemble import HistGradientBoostingClassifier

from mcp_smalltools.skills.calibration import Calibration, Logistic, coverage_at, expected_calibration_error
from mcp_smalltools.tools.failure.features import feature_names, features_of
from mcp_smalltools.tools.failure.reading import read_baseline, read_log
from mcp_smalltools.tools.failure.spans import Piece, context_of, pieces_of, within
from mcp_smalltools.tools.failure.trees import Chances, Forest, neighbourhood
from mcp_smalltools.tools.failure.verdict import cause_features, failure_features
from mcp_smalltools.tools.logs.headers import without_colours

SKILL = Path(__file__).parents[2] / "skills" / "find_failure"
HELD_OUT = ("go build", "go test", "go", "jest")
FOLDS = 3
FAR = 0.04
"""Share of the lines far from any sign of an error that are learned from."""
TREES = {
    "max_iter": 70,
    "max_leaf_nodes": 16,
    "learning_rate": 0.1,
    "min_samples_leaf": 30,
    "l2_regularization": 2.0,
}


@dataclass(slots=True)
class Example:
    """One log as the ranker sees it."""

    tool: str
    labels: NDArray[np.int64]
    cause: int
    table: NDArray[np.float32]
    numbers: list[int]
    patterns: list[str]
    compared: bool


@dataclass(slots=True)
class Judged:
    example: Example
    chances: Chances


def read_runs(folder: Path) -> list[Run]:
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("*.part")])
    return [
        Run(**json.loads(line))
        for path in files
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.endswith("}")
    ]


def examples_of(task: tuple[list[Run], int, int]) -> list[Example]:
    """Dress the runs and take features."""
    runs, times, seed = task
    chance = Random(seed)
    others = [run.passing for run in runs if len(run.passing) > 3]
    result = []
    for run in runs:
        for _ in range(times):
            result += _examples(dressed(run, others, chance), chance)
        if run.passing and chance.random() < 0.5:
            result += _examples(dressed(run, others, chance, failed=False), chance)
    return result


def _examples(log: Dressed, chance: Random) -> Iterator[Example]:
    lines = read_log([without_colours(log.lines)])
    labels = np.array(log.labels)
    ways = [None]
    if log.passing:
        ways.append(read_baseline([without_colours(log.passing)]))
    for baseline in ways:
        yield Example(
            log.tool,
            labels,
            log.cause,
            features_of(lines, baseline),
            lines.numbers,
            lines.patterns,
            baseline is not None,
        )


Model = dict[str, Any]
PARTS = ("report", "evidence", "cause")


def fit(examples: Sequence[Example], chance: np.random.Generator) -> tuple[Model, list[Judged]]:
    """The three forests, and each example judged by forests that saw nothing of its tool. The second stage learns
    from chances that the first stage gives to tools that it did not see.
    """
    tables = [example.table for example in examples]
    first_chances = out_of_fold(examples, tables, chance, "report")
    wide = [np.concatenate([t, neighbourhood(c)], axis=1) for t, c in zip(tables, first_chances, strict=True)]
    by_part = [out_of_fold(examples, wide, chance, part) for part in PARTS]
    judged = [
        Judged(example, Chances(*chances)) for example, *chances in zip(examples, *by_part, strict=True)
    ]
    model = {"first": _forest(examples, tables, chance, "report")}
    return model | {part: _forest(examples, wide, chance, part) for part in PARTS}, judged


def out_of_fold(
    examples: Sequence[Example], tables: Sequence[NDArray[np.float32]], chance: np.random.Generator, part: str
) -> list[NDArray[np.float64]]:
    """Chances for each example by a forest that saw nothing of its tool."""
    fold = {tool: number % FOLDS for number, tool in enumerate(sorted({e.tool for e in examples}))}
    result: list[NDArray[np.float64]] = [np.zeros(0)] * len(examples)
    for number in range(FOLDS):
        inside = [place for place, e in enumerate(examples) if fold[e.tool] != number]
        forest = _forest([examples[p] for p in inside], [tables[p] for p in inside], chance, part)
        for place, example in enumerate(examples):
            if fold[example.tool] == number:
                result[place] = forest.predict_proba(tables[place])[:, 1]
    return result


def _forest(
    examples: Sequence[Example], tables: Sequence[NDArray[np.float32]], chance: np.random.Generator, part: str
) -> Any:
    rows, targets, weights = [], [], []
    for example, table in zip(examples, tables, strict=True):
        target = {
            "report": example.labels >= CONTEXT,
            "evidence": example.labels == EVIDENCE,
            "cause": np.arange(len(example.labels)) == example.cause,
        }[part]
        weight = np.ones(len(target))
        # Every log counts alike, whether it has three guilty lines or three hundred; easy lines are thinned out.
        weight[target] = min(1.0, 40 / max(target.sum(), 1)) * (3 if part == "cause" else 1)
        strong = table[:, feature_names().index("strong")] > 0
        near = np.convolve(target | strong, np.ones(9), mode="same")[: len(target)] > 0
        keep = near | (chance.random(len(target)) < FAR)
        weight[~near] /= FAR
        rows.append(table[keep])
        targets.append(target[keep])
        weights.append(weight[keep] / (1 + np.log1p(len(target)) / 4))
    forest = HistGradientBoostingClassifier(**TREES, random_state=3)
    forest.fit(np.concatenate(rows), np.concatenate(targets), sample_weight=np.concatenate(weights))
    return forest


def judge(model: Model, example: Example) -> Judged:
    wide = np.concatenate([example.table, neighbourhood(_chance(model["first"], example.table))], axis=1)
    return Judged(example, Chances(*(_chance(model[part], wide) for part in PARTS)))


def _chance(forest: Any, table: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(forest.predict_proba(table)[:, 1])


def as_json(forest: Any) -> dict[str, Any]:
    """The trees of scikit-learn as plain numbers."""
    trees = []
    deepest = 1
    for (tree,) in forest._predictors:
        nodes = tree.nodes
        leaf = nodes["is_leaf"].astype(bool)
        own = np.arange(len(nodes))
        trees.append(
            {
                "feature": np.where(leaf, 0, nodes["feature_idx"]).tolist(),
                "threshold": [
                    0.0 if end else float(np.float32(value))
                    for end, value in zip(leaf, nodes["num_threshold"], strict=True)
                ],
                "left": np.where(leaf, own, nodes["left"]).tolist(),
                "right": np.where(leaf, own, nodes["right"]).tolist(),
                "value": [
                    round(float(value), 6) if end else 0.0
                    for end, value in zip(leaf, nodes["value"], strict=True)
                ],
            }
        )
        deepest = max(deepest, int(nodes["depth"].max()))
    return {"bias": float(np.ravel(forest._baseline_prediction)[0]), "depth": deepest, "trees": trees}


def f1(chosen: set[int], truth: set[int]) -> float:
    hit = len(chosen & truth)
    return 0.0 if not hit else 2 * hit / (len(chosen) + len(truth))


def chosen_pieces(item: Judged, cut: float, most: int = 100_000) -> list[Piece]:
    pieces = pieces_of(item.chances, item.example.table, item.example.numbers, cut)
    return within(pieces, item.example.patterns, item.chances.evidence, most)


def best_cuts(judged: Sequence[Judged]) -> dict[str, float]:
    """The cuts with the highest mean F1 over failed logs: of evidence, alone and with a passing log, then of the
    whole report with that.
    """
    cuts = {}
    for name, compared in (("evidence_alone", False), ("evidence_compared", True)):
        items = [item for item in judged if item.example.cause >= 0 and item.example.compared == compared]
        cuts[name] = _best(lambda cut, items=items: float(np.mean([_f1(item, cut) for item in items])))
    failed = [item for item in judged if item.example.cause >= 0]
    cuts["report"] = _best(lambda cut: float(np.mean([_report_f1(item, cuts, cut) for item in failed])))
    return cuts


def _best(score: Callable[[float], float]) -> float:
    scores = {round(float(cut), 2): score(float(cut)) for cut in np.arange(0.1, 0.9, 0.1)}
    return max(scores, key=lambda cut: scores[cut])


def cut_of(item: Judged, cuts: Mapping[str, float]) -> float:
    return cuts["evidence_compared" if item.example.compared else "evidence_alone"]


def _f1(item: Judged, cut: float) -> float:
    return f1(
        _places(chosen_pieces(item, cut)), set(np.flatnonzero(item.example.labels == EVIDENCE).tolist())
    )


def _report_f1(item: Judged, cuts: Mapping[str, float], cut: float) -> float:
    pieces = chosen_pieces(item, cut_of(item, cuts))
    column = feature_names().index("new")
    new = item.example.table[:, column] > 0 if item.example.compared else None
    around = context_of(item.chances, pieces, item.example.numbers, cut, 100_000, new=new)
    lines = _places(pieces) | {place for start, stop in around for place in range(start, stop)}
    return f1(lines, set(np.flatnonzero(item.example.labels >= CONTEXT).tolist()))


def _places(pieces: Sequence[Piece]) -> set[int]:
    return {place for piece in pieces for place in range(piece.start, piece.stop)}


def figures(judged: Sequence[Judged], cuts: Mapping[str, float]) -> dict[str, float]:
    """Of failed logs, in 50 lines: does the answer hold any evidence, the cause, and does the first piece."""
    rows = []
    for item in judged:
        if item.example.cause < 0:
            continue
        pieces = chosen_pieces(item, cut_of(item, cuts), 50)
        lines, truth = _places(pieces), set(np.flatnonzero(item.example.labels == EVIDENCE).tolist())
        rows.append(
            (
                bool(lines & truth),
                item.example.cause in lines,
                _holds_cause(item, pieces),
                _f1(item, cut_of(item, cuts)),
                _report_f1(item, cuts, cuts["report"]),
            )
        )
    names = (
        "any hit in 50 lines",
        "cause in 50 lines",
        "cause in the first span",
        "F1 of evidence",
        "F1 of the report",
    )
    return {name: round(float(np.mean([row[n] for row in rows])), 4) for n, name in enumerate(names)} | {
        "logs": len(rows)
    }


def _holds_cause(item: Judged, pieces: Sequence[Any]) -> bool:
    """The first piece holds the cause, or evidence that tells of it in the same words elsewhere."""
    return bool(pieces) and pieces[0].start <= item.example.cause < pieces[0].stop


def calibrate(judged: Sequence[Judged], cuts: Mapping[str, float]) -> tuple[Calibration, dict[str, float]]:
    failure, failed, sure, right = [], [], [], []
    for item in judged:
        failure.append(failure_features(item.example.table, item.chances))
        failed.append(item.example.cause >= 0)
        if item.example.cause >= 0:
            pieces = chosen_pieces(item, cut_of(item, cuts))
            size = len(item.example.labels)
            sure.append(cause_features(pieces, item.chances, compared=item.example.compared, total=size))
            right.append(_holds_cause(item, chosen_pieces(item, cut_of(item, cuts), 50)))
    models = {
        "failed": Logistic.fit({name: [row[name] for row in failure] for name in failure[0]}, failed),
        "cause": Logistic.fit({name: [row[name] for row in sure] for name in sure[0]}, right),
    }
    fails = models["failed"]({name: [row[name] for row in failure] for name in failure[0]})
    chances = models["cause"]({name: [row[name] for row in sure] for name in sure[0]})
    said = np.array(failed)
    from_ = float(np.quantile(fails[~said], 0.98)) if (~said).any() else 0.5
    coverage, lowest = coverage_at(chances, right, 0.95)
    constants = {
        **cuts,
        "failed_from": round(min(max(from_, 0.2), 0.8), 3),
        "sure_from": round(min(lowest, 0.9), 3),
    }
    shown = {
        "calibration error": round(expected_calibration_error(chances, right), 4),
        "coverage at 95%": round(coverage, 4),
        "passing logs called failed": round(float((fails[~said] >= constants["failed_from"]).mean()), 4),
        "failing logs called passing": round(float((fails[said] < constants["failed_from"]).mean()), 4),
    }
    return Calibration(models, constants), shown


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--times", type=int, default=2, help="dressings of each run")
    parser.add_argument("--limit", type=int, default=100_000, help="runs, for an early look")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="only the figures of tools held out in turn")
    args = parser.parse_args()
    runs = read_runs(args.runs)
    Random(1).shuffle(runs)
    del runs[args.limit :]
    print(len(runs), "runs", flush=True)
    parts = [(runs[n::8], args.times, n) for n in range(8)]
    with ProcessPoolExecutor(args.processes) as pool:
        examples = [example for part in pool.map(examples_of, parts) for example in part]
    print(len(examples), "examples", sum(len(e.labels) for e in examples), "lines", flush=True)
    chance = np.random.default_rng(5)
    seen = [e for e in examples if e.tool not in HELD_OUT]
    unseen = [e for e in examples if e.tool in HELD_OUT]

    model, judged = fit(seen, chance)
    cuts = best_cuts(judged)
    report: dict[str, Any] = {"cuts": cuts}
    report["tools held out in turn"] = figures(judged, cuts)
    for tool in sorted({e.tool for e in seen}):
        report[f"in turn: {tool}"] = figures([item for item in judged if item.example.tool == tool], cuts)
    if unseen:
        two = [judge(model, e) for e in unseen]
        report["two tools held out entirely"] = figures(two, cuts)
        for compared in (False, True):
            report[f"two tools held out entirely, compared {compared}"] = figures(
                [i for i in two if i.example.compared == compared], cuts
            )
    calibration, shown = calibrate(judged, cuts)
    report["calibration"] = shown
    print(json.dumps(report, indent=1), flush=True)
    if args.quick:
        return
    write(model, calibration, report)


def write(model: Model, calibration: Calibration, report: dict[str, Any]) -> None:
    SKILL.mkdir(parents=True, exist_ok=True)
    ranker = {"features": feature_names()} | {name: as_json(forest) for name, forest in model.items()}
    (SKILL / "ranker.json").write_text(json.dumps(ranker, separators=(",", ":")) + "\n", encoding="utf-8")
    Forest.from_json(ranker["first"])  # it can be read
    path = SKILL / "scores.json"
    data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    data |= {
        "made_by": "python models/recipes/find_failure/fit.py --runs DIR",
        "held_out": report,
        "calibration": calibration.to_json(),
    }
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
