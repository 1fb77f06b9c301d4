"""Secrets in what was read of pictures: one wrong character, and no issuer's format fits any more.

So each token that looks made by chance is masked there, whatever stands beside it; that takes commit ids and
checksums with it, which a picture is no good source for anyway.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(r"[A-Za-z0-9_+/=~%$#!@*?^&.-]{10,}")
_RUN: Final = re.compile(r"[A-Za-z0-9]{10,}")
_CHANGES: Final = 3


def random_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where tokens stand that have a long run of letters and digits in no order."""
    for token in _TOKEN.finditer(text):
        runs = list(_RUN.finditer(token[0]))
        if any(_is_random(run[0]) for run in runs):
            yield token.span()


def _is_random(run: str) -> bool:
    kinds = [2 if char.isdigit() else char.isupper() for char in run]
    digits = kinds.count(2)
    changes = sum((a == 2) != (b == 2) for a, b in itertools.pairwise(kinds))
    cases = sum(a != b for a, b in itertools.pairwise(kinds))
    return digits > 0 and (changes >= _CHANGES or cases > 0.4 * len(run))
