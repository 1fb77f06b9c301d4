"""Fit the ranker of find_failure. Needs the `train` extra and scikit-learn.

    PYTHONPATH=. OMP_NUM_THREADS=2 python models/recipes/find_failure/fit.py --runs DIR --logchunks DIR --field DIR

--logchunks has LogChunks' real failing CI logs with the chunk that says why, --field (may be repeated) runs
collected for this project, of which the split `fit` is used; --runs holds the runs that generate.py made. Those
are dressed (dress.py), failing once and passing in half of them. The runs written for the tests take part, too.
Boosted trees learn which lines are evidence, with and without the passing log; whole projects, sources and tools
are held out in turn for the figures, thresholds and calibration. Writes ranker.json and scores.json of the skill.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from certainty import confident_answer, sure_from
from dress import Dressed, dressed
from measure import LINES, Found, by_source, found_in, spans_shown, summary
from numpy.typing import NDArray
from real import COLLECTED, LOGCHUNKS, WRITTEN, RealLog, read_field, read_logchunks, read_written
from runs import CONTEXT, EVIDENCE, Run
from sklearn.ensemble import HistGradientBoostingClassifier

from mcp_smalltools.calibration.calibration import Calibration, Logistic
from mcp_smalltools.calibration.measures import coverage_at, expected_calibration_error
from mcp_smalltools.calibration.scores import Evaluation, coverage_curve, record_quality, reliability
from mcp_smalltools.logs.keys.terminal import strip_colours
from mcp_smalltools.tools.find_failure.features import feature_names, features_of
from mcp_smalltools.tools.find_failure.lines import LogLines, read_baseline, read_log
from mcp_smalltools.tools.find_failure.rank import RankedLog
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan, context_of, evidence_spans
from mcp_smalltools.tools.find_failure.trees import Forest, LineProbabilities, neighbour_features
from mcp_smalltools.tools.find_failure.verdict import FEATURES, cause_features, failure_features

SKILL = Path(__file__).parents[2] / "skills" / "find_failure"
MADE_BY = "python models/recipes/find_failure/fit.py --runs DIR --logchunks DIR --field DIR"
FOLDS = 4
SURE = 0.95
"""Share of the answers without `escalate` that are to hold the cause in their first span."""
AS_GOOD = 0.015
"""Difference of two cuts' scores up to which the lower one is taken: a line too many costs less than one too few."""
MOST_GUILTY, MOST_NEAR, MOST_FAR = 40, 45, 25
"""Lines of a log that are learned from: guilty ones, others near them or any sign of an error, and all others."""
REAL = 2.0
"""Weight of a real or written log in the calibrations; a generated one has 1."""
MADE = "made"
WEIGHTS = {LOGCHUNKS: 1.0, COLLECTED: 3.0, WRITTEN: 0.7, MADE: 0.7}
"""Weight of a log by its origin: collected runs are of the most sources."""
TREES = {
    "max_iter": 70,
    "max_bins": 63,
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
    log: LogLines
    compared: bool
    doubtful: NDArray[np.bool_]
    """Lines of which nobody said whether they are evidence: they are in the same words as marked ones."""
    real: RealLog | None = None

    @property
    def weight(self) -> float:
        """How much it counts in the fit."""
        return WEIGHTS[self.real.origin if self.real else MADE]

    @property
    def collected(self) -> bool:
        """Whether it is a collected run."""
        return self.real is not None and self.real.origin == COLLECTED


@dataclass(slots=True)
class Judged:
    example: Example
    chances: LineProbabilities


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
    lines = read_log([strip_colours(log.lines)])
    held = np.asarray(lines.numbers, int) - 1  # of a very long log the reader keeps a part
    labels = np.array(log.labels)[held]
    cause = held.tolist().index(log.cause) if log.cause in held else -1
    ways = [None]
    if log.passing:
        ways.append(read_baseline([strip_colours(log.passing)]))
    for baseline in ways:
        yield Example(
            log.tool,
            labels,
            cause,
            features_of(lines, baseline),
            lines,
            baseline is not None,
            np.zeros(len(labels), bool),
        )


def real_example(log: RealLog) -> Example:
    """A real log as the ranker sees it."""
    lines = read_log([log.lines])
    marked, places = log.marked(), {number - 1: place for place, number in enumerate(lines.numbers)}
    labels = np.zeros(len(lines.numbers), int)
    for line in marked:
        if line in places and log.lines[line].strip():
            labels[places[line]] = EVIDENCE
    known = {lines.patterns[place] for place in np.flatnonzero(labels)} - {""}
    doubtful = np.array([pattern in known for pattern in lines.patterns], bool) & (labels == 0)
    first = [start for start, _ in (log.guilty or log.places)]
    causes = [places[line] for line in first if line in places] or np.flatnonzero(labels).tolist()
    return Example(
        log.source,
        labels,
        min(causes, default=-1),
        features_of(lines, None),
        lines,
        compared=False,
        doubtful=doubtful,
        real=log,
    )


Model = dict[str, Any]
PARTS = ("report", "evidence", "cause", "context")


def fit(examples: Sequence[Example], chance: np.random.Generator) -> tuple[Model, list[Judged]]:
    """The forests, and each example judged by forests that saw nothing of its tool. The second stage learns
    from chances that the first stage gives to tools that it did not see.
    """
    tables = [example.table for example in examples]
    first_chances = out_of_fold(examples, tables, chance, "report")
    wide = [
        np.concatenate([t, neighbour_features(c)], axis=1) for t, c in zip(tables, first_chances, strict=True)
    ]
    by_part = [out_of_fold(examples, wide, chance, part) for part in PARTS]
    judged = [
        Judged(example, LineProbabilities(*chances))
        for example, *chances in zip(examples, *by_part, strict=True)
    ]
    model = {"first": _forest(examples, tables, chance, "report")}
    for part in PARTS:
        own = [place for place, example in enumerate(examples) if _teaches(example, part)]
        model[part] = _forest([examples[p] for p in own], [wide[p] for p in own], chance, part)
    return model, judged


def _teaches(example: Example, part: str) -> bool:
    """Whether a forest learns from it: of real logs a person marked only what says why, not what is around it."""
    return part != "context" or example.real is None


def out_of_fold(
    examples: Sequence[Example], tables: Sequence[NDArray[np.float32]], chance: np.random.Generator, part: str
) -> list[NDArray[np.float64]]:
    """Chances for each example by a forest that saw nothing of its tool."""
    fold = {tool: number % FOLDS for number, tool in enumerate(sorted({e.tool for e in examples}))}
    result: list[NDArray[np.float64]] = [np.zeros(0)] * len(examples)
    for number in range(FOLDS):
        inside = [place for place, e in enumerate(examples) if fold[e.tool] != number and _teaches(e, part)]
        fitted = _forest([examples[p] for p in inside], [tables[p] for p in inside], chance, part)
        forest = Forest.from_json(as_json(fitted))
        for place, example in enumerate(examples):
            if fold[example.tool] == number:
                result[place] = forest(tables[place])
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
            "context": example.labels >= CONTEXT,
        }[part]
        weight = np.full(len(target), 3.0 if part == "cause" else 1.0) * target
        # Every log counts alike, whether it has three guilty lines or three hundred; easy lines are thinned out.
        weight *= _drawn(target, MOST_GUILTY, chance)
        strong = table[:, feature_names().index("strong")] > 0
        near = (np.convolve(target | strong, np.ones(9), mode="same")[: len(target)] > 0) & ~example.doubtful
        weight += _drawn(near & ~target, MOST_NEAR, chance) * max(near.sum() / MOST_NEAR, 1.0) ** 0.5
        far = ~near & ~target & ~example.doubtful
        drawn = _drawn(far, MOST_FAR, chance)
        weight += drawn * (far.sum() / max(drawn.sum(), 1)) ** 0.5
        keep = weight > 0
        rows.append(table[keep])
        targets.append(target[keep])
        weights.append(weight[keep] * example.weight)
    forest = HistGradientBoostingClassifier(**TREES, random_state=3)
    forest.fit(np.concatenate(rows), np.concatenate(targets), sample_weight=np.concatenate(weights))
    return forest


def _drawn(chosen: NDArray[np.bool_], most: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """1 for at most so many of the chosen places, drawn by chance, else 0."""
    drawn = np.zeros(len(chosen))
    places = np.flatnonzero(chosen)
    drawn[places if len(places) <= most else chance.choice(places, most, replace=False)] = 1
    return drawn


def judge(model: Model, example: Example) -> Judged:
    wide = np.concatenate([example.table, neighbour_features(_chance(model["first"], example.table))], axis=1)
    return Judged(example, LineProbabilities(*(_chance(model[part], wide) for part in PARTS)))


def _chance(forest: Any, table: NDArray[np.float32]) -> NDArray[np.float64]:
    return Forest.from_json(as_json(forest))(table)


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


def chosen_pieces(item: Judged, cut: float) -> list[EvidenceSpan]:
    """All spans of evidence, as the tool ranks them."""
    return evidence_spans(item.chances, item.example.table, item.example.log.numbers, cut)


def shown_spans(item: Judged, cut: float, most: int) -> list[range]:
    """The lines (from 0) of each span of evidence that the tool shows in so many lines, the main failure first."""
    new = item.example.table[:, feature_names().index("new")] > 0 if item.example.compared else None
    return spans_shown(
        item.example.log, RankedLog(item.chances, chosen_pieces(item, cut), new, 1.0, 1.0), most
    )


def real_lines(item: Judged, cut: float, most: int = LINES) -> set[int]:
    """The lines of a real log, from 0, that the evidence holds."""
    return set().union(*shown_spans(item, cut, most))


def found_in_real(judged: Sequence[Judged], cuts: Mapping[str, float], origin: str) -> list[Found]:
    """What was found of the failing logs of one origin."""
    return [
        found_in(log, real_lines(item, cut_of(item, cuts)))
        for item in judged
        if (log := item.example.real) and log.failed and log.origin == origin
    ]


def real_figures(found: Sequence[Found]) -> dict[str, Any]:
    return {
        f"any hit in {LINES} lines": _mean(float(one.hit) for one in found),
        f"recall in {LINES} lines": _mean(one.recall for one in found),
        "lines": _mean(one.lines for one in found),
        "summary": summary(found),
        "logs": len(found),
    }


def best_cuts(judged: Sequence[Judged]) -> dict[str, float]:
    """The cuts with the highest mean F1 over failed logs, alone and with a passing log: of evidence, then of the
    whole report with that.
    """
    cuts: dict[str, float] = {}
    for way, compared in (("alone", False), ("compared", True)):
        items = [item for item in judged if item.example.cause >= 0 and item.example.compared == compared]
        cuts[f"evidence_{way}"] = _best(lambda cut, items=items: _mean(_worth(item, cut) for item in items))
        made = [item for item in items if not item.example.real]  # of real logs nobody marked the context
        cuts[f"report_{way}"] = _best(
            lambda cut, made=made: _mean(_report_f1(item, cuts, cut) for item in made)
        )
    return cuts


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _best(score: Callable[[float], float]) -> float:
    scores = {round(float(cut), 2): score(float(cut)) for cut in (0.05, *np.arange(0.1, 0.9, 0.1))}
    return min(cut for cut, worth in scores.items() if worth >= max(scores.values()) - AS_GOOD)


def cut_of(item: Judged, cuts: Mapping[str, float], what: str = "evidence") -> float:
    return cuts[f"{what}_compared" if item.example.compared else f"{what}_alone"]


def _f1(item: Judged, cut: float) -> float:
    return f1(
        _places(chosen_pieces(item, cut)), set(np.flatnonzero(item.example.labels == EVIDENCE).tolist())
    )


def _worth(item: Judged, cut: float) -> float:
    """How good the evidence is at this cut: F1, and of a real log, where a person often marked only a part of what
    says why, what an answer holds of that. A log counts as in the fit.
    """
    if not item.example.real:
        return _f1(item, cut)
    return item.example.weight * found_in(item.example.real, real_lines(item, cut)).recall


def _report_f1(item: Judged, cuts: Mapping[str, float], cut: float) -> float:
    pieces = chosen_pieces(item, cut_of(item, cuts))
    column = feature_names().index("new")
    new = item.example.table[:, column] > 0 if item.example.compared else None
    around = context_of(item.chances, pieces, item.example.log.numbers, cut, 100_000, new=new)
    lines = _places(pieces) | {place for start, stop in around for place in range(start, stop)}
    return f1(lines, set(np.flatnonzero(item.example.labels >= CONTEXT).tolist()))


def _places(pieces: Sequence[EvidenceSpan]) -> set[int]:
    return {place for piece in pieces for place in range(piece.start, piece.stop)}


def figures(judged: Sequence[Judged], cuts: Mapping[str, float]) -> dict[str, float]:
    """Of failed logs, in 50 lines: does the answer hold any evidence, the cause, and does the first span."""
    rows = []
    for item in judged:
        if item.example.cause < 0:
            continue
        spans = shown_spans(item, cut_of(item, cuts), 50)
        numbers = item.example.log.numbers
        lines = set().union(*spans)
        truth = {numbers[place] - 1 for place in np.flatnonzero(item.example.labels == EVIDENCE)}
        rows.append(
            (
                bool(lines & truth),
                numbers[item.example.cause] - 1 in lines,
                _holds_cause(item, spans),
                _f1(item, cut_of(item, cuts)),
                _report_f1(item, cuts, cut_of(item, cuts, "report")),
            )
        )
    names = (
        "any hit in 50 lines",
        "cause in 50 lines",
        "report of the cause in the first span",
        "F1 of evidence",
        "F1 of the report",
    )
    return {name: round(float(np.mean([row[n] for row in rows])), 4) for n, name in enumerate(names)} | {
        "logs": len(rows)
    }


def _holds_cause(item: Judged, spans: Sequence[range]) -> bool:
    """The first span holds a line of the report that tells the cause, or one in the same words elsewhere; of a
    real log, any marked line.
    """
    if not spans:
        return False
    labels, patterns, cause = item.example.labels, item.example.log.patterns, item.example.cause
    places = {number - 1: place for place, number in enumerate(item.example.log.numbers)}
    first = [places[line] for line in spans[0] if line in places and labels[places[line]] == EVIDENCE]
    if item.example.real:
        return bool(first)
    start, stop = cause, cause
    while start and labels[start - 1]:
        start -= 1
    while stop + 1 < len(labels) and labels[stop + 1]:
        stop += 1
    return any(start <= place <= stop or patterns[place] == patterns[cause] for place in first)


def calibrate(judged: Sequence[Judged], cuts: Mapping[str, float]) -> tuple[Calibration, dict[str, Any]]:
    """The models of the verdict with the cuts, and how good they are on tools that they did not see."""
    fold, weight = _folds(judged), np.array([REAL if item.example.real else 1.0 for item in judged])
    bad = np.array([item.example.cause >= 0 for item in judged])
    features = [failure_features(item.example.table, item.chances) for item in judged]
    failed = _chances_in_turn(features, bad, fold, weight)
    sure, right = [], []
    for item in judged:
        spans, size = chosen_pieces(item, cut_of(item, cuts)), len(item.example.labels)
        sure.append(cause_features(spans, item.chances, compared=item.example.compared, total=size))
        right.append(_holds_cause(item, shown_spans(item, cut_of(item, cuts), 50)))
    said = _chances_in_turn(sure, np.array(right), fold, weight * bad)
    confidence, right = failed[bad] * said[bad], list(itertools.compress(right, bad))
    coverage, _ = coverage_at(confidence, right, SURE)
    shown = {
        "right": [bool(hit) for hit in right],
        "confidence": confidence,
        "calibration error": round(expected_calibration_error(confidence, right), 4),
        f"coverage at {SURE:.0%}": round(coverage, 4),
        "outcomes": {
            "failing logs above one half": round(float((failed[bad] > 0.5).mean()), 4),
            "passing logs below one half": round(float((failed[~bad] < 0.5).mean()), 4),
        },
    }
    models = {
        "failed": Logistic.fit(_columns(features), bad, weight=weight),
        "cause": Logistic.fit(
            _columns(list(itertools.compress(sure, bad))), np.array(right), weight=weight[bad]
        ),
    }
    answers = answers_in_turn(judged, failed, said, cuts)
    return Calibration(models, {**cuts, "sure_from": sure_from(answers)}, FEATURES), shown


def answers_in_turn(
    judged: Sequence[Judged],
    failed: NDArray[np.float64],
    sure: NDArray[np.float64],
    cuts: Mapping[str, float],
) -> list[tuple[float, bool]]:
    """Confidence of each answer to a collected run, where nothing else makes it unsure, and whether it is right,
    as the tool would answer with what saw nothing of the run's source.
    """
    found = []
    for item, chance, said in zip(judged, failed, sure, strict=True):
        if not item.example.collected or item.example.real is None:
            continue
        ranked = RankedLog(
            item.chances, chosen_pieces(item, cut_of(item, cuts)), None, float(chance), float(said)
        )
        answer = confident_answer(
            item.example.log, ranked, item.example.real.arguments, item.example.real.right
        )
        if answer is not None:
            found.append(answer)
    return found


def _folds(judged: Sequence[Judged]) -> NDArray[np.int64]:
    tools = sorted({item.example.tool for item in judged})
    return np.array([tools.index(item.example.tool) % FOLDS for item in judged])


def _chances_in_turn(
    features: Sequence[Mapping[str, float]],
    said: NDArray[np.bool_],
    fold: NDArray[np.int64],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Each log's chance by a model that saw nothing of its fold. Logs without weight are only judged."""
    chance = np.zeros(len(features))
    for number in np.unique(fold):
        inside, outside = np.flatnonzero((fold != number) & (weight > 0)), np.flatnonzero(fold == number)
        columns = _columns([features[place] for place in inside])
        model = Logistic.fit(columns, said[inside], weight=weight[inside])
        chance[outside] = model(_columns([features[place] for place in outside]))
    return chance


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument(
        "--logchunks", type=Path, required=True, help="real logs with the chunk that says why"
    )
    parser.add_argument(
        "--field", type=Path, action="append", default=[], help="collected runs, the fit split"
    )
    parser.add_argument("--times", type=int, default=1, help="dressings of each run")
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
    real = list(read_logchunks(args.logchunks))
    for folder in args.field:
        real += read_field(folder)
    real += read_written()
    examples += [real_example(log) for log in real]
    print(len(examples), "examples", sum(len(e.labels) for e in examples), "lines", flush=True)
    model, judged = fit(examples, np.random.default_rng(5))
    conclude({part: as_json(forest) for part, forest in model.items()}, judged, quick=args.quick)


def conclude(model: Mapping[str, Any], judged: Sequence[Judged], *, quick: bool = False) -> None:
    """Cuts, calibration and figures from the judged examples; writes all that ships. `model` has the forests as
    plain numbers.
    """
    cuts = best_cuts(judged)
    calibration, shown = calibrate(judged, cuts)
    made = [item for item in judged if not item.example.real]
    held_out = figures(made, cuts)
    chunks, collected = (found_in_real(judged, cuts, origin) for origin in (LOGCHUNKS, COLLECTED))
    report: dict[str, Any] = {"cuts": cuts, "tools held out in turn": held_out, "calibration": shown}
    report["LogChunks, projects held out in turn"] = real_figures(chunks)
    report["collected runs, sources held out in turn"] = real_figures(collected)
    report["LogChunks by project"] = dict(by_source(chunks))
    entries = [
        evaluation(held_out, shown),
        _entry("LogChunks, projects held out in turn", real_figures(chunks)),
    ]
    for tool in sorted({item.example.tool for item in made}):
        report[f"in turn: {tool}"] = figures([item for item in made if item.example.tool == tool], cuts)
    print(json.dumps(report, indent=1, ensure_ascii=False), flush=True)
    if not quick:
        write(model, calibration, report)
        record_quality(SKILL / "scores.json", entries)


def evaluation(held_out: Mapping[str, float], shown: dict[str, Any]) -> Evaluation:
    """What scores.json says of tools held out in turn. Takes the single answers out of `shown`."""
    confidence, right = shown.pop("confidence"), shown.pop("right")
    sure = {name: shown[name] for name in ("calibration error", f"coverage at {SURE:.0%}")}
    entry = _entry("failing logs of tools held out in turn", {**held_out, **sure, **shown["outcomes"]})
    curves = {
        "coverage_curve": coverage_curve(confidence, right),
        "reliability": reliability(confidence, right),
    }
    return entry.model_copy(update=curves)


AIMS = {
    "any hit in 50 lines": ">= 0.90",
    f"any hit in {LINES} lines": ">= 0.92",
    f"recall in {LINES} lines": ">= 0.70",
}


def _entry(name: str, metrics: Mapping[str, Any]) -> Evaluation:
    return Evaluation(
        set=name,
        items=int(metrics["logs"]),
        metrics={
            name: value for name, value in metrics.items() if name != "logs" and not isinstance(value, str)
        },
        aims={name: aim for name, aim in AIMS.items() if name in metrics},
        command=MADE_BY,
        date=datetime.date.today(),
        note="Runs that the recipe makes, with and without the passing log, and real ones. An answer is right if its "
        "first span holds a line of the report that first tells the cause, or of the text that a person marked.",
    )


def write(model: Mapping[str, Any], calibration: Calibration, report: dict[str, Any]) -> None:
    SKILL.mkdir(parents=True, exist_ok=True)
    ranker = {"features": feature_names()} | dict(model)
    (SKILL / "ranker.json").write_text(json.dumps(ranker, separators=(",", ":")) + "\n", encoding="utf-8")
    Forest.from_json(ranker["first"])  # it can be read
    path = SKILL / "scores.json"
    data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    data |= {
        "made_by": MADE_BY,
        "held_out": report,
        "calibration": calibration.to_json(),
    }
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
