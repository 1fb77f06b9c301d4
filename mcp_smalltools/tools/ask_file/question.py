"""What a question asks for: its words, the names that it quotes, and the kind of thing that would answer it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.text.words import STOP_WORDS, content_stems, stem, words_of

_NAME: Final = re.compile(
    r"[`'\"]([^`'\"]{1,80})[`'\"]|\b(\w+(?:[._/-]\w+)+)\b|\b([a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)\b|\b([A-Z][A-Z0-9_]{2,})\b|\b(\w+)\(\)"
)  # fmt: skip
_KINDS: Final = (
    ("definition", re.compile(r"\b(?:which|what|name of (?:the|a))\s+(?:\w+\s+)?(?:function|method|class|struct|type|routine|procedure|macro)s?\b|\bwhere is\b.*\b(?:defined|implemented|declared)\b", re.I)),
    ("purpose", re.compile(r"\bwhat (?:does|do|is)\b.*\b(?:do|does|for|good for|purpose)\b|\bpurpose of\b|\bwhat .*\bused for\b", re.I)),
    ("raise", re.compile(r"\b(?:exception|error)s?\b.*\b(?:raised|thrown|throws|raises)\b|\bis (?:raised|thrown)\b", re.I)),
    ("why", re.compile(r"\bwhy\b|\bwhat for\b|\breasons?\b", re.I)),
    ("section", re.compile(r"\b(?:section|chapter|heading|part)\b", re.I)),
    ("when", re.compile(r"\bwhen\b|\b(?:what|which) (?:time|date|day|year)\b|\bat what time\b", re.I)),
    ("number", re.compile(r"\bhow (?:many|much|long|large|big|often|old|far|high|fast)\b|\bwhat (?:number|size|limit|port|version|percentage)\b|\bnumber of\b", re.I)),
    ("who", re.compile(r"\bwho(?:se|m)?\b|\b(?:author|holder|maintainer|owner)\b", re.I)),
    ("manner", re.compile(r"^how\b", re.I)),
    ("value", re.compile(r"\bvalue\b|\bhow is\b.*\b(?:defined|set|configured)\b|\bset to\b|\bdefault\b|\bsetting\b|\bconfigured\b|\bwhat is\b|\b(?:which|what) (?:\w+ )?(?:port|host|address|path|director(?:y|ies)|folder|file|version|level|mode|user|url|key|unit|format|encoding|type)\b", re.I)),
    ("place", re.compile(r"^(?:where|which|who)\b", re.I)),
    ("yes", re.compile(r"^(?:is|are|can|could|may|must|should|does|do|did|will|was|were|has|have)\b", re.I)),
)  # fmt: skip
_ADDRESS: Final = re.compile(r"\b(?:which|what|where)\b.*\b(?:address|url|host|hostname|endpoint|ip)\b", re.I)
_COUNTED: Final = re.compile(r"\bhow many\s+(\w+(?:\s+\w+)?)", re.I)
_ASKED: Final = frozenset(
    stem(word)
    for word in (
        *(
            "function",
            "method",
            "class",
            "value",
            "setting",
            "set",
            "default",
            "section",
            "chapter",
            "heading",
        ),
        *("purpose", "used", "many", "much", "defined", "implemented", "happen", "happened", "time", "date"),
        *(
            "exception",
            "raised",
            "thrown",
            "complaint",
            "variable",
            "constant",
            "parameter",
            "option",
            "row",
            "entry",
            "record",
            "called",
            "name",
            "configured",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Question:
    """`plain` are the words of what it is about, without those that only say what kind of answer is wanted."""

    text: str
    plain: tuple[str, ...]
    words: tuple[str, ...]
    """Their stems."""
    names: tuple[str, ...]
    kind: str
    address: bool = False
    """An address, a host or a URL is asked for."""
    counted: tuple[str, ...] = ()
    """Stems of what a number is asked of: `how many workers`."""


def understood(text: str) -> Question:
    every = list(dict.fromkeys(word for word in words_of(text) if word not in STOP_WORDS))
    about = [word for word in every if stem(word) not in _ASKED] or every
    names = [next(part for part in match.groups() if part) for match in _NAME.finditer(text)]
    kind = next((kind for kind, pattern in _KINDS if pattern.search(text)), "other")
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
    )
