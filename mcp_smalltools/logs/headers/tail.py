"""What stands between the last sure token of a header and the message: threads, a logger, a place."""

from __future__ import annotations

import re

from mcp_smalltools.logs.headers.header_tokens import BRACKETED

_CODE = r"\.(?:py|go|c|cc|cpp|cxx|h|hpp|rs|jsx?|tsx?|java|kt|scala|rb|php|cs|fs|swift|mm?|lua|p[lm]|exs?|erl)"
_SIGNS = re.compile(r"[ \t]*(?:(?:[|:;,>~»›⋮]|-{1,3}|->|=>)(?=[ \t]|$)[ \t]*){0,3}")
_AFTER_LEVEL = re.compile(
    rf"(?:(?:\d{{1,7}} (?=--- |\[))?(?:--- )?(?:{BRACKETED} ?){{0,4}}"
    r"(?:(?:[\w$-]++\.(?=[\w$*/-]))++[\w$*/-]++[\w$.@/#-]*+(?:[:(]\d+\)?)?(?: \([\w.$]{1,80}:\d+\))?"
    r"(?: --?|:| {1,40}:| \|)"
    r"|(?:\w++::)++\w++(?: -|:(?!:)| :)"
    r"|[A-Za-z][\w$./-]*+(?:\[\d+\]|(?::<?\w+>?)?:\d+|\(\d+\)) ?(?:-|:|\||>)"
    r"|[A-Za-z][\w$-]* - (?=\S)| ?- (?=\S)|\| )?"
    r")[ \t]*"
)
_ROUND = re.compile(r"\((?:[\w.$:#/-]{1,80}|[\w./-]{1,60} on [\w.-]{1,60})\)(?=:? |[\[:])")
_ROUND_WITH_SPACES = re.compile(r"\([\w.$:#/ -]{1,80}\)(?= )")
_GLUED = re.compile(r"\|[\w.$]{1,100}\||(?::[\w.$-]{1,60}){1,3}: ")
_ANGLE = re.compile(r"<[\w.:-]{1,60}>(?=:? )")
_CURLY = re.compile(r"\{[^{}\n]{0,80}\}(?= )")
_SQUARE = re.compile(rf"(?!\[\"){BRACKETED}(?=[ :\[\t]|$)")
_PROCESS = re.compile(r"(?:#\d+|\d{1,7}#\d{1,7}): ?|\d{1,7} (?=--- )|\d{1,7}: (?=\S)")
_PLACE = re.compile(rf"[\w$./\\@-]{{1,160}}{_CODE}[:(]\d{{1,7}}\)?(?::\d{{1,6}})?:?(?: [-:>|])?(?=[ \t])")
_TAB_COLUMN = re.compile(r"(?P<name>[^\t \n{\"]{1,100})\t(?=[^\s{])")
_PIPED = re.compile(r"[\w.$:<>/ #-]{1,100}?\|(?! ?\|)(?=\s?\S)")
_MODULE = re.compile(r"in [\w.]{1,80}: ")
_OF_FIRST = {"(": _ROUND, "<": _ANGLE, "{": _CURLY, "#": _PROCESS}
_MOST = 6


def end_of_tail(line: str, end: int) -> int:
    """Where the message begins, of a line whose header is sure up to `end`."""
    glued = _GLUED.match(line, end) if line[end : end + 1] in ("|", ":") else None
    if glued is not None and glued.end() < len(line):
        return glued.end()
    if line[end : end + 1] in ("|", ";") and line[end - 1 : end].isalpha():
        end += 1
    at, has_bar = skip_signs(line, end), "|" in line
    for _ in range(_MOST):
        after = _one(
            line, at, piped=has_bar and "|" in (line[end:at].strip(), line[max(0, at - 2) : at].strip())
        )
        if after is None:
            break
        at = skip_signs(line, after)
    tail = _AFTER_LEVEL.match(line, at)
    at = tail.end() if tail is not None else at
    if at < len(line):
        return at
    return skip_signs(line, end)


def _one(line: str, at: int, *, piped: bool) -> int | None:
    first = line[at : at + 1]
    if first == "(" and line[at - 2 : at] == "] " and (found := _ROUND_WITH_SPACES.match(line, at)):
        return found.end()
    pattern = _OF_FIRST.get(first) or (_PROCESS if first.isdigit() else None)
    if pattern is not None and (found := pattern.match(line, at)) is not None:
        return found.end()
    if "." in line[at : at + 170] and (found := _PLACE.match(line, at)) is not None:
        return found.end()
    if line[at - 1 : at] == "\t" and (found := _TAB_COLUMN.match(line, at)) is not None:
        return found.end()
    if piped and (found := _PIPED.match(line, at)) is not None and found.end() < len(line):
        return found.end()
    if first == "[" and (found := _SQUARE.match(line, at)) is not None:
        return found.end() if found.end() < len(line) else None
    found = _MODULE.match(line, at) if first == "i" else None
    return None if found is None else found.end()


def skip_signs(line: str, at: int) -> int:
    """The place after spaces and the separators of a header."""
    found = None if line[at : at + 1].isalnum() else _SIGNS.match(line, at)
    return at if found is None else found.end()
