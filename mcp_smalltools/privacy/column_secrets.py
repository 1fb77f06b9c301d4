"""Columns that are named like a secret: of CSV and its like, Markdown, tables aligned by blanks, SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_smalltools.privacy.assignments import SecretSpan
from mcp_smalltools.privacy.secret_names import Secrecy, secrecy_of
from mcp_smalltools.privacy.secret_values import (
    is_assigned,
    is_code,
    is_plain_word,
    is_quoted_secret,
    is_random,
)

_WORD: Final = (
    r"pass|pwd|pswd|psw|secret|token|credential|apikey|kennw|senha|(?:api|access|private|auth|admin|master|storage|"
    r"signing|encryption|secret|service|license|account)[ _-]?key|"
    r"clave|haslo|heslo|mdp|geheim|pin|otp|salt|auth[ _-]?key|contrase|wachtw|parola"
)
HEADER: Final = (
    rf"(?i:(?:^|\n|[,;\t|]|[ \t]{{2}})[ \t]*[\"'`*]*[\w .-]*(?:{_WORD})[\w .-]*[\"'`*]*[ \t]*"
    rf"(?:[,;\t|\r\n]|[ \t]{{2}}|$))"
)
"""A cell that may be a column's name, for RE2."""
INSERT: Final = r"(?i:insert\s+(?:ignore\s+)?into\s+[^\s(]+\s*\()"

_LABEL: Final = re.compile(
    r"(?!(?:from|import|def|return|if|for|class|and|or|not)\b)[\w.\-/#]{1,40}(?: [\w.\-/#]{1,40}){0,2}$"
)
_DELIMITERS: Final = "|\t,;"
_RULE_LINE: Final = re.compile(r"[\s|:+=-]*$")
_MAX_LINE: Final = 20_000
_MAX_COLUMNS: Final = 300
_BLANKS_APART: Final = re.compile(r"(?: {2,}|\t+)")
_SQL_VALUE: Final = re.compile(
    r"\s*(?:N?'((?:[^'\\]|''|\\.){0,4000})'|\"([^\"\n]{0,4000})\"|([^,()'\"]{1,400}(?:\([^()]{0,200}\))?))\s*"
)


def table_values(look: str, places: Iterator[int]) -> Iterator[SecretSpan]:
    """Cells below the headers that stand at `places` (characters in a line of headers, ascending)."""
    done = -1
    for place in places:
        if place < done:
            continue
        start = look.rfind("\n", max(0, place - _MAX_LINE), place) + 1
        end = look.find("\n", place, place + _MAX_LINE)
        if end < 0 or start < done:  # no line below, or one too long for a header
            continue
        line = look[start:end].rstrip("\r")
        delimiter = next(
            (sign for sign in _DELIMITERS if line.count(sign) >= (2 if sign == "|" else 1)), None
        )
        if delimiter is None:
            delimiter = next((sign for sign in "|" if sign in line), None)
        if delimiter is None:
            found, done = _aligned(look, line, end + 1, max(done, end))
        else:
            found, done = _delimited(look, line, delimiter, end + 1, max(done, end))
        yield from found


def _cells(look: str, start: int, end: int, delimiter: str) -> tuple[list[tuple[int, int]], int]:
    """Where the cells of the row from `start` stand, without quotes; and where the row ends: a cell in quotes
    may go over line ends.
    """
    cells: list[tuple[int, int]] = []
    at = start
    limit = min(len(look), start + _MAX_LINE)
    while len(cells) < _MAX_COLUMNS:
        while at < end and look[at] == " ":
            at += 1
        if look[at : at + 1] == '"' and delimiter != "|":
            close = look.find('"', at + 1, limit)
            while close >= 0 and look[close + 1 : close + 2] == '"':
                close = look.find('"', close + 2, limit)
            if close < 0:
                cells.append((at, end))
                return cells, end
            cells.append((at + 1, close))
            if close > end:
                line_end = look.find("\n", close, limit)
                end = line_end if line_end >= 0 else limit
            following = look.find(delimiter, close, end)
        else:
            following = look.find(delimiter, at, end)
            stop = following if following >= 0 else end
            while stop > at and look[stop - 1] in " \r":
                stop -= 1
            cells.append((at, stop))
        if following < 0:
            break
        at = following + 1
    return cells, end


def _delimited(look: str, line: str, delimiter: str, below: int, done: int) -> tuple[list[SecretSpan], int]:
    start = below - 1 - len(line)
    start = look.rfind("\n", 0, below - 1) + 1
    names, _ = _cells(look, start, below - 1, delimiter)
    labels = [look[a:b].strip("\"'`* ") for a, b in names]
    filled = [label for label in labels if label]
    if len(filled) < 2 or not all(_LABEL.match(label) for label in filled):
        return [], done
    secret = {
        number: level
        for number, label in enumerate(labels)
        if (level := _of_column(label)) is not Secrecy.NONE
    }
    if not secret or len(secret) == len(filled) > 2:
        return [], done
    spaced = delimiter in ",;" and f"{delimiter} " in line
    found: list[SecretSpan] = []
    at, odd = below, 0
    while at < len(look) and odd < 3:
        end = look.find("\n", at)
        end = len(look) if end < 0 else end
        if end - at > _MAX_LINE:
            break
        if not look[at:end].strip():
            if delimiter == "|":
                break
            at = end + 1
            odd += 1
            continue
        if _RULE_LINE.match(look, at, end):
            at = end + 1
            continue
        cells, end = _cells(look, at, end, delimiter)
        if len(cells) != len(names):
            odd += 1
            if spaced or odd > 2 or not found:
                break
        else:
            for number, level in secret.items():
                a, b = cells[number]
                value = look[a:b].strip("`\"' ")
                a += look[a:b].find(value) if value else 0
                if _is_cell(value, level, careful=spaced):
                    found.append(SecretSpan(a, a + len(value), True))
        at = end + 1
    return found, max(done, at if found else done)


def _of_column(label: str) -> Secrecy:
    secrecy = secrecy_of(label.strip("* `\"'"))
    return Secrecy.NONE if secrecy is Secrecy.RANDOM else secrecy


def _is_cell(value: str, secrecy: Secrecy, *, careful: bool) -> bool:
    if not value or _RULE_LINE.match(value) or value.startswith("<"):
        return False
    if careful:
        return " " not in value and is_random(value) and not is_code(value)
    if secrecy is Secrecy.PIN:
        return value.isdigit()
    if secrecy is Secrecy.PASSWORD:
        if " " in value:
            return is_quoted_secret(value, secrecy)
        return is_assigned(value) or (len(value) >= 3 and value.isdigit())
    return is_quoted_secret(value, secrecy) or (
        len(value) >= 8 and " " not in value and not is_plain_word(value) and is_assigned(value)
    )


def _aligned(look: str, line: str, below: int, done: int) -> tuple[list[SecretSpan], int]:
    """Columns that are set apart by two blanks, under headers in capitals or over a line of dashes."""
    start = look.rfind("\n", 0, below - 1) + 1
    columns: list[tuple[int, int, str]] = []
    at = 0
    for gap in [*_BLANKS_APART.finditer(line), None]:
        end = gap.start() if gap else len(line.rstrip())
        if end > at and line[at:end].strip():
            columns.append((at, end, line[at:end].strip()))
        at = gap.end() if gap else end
    if len(columns) < 2 or not all(_LABEL.match(label) and len(label.split()) <= 3 for *_, label in columns):
        return [], done
    secret = [(a, b, level) for a, b, label in columns if (level := _of_column(label)) is not Secrecy.NONE]
    next_end = look.find("\n", below)
    ruled = (
        bool(_RULE_LINE.match(look[below : next_end if next_end >= 0 else below + 200]))
        and "-" in look[below : below + 200]
    )
    if (
        not secret
        or start == below
        or not (ruled or all(label.isupper() or label.istitle() for *_, label in columns))
    ):
        return [], done
    found: list[SecretSpan] = []
    at = below
    while at < len(look):
        end = look.find("\n", at)
        end = len(look) if end < 0 else end
        row = look[at:end]
        if not row.strip() or len(row) > _MAX_LINE:
            break
        for a, b, level in secret:
            left = a
            while 0 < left < len(row) and row[left - 1 : left] not in (" ", "\t", "") and left > a - 40:
                left -= 1
            cell = re.compile(r"\s*(\S+)").match(row, left) if left < len(row) else None
            if (
                cell
                and cell.start(1) < b + 2
                and _is_cell(cell[1], level, careful=not ruled and not cell[1].isdigit())
            ):
                found.append(SecretSpan(at + cell.start(1), at + cell.end(1), True))
        at = end + 1
    return found, max(done, at if found else done)


def inserted_values(look: str, at: int) -> Iterator[SecretSpan]:
    """Of an SQL insert whose list of columns starts at `at`: the values of those named like a secret."""
    close = look.find(")", at, at + 5000)
    if close < 0:
        return
    names = [name.strip(' `"[]\n\t') for name in look[at:close].split(",")]
    secret = {
        number: level for number, name in enumerate(names) if (level := _of_column(name)) is not Secrecy.NONE
    }
    values = re.compile(r"\s*(?:values?|select)\s*", re.IGNORECASE).match(look, close + 1)
    if not secret or not values:
        return
    place = values.end()
    while look[place : place + 1] == "(":
        place += 1
        for number in range(len(names)):
            value = _SQL_VALUE.match(look, place)
            if not value:
                return
            if number in secret and value.lastindex and value.lastindex < 3:
                text = value[value.lastindex]
                if _is_cell(text, secret[number], careful=False):
                    yield SecretSpan(*value.span(value.lastindex), True)
            elif number in secret and value[3] and value[3].strip().isdigit() and len(value[3].strip()) >= 4:
                a = value.start(3)
                yield SecretSpan(a, a + len(value[3].rstrip()), True)
            place = value.end()
            if look[place : place + 1] == ",":
                place += 1
        tail = re.compile(r"\s*\)\s*,?\s*").match(look, place)
        if not tail:
            return
        place = tail.end()
