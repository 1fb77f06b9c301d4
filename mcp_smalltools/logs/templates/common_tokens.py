"""What several token sequences have in common: the text of a template that describes all of them.

`x' with cluster 'y` and `z' with cluster 'u v` are a variable, the words between, and a variable: not one
variable that swallows the words.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.objects import ends_of_brackets, unmatched
from mcp_smalltools.logs.message.tokenize import Tokens

Part = tuple[tuple[str, str], ...]
"""Tokens, each with what is before it: "1" for a space, "0" for nothing."""
_COMPARED = 40
"""Sequences from which common words are collected; the others are only checked for them."""
_FEW = 2
"""With only this many sequences, one common word may be a coincidence."""
_MOST = 0.9
"""The share of sequences whose brackets must match as those of the text do; masks may have cut the others."""
_WORD = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*")
_VARIABLE: Part = ((VAR, "0"),)


def part_of(tokens: Tokens, spaces: str) -> Part:
    return tuple(zip(tokens, spaces, strict=True))


def common_part_of(parts: Iterable[Part]) -> Part:
    """The constants that all parts have in the same order, with a variable wherever they differ.

    A part that is empty, or brackets that would no longer match, make it one variable.
    """
    distinct = sorted(set(parts))
    if len(distinct) == 1:
        return distinct[0]
    start, end = _shared(distinct)
    middles = [part[start : len(part) - end] for part in distinct]
    first = distinct[0]
    before, after = first[:start], first[len(first) - end :]
    words = _common_words(middles)
    if len(distinct) <= _FEW and len(_words(before + words + after)) < _FEW:
        words = ()
    found = list(before)
    for number, segment in enumerate(zip(*(_cut(part, words) for part in middles), strict=True)):
        found += words[number - 1 : number]
        found += _segment(segment)
    found += after
    matching = sum(_unmatched(part) == _unmatched(found) for part in distinct)
    return tuple(found) if matching > _MOST * len(distinct) else _variable(distinct)


def _segment(parts: Sequence[Part]) -> Part:
    """A variable, and the constants that all parts start and end with."""
    if len(set(parts)) == 1:
        return parts[0]
    start, end = _shared(parts)
    first = parts[0]
    middle = _variable([part[start : len(part) - end] for part in parts])
    return (*first[:start], *middle, *first[len(first) - end :])


def _variable(parts: Sequence[Part]) -> Part:
    first = next((part for part in parts if part), _VARIABLE)
    return ((VAR, first[0][1] if all(parts) else "0"),)


def _shared(parts: Sequence[Part]) -> tuple[int, int]:
    """How many constant tokens all parts start and end with, so that something is left of each. No bracket
    without its partner, if the part has that.
    """
    shortest = min(map(len, parts)) - 1
    start = _alike(parts, shortest)
    end = _alike([part[::-1] for part in parts], shortest - start)
    first = parts[0]
    wanted = _unmatched(first)
    while start and _unmatched(first[:start] + first[len(first) - end :]) != wanted:
        start -= 1
    while end and _unmatched(first[:start] + first[len(first) - end :]) != wanted:
        end -= 1
    return start, end


def _alike(parts: Sequence[Part], most: int) -> int:
    first = parts[0]
    for at in range(max(most, 0)):
        if first[at][0] == VAR or any(part[at] != first[at] for part in parts):
            return at
    return max(most, 0)


def _common_words(parts: Sequence[Part]) -> Part:
    """Plain words outside brackets and quotation marks that all parts have in the same order."""
    words = [_words(part) for part in parts]
    common = words[0]
    for other in words[1:_COMPARED]:
        common = _longest_common(common, other)
    while common and not all(_has(other, common) for other in words[_COMPARED:]):
        common = ()
    return common


def _words(part: Part) -> Part:
    """Plain words outside brackets."""
    ends = ends_of_brackets(tuple(token for token, _ in part), "".join(space for _, space in part))
    found = []
    at = 0
    while at < len(part):
        if at not in ends and _WORD.fullmatch(part[at][0]):
            found.append(part[at])
        at = ends.get(at, at + 1)
    return tuple(found)


def _longest_common(first: Part, second: Part) -> Part:
    """The longest common subsequence."""
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, j in itertools.product(reversed(range(len(first))), reversed(range(len(second)))):
        alike = first[i] == second[j]
        lengths[i][j] = 1 + lengths[i + 1][j + 1] if alike else max(lengths[i + 1][j], lengths[i][j + 1])
    found: list[tuple[str, str]] = []
    i = j = 0
    while i < len(first) and j < len(second):
        if first[i] == second[j]:
            found.append(first[i])
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def _has(part: Part, words: Part) -> bool:
    left = iter(part)
    return all(word in left for word in words)


def _cut(part: Part, words: Part) -> list[Part]:
    """What is before, between and after the words."""
    segments: list[Part] = []
    start = 0
    for word in words:
        at = part.index(word, start)
        segments.append(part[start:at])
        start = at + 1
    return [*segments, part[start:]]


def _unmatched(part: Iterable[tuple[str, str]]) -> str:
    return unmatched(token for token, _ in part)
