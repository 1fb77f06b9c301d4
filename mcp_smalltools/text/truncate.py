"""Cuts text between words: half a secret would not be recognised, so it would not be masked."""

from __future__ import annotations

import re

_BREAK = re.compile(r"[\s\"'`,;()<>\[\]{}]")


def cut(text: str, at_most: int) -> str:
    """The start of a text, at most `at_most` characters, ended with `…` after a whole word."""
    if len(text) <= at_most:
        return text
    return text[: whole_words_until(text, at_most - 1)].rstrip() + "…"


def whole_words_until(text: str, end: int) -> int:
    """The last place up to `end` that is not inside a word."""
    while 0 < end < len(text) and not (_BREAK.match(text[end]) or _BREAK.match(text[end - 1])):
        end -= 1
    return end


def whole_words_from(text: str, start: int) -> int:
    """The first place from `start` on that is not inside a word."""
    if not 0 < start < len(text) or _BREAK.match(text[start - 1]):
        return start
    found = _BREAK.search(text, start)
    return found.start() if found else len(text)
