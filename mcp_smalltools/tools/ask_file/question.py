"""What a question asks for: its words, the names that it mentions, and the kind of answer that is wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.text.words import STOP_WORDS, content_stems, stem, words_of

_NAME: Final = re.compile(
    r"[`'\"]([^`'\"]{1,80})[`'\"]"  # quoted
    r"|\b(\w+(?:[._/-]\w+)+)\b"  # joined: retry.max_count, src/pool
    r"|\b([a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)\b"  # maxCount, MaxCount
    r"|\b([A-Z][A-Z0-9_]{2,})\b"  # MAX_COUNT
    r"|\b(\w+)\(\)"  # acquire()
    r"|(?<![\w.-])(\.[a-z]\w+|--?[a-z][\w-]+)\b"  # .env, --quiet
)
"""Names that a question mentions."""


def _any_of(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_KINDS: Final = {
    "definition": _any_of(
        r"\b(?:which|what|name of (?:the|a))\s+(?:\w+\s+)?(?:function|method|class|struct|type"
        r"|routine|procedure|macro)s?\b",
        r"\bwhere is\b.*\b(?:defined|implemented|declared)\b",
    ),
    "purpose": _any_of(
        r"\bwhat (?:does|do|is)\b.*\b(?:do|does|for|good for|purpose)\b",
        r"\bpurpose of\b",
        r"\bwhat .*\bused for\b",
    ),
    "raise": _any_of(
        r"\b(?:exception|error)s?\b.*\b(?:raised|thrown|throws|raises)\b",
        r"\bis (?:raised|thrown)\b",
    ),
    "why": _any_of(r"\bwhy\b", r"\bwhat for\b", r"\breasons?\b"),
    "section": _any_of(r"\b(?:section|chapter|heading|part)\b"),
    "when": _any_of(r"\bwhen\b", r"\b(?:what|which) (?:time|date|day|year)\b", r"\bat what time\b"),
    "number": _any_of(
        r"\bhow (?:many|much|long|large|big|often|old|far|high|fast)\b",
        r"\bwhat (?:number|size|limit|port|version|percentage)\b",
        r"\bnumber of\b",
    ),
    "who": _any_of(r"\bwho(?:se|m)?\b", r"\b(?:author|holder|maintainer|owner)\b"),
    "manner": _any_of(r"^how\b"),
    "value": _any_of(
        r"\bvalue\b",
        r"\bhow is\b.*\b(?:defined|set|configured)\b",
        r"\bset to\b",
        r"\bdefault\b",
        r"\bsetting\b",
        r"\bconfigured\b",
        r"\bwhat is\b",
        r"\b(?:which|what) (?:\w+ )?(?:port|host|address|path|director(?:y|ies)|folder|file|version"
        r"|level|mode|user|url|key|unit|format|encoding|type)\b",
    ),
    "place": _any_of(r"^(?:where|which|who)\b"),
    "yes": _any_of(r"^(?:is|are|can|could|may|must|should|does|do|did|will|was|were|has|have)\b"),
}
"""How each kind of answer is asked for; of several that match, the first one holds."""
_ADDRESS: Final = re.compile(r"\b(?:which|what|where)\b.*\b(?:address|url|host|hostname|endpoint|ip)\b", re.I)
_VERSION: Final = re.compile(
    r"\b(?:which|what|since (?:which|what)|in (?:which|what)) (?:\w+ )?(?:version|release)\b"
    r"|\bwhen (?:was|were|did)\b|\bsince when\b",
    re.I,
)
_INTRODUCED: Final = re.compile(
    r"\b(?:introduced?|added?|appear(?:ed)?|first|new|since|became available|available|support(?:ed)?)\b",
    re.I,
)
_COUNTED: Final = re.compile(r"\bhow many\s+(\w+(?:\s+\w+)?)", re.I)
_OF_KIND: Final = frozenset(
    stem(word)
    for word in """
    function method class value setting set default section chapter heading
    purpose used many much defined implemented happen happened time date
    exception raised thrown complaint called name configured
    variable constant parameter option row entry record
    """.split()  # noqa: SIM905 - one word a line would hide the list
)
"""Stems of words that say which kind of answer is wanted, not what it is about."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, with each word and name once."""

    text: str
    words: tuple[str, ...]
    """What it is about, without the words that only say which kind of answer is wanted."""
    stems: tuple[str, ...]
    """Of `words`."""
    names: tuple[str, ...]
    kind: str
    """One of the names in `_KINDS`, or "other"."""
    address: bool = False
    """An address, a host or a URL is asked for."""
    counted: tuple[str, ...] = ()
    """Stems of what is to be counted: `how many workers`."""
    first_release: bool = False
    """The release in which something came is asked for."""


def parse_question(text: str) -> Question:
    every = list(dict.fromkeys(word for word in words_of(text) if word not in STOP_WORDS))
    about = [word for word in every if stem(word) not in _OF_KIND] or every
    names = [next(part for part in match.groups() if part) for match in _NAME.finditer(text)]
    kind = next((kind for kind, pattern in _KINDS.items() if pattern.search(text)), "other")
    address = kind == "value" and bool(_ADDRESS.search(text))
    counted = _COUNTED.search(text)
    return Question(
        text,
        tuple(about),
        tuple(dict.fromkeys(stem(word) for word in about)),
        tuple(dict.fromkeys(names)),
        kind,
        address,
        tuple(content_stems(counted[1])) if counted else (),
        bool(_VERSION.search(text) and _INTRODUCED.search(text)),
    )
