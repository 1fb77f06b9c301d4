"""Fit how sure `classify` may be: `python models/recipes/classify/fit.py`, some minutes on two cores.

Plays many calls of the tool on the texts of `corpus.txt`: label sets of different size and closeness, with
and without examples, few and many items, and items that fit no label because theirs was taken away. Writes
`models/skills/classify/scores.json`. The same seed gives the same numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.client import EngineClient
from mcp_smalltools.skills.calibration import (
    Calibration,
    Logistic,
    coverage_at,
    expected_calibration_error,
)
from mcp_smalltools.skills.scores import as_text
from mcp_smalltools.tools.classification.decision import features
from mcp_smalltools.tools.classification.labels import in_words
from mcp_smalltools.tools.classification.scoring import Examples, Matrix, Texts, score

HERE = Path(__file__).parent
SKILL = HERE.parents[1] / "skills" / "classify"
MODES = ("names", "examples")
EPISODES = 500
TURNED_AWAY = 0.035
"""Share of the items that do fit a label and may be called "none of these"."""
RELIED_ON = 0.96
"""Share of the answers that may be relied on and must be right, on data made here; the promise is 95%."""

# In which direction a feature may move the confidence: the result is monotone in it.
FITS = {
    "names": {"similarity": 1, "direct": 1, "words": 1},
    "examples": {"rank": 1, "similarity": 1, "direct": 1},
}
RIGHT = {
    "names": {
        "direct": 1,
        "refined": 1,
        "pulled": 1,
        "agree": 1,
        "margin": 1,
        "similarity": 1,
        "labels": -1,
        "density": 1,
    },
    "examples": {
        "direct": 1,
        "refined": 1,
        "pulled": 1,
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


OPENERS = (
    *("hi, ", "hello, ", "quick question: ", "sorry to bother you, ", "just noticed: ", "update: ", "help! "),
    *("as I said, ", "once more: ", "for your information: ", "I think ", "since yesterday: ", "again: "),
)
CLOSERS = (
    *(", thanks", ", please advise", " - any idea?", ", as before", ", what can be done?", " (see above)"),
    *(", it's urgent", ", no hurry", " :(", ", can you have a look", ", same for a colleague", " today"),
)
NAMED = ("it's about {}: {}", "{}: {}", "{} - {}", "another case of {}, {}", "{1}, so {0}", "{1} ({0})")
SMALL_WORDS = frozenset(
    (
        *("the", "a", "an", "is", "are", "was", "it", "my", "our", "this", "that"),
        *("please", "to", "of", "in", "on", "at", "and", "so", "i", "we", "you"),
    )
)
VARIANTS = 5


def variants(sentence: Sentence, rng: np.random.Generator) -> list[str]:
    """The sentence, three ways in which people write it again, and one that says the label."""
    words = sentence.text.split()
    dropped = " ".join(word for word in words if word.lower() not in SMALL_WORDS or rng.random() < 0.3)
    halves = sentence.text.split(", ")
    turned = ", ".join([*halves[1:], halves[0]]) if len(halves) > 1 else sentence.text
    name = in_words(sentence.label)
    return [
        sentence.text,
        rng.choice(OPENERS) + sentence.text,
        (dropped or sentence.text) + rng.choice(CLOSERS),
        rng.choice(OPENERS) + turned + rng.choice(CLOSERS),
        rng.choice(NAMED).format(name, sentence.text),
    ]


@dataclass(frozen=True, slots=True)
class Episode:
    """One call: its features, whether each item has a label, and whether the best label is the true one."""

    columns: dict[str, np.ndarray]
    fits: np.ndarray
    right: np.ndarray


@dataclass(slots=True)
class Material:
    """All texts with their vectors.

    `rows[key]`, of shape (sentences of the label, VARIANTS), names rows of `texts`.
    """

    texts: list[str]
    rows: dict[str, np.ndarray]
    names: dict[str, int]
    vectors: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.float32))


def material() -> Material:
    """Everything but the vectors."""
    rng = np.random.default_rng(0)
    texts: list[str] = []
    rows: dict[str, list[list[int]]] = {}
    for sentence in read_corpus():
        written = variants(sentence, rng)
        rows.setdefault(f"{sentence.domain}/{sentence.label}", []).append(
            list(range(len(texts), len(texts) + len(written)))
        )
        texts += written
    names = {key: len(texts) + index for index, key in enumerate(rows)}
    texts += [in_words(key.split("/")[1]) for key in rows]
    return Material(texts, {key: np.array(value) for key, value in rows.items()}, names)


def play(data: Material, with_examples: bool, seed: int) -> Iterator[Episode]:
    """Calls of the tool, drawn at random, from hard (every item says it anew) to easy (items repeat the
    examples in other words, or say the name of the label).
    """
    rng = np.random.default_rng([seed, with_examples])
    for _ in range(EPISODES):
        inside, outside = _draw_labels(list(data.rows), rng)
        per_label = int(rng.integers(1, 9)) if with_examples else 0
        named, repeated = rng.choice([0.0, 0.3, 0.6]), rng.choice([0.0, 0.4, 0.8, 0.95])
        most = rng.choice([4, 10, 30])  # items of a label
        known: list[tuple[int, int]] = []
        items: list[tuple[int, int]] = []
        for column, key in enumerate(inside):
            rows = rng.permutation(data.rows[key])
            source = rows[: max(1, len(rows) // 2)] if rng.random() < repeated else rows[per_label:]
            known += [(column, _one_way(row, rng, named)) for row in _cycled(rows, per_label)]
            wanted = rng.integers(1, most + 1)
            items += [(column, _one_way(row, rng, named)) for row in _cycled(rng.permutation(source), wanted)]
        for key in outside:
            rows = rng.permutation(data.rows[key])[: rng.integers(1, most + 1)]
            items += [(-1, _one_way(row, rng, 0.0)) for row in rows]
        taken = {row for _, row in known}
        items = sorted({item for item in items if item[1] not in taken})
        if rng.random() < 0.3:  # a call with few items
            items = [items[i] for i in rng.permutation(len(items))[: rng.integers(1, 20)]]
        if items:
            yield _play_one(data, inside, known, items)


def _cycled(rows: np.ndarray, wanted: int) -> np.ndarray:
    """So many rows, from the start again when they are used up: then in another wording."""
    return rows[np.arange(wanted) % len(rows)] if len(rows) else rows


def _one_way(row: np.ndarray, rng: np.random.Generator, named: float) -> int:
    """One wording of a sentence; with the label's name in it as often as `named` says."""
    return int(row[-1] if rng.random() < named else rng.choice(row[:-1]))


def _play_one(
    data: Material, inside: list[str], known: list[tuple[int, int]], items: list[tuple[int, int]]
) -> Episode:
    def texts(rows: list[int]) -> Texts:
        return Texts([data.texts[row] for row in rows], data.vectors[rows])

    examples = None
    if known:
        examples = Examples(texts([row for _, row in known]), np.array([column for column, _ in known]))
    asked = texts([row for _, row in items])
    scores = score(asked, texts([data.names[key] for key in inside]), examples)
    answer = np.array([column for column, _ in items])
    return Episode(features(scores, asked.texts), answer >= 0, scores.chances.argmax(axis=1) == answer)


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


def fit(data: Material) -> tuple[Calibration, dict[str, dict[str, float]]]:
    """The calibration, and how it does on calls that it was not fitted on."""
    models, constants, report = {}, {}, {}
    for mode in MODES:
        train = _stack(play(data, mode == "examples", seed=1))
        held_out = _stack(play(data, mode == "examples", seed=2))
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


def write(calibration: Calibration, report: dict[str, dict[str, float]]) -> None:
    path = SKILL / "scores.json"
    measured = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept = {part: measured[part] for part in ("evaluation", "speed") if part in measured}
    fitted = {
        "made_by": "python models/recipes/classify/fit.py",
        "calls": EPISODES,
        "held_out_calls": report,
        "calibration": calibration.to_json(),
    }
    SKILL.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(fitted | kept), encoding="utf-8")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    engine = EngineClient(load_settings())
    data = material()
    data.vectors = (await engine.embed(data.texts)).vectors
    await engine.close()
    calibration, report = fit(data)
    write(calibration, report)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
