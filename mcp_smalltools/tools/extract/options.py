"""All that could be the value of a field: candidates of code and spans of the reader, each with a score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mcp_smalltools.text.facts import dates, times
from mcp_smalltools.text.words import STOP_WORDS, content_stems, stems_of
from mcp_smalltools.tools.extract.candidates import Candidate, candidates, items_of, pattern_of
from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.span_reader import Reading

_SPANS: Final = 8
_NEGATION: Final = re.compile(
    r"\b(?:no|not|non|without|don'?t|do not|doesn'?t|never|exclud\w+|disabl\w+|off|skip\w*|un\w+ed|false)\b",
    re.I,
)
_TRIM: Final = " \t\n,;:.!?\"'“”‘’`()[]"
_ARTICLE: Final = re.compile(
    r"^(?:(?:to|from|in|at|of|for|by|on|with|into|as|named|called|titled|about|without"
    r"|under|until|till|through|between|against|during|since|like|via|using)\s+)?"
    r"(?:all\s+)?(?:(?:the|an?|my|our|your|some)\s+)?",
    re.I,
)
_LEADING_NUMBER: Final = re.compile(r"[$€£]?\d[\d.,]*\s+(?=[A-Za-z])")
_OF_TIME: Final = re.compile(r"date|time|day|when|year|start|end|since|until|deadline|due", re.I)
_TURNS: Final = re.compile(r"\b(?:free|without|no|not|avoid\w*|exclud\w*|skip\w*|disable\w*)\b", re.I)
_INNER: Final = re.compile(
    r"\s(?:from|to|at|with|for|by|on|in|that|which|using|and|if|between|under|over)\s", re.I
)
BEGINS: Final = frozenset(
    (
        *("from", "start", "begin", "origin", "source", "departure", "first", "min", "minimum"),
        *("lower", "old", "base", "initial", "check_in", "earliest"),
    )
)
ENDS: Final = frozenset(
    (
        *("to", "end", "finish", "destination", "target", "arrival", "last", "max", "maximum"),
        *("upper", "new", "final", "until", "quote"),
    )
)
_BEFORE_BEGIN: Final = ("from", "between", "leaving", "starting", "since")
_DIRECTION: Final = re.compile(
    rf"\b({'|'.join(_BEFORE_BEGIN)}|to|into|until|till|and|through)\s+(?:the\s+)?[\w$#]*$", re.I
)
_MOMENTS: Final = ("date", "date-time", "time")
_GAP: Final = re.compile(r"[ \t]*\n\s*|\s{3,}|\t")
WRAPPED_FROM: Final = 60
"""Characters from which on a line may go on in the next one."""
_OF_FLAGS: Final = frozenset(
    (
        *("includ", "is", "has", "us", "use", "enabl", "allow", "show", "requir", "need", "with", "only"),
        *("whether", "return", "get", "check", "add"),
    )
)
_ASKS_FOR: Final = re.compile(r"(?i)(?:include|with|show|return|get|add|check)(?:_|(?=[A-Z]))")
ASKED_FOR: Final = 0.1
"""Score of a flag such as include_price where the text speaks of the price."""
ONLY_MEMBER: Final = 0.0
_MEASURE: Final = re.compile(r"(?:square|cubic|nautical|light|fluid|sq\.?|cu\.?) ", re.I)
ONLY_EVERYDAY: Final = -5.0
SAYS_NO_BELOW: Final = -4.0


@dataclass(frozen=True, slots=True)
class Option:
    """A value that a field could have. `score` is the log odds of it against "not in the text"."""

    value: Any
    start: int
    end: int
    score: float
    kind: str
    verified: bool = True
    """The words of the text are the value, up to notation."""
    left_over: bool = False
    """Taken because no other field had the place."""

    def overlaps(self, other: Option) -> bool:
        return self.start < other.end and other.start < self.end


def options_of(field: Field, text: str, reading: Reading) -> list[Option]:
    """Everything that could be the field's value, best first, one option for each place."""
    if field.type == "boolean" and field.members is None and not field.listed:
        return _yes_or_no(field, text, reading)
    found = [_option(c, field, text, reading) for c in candidates(text, field)]
    if field.members is not None:
        found = _add_meant_members(field, text, reading, _only_member_said(found))
        return sorted(_every_member(field, found) if field.listed else found, key=lambda o: -o.score)
    has_form = pattern_of(field) is not None or field.items.get("format") in _MOMENTS
    has_form = has_form or bool(found and (field.date_form or field.is_time))
    if field.type == "string" and not has_form:
        found += _spans(field, text, reading)
    formed = field.date_form or field.is_time or field.items.get("format") or pattern_of(field)
    if field.type == "string" and formed:
        found = _only_member_said(found)
    found = [_as_whole(option, found) for option in found]
    best: dict[tuple[int, int], Option] = {}
    for option in found:
        place = (option.start, option.end)
        if place not in best or best[place].score < option.score:
            best[place] = option
    return sorted(best.values(), key=lambda o: (-o.score, o.start))


_WHOLES: Final = (
    *("name", "place", "quoted", "bracket", "path", "numbers", "form", "uri", "formula", "items"),
    "unit",
)


def _as_whole(option: Option, found: Sequence[Option]) -> Option:
    """What code knows to be one thing is at least as good as the part of it at which the reader points."""
    if option.kind not in _WHOLES or (option.kind == "unit" and not _MEASURE.match(str(option.value))):
        return option
    kinds = ("span", "name") if option.kind in ("address", "place", "items") else ("span",)
    closed = option.kind in ("bracket", "quoted")
    inner = [
        o.score
        for o in found
        if o.kind in kinds
        and (option.overlaps(o) if closed else option.start <= o.start and o.end <= option.end)
    ]
    if option.kind == "place" and option.score < max(inner, default=-20.0) - 3:
        return option
    more = 2.0 if option.kind == "items" else 1.5
    return replace(option, score=max(option.score, max(inner, default=-20.0) + more))


def _option(candidate: Candidate, field: Field, text: str, reading: Reading) -> Option:
    score = reading.score(candidate.start, candidate.end) + _bonus(candidate, field, text)
    return Option(candidate.value, candidate.start, candidate.end, score, candidate.kind)


def _bonus(candidate: Candidate, field: Field, text: str) -> float:
    """What code knows of a place and the reader may not: cue words next to it, quotes, quoted choices."""
    bonus = 1.5 * cue(field, text, candidate.start, candidate.end)
    bonus += _direction(field, text, candidate.start)
    if candidate.kind == "member":
        bonus += 5.0 if len(text[candidate.start : candidate.end]) > 3 and field.members else 2.5
    if candidate.kind == "everyday":
        bonus += 2.0
    if candidate.kind in ("quoted", "bracket"):
        bonus += 6.0 if field.listed and candidate.kind == "bracket" else 3.0
    if candidate.kind in ("name", "path", "email", "uri", "form", "items"):
        bonus += 1.0
    if candidate.kind == "moment":
        bonus += 1.0 if _OF_TIME.search(f"{field.words} {field.description}") else -3.0
    if candidate.kind in ("unit", "formula"):
        bonus += (
            1.5 if candidate.kind == "unit" else min(4.0, 0.4 * len(text[candidate.start : candidate.end]))
        )
    if candidate.kind == "path" and set(field.words.split()) & {
        "file",
        "path",
        "directory",
        "folder",
        "filename",
    }:
        bonus += 2.0
    if candidate.kind == "address":
        bonus += 1.5
    if candidate.kind == "place":
        bonus += 1.5 if re.search(r"[A-Z]\w+, ?[A-Z]|state|country|location", field.description) else -1.5
    if candidate.kind == "ordinal":
        bonus -= 2.0
    if candidate.kind == "number" and field.type == "string":
        bonus -= 1.0
    return bonus


def _direction(field: Field, text: str, start: int) -> float:
    """`from` before a place speaks for where something begins and against where it ends, `to` the reverse."""
    names = set(field.words.split()) | set(field.path[-1].lower().split("_"))
    begins, ends = bool(names & BEGINS), bool(names & ENDS)
    if begins == ends:
        return 0.0
    before = _DIRECTION.search(text[max(0, start - 24) : start])
    if before is None:
        return 0.0
    return 2.0 if (before[1].lower() in _BEFORE_BEGIN) == begins else -2.0


def cue(field: Field, text: str, start: int, end: int) -> float:
    """How near a word of the field's name is to a place: 1 next to it, less farther off, 0 without one."""
    names = set(content_stems(field.words)) or set(stems_of(field.words))
    before = stems_of(text[max(0, start - 45) : start])[-4:][::-1]
    after = stems_of(text[end : end + 45])[:3]
    best = 0.0
    for near in (before, after):
        distance = 0
        for word in near:
            if word in names:
                best = max(best, 1.0 / (1 + 0.4 * distance))
            distance += word not in STOP_WORDS
    return best


def _spans(field: Field, text: str, reading: Reading) -> list[Option]:
    """The reader's own spans, at whole words, without quotes and full stops around them."""
    found = []
    wholes = [(c.start, c.end) for c in candidates(text, field) if c.kind in _WHOLES]
    of_time = _OF_TIME.search(f"{field.words} {field.description}")
    moments = [] if of_time else [(m.start, m.end) for m in (*dates(text), *times(text))]
    for first, last, own in reading.best(_SPANS):
        score = own
        start, end = _up_to_gap(text, *_whole_words(text, first, last))
        value: Any = " ".join(text[start:end].split())
        if not any(c.isalnum() for c in value) or ((said := stems_of(value)) and not set(said) - STOP_WORDS):
            continue
        if any(
            a < end and start < b and (a, b) != (start, end) and not (start <= a and b <= end)
            for a, b in wholes
        ):
            score -= 2.0  # a part of a name, or of a quote
        if field.listed:
            value = items_of(re.sub(r"^(?:no|not|any|every|each)\s+", "", _ARTICLE.sub("", value)))
        elif _INNER.search(value):
            score -= 1.0
        score += 1.5 * cue(field, text, start, end) + _direction(field, text, start)
        if any(a < end and start < b for a, b in moments):
            score -= 4.0
        found.append(Option(value, start, end, score, "span"))
        if not field.listed and (match := _LEADING_NUMBER.match(value)):
            rest = start + match.end()
            found.append(Option(" ".join(text[rest:end].split()), rest, end, score - 0.5, "span"))
    return found


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Out to white space, then in over punctuation."""
    while start > 0 and not text[start - 1].isspace() and text[start - 1] not in "([{\"'“‘`,;":
        start -= 1
    while end < len(text) and not text[end].isspace() and text[end] not in ')]}"”’`,;':
        end += 1
    while start < end and text[start] in _TRIM and not (text[start] in "([" and text[end - 1] in ")]"):
        start += 1
    while (
        end > start and text[end - 1] in _TRIM and (end == len(text) or not _keeps_last_sign(text[start:end]))
    ):
        end -= 1
    return start, end


def _up_to_gap(text: str, start: int, end: int) -> tuple[int, int]:
    """Up to where a line or column ends: a value ends at a gap, but goes on over a line that is wrapped."""
    for match in _GAP.finditer(text, start, end):
        line = text.rfind("\n", 0, match.start()) + 1
        columns = re.search(r"\S\s{3,}", text[line : match.start()])
        if match[0].lstrip(" ") == "\n" and match.start() - line >= WRAPPED_FROM and not columns:
            continue
        return start, match.start()
    return start, end


def _keeps_last_sign(text: str) -> bool:
    """The last sign belongs to the text: a bracket that it opens, or the point of an initial."""
    opened = {")": "(", "]": "["}.get(text[-1])
    return (opened is not None and opened in text) or bool(re.search(r"\b[A-Z]\.$", text))


def _only_member_said(said: list[Option]) -> list[Option]:
    """If a text names a single member of an enum, or one date for a date, that alone is evidence."""
    plain = [o for o in said if o.kind != "everyday"]
    if not plain and len({str(o.value) for o in said}) == 1:
        return [replace(o, score=max(o.score, ONLY_EVERYDAY)) for o in said]
    if len({str(o.value) for o in plain}) != 1:
        return said
    return [
        replace(o, score=max(o.score, ONLY_MEMBER)) if o in plain and o.end - o.start > 3 else o for o in said
    ]


def _add_meant_members(field: Field, text: str, reading: Reading, said: list[Option]) -> list[Option]:
    """The members that are said, and one that the reader's best span means though it says it otherwise."""
    members = field.members or []
    for first, last, score in reading.best(3):
        start, end = _whole_words(text, first, last)
        if score < 0 or any(o.start < end and start < o.end for o in said):
            continue
        span = set(stems_of(text[start:end]))
        shares = [
            (len(span & set(stems_of(str(m)))) / max(1, len(set(stems_of(str(m))))), i)
            for i, m in enumerate(members)
        ]
        share, which = max(shares, default=(0.0, 0))
        if share <= 0:
            prefix = [i for i, m in enumerate(members) if _same_start(str(m), text[start:end])]
            if len(prefix) != 1:
                continue
            share, which = 0.5, prefix[0]
        said = [*said, Option(members[which], start, end, score + share - 1, "meant", verified=False)]
    return said


def _same_start(member: str, span: str) -> bool:
    """`fast` and `faster`, `vegetarian` and `vegetables`: the first letters agree."""
    size = min(5, max(3, len(member) - 2))
    return any(word.lower().startswith(member.lower()[:size]) for word in re.findall(r"\w+", span))


def _every_member(field: Field, said: Sequence[Option]) -> list[Option]:
    """For a list of members: all that are said, as one option."""
    if not said:
        return []
    ordered = sorted(said, key=lambda o: o.start)
    values = list(dict.fromkeys(o.value for o in ordered))
    score = max(o.score for o in ordered)
    return [
        Option(values, ordered[0].start, ordered[-1].end, score, "members", all(o.verified for o in ordered))
    ]


def _yes_or_no(field: Field, text: str, reading: Reading) -> list[Option]:
    """Yes or no by the words that speak of it; what they say is a judgement, not words of the text."""
    found = []
    for first, last, score in reading.best(2):
        start, end = _whole_words(text, first, last)
        around = text[max(0, start - 14) : end]
        says = reading.says_yes(first, last)
        literal = text[start:end].strip().lower()
        if literal in ("true", "yes", "on", "enabled", "1"):
            says = 9.0
        elif literal in ("false", "no", "off", "disabled", "0"):
            says = -9.0
        elif _is_negated(around, field):
            says = min(says, -9.0)
        elif _NEGATION.search(around):
            says = 9.0  # `without gluten` of what is to be gluten-free
        yes = says > SAYS_NO_BELOW
        found.append(Option(yes, start, end, score, "yes" if yes else "no"))
    names = set(content_stems(field.words)) - _OF_FLAGS
    wanted = _ASKS_FOR.match(field.path[-1]) and names and names <= set(stems_of(text))
    for match in re.finditer(r"\w+", text):
        if set(stems_of(match[0])) & names:
            around = text[max(0, match.start() - 16) : match.end()]
            score = reading.score(match.start(), match.end()) + 1.5
            score = max(score, ASKED_FOR) if wanted else score
            found.append(Option(not _is_negated(around, field), match.start(), match.end(), score, "cue"))
    return sorted(found, key=lambda o: -o.score)


def _is_negated(around: str, field: Field) -> bool:
    """A negation says no, unless the field itself is about leaving something out: `without gluten`."""
    return bool(_NEGATION.search(around)) and not _TURNS.search(f"{field.words} {field.description}")


def without_article(option: Option, text: str) -> Option:
    """`the Louvre` as `Louvre`, where the value is a span of the text."""
    match = _ARTICLE.match(text[option.start : option.end])
    if option.kind != "span" or not isinstance(option.value, str) or not match:
        return option
    if not match[0]:
        return option
    start = option.start + match.end()
    value = " ".join(text[start : option.end].split())
    return replace(option, start=start, value=value) if value else option
