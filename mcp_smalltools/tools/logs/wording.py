"""The text of a template, from the token sequences that were found to be one event.

1. A printed object is one variable, with its brackets and its name.
2. A variable that swallowed words gives back those that all of its values have.

Which lines are one event is settled before, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, takewhile

from mcp_smalltools.tools.logs.common import Part, in_common
from mcp_smalltools.tools.logs.masking import VAR
from mcp_smalltools.tools.logs.objects import objects_in
from mcp_smalltools.tools.logs.tokens import Tokens, is_word

_MOST_TOKENS = 100_000
"""Of all members of a template together; where there are more its text stays."""
Line = tuple[Tokens, str]
"""Tokens, and for each whether a space is before it: "1" or "0"."""
Span = tuple[int, int]


def worded(template: Line, members: Sequence[Line]) -> Line:
    """The template in the words that its members have. Each member still fits it."""
    template = _touching_as_one(template)
    if VAR not in template[0] or sum(len(tokens) for tokens, _ in members) > _MOST_TOKENS:
        return template
    places = []
    for tokens, _ in members:
        found = _places(template[0], tokens)
        if found is None:
            return template
        places.append(found)
    objects = [objects_in(*member) for member in members]
    inside = _inside_objects(template[0], places, objects)
    parts: list[tuple[str, str]] = []
    for at, (token, space) in enumerate(zip(*template, strict=True)):
        if inside[at]:
            if not at or inside[at] != inside[at - 1]:
                parts.append((VAR, space))
        elif token == VAR:
            parts += _stretch(at, members, places, objects)
        else:
            parts.append((token, space))
    return tuple(token for token, _ in parts), "".join(space for _, space in parts)


def _touching_as_one(line: Line) -> Line:
    tokens, spaces = line
    kept = [at for at, token in enumerate(tokens) if not (at and token == tokens[at - 1] == VAR)]
    return tuple(tokens[at] for at in kept), "".join(spaces[at] for at in kept)


def _places(template: Tokens, tokens: Tokens) -> list[Span] | None:
    """Where each token of the template is in the member, variables as short as can be; None if nowhere."""
    found: list[Span] = []
    at = 0
    for number, token in enumerate(template):
        if token == VAR:
            run = list(takewhile(lambda token: token != VAR, template[number + 1 :]))
            end = _find(run, tokens, at, last=number + 1 + len(run) == len(template))
        else:
            end = at + 1 if tokens[at : at + 1] == (token,) else None
        if end is None:
            return None
        found.append((at, end))
        at = end
    return found if at == len(tokens) else None


def _find(run: list[str], tokens: Tokens, at: int, *, last: bool) -> int | None:
    """Where constants come next, behind at least one token if that is possible."""
    if last:
        end = len(tokens) - len(run)
        return end if end >= at and list(tokens[end:]) == run else None
    places = [*range(at + 1, len(tokens) - len(run) + 1), at]
    return next((place for place in places if list(tokens[place : place + len(run)]) == run), None)


def _inside_objects(
    template: Tokens, places: Sequence[Sequence[Span]], objects: Sequence[Sequence[Span]]
) -> list[int]:
    """For each token of the template the number of the object that it is a part of, in every member; else 0.

    An object in which nothing varies is none, and neither is all of a template.
    """
    numbers = []
    for at in range(len(template)):
        numbers.append(all(_is_inside(own[at], found) for own, found in zip(places, objects, strict=True)))
    result = [0] * len(template)
    for number, (is_object, run) in enumerate(groupby(range(len(template)), lambda at: numbers[at]), 1):
        spots = list(run)
        if is_object and any(template[at] == VAR for at in spots):
            for at in spots:
                result[at] = number
    outside = any(is_word(token) and not result[at] for at, token in enumerate(template))
    return result if outside else [0] * len(template)


def _is_inside(span: Span, objects: Sequence[Span]) -> bool:
    return span[0] < span[1] and any(start <= span[0] and span[1] <= end for start, end in objects)


def _stretch(
    at: int, members: Sequence[Line], places: Sequence[Sequence[Span]], objects: Sequence[Sequence[Span]]
) -> Part:
    """What stands in the template for one of its variables."""
    parts = []
    for (tokens, spaces), own, found in zip(members, places, objects, strict=True):
        start, end = own[at]
        inside = {first: last for first, last in found if start <= first and last <= end}
        part = []
        while start < end:
            part.append((VAR if start in inside else tokens[start], spaces[start]))
            start = inside.get(start, start + 1)
        parts.append(tuple(part))
    return in_common(parts)
