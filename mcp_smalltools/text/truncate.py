"""Cuts text between words: half a secret would not be recognised, so it would not be masked."""

from __future__ import annotations

import re

_BREAK = re.compile(r"[\s\"'`,;()<>\[\]{}]")


def cut(text: str, at_most: int) -> str:
    """The start of a text, at most `at_most` characters, ended with `…` after a whole word."""
    if len(text) <= at_most:
        return text
    end = at_most - 1
    while end and not (_BREAK.match(text[end]) or _BREAK.match(text[end - 1])):
        end -= 1
    return text[:end].rstrip() + "…"
