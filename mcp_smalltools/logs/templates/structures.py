"""Templates that differ only in the structure of a value: what is in quotation marks or brackets, what is
after `key=` or `: `, names with signs or capitals inside. Such values may have any length, several of them
may differ at once, and a part in brackets may be missing: no single slot or stretch shows that.

No judgement is needed: plain words are never taken for a value, so "(opened)" and "(closed)" stay two events.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.objects import CLOSING_OF, ends_of_brackets
from mcp_smalltools.logs.message.tokenize import Tokens, is_sign, is_word
from mcp_smalltools.logs.templates.families import Group

_MOST_TOKENS = 2_000
_INSIDE = "inside"
_APART = "()[]{}\"',;"
_QUOTES = "\"'"
_NAME = re.compile(r".*(?:[^\W_][._/$@]|[._/$@][^\W_]|\d|[a-z][A-Z]).*")
_CONSTANTS = ("None", "null", "nil", "True", "False", "true", "false")


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens from `start` to `end`: a constant token, or a value."""

    kind: str  # alike in all templates of one event: "" of a whole value, _INSIDE brackets, or the token
    start: int
    end: int
    value: bool


def join_structures(groups: list[Group]) -> list[Group]:
    """Join groups that are alike but for the insides of their values."""
    return _join(groups, pieces_of)


def join_wide_structures(groups: list[Group]) -> list[Group]:
    """The same, where what is in brackets after a value, or tied to it by a sign, belongs to the value."""
    return _join(groups, wide_pieces_of)


def _join(groups: list[Group], pieces: Callable[[Group], list[Piece]]) -> list[Group]:
    alike: dict[tuple[tuple[str, str], ...], list[tuple[Group, list[Piece]]]] = defaultdict(list)
    result = []
    for item in groups:
        found = pieces(item) if len(item.tokens) <= _MOST_TOKENS else []
        if any(not piece.value and is_word(piece.kind) for piece in found):
            key = tuple((piece.kind, item.spaces[piece.start : piece.start + 1]) for piece in found)
            alike[key].append((item, found))
        else:
            result.append(item)
    result += [_as_one(members) for members in alike.values()]
    return sorted(result, key=lambda item: (-item.weight, item.tokens, item.spaces))


def _as_one(members: Sequence[tuple[Group, list[Piece]]]) -> Group:
    first, pieces = members[0]
    if len(members) == 1:
        return first
    tokens: list[str] = []
    spaces = ""
    for at, piece in enumerate(pieces):
        there = {
            (item.tokens[own[at].start : own[at].end], item.spaces[own[at].start : own[at].end])
            for item, own in members
        }
        if len(there) == 1:
            tokens += first.tokens[piece.start : piece.end]
            spaces += first.spaces[piece.start : piece.end]
        else:
            tokens.append(VAR)
            spaces += "0" if any(not part for part, _ in there) else first.spaces[piece.start]
    return Group(
        tuple(tokens),
        spaces,
        sum(item.weight for item, _ in members),
        [member for item, _ in members for member in item.members],
        all(item.judged for item, _ in members),
    )


def pieces_of(item: Group) -> list[Piece]:
    """A template as constant tokens and values; what is in brackets or quotation marks is one value."""
    tokens, spaces = item.tokens, item.spaces
    brackets = ends_of_brackets(tokens, spaces)
    pieces: list[Piece] = []
    at = 0
    while at < len(tokens):
        end = _end_of_quotation(tokens, spaces, at) if tokens[at] in _QUOTES else brackets.get(at)
        if end is None:
            value = at > 0 and is_value(tokens[at]) and tokens[at + 1 : at + 2] != ("=",)
            pieces.append(Piece("" if value else tokens[at], at, at + 1, value))
            at += 1
        elif at and tokens[at - 1] in "=:":
            pieces.append(Piece("", at, end, True))
            at = end
        elif _is_data(tokens[at + 1 : end - 1]):
            pieces.append(Piece(tokens[at], at, at + 1, False))
            pieces.append(Piece(_INSIDE, at + 1, end - 1, True))
            pieces.append(Piece(tokens[end - 1], end - 1, end, False))
            at = end
        else:
            pieces.append(Piece(tokens[at], at, at + 1, False))
            at += 1
    return pieces


def is_value(token: str) -> bool:
    """Does the token look like a value wherever it stands: a variable, a constant, a name with signs?"""
    return token == VAR or token in _CONSTANTS or (is_word(token) and _NAME.fullmatch(token) is not None)


def _is_data(inside: Tokens) -> bool:
    """More than plain words."""
    return not inside or any(is_value(token) or not is_word(token) for token in inside)


def _end_of_quotation(tokens: Tokens, spaces: str, start: int) -> int | None:
    if start and spaces[start] == "0" and tokens[start - 1] not in ("b", "u", "r", *"=:([{,"):
        return None
    for at in range(start + 1, len(tokens)):
        if tokens[at] == tokens[start]:
            if at + 1 == len(tokens) or spaces[at + 1] == "1" or not is_word(tokens[at + 1]):
                return at + 1
            return None
    return None


def wide_pieces_of(item: Group) -> list[Piece]:
    """The pieces; a value takes in what is in brackets after it and what a sign ties to it."""
    pieces = pieces_of(item)
    wide: list[Piece] = []
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        if _is_whole(piece):
            while more := _belongs(item, pieces[at : at + 3]):
                at += more
            piece = Piece("", piece.start, pieces[at - 1].end, True)
        wide.append(piece)
    return wide


def _belongs(item: Group, following: Sequence[Piece]) -> int:
    """How many of the pieces after a value belong to it."""
    if len(following) == 3 and following[1].kind == _INSIDE and following[0].kind in CLOSING_OF:
        return 3
    if len(following) < 2 or not _is_whole(following[1]):
        return 0
    sign, value = following[0], following[1]
    tied = item.spaces[sign.start] == item.spaces[value.start] == "0"
    return 2 if tied and is_sign(sign.kind) and sign.kind not in _APART else 0


def _is_whole(piece: Piece) -> bool:
    return piece.value and piece.kind == ""
