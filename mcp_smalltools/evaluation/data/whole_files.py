"""The floor of `eval find` and `eval summaries`: BM25 (k1 1.2, b .75) over texts, one for each file."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.text.words import code_word_counts, code_words

_K1: Final = 1.2
_B: Final = 0.75


@dataclass(frozen=True, slots=True)
class Text:
    """The words of a file's path and text."""

    counts: Mapping[str, int]
    length: int


def text(path: str, content: str) -> Text:
    counts = code_word_counts(path) + code_word_counts(content)
    return Text(counts, Counter.total(counts))


def best(query: str, texts: Mapping[str, Text], most: int) -> list[str]:
    """Paths of the texts that fit best, best first."""
    mean = sum(one.length for one in texts.values()) / max(1, len(texts)) or 1.0
    scores = dict.fromkeys(texts, 0.0)
    for word in dict.fromkeys(code_words(query)):
        often = {path: one.counts[word] for path, one in texts.items() if word in one.counts}
        rarity = math.log1p((len(texts) - len(often) + 0.5) / (len(often) + 0.5))
        for path, count in often.items():
            norm = _K1 * (1 - _B + _B * texts[path].length / mean)
            scores[path] += rarity * count * (_K1 + 1) / (count + norm)
    return sorted(scores, key=lambda path: (-scores[path], path))[:most]
