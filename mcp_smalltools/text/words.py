"""Words: of text and of names in code, their stems, and the words that say nothing (stop words).

Three kinds of words, each for its own purpose:

- `words_of`, `stems_of`: letters or digits, names taken apart. For questions and running text.
- `code_words`: identifiers whole and taken apart, no endings taken off. For an index of files.
- `log_stems`: for a question about log messages.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

_TOKEN = re.compile(r"[A-Za-z]+|\d+(?:[.,]\d+)*|[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[\W_]+")
_VOWEL = re.compile(r"[aeiouy]")

STOP_WORDS: Final = frozenset(
    """
    a an the and or of to in on at by for with from as into
    is are was were be been being am do does did done has have had
    it its this that these those there here i you we they he she
    my your our their me us them what which who whom whose when
    where why how can could will would should shall may might must
    if then than so such not no but about any some all s t
    please tell give show say says said get many much file line
    """.split()  # noqa: SIM905 - one word a line would hide the list
)
"""Words that say nothing of what a question or a query is about."""


def words_of(text: str) -> list[str]:
    """All words of a text in their order, in lower case; `maxRetryCount` gives max, retry and count."""
    return [part.lower() for token in _TOKEN.findall(text) for part in _parts(token)]


def stems_of(text: str) -> list[str]:
    """The stems of all words of a text in their order; `maxRetryCount` gives max, retri and count."""
    return [stem(word) for word in words_of(text)]


def content_stems(text: str) -> list[str]:
    """The stems of the words that say what a question is about: all but the stop words."""
    return [stem(word) for word in words_of(text) if word not in STOP_WORDS]


def spaced_name(name: str) -> str:
    """`cardPayment_failed` -> `card payment failed`; a name without letters or digits is left as it is."""
    return _NOT_WORD.sub(" ", _CAMEL.sub(" ", name)).strip().lower() or name.strip()


def _parts(token: str) -> list[str]:
    return [token] if token.islower() or token.isupper() else _CAMEL.split(token)


# Stems

_LONGEST_WORD: Final = 100
"""Characters of a word that may have an ending; what is longer is kept in no cache."""


def stem(word: str) -> str:
    """A word without its ending (plurals, -ed, -ing, -er, -ation and the like), by a light stemmer."""
    return _stem(word) if 4 <= len(word) <= _LONGEST_WORD and word.isascii() else word


@functools.lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
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


def base_forms(word: str) -> Iterator[str]:
    """Words of which a word may be the plural, past or -ing form, likeliest first.

    `cached` gives cache and cach. Other than `stem`, for a table that holds words as a dictionary does.
    """
    for ending, instead in _INFLECTIONS:
        if word.endswith(ending):
            yield word.removesuffix(ending) + instead


_INFLECTIONS: Final = (
    *(("s", ""), ("ies", "y"), ("es", "")),
    *(("d", ""), ("ed", ""), ("ied", "y")),
    *(("ing", ""), ("ing", "e")),
)


# Words of code

MAX_CODE_WORD: Final = 40
"""Characters; what is longer is a hash or encoded data."""
_IDENTIFIER = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
_IDENTIFIER_PART = re.compile(
    # HTTPServer2: http, server2
    r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*|[0-9]+|[^\W_A-Za-z0-9]+"
)


def words_of_identifier(identifier: str) -> tuple[str, ...]:
    """`maxRetry_count` gives max, retry, count and maxretrycount."""
    return (_words_of_short if len(identifier) <= 10 * MAX_CODE_WORD else _words_of)(identifier)


def _words_of(identifier: str) -> tuple[str, ...]:
    parts = tuple(part.lower() for part in _IDENTIFIER_PART.findall(identifier) if len(part) <= MAX_CODE_WORD)
    whole = "".join(parts)
    return (*parts, whole) if len(parts) > 1 and len(whole) <= MAX_CODE_WORD else parts


_words_of_short = functools.lru_cache(maxsize=1 << 16)(_words_of)


def code_words(text: str) -> list[str]:
    """The words of all identifiers of a text, or of a path, in their order."""
    return [word for identifier in _IDENTIFIER.findall(text) for word in words_of_identifier(identifier)]


def code_word_counts(text: str) -> Counter[str]:
    """How often each word of `code_words` occurs. Each different identifier is taken apart once."""
    counts: Counter[str] = Counter()
    for identifier, count in identifier_counts(text).items():
        for word in words_of_identifier(identifier):
            counts[word] += count
    return counts


def identifier_counts(text: str) -> Counter[str]:
    """How often each identifier occurs, whole and as it is written."""
    return Counter(_IDENTIFIER.findall(text))


def code_length(text: str) -> int:
    """Words of a text, identifiers taken apart."""
    return sum(len(_IDENTIFIER_PART.findall(identifier)) for identifier in _IDENTIFIER.findall(text))


# Words of a question about a log. They differ from the others since the thresholds of parse_log's `focus`
# were measured with them: other stems, other stop words.

_LOG_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|\d+")
_LOG_ENDINGS: Final = ("ures", "ions", "ings", "ure", "ion", "ing", "ers", "ed", "er", "es", "s", "e")
_LOG_STOP_WORDS: Final = """
    a about all an and any are at by did do does error errors find for from happen happened has have how
    i in is it line lines log me of on or show tell that the there to was were what when where which who
    why with
    """.split()  # noqa: SIM905 - one word a line would hide the list


def log_stems(text: str) -> set[str]:
    """Stems of the words, also of those inside a name: StoreTimeout, store_timeout."""
    return {log_stem(word) for word in _LOG_WORD.findall(text)}


def log_content_stems(question: str) -> set[str]:
    """Stems of the words that say which messages are meant; all stems if none does."""
    stems = log_stems(question)
    return stems - {log_stem(word) for word in _LOG_STOP_WORDS} or stems


def log_stem(word: str) -> str:
    """Lower case without the commonest endings, so that `timeouts` finds `timeout`, `failed` `failure`."""
    word = word.lower()
    for ending in _LOG_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
