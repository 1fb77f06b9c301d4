"""The words that a template of a sealed file may show: those of a list that ships with the program.

The constant part of a template may be anything, even a customer's name if it is in every line. So a word
leaves only if it is one of the few thousand that any program could have written.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Final

MASK: Final = "<*>"
_WORD = re.compile(r"<\*>|[^\W_]+")
_MASK_RUN = re.compile(r"<\*>(?:[^A-Za-z0-9\s<>(){}\[\]\"'=]*<\*>)+")


def mask_unknown_words(text: str) -> str:
    """The text with every word masked that is not in the vocabulary, and so every number."""
    known = vocabulary()
    masked = _WORD.sub(lambda word: word[0] if word[0] == MASK or word[0].lower() in known else MASK, text)
    return _MASK_RUN.sub(MASK, masked)


@functools.cache
def vocabulary() -> frozenset[str]:
    text = Path(__file__).with_suffix(".txt").read_text(encoding="ascii")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
