"""The tokens of a header, each recognised at a place of a line: time, level, brackets, numbers, names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mcp_smalltools.logs.headers.levels import (
    ANY_LEVELS,
    ANY_NAMES,
    CLEAR_NAMES,
    SURE_NAMES,
    level_of_name,
)
from mcp_smalltools.logs.headers.time_forms import EPOCH, FOREIGN_MONTHS, TIME, UPTIME, ZONES

Found = re.Match[str]


class TimeToken(NamedTuple):
    """A time: where it is written, and where what belongs to it ends."""

    start: int
    end: int
    after: int


class BracketToken(NamedTuple):
    """Something in brackets, with the time and the level that are in it."""

    end: int
    time: TimeToken | None
    level: str | None
    opening: str


_TIME = re.compile(f"{TIME}|{EPOCH}")
_NAMED_ZONE = re.compile(rf" (?:\({ZONES}\)|[A-Z][a-z]{{2,12}}/[A-Z][A-Za-z_]{{2,20}}(?=[ \])]))")
""" (UTC), Europe/Berlin"""
_MONTHS_AND_DAYS = (
    *("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
WORDS_OF_TIME = frozenset(
    form[:3]
    for name in (*_MONTHS_AND_DAYS, *FOREIGN_MONTHS)
    for form in (name, *((name.upper(), name.lower()) if name in _MONTHS_AND_DAYS[7:] else ()))
)
"""How names of days and of months start."""
_NUMERALS = frozenset("一二三四五六七八九十")
_FIRST_OF_NUMBER = frozenset("0123456789-#*")
BRACKETED = r"\[(?:[^\[\]\n]|\[[^\[\]\n]{0,120}\]){1,250}\]"
"""With brackets in it, too: [Peer[id=1]/10.0.0.1]"""
_BRACKETS = {
    "[": re.compile(BRACKETED),
    "(": re.compile(r"\((?:[^()\n]|\([^()\n]{0,120}\)){1,160}\)"),
    "<": re.compile(r"<{1,2}[^<>\n]{1,120}>{1,2}"),
    "{": re.compile(r"\{{1,2}[^{}\n]{0,120}\}{1,2}"),
}
_CAPITALS = re.compile(
    rf"(?P<name>{SURE_NAMES})(?P<digit>_?\d?)(?P<mark>!)?(?=(?P<after>[\])>|:;,/\s-]|\[|\(|$|\.\.\.))"
)
_BEFORE_A_SIGN = re.compile(
    rf"(?P<name>(?i:{ANY_NAMES}))\d?(?= ?\|| :|(?<!(?i:query|.note|etail))\t|  \s*\S| ?>(?= )|:"
    rf"(?!:)|(?<=LOG) \[)"
)
_BEFORE_ANY_SIGN = re.compile(
    rf"(?P<name>(?i:{CLEAR_NAMES}))(?=[;/(\[]|,(?= \S+ |\S)| -(?:-|>)? | --?> | [/~>*] | \|\|| \.:\.|::|\|)"
)
"""Small letters before a sign that stands between columns."""
_BEFORE_TIME = re.compile(r"[ \t]?(?:[:|,;-]|-{2})?[ \t]?[\[(<]?(?=[\dA-Z])")
_AFTER_TIME = re.compile(
    r"(?P<name>(?i:info|information|debug|trace|notice|verbose|warn|warning|error|err|fatal|critical|crit|severe"
    r"|inf|dbg|trc|wrn))"
    r"(?= )"
)
_BEFORE_A_TIME = re.compile(rf"(?P<name>(?i:{CLEAR_NAMES}))(?= [\[(<]?\d)")
_WITH_SCOPE = re.compile(r"(?P<name>debug|info|warn|warning|err|error)\((?!s\))[\w.:]{1,40}\)(?=: )")
"""warning(net): of Zig"""
_BETWEEN_SIGNS = re.compile(rf"(?P<sign>[#*~])(?:(?P<name>(?i:{CLEAR_NAMES}))|NOTIFY)(?P=sign)(?=[\s:]|$)")
"""#WARN#"""
_OF_POSTGRES = frozenset(("statement", "detail", "context", "query", "location", "hint", "log"))
"""In capitals alone they are a level."""
_LOG_BEHIND_PROCESS = re.compile(r"(?<=\d\] )(?P<name>LOG)(?= )")  # of PgBouncer
_LETTERS = re.compile(r"[^\W\d_]+")
_FIRST_OF_LEVEL = frozenset(name[:1] for name in ANY_LEVELS)
_OF_DIAGNOSES = re.compile(r"(?i:error|warning|fatal|panic|note|failure|failed|hint|alert|abort|context)\b")
"""What begins a line of compilers and of programs that end: part of their message."""
_MARKED_LETTER = re.compile(r"(?P<name>[DIWEFT])!(?= )")
_WHOLE = re.compile(rf"(?P<name>(?i:{ANY_NAMES})\d?|[DIWEFCVTN])")
_SUBJECTS = frozenset(("system", "display", "location", "statement", "detail", "query", "context", "config"))
"""In small letters between brackets these are the bus, the part or the setting that a message is about."""
_OF_XORG = re.compile(r"(?P<name>EE|WW|II|NI|--|\*\*|==|\+\+|!!)")
"""Only in round brackets: `[**]` is a rule that Snort draws."""
_BEHIND_NAME = re.compile(
    rf"(?:[^:\s]{{1,60}}:){{0,2}}?[^:\n]{{0,80}}?(?:::|[:/.#])(?P<name>(?i:{ANY_NAMES}))"
)
_BEFORE_BARS = re.compile(r"(?P<name>[DIWEFCV])\|[^|\n]{1,60}(?:\|[^|\n]{0,80}){0,4}")
"""[I|app|7d1]"""
_LAST_WORD = re.compile(rf"[\w:.,+ -]{{1,60}} (?P<name>{SURE_NAMES})")
_FIRST_WORD = re.compile(
    rf"(?:(?P<name>{SURE_NAMES})(?=[ /,:|-])"
    rf"|(?P<word>(?i:{CLEAR_NAMES}))(?= {{0,8}}[:/|#]| ?- ?[\w.])).{{1,200}}"
)
"""[INFO main], [Info   : Loader], [Information-Backup]"""
_BETWEEN_COLONS = re.compile(rf"(?:[^:\s]{{0,60}}:){{1,4}}(?P<name>{SURE_NAMES}|VERBOSE\d):.{{1,120}}")
_TIME_INSIDE = re.compile(
    r"\s*(?:task |[A-Z]{3,4} (?=[A-Z][a-z]))?"
    rf"(?:(?P<before>{SURE_NAMES}|[DIWEFCV]|(?i:{CLEAR_NAMES})(?= *[|,:]|  ))[ ,:|]+)?"
    rf"(?:\d+:(?:\d+:)?(?=\d{{4}}/))?"
    rf"(?P<time>{TIME}|{EPOCH}|{UPTIME})(?P<rest>.*)"
)
_LEVEL_OF_REST = re.compile(
    rf"[:,; |]{{1,3}}\s*(?P<name>(?:{SURE_NAMES})\b|(?i:{ANY_NAMES})$"
    rf"|(?i:{CLEAR_NAMES})(?=[ |:/] *[\w.]+$)|[DIWEFC]\b(?=/| |$))"
)
_PLAIN_NUMBERS = re.compile(
    r"(?:-\d\b|[#*]?\d{1,12}(?:[/:#.-]\d{1,12}){0,3}|0x[0-9a-fA-F]+)(?:\(\d+\))?[,:|]?(?=\s|$)"
)
_FIELD = re.compile(r"[A-Za-z_][\w.-]{0,40}=(?:\"[^\"\n]{0,80}\"|[^\s\"]{0,80})(?=\s)")
_PLACE = re.compile(
    r"[\w$./\\@-]{1,160}\.[A-Za-z]\w{0,6}[:(]\d{1,7}\)?(?::\d{1,6}|:[\w.~:]{1,60}\(\))?[\]:,]?(?=\s|$)"
)
_NAME = re.compile(
    rf"(?=[^\sA-Za-z0-9]{{0,100}}[A-Za-z0-9]|[^\x00-\x7f])[^\s\[\](){{}}<>|\"'=]{{1,120}}(?:\[(?!(?:{SURE_NAMES})\])[\w.-]{{1,40}}\](?:/[^\s\[\](){{}}<>|\"'=]{{1,80}})?|\(\d{{1,8}}\))?[:,]?(?=\s|$)"
)
_NAME_BEFORE_BRACKET = re.compile(r"[A-Za-z][\w.$/@-]{0,80}(?=\[)")


def time_at(line: str, at: int) -> TimeToken | None:
    """A time that starts here."""
    if (
        not line[at : at + 1].isdigit()
        and line[at : at + 3] not in WORDS_OF_TIME
        and line[at : at + 1] not in _NUMERALS
    ):
        return None
    found = _TIME.match(line, at)
    if found is None or (found.end() < len(line) and line[found.end()].isalnum()):
        return None
    named = _NAMED_ZONE.match(line, found.end()) if line[found.end() : found.end() + 1] == " " else None
    return TimeToken(found.start(), found.end(), found.end() if named is None else named.end())


def bracket_at(line: str, at: int) -> BracketToken | None:
    """Something in brackets that starts here."""
    pattern = _BRACKETS.get(line[at : at + 1])
    found = pattern.match(line, at) if pattern is not None else None
    if found is None:
        return None
    inside = found[0][1:-1].strip("{}<>")
    start = at + found[0].index(inside, 1) if inside else at + 1
    time, level = _inside(inside, letters=line[at] == "[" or len(inside) > 1)
    if line[at] == "(" and len(inside) == 2 and (name := _name_of(_OF_XORG.fullmatch(inside))):
        level = level_of_name(name)
    if time is not None:
        time = TimeToken(start + time.start, start + time.end, start + time.after)
    return BracketToken(found.end(), time, level, line[at])


@lru_cache(maxsize=4_096)
def _inside(text: str, *, letters: bool) -> tuple[TimeToken | None, str | None]:
    """The time and the level that are written between brackets; threads and levels come again and again."""
    inner = _TIME_INSIDE.fullmatch(text)
    if inner is not None:
        level = inner["before"] or _name_of(_LEVEL_OF_REST.match(inner["rest"]))
        place, end = inner.span("time")
        return TimeToken(place, end, end), level_of_name(level) if level else None
    bare = text.strip() if letters else ""
    for pattern in (_WHOLE, _BEHIND_NAME, _BETWEEN_COLONS, _LAST_WORD, _FIRST_WORD, _BEFORE_BARS):
        name = _name_of(pattern.fullmatch(bare))
        if name and (not name.islower() or name not in _SUBJECTS):
            return None, level_of_name(name)
    return None, None


def _name_of(found: Found | None) -> str | None:
    if found is None:
        return None
    return found["name"] or found.groupdict().get("word")


class LevelToken(NamedTuple):
    """A level in a word of its own. `keep`: the word may be part of the message, too."""

    end: int
    level: str
    sure: bool
    keep: bool = False


def level_at(line: str, at: int, *, headed: bool, right_behind: bool) -> LevelToken | None:
    """A level that starts here, in no brackets. `headed`: a time came before, so that "error:" is none of a
    diagnosis; `right_behind`: it ends here, so that small letters will do.
    """
    if line[at : at + 1] in ("#", "*", "~") and (found := _BETWEEN_SIGNS.match(line, at)) is not None:
        return LevelToken(found.end(), level_of_name(found["name"] or "notice") or "notice", sure=True)
    if line[at : at + 1].lower() not in _FIRST_OF_LEVEL or not _may_be_level(line, at):
        return None
    found = _CAPITALS.match(line, at)
    if found is not None:
        level = level_of_name(found["name"])
        return LevelToken(found.end(), level, sure=found["after"] != "-") if level else None
    found = _BEFORE_A_SIGN.match(line, at)
    if found is not None and found["name"].lower() in _OF_POSTGRES and not found["name"].isupper():
        found = None
    found = found or _MARKED_LETTER.match(line, at)
    if found is None and headed:
        found = _LOG_BEHIND_PROCESS.match(line, at)
    elif found is None and at == 0:
        found = _WITH_SCOPE.match(line)
        if found is not None:
            return LevelToken(found.end(), level_of_name(found["name"]) or "info", sure=True)
        found = _BEFORE_A_TIME.match(line)
        if found is not None and not time_behind(line, found.end()):
            found = None
    if found is None and (headed or right_behind):
        found = _BEFORE_ANY_SIGN.match(line, at)
    diagnosis = _OF_DIAGNOSES.match(line, at)
    if found is not None and (headed or diagnosis is None or time_behind(line, found.end())):
        level = level_of_name(found["name"])
        return LevelToken(found.end(), level, sure=True) if level else None
    if right_behind and (found := _AFTER_TIME.match(line, at)) is not None:
        level = level_of_name(found["name"])
        keep = level in ("error", "fatal", "warning")
        return LevelToken(found.end(), level, sure=True, keep=keep) if level else None
    return None


def time_behind(line: str, at: int) -> bool:
    """Whether a time is next, behind a sign."""
    signs = _BEFORE_TIME.match(line, at)
    return signs is not None and time_at(line, signs.end()) is not None


def _may_be_level(line: str, at: int) -> bool:
    """Whether the letters here are a name; what isn't ASCII has more than two forms, so patterns decide."""
    word = _LETTERS.match(line, at)
    name = "" if word is None else word[0]
    return len(name) < 2 or not name.isascii() or name.lower() in ANY_LEVELS


def number_at(line: str, at: int) -> int | None:
    """The end of a number, or of several with signs between: a process, a thread."""
    found = _PLAIN_NUMBERS.match(line, at) if line[at] in _FIRST_OF_NUMBER else None
    return None if found is None else found.end()


def field_at(line: str, at: int) -> int | None:
    """The end of key=value."""
    found = _FIELD.match(line, at) if line.find("=", at, at + 42) > 0 else None
    return None if found is None else found.end()


def place_at(line: str, at: int) -> int | None:
    """The end of file:line."""
    found = _PLACE.match(line, at) if line.find(".", at, at + 162) > 0 else None
    return None if found is None else found.end()


def name_at(line: str, at: int) -> int | None:
    """The end of a word that may be a name: of a host, a logger, a process."""
    found = _NAME.match(line, at) or _NAME_BEFORE_BRACKET.match(line, at)
    return None if found is None else found.end()
