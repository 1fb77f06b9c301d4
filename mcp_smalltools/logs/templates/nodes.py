"""The distinct token sequences of a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mcp_smalltools.logs.message.objects import without_objects
from mcp_smalltools.logs.message.tokenize import Tokens, tokens_of


@dataclass(slots=True)
class Node:
    """A distinct token sequence (all types of variables alike), with the shapes that have it."""

    tokens: Tokens
    spaces: str
    weight: int = 0
    members: list[int] = field(default_factory=list)


def nodes_of(shapes: Sequence[str], counts: Sequence[int]) -> list[Node]:
    """The distinct token sequences, the heaviest first."""
    return _distinct(
        Node(*tokens_of(text), count, [number])
        for number, (text, count) in enumerate(zip(shapes, counts, strict=True))
    )


def objects_as_one(nodes: Iterable[Node]) -> list[Node]:
    """The distinct token sequences where each printed object is one variable."""
    return _distinct(
        Node(*without_objects(node.tokens, node.spaces), node.weight, node.members) for node in nodes
    )


def _distinct(nodes: Iterable[Node]) -> list[Node]:
    found: dict[tuple[Tokens, str], Node] = {}
    for item in nodes:
        node = found.setdefault((item.tokens, item.spaces), Node(item.tokens, item.spaces))
        node.weight += item.weight
        node.members.extend(item.members)
    return sorted(found.values(), key=lambda node: (-node.weight, node.tokens, node.spaces))


def words_known(nodes: Sequence[Node]) -> Counter[str]:
    """In how many token sequences each word occurs."""
    return Counter(word for node in nodes for word in set(node.tokens))
