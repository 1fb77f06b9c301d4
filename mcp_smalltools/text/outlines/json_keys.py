"""Keys of a JSON text with their lines, two levels deep."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]:,\n]')
_CHECKED_EVERY: Final = 10_000


@dataclass(frozen=True, slots=True)
class JsonKey:
    """A key of an object: `depth` 0 for those of the outermost. Its line is 1-based."""

    depth: int
    name: str
    line: int


def json_keys(text: str, deepest: int, check: Callable[[], None] = lambda: None) -> Iterator[JsonKey]:
    """Keys of objects in objects, in the order of a text that is valid JSON. Raises what `check` raises."""
    line, held, held_line = 1, "", 1
    stack: list[str] = []
    lists = 0
    for count, match in enumerate(_TOKEN.finditer(text)):
        if count % _CHECKED_EVERY == 0:
            check()
        token = match[0]
        if token == "\n":
            line += 1
        elif token in "{[":
            stack.append(token)
            lists += token == "["
        elif token in "}]":
            lists -= token == "]"
            stack.pop()
        elif token == ":":
            if not lists and len(stack) - 1 <= deepest:
                yield JsonKey(len(stack) - 1, json.loads(held, strict=False), held_line)
        elif token[0] == '"':
            held, held_line = token, line
