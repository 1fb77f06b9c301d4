"""Printed objects in a line: `{'a': 1}`, `Name(a=1)`, `<Name object at 0x1>`, `b'x'`, `('x', 1)`, `['x']`.

Logging statements hardly ever have these forms around their placeholders (36 of 51,573 of forty programs; 66
have `<%s>`, which is none of them), so where a line has one, a value was printed, and all of it is the value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.tokenize import Tokens, is_sign, is_word

CLOSING_OF = {"(": ")", "[": "]", "{": "}", "<": ">"}
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_NAME = re.compile(r"[A-Za-z_][\w.$]*")
_CLASS = re.compile(r"(?:[\w.$]+\.)?[A-Z]\w*")
_QUOTES = "\"'"
_FIELD = 3
"""Tokens of the shortest thing that is inside: `a=1`, or a quotation."""


def objects_in(tokens: Tokens, spaces: str) -> list[tuple[int, int]]:
    """Where objects start and end, in order; none inside another."""
    brackets = ends_of_brackets(tokens, spaces)
    found = []
    at = 0
    while at < len(tokens):
        end = _object_at(tokens, spaces, brackets, at)
        if end is not None:
            found.append((at, end))
        at = end or at + 1
    return found


def mask_objects(tokens: Tokens, spaces: str) -> tuple[Tokens, str]:
    """The tokens with a variable for each object; as they are if no word would be left."""
    found = dict(objects_in(tokens, spaces))
    if not found:
        return tokens, spaces
    kept: list[str] = []
    before = ""
    at = 0
    while at < len(tokens):
        kept.append(VAR if at in found else tokens[at])
        before += spaces[at]
        at = found.get(at, at + 1)
    return (tuple(kept), before) if any(map(is_word, kept)) else (tokens, spaces)


def ends_of_brackets(tokens: Tokens, spaces: str) -> dict[int, int]:
    """Where the brackets that begin at a place end. In one pass: templates may be long, and of anyone."""
    ends: dict[int, int] = {}
    open_: list[tuple[str, int]] = []
    waiting: Counter[str] = Counter()
    for at, token in enumerate(tokens):
        if token in CLOSING_OF and (token != "<" or spaces[at + 1 : at + 2] == "0"):
            open_.append((CLOSING_OF[token], at))
            waiting[CLOSING_OF[token]] += 1
        elif waiting[token]:
            closed = ""
            while closed != token:  # "(>=1,<4)": a sign that closes nothing
                closed, start = open_.pop()
                waiting[closed] -= 1
            ends[start] = at + 1
    return ends


def unmatched(tokens: Iterable[str]) -> str:
    """The round, square and curly brackets that have no partner."""
    left: list[str] = []
    for token in tokens:
        if token in _CLOSING and left and CLOSING_OF.get(left[-1]) == token:
            left.pop()
        elif token in _CLOSING or token in _OPENING:
            left.append(token)
    return "".join(left)


def _object_at(tokens: Tokens, spaces: str, brackets: dict[int, int], at: int) -> int | None:
    end = brackets.get(at)
    if end is not None:
        inside, glued = slice(at + 1, end - 1), at > 0 and spaces[at] == "0" and not is_sign(tokens[at - 1])
        return end if _is_object(tokens[at], tokens[inside], spaces[inside], glued=glued) else None
    if spaces[at + 1 : at + 2] != "0":
        return None
    if tokens[at] == "b" and tokens[at + 1] in _QUOTES:
        return next((end + 1 for end in range(at + 2, len(tokens)) if tokens[end] == tokens[at + 1]), None)
    end = brackets.get(at + 1)
    if end is not None and tokens[at : at + 2] == ("&", "{"):
        return end
    if end is not None and _CLASS.fullmatch(tokens[at]) and _has_fields(tokens[at + 2 : end - 1]):
        return end
    return None


def _is_object(opening: str, inside: Tokens, spaces: str, *, glued: bool) -> bool:
    if opening == "<":
        return "1" in spaces
    if opening == "{":
        return True
    quoted = len(inside) >= _FIELD and inside[0] in _QUOTES
    return quoted and not glued and (opening == "[" or "," in inside)


def _has_fields(inside: Tokens) -> bool:
    return len(inside) >= _FIELD and _NAME.fullmatch(inside[0]) is not None and inside[1] == "="
