"""Cutting text so that no half of a secret is left: a half looks like nothing, and nobody would mask it."""

from __future__ import annotations

import re

_BREAK = re.compile(r"[\s\"'`,;()<>\[\]{}]")


def cut(text: str, at_most: int) -> str:
    """The start of a text, ended with `…` where no word is taken apart."""
    if len(text) <= at_most:
        return text
    end = at_most - 1
    while end and not (_BREAK.match(text[end]) or _BREAK.match(text[end - 1])):
        end -= 1
    return text[:end].rstrip() + "…"
