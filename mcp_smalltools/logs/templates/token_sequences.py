"""The distinct token sequences of a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mcp_smalltools.logs.message.objects import mask_objects
from mcp_smalltools.logs.message.tokenize import Tokens, tokens_of


@dataclass(slots=True)
class TokenSequence:
    """A distinct token sequence (all types of variables as one), with the shapes that have it."""

    tokens: Tokens
    spaces: str
    weight: int = 0
    members: list[int] = field(default_factory=list)


def token_sequences_of(shapes: Sequence[str], counts: Sequence[int]) -> list[TokenSequence]:
    """The distinct token sequences, the heaviest first."""
    return _distinct(
        TokenSequence(*tokens_of(text), count, [number])
        for number, (text, count) in enumerate(zip(shapes, counts, strict=True))
    )


def mask_all_objects(sequences: Iterable[TokenSequence]) -> list[TokenSequence]:
    """The distinct token sequences where each printed object is one variable."""
    return _distinct(
        TokenSequence(*mask_objects(sequence.tokens, sequence.spaces), sequence.weight, sequence.members)
        for sequence in sequences
    )


def _distinct(sequences: Iterable[TokenSequence]) -> list[TokenSequence]:
    found: dict[tuple[Tokens, str], TokenSequence] = {}
    for item in sequences:
        sequence = found.setdefault((item.tokens, item.spaces), TokenSequence(item.tokens, item.spaces))
        sequence.weight += item.weight
        sequence.members.extend(item.members)
    return sorted(found.values(), key=lambda sequence: (-sequence.weight, sequence.tokens, sequence.spaces))


def word_counts(sequences: Sequence[TokenSequence]) -> Counter[str]:
    """In how many token sequences each word occurs."""
    return Counter(word for sequence in sequences for word in set(sequence.tokens))
