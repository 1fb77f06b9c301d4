"""Fit the confidence of `classify` on real tasks of many sources.

    python models/recipes/classify/calibrate.py --tasks FILE [--vectors FILE]

FILE has a JSON object for each task: `id`, `source`, `labels`, `items`, `truth` (a label for each item, null
where none fits) and `examples` (pairs of text and label, empty for label names alone). card.md names the
sources; none of their text is in the repository. Prints how a fit on the other sources does on each source,
then fits on all and writes `models/skills/classify/scores.json`. --vectors keeps the vectors of the texts
between runs. The same tasks give the same numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from texts import HERE

from mcp_smalltools.calibration.calibration import Logistic
from mcp_smalltools.calibration.measures import expected_calibration_error
from mcp_smalltools.calibration.scores import as_text
from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.text.words import spaced_name
from mcp_smalltools.tools.classify.chunks import chunks_of
from mcp_smalltools.tools.classify.decision import FEATURES, features_of
from mcp_smalltools.tools.classify.heads.arithmetic import unit
from mcp_smalltools.tools.classify.labels import YES, LabelSet, labels_of_question, parse_labels
from mcp_smalltools.tools.classify.said import said_in
from mcp_smalltools.tools.classify.scoring import Examples, Texts, score
from mcp_smalltools.tools.classify.vectors import ADAPTER, example_pairs
from mcp_smalltools.tools.classify.yes_or_no import question_features

SKILL = HERE.parents[1] / "skills" / "classify"
MODES = ("names", "examples")
FOLDS = 8
TURNED_AWAY = 0.025
"""Share of the items that do fit a label and may be called "none of these"."""
RIGHT_OF_SURE = 0.955
"""Share of the sure answers that must be right, over all tasks."""
RIGHT_IN_TASK = 0.9
TASKS_RIGHT = {"names": 0.9, "examples": 0.92}
"""Share of the tasks with FEWEST sure answers of which RIGHT_IN_TASK must be right."""
FEWEST = 5
ENOUGH = 20
SIGNS = {
    **dict.fromkeys(("top", "margin", "agreement", "similarity", "support", "rank", "gap", "mean_gap"), 1),
    **dict.fromkeys(("mean_top", "mean_similarity", "mean_agreement", "examples_right", "label_right"), 1),
    **dict.fromkeys(("evenness", "known", "words"), 1),
    **dict.fromkeys(("labels", "share", "alike"), -1),
}
"""In which direction a feature may move the confidence. The others are not weighed."""
QUESTIONS = (
    "Is this about {}?",
    "Does it concern {}?",
    "Is it a case of {}?",
    "Is it {}?",
    "Does it belong to {}?",
)
FITS = ("top", "similarity", "support", "rank", "words", "agreement")


@dataclass(frozen=True, slots=True)
class Answers:
    """One task answered: features, whether a label fits each item, whether the best label is the true one."""

    id: str
    source: str
    mode: str
    columns: dict[str, np.ndarray]
    fits: np.ndarray
    right: np.ndarray


class Vectors:
    """Unit vectors of texts, kept in a file between runs."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._found: dict[str, np.ndarray] = {}
        if path and path.exists():
            with np.load(path) as kept:
                self._found = dict(zip(json.loads(str(kept["texts"])), kept["vectors"], strict=True))

    async def read(self, texts: set[str]) -> None:
        missing = sorted({chunk for text in texts for chunk in chunks_of(text)} - self._found.keys())
        if not missing:
            return
        engine = EngineClient(load_settings())
        for start in range(0, len(missing), 512):
            part = missing[start : start + 512]
            vectors = (await engine.embed(part, CallOptions(adapter=ADAPTER, deadline_s=600))).vectors
            self._found.update(zip(part, vectors, strict=True))
        await engine.close()
        if self._path:
            texts_json = json.dumps(list(self._found))
            np.savez(self._path, texts=np.array(texts_json), vectors=np.stack(list(self._found.values())))

    def of(self, texts: Sequence[str], *, said: bool = False) -> Texts:
        """As the tool reads them: with examples, what they say."""
        read = [said_in(text) if said else text for text in texts]
        rows = [np.mean([self._found[chunk] for chunk in chunks_of(text)], axis=0) for text in read]
        return Texts(list(texts), unit(np.stack(rows)), read)


def texts_of(task: dict, labels: LabelSet) -> set[str]:
    pairs, _ = example_pairs(task["examples"], labels)
    texts = {*(label.text for label in labels.labels), *(text for text, _ in pairs), *task["items"]}
    return {said_in(text) for text in texts} if task["examples"] else texts


def answer(task: dict, labels: LabelSet, vectors: Vectors) -> Answers:
    """Score a task as the tool does."""
    pairs, ours = example_pairs(task["examples"], labels)
    examples = None
    if pairs:
        column = np.array([column for _, column in pairs])
        examples = Examples(vectors.of([text for text, _ in pairs], said=not ours), column, ours)
    known = dict(zip(task["items"], task["truth"], strict=True))
    items = sorted(known)
    scores = score(
        vectors.of(items, said=bool(task["examples"])),
        vectors.of([label.text for label in labels.labels]),
        examples,
    )
    names = labels.names
    given = [names[best] for best in scores.probabilities.argmax(axis=1)]
    truth = [known[item] for item in items]
    return Answers(
        task["id"],
        task["source"],
        scores.mode,
        features_of(scores, items),
        np.array([label is not None for label in truth]),
        np.array([one == other for one, other in zip(given, truth, strict=True)]),
    )


def labels_of(task: dict) -> LabelSet:
    """As the tool reads them, "other" among them."""
    return parse_labels([*task["labels"], "none of these"])


async def questions_of(tasks: Sequence[dict], vectors: Vectors) -> list[Answers]:
    """Of each task without examples, questions whether an item belongs to one of its labels."""
    asked = []
    for number, task in enumerate(task for task in tasks if not task["examples"]):
        rng = np.random.default_rng(number)
        for label in rng.permutation(sorted(task["labels"]))[:3]:
            form = QUESTIONS[rng.integers(len(QUESTIONS))]
            asked.append((task, str(label), labels_of_question(form.format(spaced_name(label)))))
    await vectors.read({label.text for *_, labels in asked for label in labels.labels})
    found = []
    for task, wanted, labels in asked:
        items = vectors.of(task["items"]).vectors
        [text] = [label.text for label in labels.labels if label.name == YES]
        columns = question_features(items, vectors.of([text]).vectors[0])
        yes = np.array([label == wanted for label in task["truth"]])
        found.append(Answers(task["id"], task["source"], "question", columns, np.ones_like(yes), yes))
    return found


def fit_question(answers: Sequence[Answers]) -> tuple[Logistic, dict[str, float], dict[str, float]]:
    """The model of "yes", from which confidence on each of the two answers is sure, and figures."""
    features = FEATURES["yes_question"]

    def model_of(some: Sequence[Answers]) -> Logistic:
        columns, weight = _stack(some), np.concatenate([_weights(one) for one in some])
        right = np.concatenate([one.right for one in some])
        return Logistic.fit({name: columns[name] for name in features}, right, weight=weight)

    fold = _fold_of({one.source for one in answers})
    found = []
    for number in range(FOLDS):
        model = model_of([one for one in answers if fold[one.source] != number])
        found += [(one, model(one.columns)) for one in answers if fold[one.source] == number]
    limits, figures = {}, {"questions": len(found)}
    everything = np.ones(1, bool)
    for name, side in (("yes", lambda one, p: (one.right, p)), ("no", lambda one, p: (~one.right, 1 - p))):
        sided = []
        for one, probability in found:
            right, confidence = side(one, probability)
            sided.append((replace(one, right=right), confidence, np.broadcast_to(everything, right.shape)))
        limits[f"sure_from_{name}"] = choose_limit(sided, "examples")
        measured = measure(sided, limits[f"sure_from_{name}"])
        figures |= {f"{name}: {part}": round(measured[part], 4) for part in ("coverage", "right")}
    return model_of(answers), limits, figures


def fit(answers: Sequence[Answers], mode: str) -> tuple[Logistic, Logistic, float]:
    """Models of whether a label fits and whether the best is right, and below which chance none fits."""
    columns, weight = _stack(answers), np.concatenate([_weights(one) for one in answers])
    fitting = np.concatenate([one.fits for one in answers])
    right = np.concatenate([one.right for one in answers])
    some = {name: columns[name] for name in FITS if name in columns}
    fits = Logistic.fit(some, fitting, signs={name: SIGNS[name] for name in some}, weight=weight)
    limit = float(np.quantile(fits(columns)[fitting], TURNED_AWAY))
    weighed = {name: columns[name] for name in FEATURES[f"right_{mode}"] if name in SIGNS}
    signs = {name: SIGNS[name] for name in weighed}
    return fits, Logistic.fit(weighed, right, signs=signs, weight=weight), limit


def held_out(answers: Sequence[Answers], mode: str) -> list[tuple[Answers, np.ndarray, np.ndarray]]:
    """Each task with its confidences and the share that fits, by models fitted on other sources."""
    sources = sorted({one.source for one in answers})
    fold = dict(
        zip(np.random.default_rng(0).permutation(sources), np.arange(len(sources)) % FOLDS, strict=True)
    )
    found = []
    for number in range(FOLDS):
        fits, right, limit = fit([one for one in answers if fold[one.source] != number], mode)
        for one in answers:
            if fold[one.source] == number:
                found.append((one, right(one.columns), fits(one.columns) >= limit))
    return found


def _fold_of(sources: set[str]) -> dict[str, int]:
    order = np.random.default_rng(0).permutation(sorted(sources))
    return {str(source): number % FOLDS for number, source in enumerate(order)}


def choose_limit(found: Sequence[tuple[Answers, np.ndarray, np.ndarray]], mode: str) -> float:
    """From which confidence on an answer is sure: the lowest that keeps the promises on held-out sources."""
    for limit in np.arange(0.8, 0.99, 0.005):
        figures = measure(found, float(limit))
        kept = figures["right"] >= RIGHT_OF_SURE and figures["tasks right"] >= TASKS_RIGHT[mode]
        if kept and not figures["sources below 0.9"]:
            return float(limit)
    return 0.99


def measure(found: Sequence[tuple[Answers, np.ndarray, np.ndarray]], limit: float) -> dict[str, float]:
    """How the sure answers of all tasks do; `tasks right` counts those with enough sure answers."""
    sure = [(one, (confidence >= limit) & accepted) for one, confidence, accepted in found]
    rights = np.concatenate([one.right[rows] for one, rows in sure])
    by_task = [one.right[rows].mean() for one, rows in sure if rows.sum() >= FEWEST]
    by_source: dict[str, list[np.ndarray]] = {}
    for one, rows in sure:
        by_source.setdefault(one.source, []).append(one.right[rows])
    enough = [np.concatenate(part) for part in by_source.values() if sum(map(len, part)) >= ENOUGH]
    confidence = np.concatenate([confidence for _, confidence, _ in found])
    outside = [accepted[~one.fits] for one, _, accepted in found]
    return {
        "tasks": len(found),
        "sources": len(by_source),
        "items": len(confidence),
        "accuracy where a label fits": float(
            np.concatenate([one.right[one.fits] for one, _, _ in found]).mean()
        ),
        "none fits, found": float(1 - np.mean(np.concatenate(outside))) if sum(map(len, outside)) else 1.0,
        "coverage": float(len(rights) / len(confidence)),
        "right": float(rights.mean()) if len(rights) else 1.0,
        "tasks right": float(np.mean(np.array(by_task) >= RIGHT_IN_TASK)) if by_task else 1.0,
        "worst source": float(min((part.mean() for part in enough), default=1.0)),
        "sources below 0.9": sum(part.mean() < RIGHT_IN_TASK for part in enough),
        "expected calibration error": float(
            expected_calibration_error(confidence, np.concatenate([one.right for one, _, _ in found]))
        ),
    }


def _weights(one: Answers) -> np.ndarray:
    """Tasks with more items count more, but not in proportion."""
    return np.full(len(one.right), 1 / len(one.right) ** 0.5)


def _stack(answers: Sequence[Answers]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([one.columns[name] for one in answers]) for name in answers[0].columns}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--only", choices=(*MODES, "question"), help="only these models")
    parser.add_argument("--out", type=Path, default=SKILL / "scores.json")
    args = parser.parse_args()
    tasks = [json.loads(line) for line in args.tasks.read_text(encoding="utf-8").splitlines()]
    vectors = Vectors(args.vectors)
    made: Made = {}
    if args.only in (None, "question"):
        made = make_question_model(tasks, vectors)
    for mode in MODES:
        if args.only in (None, mode):
            made |= make_label_models(tasks, vectors, mode)
    data = json.loads(args.out.read_text(encoding="utf-8"))
    for part, (models, constants, figures) in made.items():
        data["calibration"]["models"] |= models
        data["calibration"]["constants"] |= constants
        data.setdefault("real_tasks", {})[part] = figures
        print(json.dumps({part: figures, "from": constants}, indent=1))
    args.out.write_text(as_text(data), encoding="utf-8")


Made = dict[str, tuple[dict[str, dict], dict[str, float], dict[str, float]]]
"""Models as JSON, constants and figures, by what they are for."""


def make_question_model(tasks: Sequence[dict], vectors: Vectors) -> Made:
    model, limits, figures = fit_question(asyncio.run(questions_of(tasks, vectors)))
    return {"question": (_as_json("yes_question", model), limits, figures)}


def make_label_models(tasks: Sequence[dict], vectors: Vectors, mode: str) -> Made:
    pairs = [(task, labels_of(task)) for task in tasks if bool(task["examples"]) == (mode == "examples")]
    asyncio.run(vectors.read(set().union(*(texts_of(task, chosen) for task, chosen in pairs))))
    answers = [answer(task, chosen, vectors) for task, chosen in pairs]
    found = held_out(answers, mode)
    limit = choose_limit(found, mode)
    figures = {name: round(float(value), 4) for name, value in measure(found, limit).items()}
    fits, right, below = fit(answers, mode)
    models = _as_json(f"fits_{mode}", fits) | _as_json(f"right_{mode}", right)
    return {mode: (models, {f"fits_below_{mode}": below, f"sure_from_{mode}": limit}, figures)}


def _as_json(name: str, model: Logistic) -> dict[str, dict]:
    return {
        name: {"features": list(FEATURES[name]), "weights": dict(model.weights), "bias": float(model.bias)}
    }


if __name__ == "__main__":
    main()
