"""Text as words to look for: identifiers taken apart, endings taken off."""

from __future__ import annotations

import functools
import re
from typing import Final

_TOKEN = re.compile(r"[A-Za-z]+|\d+(?:[.,]\d+)*|[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_VOWEL = re.compile(r"[aeiouy]")

STOP_WORDS: Final = frozenset(
    (
        *(
            "a",
            "an",
            "the",
            "and",
            "or",
            "of",
            "to",
            "in",
            "on",
            "at",
            "by",
            "for",
            "with",
            "from",
            "as",
            "into",
        ),
        *(
            "is",
            "are",
            "was",
            "were",
            "be",
            "been",
            "being",
            "am",
            "do",
            "does",
            "did",
            "done",
            "has",
            "have",
            "had",
        ),
        *(
            "it",
            "its",
            "this",
            "that",
            "these",
            "those",
            "there",
            "here",
            "i",
            "you",
            "we",
            "they",
            "he",
            "she",
        ),
        *("my", "your", "our", "their", "me", "us", "them", "what", "which", "who", "whom", "whose", "when"),
        *("where", "why", "how", "can", "could", "will", "would", "should", "shall", "may", "might", "must"),
        *("if", "then", "than", "so", "such", "not", "no", "but", "about", "any", "some", "all", "s", "t"),
        *("please", "tell", "give", "show", "say", "says", "said", "get", "many", "much", "file", "line"),
    )
)


def plain_words(text: str) -> list[str]:
    """All words of a text in their order, in lower case; `maxRetryCount` gives max, retry and count."""
    return [part.lower() for token in _TOKEN.findall(text) for part in _parts(token)]


def words(text: str) -> list[str]:
    """All words of a text in their order, as stems; `maxRetryCount` gives max, retri and count."""
    return [stem(word) for word in plain_words(text)]


def content_words(text: str) -> list[str]:
    """The words that say what a question is about."""
    return [stem(word) for word in plain_words(text) if word not in STOP_WORDS]


def _parts(token: str) -> list[str]:
    return [token] if token.islower() or token.isupper() else _CAMEL.split(token)


@functools.lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A word without its ending (plurals, -ed, -ing, -er, -ation and the like); light."""
    if len(word) < 4 or not word.isascii():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending):
            root = word[: -len(ending)]
            if len(root) >= 3 and _VOWEL.search(root):
                word = root + instead
                break
    if len(word) > 3 and word[-1] == "e":
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word[-1] == "y" else word


_ENDINGS: Final = (
    *(("ations", ""), ("ation", ""), ("ities", ""), ("ity", ""), ("ments", ""), ("ment", ""), ("ness", "")),
    *(("ically", "ic"), ("ingly", ""), ("edly", ""), ("ies", "y"), ("sses", "ss"), ("ings", ""), ("ing", "")),
    *(("ied", "y"), ("ors", ""), ("ers", ""), ("or", ""), ("er", ""), ("ed", ""), ("ly", ""), ("es", "e")),
    *(("us", "us"), ("ss", "ss"), ("is", "is"), ("s", "")),
)

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_NOT_WORD = re.compile(r"[\W_]+")


def in_words(name: str) -> str:
    """`cardPayment_failed` -> `card payment failed`; a name without letters or digits is left as it is."""
    return _NOT_WORD.sub(" ", _CAMEL.sub(" ", name)).strip().lower() or name.strip()
