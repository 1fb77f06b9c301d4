"""Fit how sure `classify` may be: `python models/recipes/classify/fit.py`, some minutes on two cores.

Plays many calls of the tool on the texts of `corpus.txt`: label sets of different size and closeness, with and
without examples, few and many items, and items that fit no label because theirs was taken away. Writes
`models/skills/classify/scores.json`. The same seed gives the same numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcp_smalltools.skills.calibration import (
    Calibration,
    Logistic,
    coverage_at,
    expected_calibration_error,
)
from mcp_smalltools.tools.classification.decision import features
from mcp_smalltools.tools.classification.labels import in_words
from mcp_smalltools.tools.classification.scoring import Examples, Matrix, Texts, score

HERE = Path(__file__).parent
SKILL = HERE.parents[1] / "skills" / "classify"
EPISODES = 1500
TURNED_AWAY = 0.035
"""Share of the items that do fit a label and may be called "none of these"."""
RELIED_ON = 0.96
"""Share of the answers that may be relied on and must be right, on data made here; the promise is 95%."""

# In which direction a feature may move the confidence: the result is monotone in it.
FITS = {
    "names": {"similarity": 1, "direct": 1, "refined": 1, "words": 1, "labels": -1},
    "examples": {"support": 1, "rank": 1, "similarity": 1, "direct": 1, "examples": 1},
}
RIGHT = {
    "names": {"direct": 1, "refined": 1, "agree": 1, "margin": 1, "similarity": 1, "labels": -1},
    "examples": {
        "direct": 1,
        "refined": 1,
        "agree": 1,
        "margin": 1,
        "support": 1,
        "rank": 1,
        "similarity": 1,
        "examples_right": 1,
        "examples": 1,
    },
}


@dataclass(frozen=True, slots=True)
class Sentence:
    domain: str
    label: str
    text: str


def read_corpus(path: Path = HERE / "corpus.txt") -> list[Sentence]:
    """All ways to say each label, the first choice of each {a/b}."""
    sentences, domain = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            domain = line.strip("[]")
        elif line and not line.startswith("#"):
            label, _, texts = line.partition(": ")
            sentences += [Sentence(domain, label, _first_choice(text)) for text in texts.split(" | ")]
    return sentences


def _first_choice(text: str) -> str:
    return re.sub(r"\{([^/}]*)/[^}]*\}", r"\1", text).strip()


@dataclass(frozen=True, slots=True)
class Episode:
    """One call: its features, whether each item has a label, and whether the best label is the true one."""

    columns: dict[str, np.ndarray]
    fits: np.ndarray
    right: np.ndarray


def play(sentences: Sequence[Sentence], vectors: Matrix, with_examples: bool, seed: int) -> Iterator[Episode]:
    """Calls of the tool, drawn at random."""
    rng = np.random.default_rng([seed, with_examples])
    keys = [f"{sentence.domain}/{sentence.label}" for sentence in sentences]
    of_key = {key: np.flatnonzero([other == key for other in keys]) for key in dict.fromkeys(keys)}
    rows = {sentence.text: row for row, sentence in enumerate(sentences)}
    assert len(vectors) == len(sentences) + len(of_key), "vectors: the sentences, then the labels' names"
    name_vector = dict(zip(of_key, vectors[len(sentences) :], strict=True))
    for _ in range(EPISODES):
        inside, outside = _draw_labels(list(of_key), rng)
        per_label = rng.integers(1, 8) if with_examples else 0
        known, items, truth = [], [], []
        for column, key in enumerate(inside):
            shuffled = rng.permutation(of_key[key])
            known += [(column, row) for row in shuffled[:per_label]]
            rest = shuffled[per_label : per_label + rng.integers(1, 11)]
            items += list(rest)
            truth += [column] * len(rest)
        for key in outside:
            rest = rng.permutation(of_key[key])[: rng.integers(1, 6)]
            items += list(rest)
            truth += [-1] * len(rest)
        if rng.random() < 0.3:  # a call with few items
            keep = rng.permutation(len(items))[: rng.integers(1, 20)]
            items, truth = [items[i] for i in keep], [truth[i] for i in keep]
        texts = Texts([sentences[row].text for row in items], vectors[items])
        names = Texts(
            [in_words(key.split("/")[1]) for key in inside], np.stack([name_vector[key] for key in inside])
        )
        examples = None
        if known:
            where = [row for _, row in known]
            examples = Examples(
                Texts([sentences[row].text for row in where], vectors[where]),
                np.array([column for column, _ in known]),
            )
        scores = score(texts, names, examples)
        answer = np.array(truth)
        yield Episode(features(scores, texts.texts), answer >= 0, (scores.chances.argmax(axis=1) == answer))
    assert len(rows) <= len(sentences)


def _draw_labels(keys: list[str], rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Labels of the call, and labels whose items come along though they fit nothing."""
    domains = list(dict.fromkeys(key.split("/")[0] for key in keys))
    chosen = set(rng.permutation(domains)[: rng.choice([1, 1, 2, 3, 6, len(domains)])].tolist())
    near = [key for key in keys if key.split("/")[0] in chosen]
    near = [near[i] for i in rng.permutation(len(near))]
    size = max(2, round(len(near) * rng.uniform(0.25, 1.0)))
    inside, rest = near[:size], near[size:]
    far = [key for key in keys if key.split("/")[0] not in chosen]
    outside = rest + [far[i] for i in rng.permutation(len(far))]
    if rng.random() < 0.5:
        outside = [outside[i] for i in rng.permutation(len(outside))]
    wanted = int(size * rng.choice([0.0, 0.1, 0.2, 0.4]))
    used = {in_words(key.split("/")[1]) for key in inside}
    return inside, [key for key in outside if in_words(key.split("/")[1]) not in used][:wanted]


def fit(sentences: Sequence[Sentence], vectors: Matrix) -> tuple[Calibration, dict[str, dict[str, float]]]:
    """The calibration, and how it does on calls that it was not fitted on."""
    models, constants, report = {}, {}, {}
    for mode in ("names", "examples"):
        train = _stack(play(sentences, vectors, mode == "examples", seed=1))
        held_out = _stack(play(sentences, vectors, mode == "examples", seed=2))
        fits = Logistic.fit({name: train.columns[name] for name in FITS[mode]}, train.fits, signs=FITS[mode])
        limit = float(np.quantile(fits(train.columns)[train.fits], TURNED_AWAY))
        accepted = fits(train.columns) >= limit
        right = Logistic.fit(
            {name: train.columns[name][accepted] for name in RIGHT[mode]},
            train.right[accepted],
            signs=RIGHT[mode],
        )
        _, sure = coverage_at(right(train.columns)[accepted], train.right[accepted], RELIED_ON)
        models |= {f"fits_{mode}": fits, f"right_{mode}": right}
        constants |= {f"fits_below_{mode}": limit, f"sure_from_{mode}": sure}
        report[mode] = measure(fits, right, limit, sure, held_out)
    return Calibration(models, constants), report


def measure(fits: Logistic, right: Logistic, limit: float, sure: float, data: Episode) -> dict[str, float]:
    accepted = fits(data.columns) >= limit
    confidence, correct = right(data.columns)[accepted], data.right[accepted]
    relied = confidence >= sure
    figures = {
        "items": len(data.fits),
        "accuracy in scope": data.right[data.fits].mean(),
        "turned away in scope": 1 - accepted[data.fits].mean(),
        "out of scope found": 1 - accepted[~data.fits].mean(),
        "expected calibration error": expected_calibration_error(confidence, correct),
        "not escalated": relied.mean(),
        "right where not escalated": correct[relied].mean(),
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def _stack(episodes: Iterator[Episode]) -> Episode:
    played = list(episodes)
    return Episode(
        {name: np.concatenate([one.columns[name] for one in played]) for name in played[0].columns},
        np.concatenate([one.fits for one in played]),
        np.concatenate([one.right for one in played]),
    )


def texts_to_embed(sentences: Sequence[Sentence]) -> list[str]:
    """The sentences, then the names of the labels in words, one for each domain and label."""
    keys = dict.fromkeys((sentence.domain, sentence.label) for sentence in sentences)
    return [sentence.text for sentence in sentences] + [in_words(label) for _, label in keys]


def write(calibration: Calibration, report: dict[str, dict[str, float]]) -> None:
    SKILL.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {
            "made_by": "python models/recipes/classify/fit.py",
            "calls": EPISODES,
            "held_out_calls": report,
            "calibration": calibration.to_json(),
        },
        indent=2,
    )
    (SKILL / "scores.json").write_text(text + "\n", encoding="utf-8")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    from mcp_smalltools.config import load_settings
    from mcp_smalltools.engine.client import EngineClient

    sentences = read_corpus()
    engine = EngineClient(load_settings())
    vectors = (await engine.embed(texts_to_embed(sentences))).vectors
    await engine.close()
    calibration, report = fit(sentences, vectors)
    write(calibration, report)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
