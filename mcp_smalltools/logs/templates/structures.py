"""Templates that differ only in the structure of a value: what is in quotation marks or brackets, what is
after `key=` or `: `, names with signs or capitals inside. Such values may have any length, several of them
may differ at once, and a part in brackets may be missing: no single slot or gap shows that.

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
from mcp_smalltools.logs.templates.gaps import Cluster

_MOST_TOKENS = 2_000
_INSIDE = "inside"
_APART = "()[]{}\"',;"
_QUOTES = "\"'"
_NAME = re.compile(r".*(?:[^\W_][._/$@]|[._/$@][^\W_]|\d|[a-z][A-Z]).*")
_CONSTANTS = ("None", "null", "nil", "True", "False", "true", "false")


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens from `start` to `end`: a constant token, or a value."""

    kind: str  # the same in all templates of one event: "" of a whole value, _INSIDE brackets, or the token
    start: int
    end: int
    value: bool


def merge_structures(clusters: list[Cluster]) -> list[Cluster]:
    """Merge clusters that differ only inside their values."""
    return _join(clusters, segments_of)


def merge_wide_structures(clusters: list[Cluster]) -> list[Cluster]:
    """The same, where what is in brackets after a value, or tied to it by a sign, belongs to the value."""
    return _join(clusters, wide_segments_of)


def _join(clusters: list[Cluster], segments: Callable[[Cluster], list[Segment]]) -> list[Cluster]:
    by_key: dict[tuple[tuple[str, str], ...], list[tuple[Cluster, list[Segment]]]] = defaultdict(list)
    result = []
    for item in clusters:
        found = segments(item) if len(item.tokens) <= _MOST_TOKENS else []
        if any(not segment.value and is_word(segment.kind) for segment in found):
            key = tuple((segment.kind, item.spaces[segment.start : segment.start + 1]) for segment in found)
            by_key[key].append((item, found))
        else:
            result.append(item)
    result += [_merge(members) for members in by_key.values()]
    return sorted(result, key=lambda item: (-item.weight, item.tokens, item.spaces))


def _merge(members: Sequence[tuple[Cluster, list[Segment]]]) -> Cluster:
    first, segments = members[0]
    if len(members) == 1:
        return first
    tokens: list[str] = []
    spaces = ""
    for at, segment in enumerate(segments):
        there = {
            (item.tokens[own[at].start : own[at].end], item.spaces[own[at].start : own[at].end])
            for item, own in members
        }
        if len(there) == 1:
            tokens += first.tokens[segment.start : segment.end]
            spaces += first.spaces[segment.start : segment.end]
        else:
            tokens.append(VAR)
            spaces += "0" if any(not part for part, _ in there) else first.spaces[segment.start]
    return Cluster(
        tuple(tokens),
        spaces,
        sum(item.weight for item, _ in members),
        [member for item, _ in members for member in item.members],
        all(item.judged for item, _ in members),
    )


def segments_of(item: Cluster) -> list[Segment]:
    """A template as constant tokens and values; what is in brackets or quotation marks is one value."""
    tokens, spaces = item.tokens, item.spaces
    brackets = ends_of_brackets(tokens, spaces)
    segments: list[Segment] = []
    at = 0
    while at < len(tokens):
        end = _end_of_quotation(tokens, spaces, at) if tokens[at] in _QUOTES else brackets.get(at)
        if end is None:
            value = at > 0 and is_value(tokens[at]) and tokens[at + 1 : at + 2] != ("=",)
            segments.append(Segment("" if value else tokens[at], at, at + 1, value))
            at += 1
        elif at and tokens[at - 1] in "=:":
            segments.append(Segment("", at, end, True))
            at = end
        elif _is_data(tokens[at + 1 : end - 1]):
            segments.append(Segment(tokens[at], at, at + 1, False))
            segments.append(Segment(_INSIDE, at + 1, end - 1, True))
            segments.append(Segment(tokens[end - 1], end - 1, end, False))
            at = end
        else:
            segments.append(Segment(tokens[at], at, at + 1, False))
            at += 1
    return segments


def is_value(token: str) -> bool:
    """Does the token look like a value in any place: a variable, a constant, a name with signs?"""
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


def wide_segments_of(item: Cluster) -> list[Segment]:
    """The segments; a value takes in what is in brackets after it and what a sign ties to it."""
    segments = segments_of(item)
    wide: list[Segment] = []
    at = 0
    while at < len(segments):
        segment = segments[at]
        at += 1
        if _is_whole(segment):
            while more := _belongs(item, segments[at : at + 3]):
                at += more
            segment = Segment("", segment.start, segments[at - 1].end, True)
        wide.append(segment)
    return wide


def _belongs(item: Cluster, following: Sequence[Segment]) -> int:
    """How many of the segments after a value belong to it."""
    if len(following) == 3 and following[1].kind == _INSIDE and following[0].kind in CLOSING_OF:
        return 3
    if len(following) < 2 or not _is_whole(following[1]):
        return 0
    sign, value = following[0], following[1]
    tied = item.spaces[sign.start] == item.spaces[value.start] == "0"
    return 2 if tied and is_sign(sign.kind) and sign.kind not in _APART else 0


def _is_whole(segment: Segment) -> bool:
    return segment.value and segment.kind == ""
