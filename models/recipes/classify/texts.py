"""The texts of the recipes: `corpus.txt` to fit the confidence of `classify`, `intents.txt` to train on."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
_CHOICE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One way to say a label; `text` may hold choices {a/b}."""

    domain: str
    label: str
    text: str

    @property
    def key(self) -> str:
        return f"{self.domain}/{self.label}"


def read_texts(path: Path) -> list[Sentence]:
    """All ways to say each label, in the order of the file."""
    sentences, domain = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            domain = line.strip("[]")
        elif line and not line.startswith("#"):
            label, _, texts = line.partition(": ")
            sentences += [Sentence(domain, label, text.strip()) for text in texts.split(" | ")]
    return sentences


def first_choice(text: str) -> str:
    """The text with the first of each choice."""
    return _CHOICE.sub(lambda match: match[1].split("/")[0], text)


def any_choice(text: str, rng: random.Random) -> str:
    return _CHOICE.sub(lambda match: rng.choice(match[1].split("/")), text)


def by_label(sentences: list[Sentence]) -> dict[str, list[Sentence]]:
    ordered = sorted(sentences, key=lambda sentence: sentence.key)
    return {key: list(group) for key, group in itertools.groupby(ordered, lambda sentence: sentence.key)}
