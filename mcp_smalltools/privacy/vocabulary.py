"""What a template of a sealed file may show: words of a list that ships with the program, and nothing else.

A template's constant may be anything, a customer's name too if it is in every line. So no word leaves because
of where it stands; it leaves because it is one of the few thousand that anybody's program could have written.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Final

MASK: Final = "<*>"
_WORD = re.compile(r"<\*>|[^\W_]+")
_RUN = re.compile(r"<\*>(?:[^A-Za-z0-9\s<>(){}\[\]\"'=]*<\*>)+")


def mask_unknown_words(text: str) -> str:
    """The text with each word masked that is not in the list, and so every number and every other script."""
    known = vocabulary()
    masked = _WORD.sub(lambda word: word[0] if word[0] == MASK or word[0].lower() in known else MASK, text)
    return _RUN.sub(MASK, masked)


@functools.cache
def vocabulary() -> frozenset[str]:
    text = Path(__file__).with_suffix(".txt").read_text(encoding="ascii")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
