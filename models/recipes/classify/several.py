"""Fit which further labels a text has, where several may fit (`multiple`).

    python models/recipes/classify/several.py    # some minutes on two cores

Plays calls of the tool on texts of one and of two labels, made of the sentences of `corpus.txt` and
`held_out.txt`, on which the adapter was not trained. Writes its models into the skill's `scores.json`; the
rest of the confidence is fitted on real tasks (calibrate.py). The same seed gives the same numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from texts import HERE, by_label, first_choice, read_texts

from mcp_smalltools.calibration.calibration import Logistic
from mcp_smalltools.calibration.measures import expected_calibration_error
from mcp_smalltools.calibration.scores import as_text
from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.text.words import spaced_name
from mcp_smalltools.tools.classify.chunks import CHUNK_CHARS, clauses_of
from mcp_smalltools.tools.classify.decision import FEATURES, LabelCandidates, label_candidates
from mcp_smalltools.tools.classify.heads.arithmetic import Matrix
from mcp_smalltools.tools.classify.scoring import Examples, ItemScores, Texts, score
from mcp_smalltools.tools.classify.vectors import ADAPTER

SKILL = HERE.parents[1] / "skills" / "classify"
MODES = ("names", "examples")
EPISODES = 240
JOINTS = (". ", " and ", ", and ", ". also, ", "; ", ", but ", "\n")
PAIRS = 1_000
ALSO = {"chance": 1, "whole": 1, "similarity": 1, "first": 1}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text of one or two labels, its row and those of its clauses."""

    keys: tuple[str, ...]
    whole: int
    parts: list[int]


@dataclass(slots=True)
class Material:
    """All texts with their vectors.

    `rows[key]` are the sentences of a label as rows of `texts`.
    """

    texts: list[str]
    rows: dict[str, np.ndarray]
    names: dict[str, int]
    clear: list[str] = field(default_factory=list)
    """Labels whose names say enough by themselves: those of `corpus.txt`."""
    spoken: list[Spoken] = field(default_factory=list)
    vectors: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.float32))


def material() -> Material:
    """Everything but the vectors."""
    rng = np.random.default_rng(0)
    texts: list[str] = []
    rows: dict[str, list[int]] = {}
    for sentence in (*read_texts(HERE / "corpus.txt"), *read_texts(HERE / "held_out.txt")):
        rows.setdefault(sentence.key, []).append(len(texts))
        texts.append(first_choice(sentence.text))
    names = {key: len(texts) + index for index, key in enumerate(rows)}
    texts += [spaced_name(key.split("/")[1]) for key in rows]
    data = Material(texts, {key: np.array(value) for key, value in rows.items()}, names)
    data.clear = list(by_label(read_texts(HERE / "corpus.txt")))
    data.spoken = list(_spoken(data, rng))
    return data


def _spoken(data: Material, rng: np.random.Generator) -> Iterator[Spoken]:
    """Each sentence alone, and pairs of sentences of two labels, mostly of one domain. Adds their texts."""
    row = {text: index for index, text in enumerate(data.texts)}

    def place(text: str) -> int:
        if text not in row:
            row[text] = len(data.texts)
            data.texts.append(text)
        return row[text]

    def spoken(keys: tuple[str, ...], text: str) -> Spoken:
        return Spoken(keys, place(text), [place(part) for part in clauses_of(text)])

    for key, table in data.rows.items():
        for index in table:
            yield spoken((key,), data.texts[index])
    keys = list(data.rows)
    for _ in range(PAIRS):
        first = keys[rng.integers(len(keys))]
        domain = first.split("/")[0]
        near = [key for key in keys if key != first and (key.split("/")[0] == domain or rng.random() < 0.02)]
        second = near[rng.integers(len(near))]
        one, two = (data.texts[rng.choice(data.rows[key])] for key in (first, second))
        yield spoken((first, second), one + rng.choice(JOINTS) + two)


def play_several(
    data: Material, with_examples: bool, seed: int
) -> Iterator[tuple[LabelCandidates, np.ndarray]]:
    """Calls with texts of one and of two labels: candidates, and whether each is a label of its text."""
    rng = np.random.default_rng([seed, with_examples, 2])
    for _ in range(EPISODES // 3):
        inside, _ = _draw_labels(_labels(data, with_examples), rng, (0.0,))
        column = {key: index for index, key in enumerate(inside)}
        fitting = [one for one in data.spoken if all(key in column for key in one.keys)]
        chosen = [fitting[i] for i in rng.permutation(len(fitting))[: rng.integers(5, 80)]]
        known: list[tuple[int, int]] = []
        if with_examples:
            used = {one.whole for one in chosen}
            for key in inside:
                rows = [row for row in rng.permutation(data.rows[key]) if row not in used]
                known += [(column[key], int(row)) for row in rows[: rng.integers(1, 9)]]
            if not known:
                continue
        whole = _score(data, inside, known, [one.whole for one in chosen])
        parts = sorted({row for one in chosen for row in one.parts})
        place = {row: index for index, row in enumerate(parts)}
        found = label_candidates(
            whole,
            _score(data, inside, known, parts) if parts else None,
            [[place[row] for row in one.parts] for one in chosen],
        )
        truth = [
            [inside[column] in one.keys for column in row]
            for one, row in zip(chosen, found.candidates, strict=True)
        ]
        yield found, np.array(truth)


def fit_several(data: Material, mode: str) -> tuple[Logistic, float, dict[str, float]]:
    """How likely a label is one of a text's, from where on to name it, and how that does on other calls."""
    train, truth = _flat(play_several(data, mode == "examples", seed=1))
    model = Logistic.fit(train, truth, signs=ALSO)
    likely = model(train)
    limits = np.linspace(0.2, 0.8, 25)
    best = max(limits, key=lambda limit: _f1(likely >= limit, truth))
    held_out, right = _flat(play_several(data, mode == "examples", seed=2))
    chance = model(held_out)
    named = chance >= best
    figures = {
        "labels": int(right.sum()),
        "named and right": right[named].mean(),
        "found": named[right].mean(),
        "expected calibration error": expected_calibration_error(chance, right),
    }
    return model, float(best), {name: round(float(value), 4) for name, value in figures.items()}


def _f1(named: np.ndarray, right: np.ndarray) -> float:
    return float(2 * (named & right).sum() / (named.sum() + right.sum()))


def _flat(calls: Iterator[tuple[LabelCandidates, np.ndarray]]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    played = list(calls)
    columns = {name: np.concatenate([found.features[name].ravel() for found, _ in played]) for name in ALSO}
    return columns, np.concatenate([truth.ravel() for _, truth in played])


def _score(data: Material, inside: list[str], known: list[tuple[int, int]], items: list[int]) -> ItemScores:
    def texts(rows: list[int]) -> Texts:
        return Texts([data.texts[row] for row in rows], data.vectors[rows])

    examples = None
    if known:
        examples = Examples(texts([row for _, row in known]), np.array([column for column, _ in known]))
    return score(texts(items), texts([data.names[key] for key in inside]), examples)


def _labels(data: Material, with_examples: bool) -> list[str]:
    """Whose names are given alone are names that say enough."""
    return list(data.rows) if with_examples else data.clear


def _draw_labels(
    keys: list[str], rng: np.random.Generator, shares: Sequence[float]
) -> tuple[list[str], list[str]]:
    """Labels of the call, and labels whose items come along though they fit nothing."""
    domains = list(dict.fromkeys(key.split("/")[0] for key in keys))
    chosen = set(rng.permutation(domains)[: rng.choice([1, 1, 2, 3, 6, 14])].tolist())
    near = [key for key in keys if key.split("/")[0] in chosen]
    near = [near[i] for i in rng.permutation(len(near))]
    size = max(2, round(len(near) * rng.uniform(0.25, 1.0)))
    inside, rest = near[:size], near[size:]
    far = [key for key in keys if key.split("/")[0] not in chosen]
    outside = rest + [far[i] for i in rng.permutation(len(far))]
    if rng.random() < 0.5:
        outside = [outside[i] for i in rng.permutation(len(outside))]
    wanted = int(size * rng.choice(shares))
    used = {spaced_name(key.split("/")[1]) for key in inside}
    return inside, [key for key in outside if spaced_name(key.split("/")[1]) not in used][:wanted]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=SKILL / "scores.json")
    args = parser.parse_args()
    engine = EngineClient(load_settings())
    data = material()
    if any(len(text) > CHUNK_CHARS for text in data.texts):
        raise ValueError(
            f"a text is longer than the {CHUNK_CHARS} characters of a chunk, as the tool reads it"
        )
    data.vectors = (await engine.embed(data.texts, CallOptions(adapter=ADAPTER))).vectors
    await engine.close()
    scores = json.loads(args.out.read_text(encoding="utf-8"))
    calibration, report = scores["calibration"], {}
    for mode in MODES:
        model, limit, report[mode] = fit_several(data, mode)
        features = list(FEATURES[f"also_{mode}"])
        calibration["models"][f"also_{mode}"] = {
            "features": features,
            "weights": dict(model.weights),
            "bias": model.bias,
        }
        calibration["constants"][f"also_from_{mode}"] = limit
    scores["several_labels"] = report
    args.out.write_text(as_text(scores), encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
