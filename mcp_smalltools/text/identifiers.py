"""Text and paths as words: identifiers whole and taken apart, in lower case, no endings taken off."""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import Final

MAX_WORD: Final = 40
"""Longer ones are hashes and encoded data."""
_IDENTIFIER = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
_PART = re.compile(
    # HTTPServer2: http, server2
    r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*|[0-9]+|[^\W_A-Za-z0-9]+"
)


@functools.lru_cache(maxsize=1 << 16)
def of_identifier(identifier: str) -> tuple[str, ...]:
    """`maxRetry_count` gives max, retry, count and maxretrycount."""
    parts = tuple(part.lower() for part in _PART.findall(identifier) if len(part) <= MAX_WORD)
    whole = "".join(parts)
    return (*parts, whole) if len(parts) > 1 and len(whole) <= MAX_WORD else parts


def words(text: str) -> list[str]:
    """The words of a text in their order."""
    return [word for identifier in _IDENTIFIER.findall(text) for word in of_identifier(identifier)]


def length(text: str) -> int:
    """How many words a text has, identifiers taken apart."""
    return sum(len(_PART.findall(identifier)) for identifier in _IDENTIFIER.findall(text))


def identifiers(text: str) -> Counter[str]:
    """How often each identifier occurs, whole and as it is written."""
    return Counter(_IDENTIFIER.findall(text))


def counted(text: str) -> Counter[str]:
    """How often each word occurs. Each different identifier is taken apart once."""
    found: Counter[str] = Counter()
    for identifier, count in identifiers(text).items():
        for word in of_identifier(identifier):
            found[word] += count
    return found
