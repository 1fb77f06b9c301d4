"""What speaks for each place that may answer, and for the best of them being an answer at all: named
numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcp_smalltools.calibration.calibration import Features
from mcp_smalltools.text.facts import dates, numbers, times
from mcp_smalltools.text.words import stem, stems_of
from mcp_smalltools.tools.ask_file.question import Question
from mcp_smalltools.tools.ask_file.selection import Passage
from mcp_smalltools.tools.ask_file.units import Unit
from mcp_smalltools.tools.ask_file.word_index import Index, Matches

ADDRESS: Final = re.compile(
    r"\b[a-z][\w+.-]*://\S+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{2,5})?\b|\b[A-Za-z][\w-]*(?:\.[\w-]+)*:\d{2,5}\b|\b[\w.-]+@[\w-]+(?:\.[\w-]+)+|\blocalhost\b"
)
_NUMERAL: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|half|twice|hundred|thousand|million)\b",
    re.I,
)
_REASON: Final = re.compile(
    r"\b(?:because|since|so that|otherwise|avoid|prevent\w*|would|since|due to|in order to|as (?:it|the|they)"
    r"|else|reason|protect\w*|ensure\w*|too|cannot|can't|not)\b|#|//|--",
    re.I,
)
_BESIDE: Final = 3
"""Lines between two places that belong together."""
KINDS: Final = (
    *("definition", "purpose", "raise", "why", "section", "when", "number", "who", "manner", "value"),
    *("place", "yes", "other"),
)
UNITS: Final = ("definition", "doc", "section", "entry", "sentence", "row", "line")

Floats = NDArray[np.float64]


def features(
    index: Index, question: Question, matches: Matches, chosen: Sequence[int], likeness: Sequence[float]
) -> dict[str, Floats]:
    """Arrays of the shape (chosen,). `likeness` is the encoder's, of the question and each chosen place."""
    at = np.array(chosen, np.int64)
    units = [index.places[n].unit for n in chosen]
    like = np.array(likeness, np.float64)
    soft, exact = matches.soft.astype(np.float64), matches.exact.astype(np.float64)
    own = matches.weights @ matches.own
    near = _beside(index, matches, at)
    columns: dict[str, ArrayLike] = {
        "soft": soft[at],
        "soft_own": own[at],
        "exact": exact[at],
        "exact_own": (matches.weights @ (matches.own >= 1))[at],
        "missing": (matches.weights[:, None] * (1 - matches.every[:, at])).max(axis=0),
        "near": near - soft[at],
        "soft_behind": soft[at] - soft.max(),
        "exact_behind": exact[at] - exact.max(),
        "like": like,
        "like_behind": like - like.max(),
        "like_score": (like - like.mean()) / (like.std() + 0.02),
        "like_place": 1 / (1 + _places_of(like)),
        "soft_place": 1 / (1 + _places_of(soft[at])),
        "like_near": _near_likeness(index, at, like),
        "density": index.density(matches)[at],
    }
    rows = [_structure(question, unit) for unit in units]
    columns |= {name: [row[name] for row in rows] for name in rows[0]}
    return {name: np.asarray(column, np.float64) for name, column in columns.items()}


def _places_of(scores: Floats) -> Floats:
    """0 for the highest, 1 for the next …"""
    order = np.argsort(-scores, kind="stable")
    places = np.empty(len(scores))
    places[order] = np.arange(len(scores))
    return places


def _beside(index: Index, matches: Matches, at: NDArray[np.int64]) -> Floats:
    """What each place covers together with those beside it."""
    last = len(index.places) - 1
    together = matches.every[:, at].copy()
    for step in (-2, -1, 1, 2):
        other = (at + step).clip(0, last)
        close = np.array([_close(index, a, b) for a, b in zip(at.tolist(), other.tolist(), strict=True)])
        together = np.maximum(together, matches.every[:, other] * close)
    return np.asarray(matches.weights @ together, np.float64)


def _close(index: Index, first: int, second: int) -> bool:
    a, b = index.places[first], index.places[second]
    gap = max(b.unit.start - a.unit.end, a.unit.start - b.unit.end)
    return a.file == b.file and gap <= _BESIDE


def _near_likeness(index: Index, at: NDArray[np.int64], like: Floats) -> Floats:
    """The highest likeness of another chosen place beside it; its own mean where there is none."""
    out = np.full(len(at), like.mean())
    for a, first in enumerate(at.tolist()):
        for b, second in enumerate(at.tolist()):
            if a != b and _close(index, first, second):
                out[a] = max(out[a], like[b])
    return out


def _structure(question: Question, unit: Unit) -> Mapping[str, float]:
    given = set(stems_of(question.text))
    new_numbers = [n for n in numbers(unit.text) if str(n.value) not in given]
    answers = {
        "when": bool(dates(unit.text) or times(unit.text) or re.search(r"\b(?:19|20)\d\d\b", unit.text)),
        "number": bool(new_numbers or _NUMERAL.search(unit.text)),
        "who": bool(re.search(r"\b[A-Z][\w.-]+ [A-Z][\w.-]+|@|(?:\([cC]\)|©|[cC]opyright)\s*\d", unit.text)),
        "value": bool(ADDRESS.search(unit.text)) if question.address else unit.kind in ("entry", "row"),
        "why": bool(_REASON.search(f"{unit.text} {unit.context}")),
    }
    flat = unit.text.lower()
    name_words = set(stems_of(unit.name))
    asked = set(question.words)
    return {
        **{f"{kind} {other}": 0.0 for kind in KINDS for other in UNITS},
        f"{question.kind} {unit.kind}": 1.0,
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
        "name_words": len(name_words & asked) / max(1, len(name_words)) if name_words else 0.0,
        "numbered": float(bool(new_numbers)),
        "long": min(2.0, (unit.end - unit.start) / 4),
        "short": float(len(unit.text) < 25),
        "wordy": min(1.5, len(unit.text) / 200),
        "asks": float(unit.text.rstrip().endswith("?")),
    }


def _counted(unit: Unit) -> set[str]:
    """Stems of what it says a number of: `at most 512 tokens` counts tokens, `retention_days = 30` days."""
    text = unit.text
    named = stems_of(unit.name) if unit.kind == "entry" and re.search(r"[=:\s]\s*\d", text) else []
    counts = re.finditer(r"\b\d[\d.,]*\s+(?:of\s+)?(\w+)(?:\s+(\w+))?", text)
    return {*named, *(stem(word.lower()) for match in counts for word in match.groups() if word)}


def log_odds(chances: ArrayLike) -> Floats:
    """Of chances strictly between 0 and 1."""
    values = np.asarray(chances, np.float64).clip(1e-4, 1 - 1e-4)
    return np.asarray(np.log(values / (1 - values)))


_OF_BEST: Final = (
    *("soft", "soft_own", "exact", "exact_own", "missing", "near", "like", "like_score", "like_near"),
    *("density", "named", "not_named", "no_answer", "has_answer", "counted", "long", "wordy"),
    *("soft_behind", "exact_behind", "like_behind", "name_words", "asks"),
)


def of_whole(
    question: Question,
    matches: Matches,
    columns: Mapping[str, Floats],
    odds: Floats,
    found: Sequence[Passage],
) -> dict[str, float]:
    """What the chance depends on that one of the passages answers. `odds` go with the columns."""
    order = np.argsort(-odds, kind="stable")
    best = int(order[0])
    sorted_odds = odds[order]
    anywhere = matches.every.max(axis=1)
    return {
        "best": float(odds[best]),
        "lead": min(6.0, float(sorted_odds[0] - sorted_odds[1])) if len(odds) > 1 else 6.0,
        "rivals": float((odds > odds[best] - 1.0).sum() - 1),
        "share": found[0].share,
        "share_of_three": sum(passage.share for passage in found),
        **{name: float(columns[name][best]) for name in _OF_BEST},
        "no_answer_anywhere": float(all(columns["no_answer"][passage.number] for passage in found)),
        "like_of_three": float(np.mean([columns["like"][passage.number] for passage in found])),
        "soft_of_three": float(np.mean([columns["soft"][passage.number] for passage in found])),
        "most_like": float(columns["like"].max()),
        "like_first": float(columns["like_place"][best] == 1),
        "soft_first": float(columns["soft_place"][best] == 1),
        "known": float(matches.weights @ anywhere),
        "known_exactly": float(matches.weights @ (anywhere >= 1)),
        "strangest": float((matches.weights * (1 - anywhere)).max()),
        "words": float(len(question.plain)),
        "places": float(np.log(len(odds))),
        **{f"asks {kind}": float(question.kind == kind) for kind in KINDS},
    }


_OF_PLACE: Final = (
    *("soft", "soft_own", "exact", "exact_own", "missing", "near", "soft_behind", "exact_behind"),
    *("like", "like_behind", "like_score", "like_place", "soft_place", "like_near", "density"),
    *(f"{kind} {unit}" for kind in KINDS for unit in UNITS),
    *("addressed", "counted", "raises", "has_answer", "no_answer", "names_it", "named", "not_named"),
    *("name_words", "numbered", "long", "short", "wordy", "asks"),
)
_OF_WHOLE: Final = (
    *("best", "lead", "rivals", "share", "share_of_three", *_OF_BEST),
    *("no_answer_anywhere", "like_of_three", "soft_of_three", "most_like", "like_first", "soft_first"),
    *("known", "known_exactly", "strangest", "words", "places", *(f"asks {kind}" for kind in KINDS)),
)
FEATURES: Final[Features] = {"unit": _OF_PLACE} | dict.fromkeys(("first", "three", "absent"), _OF_WHOLE)
"""What the models of the calibration are given, in the order in which `features` and `of_whole` make it."""
