"""The text of a template, from the token sequences that were found to be one event: a variable that swallowed
words gives back those that all of its values have.

Which lines are one event is settled before, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.tokenize import Tokens
from mcp_smalltools.logs.templates.common_tokens import common_part_of, part_of

_MOST_TOKENS = 100_000
"""Of all members of a template together; where there are more its text stays."""
Line = tuple[Tokens, str]
"""Tokens, and for each whether a space is before it: "1" or "0"."""
Span = tuple[int, int]


def restore_words(template: Line, members: Sequence[Line]) -> Line:
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
    lines = [part_of(*member) for member in members]
    parts: list[tuple[str, str]] = []
    for at, (token, space) in enumerate(zip(*template, strict=True)):
        if token == VAR:
            spans = [own[at] for own in places]
            parts += common_part_of(line[start:end] for line, (start, end) in zip(lines, spans, strict=True))
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
    """Where constants come next, after at least one token if that is possible."""
    if last:
        end = len(tokens) - len(run)
        return end if end >= at and list(tokens[end:]) == run else None
    places = [*range(at + 1, len(tokens) - len(run) + 1), at]
    return next((place for place in places if list(tokens[place : place + len(run)]) == run), None)
