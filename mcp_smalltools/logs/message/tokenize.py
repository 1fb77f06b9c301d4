"""Shapes and templates as tokens: words, marks and single signs, each with what is before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from mcp_smalltools.logs.message.masking import MARK_CLASS, VAR

_TOKEN = re.compile(r"( ?)((?:[\w\ue000-\ue0ff]|[-.$/@](?=[\w\ue000-\ue0ff]))+|\S)")
_MARK = re.compile(MARK_CLASS)
_WHOLE = re.compile(rf"{VAR}(?:\.?{VAR})+")
_RUN = re.compile(rf"{VAR}(?:[ .]?{VAR})+")
_LETTER = re.compile(r"[^\W\d_]")

Tokens = tuple[str, ...]


def tokens_of(text: str) -> tuple[Tokens, str]:
    """The tokens of a shape, types of variables alike, and for each whether a space is before it ("1" or
    "0").
    """
    found = _TOKEN.findall(text)
    words = tuple(_WHOLE.sub(VAR, _MARK.sub(VAR, word)) for _, word in found)
    return words, "".join("1" if space else "0" for space, _ in found)


def text_of(tokens: Sequence[str], spaces: str) -> str:
    """A template's text; variables that touch are one."""
    text = "".join(" " + word if space == "1" else word for word, space in zip(tokens, spaces, strict=True))
    return _RUN.sub(VAR, text)


@lru_cache(maxsize=50_000)
def is_word(token: str) -> bool:
    """Has the token letters, and is it no variable?"""
    return token != VAR and _LETTER.search(token) is not None


def is_sign(token: str) -> bool:
    return len(token) == 1 and not token.isalnum() and token != VAR
