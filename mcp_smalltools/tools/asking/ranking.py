"""Which units may answer a question: words first, then meaning and structure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from mcp_smalltools.tools.asking.question import Question
from mcp_smalltools.tools.asking.units import Unit
from mcp_smalltools.tools.evidence import dates, numbers, times
from mcp_smalltools.tools.passages.bm25 import BM25
from mcp_smalltools.tools.passages.words import stem, words

CANDIDATES: Final = 40
_CHANGING: Final = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]*\d[0-9a-f-]*\b", re.I
)
ADDRESS: Final = re.compile(
    r"\b[a-z][\w+.-]*://\S+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{2,5})?\b|\b[A-Za-z][\w-]*(?:\.[\w-]+)*:\d{2,5}\b|\b[\w.-]+@[\w-]+(?:\.[\w-]+)+|\blocalhost\b"
)
_NUMERAL: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|thousand|million)\b", re.I
)


def shape(text: str) -> str:
    """A log line without its numbers and identifiers: equal for lines that say the same of other things."""
    return _CHANGING.sub("#", text)


@dataclass(frozen=True, slots=True)
class Place:
    """A unit of one of the files; `file` is the number of the path."""

    file: int
    unit: Unit


class Index:
    """The units of all files of a call."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        self._words = [words(f"{p.unit.text} {p.unit.name} {p.unit.context}") for p in places]
        self._bm25 = BM25(self._words)
        self._all_words = set(chain.from_iterable(self._words))

    def candidates(self, question: Question) -> list[int]:
        """Numbers of the places that share words with the question, the best first."""
        query = [*question.words, *question.asked]
        scores = self._bm25.scores(query)
        best = sorted(scores, key=lambda n: (-scores[n], n))
        wanted = set(query)
        chosen: list[int] = []
        shapes: set[str] = set()
        for number in best:
            unit = self.places[number].unit
            form = shape(unit.text) if unit.kind == "line" else ""
            if form not in shapes and self._says_any(number, wanted):
                chosen.append(number)
                shapes |= {form} - {""}
            if len(chosen) == CANDIDATES:
                break
        return chosen

    def known(self, question: Question) -> float:
        """Share of the question's words that are in the files at all."""
        wanted = set(question.words)
        return len(wanted & self._all_words) / max(1, len(wanted))

    def _says_any(self, number: int, wanted: set[str]) -> bool:
        """The unit itself has a word of the question, or a name: where it stands is not enough."""
        unit = self.places[number].unit
        return unit.kind not in ("line", "entry") or bool(wanted & set(words(f"{unit.text} {unit.name}")))

    def features(
        self, question: Question, chosen: Sequence[int], likeness: Sequence[float]
    ) -> list[dict[str, float]]:
        """What speaks for each chosen place."""
        rarity = {word: self._bm25.rarity(word) for word in set(question.words)}
        known = sum(rarity.values()) or 1.0
        scores = self._bm25.scores(question.words)
        top = max((scores.get(n, 0.0) for n in chosen), default=1.0) or 1.0
        best = max(likeness, default=0.0)
        return [
            {
                "coverage": sum(rarity[w] for w in rarity if w in set(self._words[n])) / known,
                "own_words": sum(rarity[w] for w in rarity if w in set(words(self.places[n].unit.text)))
                / known,
                "words": scores.get(n, 0.0) / top,
                "likeness": like,
                "closest": like - best,
                "density": _density(question, self._words[n]),
                **_structure(question, self.places[n].unit),
            }
            for n, like in zip(chosen, likeness, strict=True)
        ]


def _counted(unit: Unit) -> set[str]:
    """Stems of what it says a number of: `at most 512 tokens` counts tokens, `retention_days = 30` days."""
    text = unit.text
    named = words(unit.name) if unit.kind == "entry" and re.search(r"[=:\s]\s*\d", text) else []
    counts = re.finditer(r"\b\d[\d.,]*\s+(?:of\s+)?(\w+)(?:\s+(\w+))?", text)
    return {*named, *(stem(word.lower()) for match in counts for word in match.groups() if word)}


def _density(question: Question, of_unit: Sequence[str]) -> float:
    """Share of the unit's words that are the question's: short units that are all about it."""
    wanted = set(question.words)
    return sum(word in wanted for word in of_unit) / max(4, len(of_unit))


_WANTED: Final[Mapping[str, tuple[str, ...]]] = {
    "definition": ("definition", "doc"),
    "purpose": ("doc", "definition", "sentence"),
    "section": ("section", "sentence"),
    "value": ("entry", "row"),
}
"""The kinds of units that may answer a kind of question; which of them it is, is fitted."""


def _structure(question: Question, unit: Unit) -> Mapping[str, float]:
    wanted = _WANTED.get(question.kind, ())
    given = set(words(question.text))
    new_numbers = [n for n in numbers(unit.text) if str(n.value) not in given]
    answers = {
        "when": bool(dates(unit.text) or times(unit.text) or re.search(r"\b(?:19|20)\d\d\b", unit.text)),
        "number": bool(new_numbers or _NUMERAL.search(unit.text)),
        "who": bool(re.search(r"\b[A-Z][\w.-]+ [A-Z][\w.-]+|@|(?:\([cC]\)|©|[cC]opyright)\s*\d", unit.text)),
        "value": bool(ADDRESS.search(unit.text)) if question.address else unit.kind in ("entry", "row"),
    }
    wrong_kind = bool(wanted) and unit.kind not in wanted and not (question.address and answers["value"])
    flat = unit.text.lower()
    name_words = set(words(unit.name))
    return {
        **{f"{asked} {kind}": 0.0 for asked, kinds in _WANTED.items() for kind in kinds},
        **({f"{question.kind} {unit.kind}": 1.0} if unit.kind in wanted else {}),
        "wrong_kind": float(wrong_kind),
        "addressed": float(question.address and answers["value"]),
        "counted": float(bool(set(question.counted) & _counted(unit))),
        "raises": float(
            question.kind == "raise"
            and bool(re.match(r"\s*(?:raise|throw|panic|return .*[Ee]rr)\b", unit.text))
        ),
        "has_answer": float(answers.get(question.kind, False)),
        "no_answer": float(question.kind in answers and not answers[question.kind]),
        "names_it": float(
            len(unit.name) > 1 and bool(re.search(rf"(?<![\w]){re.escape(unit.name)}(?![\w])", question.text))
        ),
        "named": float(
            any(name.lower() in flat or name.lower() == unit.name.lower() for name in question.names)
        ),
        "not_named": float(
            bool(question.names)
            and not any(name.lower() in f"{flat} {unit.context.lower()}" for name in question.names)
        ),
        "name_words": len(name_words & set(question.words)) / max(1, len(name_words)) if name_words else 0.0,
        "definition": float(unit.kind == "definition"),
        "doc": float(unit.kind == "doc"),
        "section": float(unit.kind == "section"),
        "entry": float(unit.kind == "entry"),
        "sentence": float(unit.kind == "sentence"),
        "row": float(unit.kind == "row"),
        "long": min(2.0, (unit.end - unit.start) / 4),
    }
