"""Features by name: of each candidate, for ranking them, and of the whole ranking, for its verdict.

The models in `models/skills/ask_file/scores.json` are fitted on them and know them by these names.
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
from mcp_smalltools.tools.ask_file.selection import COMPARED, RankedPassage
from mcp_smalltools.tools.ask_file.units.unit import Unit
from mcp_smalltools.tools.ask_file.word_index import Index, Matches

ADDRESS: Final = re.compile(
    r"\b[a-z][\w+.-]*://\S+"  # a URL
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{2,5})?\b"  # IPv4, with or without a port
    r"|\b[A-Za-z][\w-]*(?:\.[\w-]+)*:\d{2,5}\b"  # host:port
    r"|\b[\w.-]+@[\w-]+(?:\.[\w-]+)+"  # a mail address
    r"|\blocalhost\b"
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
_CLOSE: Final = 3
"""Lines from the end of a unit to the start of another that is close to it, at most."""
KINDS: Final = (
    *("definition", "purpose", "raise", "why", "section", "when", "number", "who", "manner", "value"),
    *("place", "yes", "other"),
)
UNITS: Final = ("definition", "doc", "section", "entry", "sentence", "row", "line", "header")

Floats = NDArray[np.float64]


def candidate_features(
    index: Index, question: Question, matches: Matches, chosen: Sequence[int], similarities: Sequence[float]
) -> dict[str, Floats]:
    """Features of the candidates, each of shape (chosen,).

    `chosen` are their numbers in the index, `similarities` the encoder's, of each to the question.
    """
    at = np.array(chosen, np.int64)
    units = [index.units[n].unit for n in chosen]
    similar = np.array(similarities, np.float64)
    soft, exact = matches.soft.astype(np.float64), matches.exact.astype(np.float64)
    own = matches.weights @ matches.own
    near = _with_neighbours(index, matches, at)
    columns: dict[str, ArrayLike] = {
        "soft": soft[at],
        "soft_own": own[at],
        "exact": exact[at],
        "exact_own": (matches.weights @ (matches.own >= 1))[at],
        "missing": (matches.weights[:, None] * (1 - matches.every[:, at])).max(axis=0),
        "near": near - soft[at],
        "soft_behind": soft[at] - soft.max(),
        "exact_behind": exact[at] - exact.max(),
        "like": similar,
        "like_behind": similar - similar.max(),
        "like_score": (similar - similar.mean()) / (similar.std() + 0.02),
        "like_place": 1 / (1 + _ranks(similar)),
        "soft_place": 1 / (1 + _ranks(soft[at])),
        "like_near": _highest_near(index, at, similar),
        "density": index.density(matches)[at],
    }
    rows = [_structure_features(question, unit) for unit in units]
    columns |= {name: [row[name] for row in rows] for name in rows[0]}
    return {name: np.asarray(column, np.float64) for name, column in columns.items()}


def _ranks(scores: Floats) -> Floats:
    """0 for the highest, 1 for the next …"""
    order = np.argsort(-scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(len(scores))
    return ranks


def _with_neighbours(index: Index, matches: Matches, at: NDArray[np.int64]) -> Floats:
    """The share of the question that each unit covers together with the two units before and after it."""
    last = len(index.units) - 1
    together = matches.every[:, at].copy()
    for step in (-2, -1, 1, 2):
        other = (at + step).clip(0, last)
        close = np.array([_close(index, a, b) for a, b in zip(at.tolist(), other.tolist(), strict=True)])
        together = np.maximum(together, matches.every[:, other] * close)
    return np.asarray(matches.weights @ together, np.float64)


def _close(index: Index, first: int, second: int) -> bool:
    a, b = index.units[first], index.units[second]
    gap = max(b.unit.start - a.unit.end, a.unit.start - b.unit.end)
    return a.file == b.file and gap <= _CLOSE


def _highest_near(index: Index, at: NDArray[np.int64], similar: Floats) -> Floats:
    """The highest similarity of another candidate close to each one; at least the mean of all."""
    out = np.full(len(at), similar.mean())
    for a, first in enumerate(at.tolist()):
        for b, second in enumerate(at.tolist()):
            if a != b and _close(index, first, second):
                out[a] = max(out[a], similar[b])
    return out


def _structure_features(question: Question, unit: Unit) -> Mapping[str, float]:
    """Whether a unit is of the kind that is asked for, holds such a value, and has the question's names."""
    given = set(stems_of(question.text))
    new_numbers = [n for n in numbers(unit.text) if str(n.value) not in given]
    answers = {
        "when": bool(dates(unit.text) or times(unit.text) or re.search(r"\b(?:19|20)\d\d\b", unit.text)),
        "number": bool(new_numbers or _NUMERAL.search(unit.text)),
        "who": bool(re.search(r"\b[A-Z][\w.-]+ [A-Z][\w.-]+|@|(?:\([cC]\)|©|[cC]opyright)\s*\d", unit.text)),
        "value": bool(ADDRESS.search(unit.text)) if question.address else unit.kind in ("entry", "row"),
        "why": bool(_REASON.search(f"{unit.text} {unit.context}")),
    }
    text = unit.text.lower()
    name_stems = set(stems_of(unit.name))
    asked = set(question.stems)
    return {
        **{f"{kind} {other}": 0.0 for kind in KINDS for other in UNITS},
        f"{question.kind} {unit.kind}": 1.0,
        "addressed": float(question.address and answers["value"]),
        "counted": float(bool(set(question.counted) & _counted_stems(unit))),
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
            any(name.lower() in text or name.lower() == unit.name.lower() for name in question.names)
        ),
        "not_named": float(
            bool(question.names)
            and not any(name.lower() in f"{text} {unit.context.lower()}" for name in question.names)
        ),
        "name_words": len(name_stems & asked) / max(1, len(name_stems)),
        "numbered": float(bool(new_numbers)),
        "long": min(2.0, (unit.end - unit.start) / 4),
        "short": float(len(unit.text) < 25),
        "wordy": min(1.5, len(unit.text) / 200),
        "asks": float(unit.text.rstrip().endswith("?")),
    }


def _counted_stems(unit: Unit) -> set[str]:
    """Stems of what the unit counts: tokens in `at most 512 tokens`, days in `retention_days = 30`."""
    text = unit.text
    named = stems_of(unit.name) if unit.kind == "entry" and re.search(r"[=:\s]\d", text) else []
    counts = re.finditer(r"\b\d[\d.,]*\s+(?:of\s+)?(\w+)(?:\s+(\w+))?", text)
    return {*named, *(stem(word.lower()) for match in counts for word in match.groups() if word)}


def log_odds_of(probabilities: ArrayLike) -> Floats:
    values = np.asarray(probabilities, np.float64).clip(1e-4, 1 - 1e-4)
    return np.asarray(np.log(values / (1 - values)))


_OF_BEST: Final = (
    *("soft", "soft_own", "exact", "exact_own", "missing", "near", "like", "like_score", "like_near"),
    *("density", "named", "not_named", "no_answer", "has_answer", "counted", "long", "wordy"),
    *("soft_behind", "exact_behind", "like_behind", "name_words", "asks"),
)


def ranking_features(
    question: Question,
    matches: Matches,
    columns: Mapping[str, Floats],
    log_odds: Floats,
    found: Sequence[RankedPassage],
) -> dict[str, float]:
    """Features of the whole ranking, from which follows how probable it is that a passage answers.

    `columns` are the candidates' features, `log_odds` theirs of being an answer, `found` the passages.
    """
    found = found[:COMPARED]
    order = np.argsort(-log_odds, kind="stable")
    best = int(order[0])
    ordered = log_odds[order]
    anywhere = matches.every.max(axis=1)
    return {
        "best": float(ordered[0]),
        "lead": min(6.0, float(ordered[0] - ordered[1])) if len(ordered) > 1 else 6.0,
        "rivals": float((log_odds > ordered[0] - 1.0).sum() - 1),
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
        "words": float(len(question.words)),
        "places": float(np.log(len(log_odds))),
        **{f"asks {kind}": float(question.kind == kind) for kind in KINDS},
    }


_NO_RIVAL: Final = 6.0
"""How far a reading is ahead where there is no other."""
_OF_ALL_READINGS: Final = ("read", "read_lead", "read_most", "read_agrees")
_OF_CANDIDATE: Final = (
    *("soft", "soft_own", "exact", "exact_own", "missing", "near", "soft_behind", "exact_behind"),
    *("like", "like_behind", "like_score", "like_place", "soft_place", "like_near", "density"),
    *(f"{kind} {unit}" for kind in KINDS for unit in UNITS),
    *("addressed", "counted", "raises", "has_answer", "no_answer", "names_it", "named", "not_named"),
    *("name_words", "numbered", "long", "short", "wordy", "asks"),
)
_OF_RANKING: Final = (
    *("best", "lead", "rivals", "share", "share_of_three", *_OF_BEST),
    *("no_answer_anywhere", "like_of_three", "soft_of_three", "most_like", "like_first", "soft_first"),
    *("known", "known_exactly", "strangest", "words", "places", *(f"asks {kind}" for kind in KINDS)),
)
_OF_READING: Final = ("log_odds", "log_odds_behind", "read", "read_behind", "read_first")
FEATURES: Final[Features] = (
    {"unit": _OF_CANDIDATE}
    | {"read": _OF_READING}
    | dict.fromkeys(("first", "shown", "absent"), (*_OF_RANKING, *_OF_ALL_READINGS))
)
"""What each model of the calibration is given, in the order of `candidate_features`, `reading_features`, or
`ranking_features` and `ranking_of_readings`.
"""


def reading_features(log_odds: Floats, scores: Floats) -> dict[str, Floats]:
    """Features of the candidates that the judge has read with the question, each of shape (read,).

    `log_odds` are those before, `scores` the judge's.
    """
    return {
        "log_odds": log_odds,
        "log_odds_behind": log_odds - log_odds.max(),
        "read": scores,
        "read_behind": scores - scores.max(),
        "read_first": (scores == scores.max()).astype(np.float64),
    }


def ranking_of_readings(log_odds: Floats, scores: Floats) -> dict[str, float]:
    """What the readings say of the ranking: `log_odds` are those with the readings, of shape (read,)."""
    best = int(np.argmax(log_odds))
    others = np.delete(scores, best)
    return {
        "read": float(scores[best]),
        "read_lead": float(scores[best] - others.max()) if len(others) else _NO_RIVAL,
        "read_most": float(scores.max()),
        "read_agrees": float(scores[best] == scores.max()),
    }
