"""The distinct token sequences of a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mcp_smalltools.tools.logs.tokens import Tokens, tokens_of


@dataclass(slots=True)
class Node:
    """A distinct token sequence (all types of variables alike), with the shapes that have it."""

    tokens: Tokens
    spaces: str
    weight: int = 0
    members: list[int] = field(default_factory=list)


def nodes_of(shapes: Sequence[str], counts: Sequence[int]) -> list[Node]:
    """The distinct token sequences, the heaviest first."""
    found: dict[tuple[Tokens, str], Node] = {}
    for number, (text, count) in enumerate(zip(shapes, counts, strict=True)):
        key = tokens_of(text)
        node = found.setdefault(key, Node(*key))
        node.weight += count
        node.members.append(number)
    return sorted(found.values(), key=lambda node: (-node.weight, node.tokens, node.spaces))


def words_known(nodes: Sequence[Node]) -> Counter[str]:
    """In how many token sequences each word occurs."""
    return Counter(word for node in nodes for word in set(node.tokens))
