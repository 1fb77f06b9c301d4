"""Words and character n-grams as features, hashed into a fixed number of columns (Weinberger et al. 2009)."""

from __future__ import annotations

import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

COLUMNS = 1 << 12
_WORD = re.compile(r"\w+")
_MAX_CHARS = 2_000


def count_features(texts: Sequence[str]) -> NDArray[np.float32]:
    """Damped counts, shape (texts, COLUMNS): words, pairs of words, and runs of 3 and 4 characters."""
    table = np.zeros((len(texts), COLUMNS), np.float32)
    for row, text in zip(table, texts, strict=True):
        for feature, count in Counter(_features(text)).items():
            row[zlib.crc32(feature.encode()) % COLUMNS] += 1 + np.log(count)
    return table


def _features(text: str) -> Iterator[str]:
    words = _WORD.findall(text[:_MAX_CHARS].lower())
    yield from words
    yield from (f"{left} {right}" for left, right in itertools.pairwise(words))
    joined = f" {' '.join(words)} "
    for size in (3, 4):
        yield from (f"{size}{joined[at : at + size]}" for at in range(len(joined) - size + 1))
