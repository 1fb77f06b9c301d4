"""The floor of `eval find` and `eval summaries`: BM25 (k1 1.2, b 0.75) over whole files.

It has its own formula, not that of `text/bm25.py`: what it is compared with must not change it.
"""

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
    """How often each word occurs in a file's path and text, and how many words these are."""

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
        counts = {path: one.counts[word] for path, one in texts.items() if word in one.counts}
        idf = math.log1p((len(texts) - len(counts) + 0.5) / (len(counts) + 0.5))
        for path, count in counts.items():
            norm = _K1 * (1 - _B + _B * texts[path].length / mean)
            scores[path] += idf * count * (_K1 + 1) / (count + norm)
    return sorted(scores, key=lambda path: (-scores[path], path))[:most]
