"""Passwords that are common words, in texts that are plainly the settings of something that runs.

`password = password` is a placeholder in source code and in prose. Beside a host and a user, or among the
variables of an environment, it may be what is in use, and masking it there costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_smalltools.privacy.assignments import SecretSpan
from mcp_smalltools.privacy.secret_names import Secrecy, secrecy_of

_REACH: Final = 1000
"""Characters around a value in which its host and its user are looked for."""
_NEAR: Final = 300
"""Characters around a line whose lines must be settings, too."""
_MAX_LINE: Final = 400

_HOST: Final = r"(?:host|host_?name|server|address|url|remote|endpoint)"
_USER: Final = r"(?:user|user_?name|login|account|uid)"
_PASSWORDS: Final = frozenset(("pass", "password", "passphrase", "passwd", "pwd"))


class _PasswordPlace:
    """Where a password stands beside a host and a user: an object, a tag or an element."""

    def __init__(self, value: str, beside: str, opening: str, closing: str) -> None:
        self.value = re.compile(value)
        self.host = re.compile(beside % _HOST, re.IGNORECASE)
        self.user = re.compile(beside % _USER, re.IGNORECASE)
        self.opening, self.closing = opening, closing


_PLACES: Final = {
    '"': _PasswordPlace(
        r"\"\s{0,20}:\s{0,20}\"([^\"\\\n]{3,200})\"", r"\"%s\"\s{0,20}:\s{0,20}[\"\d]", "{", "}"
    ),
    " ": _PasswordPlace(r"=\"([^\"<>\n]{3,200})\"", r"\s%s=\"", "<", ">"),
    "<": _PasswordPlace(r"(?:\s[^<>\n]{0,100})?>([^<>\s]{3,200})</", r"<%s\b", "", ""),
}
_VARIABLE: Final = re.compile(
    r"[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]{1,80})=([\"']?)([^\s\"'#]{3,200})\2[ \t\r]*(?:#.*)?$"
)
_VARIABLES_LINE: Final = re.compile(r"\s*(?:#.*|(?:export\s+)?[A-Z][A-Z0-9_]*=.*)?$")
_TWO_WORDS: Final = re.compile(r"[ \t]*password[ \t]+(\"?)([^\s\"]{3,200})\1[ \t\r]*$")
_USER_LINE: Final = re.compile(r"\n[ \t]*(?:login|user|username)[ \t]+\"?[^\s\"]+\"?[ \t\r]*\n")
_ENCRYPTED: Final = re.compile(
    r"\"encrypted[_A-Z][A-Za-z_]{2,30}\"\s{0,20}:\s{0,20}\"([A-Za-z0-9+/]{24,4000}={0,2})\""
)
_NO_VALUE: Final = re.compile(
    r"(?i)(?:[<\[{(%$*&@].*|(.)\1*|true|false|none|null|nil|undefined|yes|off|required|optional|prompt|"
    r"(?:your|my|the|some)[ _-].*|.*[ _-]here|(?:~|\.{1,2})?/.*|\d{1,3}|redacted|hidden|masked|file|string)$"
)


def live_value(look: str, start: int, end: int) -> list[SecretSpan]:
    """The value of the name from `start` to `end`, if it stands among settings that are in use.

    For names whose value has been taken for a placeholder.
    """
    name = look[start:end]
    if secrecy_of(name) < Secrecy.TOKEN:
        return []
    before = look[start - 1 : start]
    place = _PLACES.get(" " if before in ("\t", "\n") else before)
    if place and name.lower() in _PASSWORDS and (found := _beside_host_and_user(look, start, end, place)):
        return found
    return _on_a_line(look, start, end)


def encrypted_values(look: str) -> Iterator[SecretSpan]:
    """What a store of passwords keeps encrypted: `"encryptedUsername": "…"`."""
    if '"encrypted' in look:
        for found in _ENCRYPTED.finditer(look):
            yield SecretSpan(*found.span(1))


def _beside_host_and_user(look: str, start: int, end: int, place: _PasswordPlace) -> list[SecretSpan]:
    found = place.value.match(look, end)
    if not found or _NO_VALUE.match(found[1]):
        return []
    first, last = max(0, start - _REACH), min(len(look), found.end() + _REACH)
    if place.opening:
        opening = look.rfind(place.opening, first, start)
        closing = look.find(place.closing, found.end(), last)
        if opening < 0 or closing < 0:
            return []
        first, last = opening, closing
    if place.host.search(look, first, last) and place.user.search(look, first, last):
        return [SecretSpan(*found.span(1), True)]
    return []


def _on_a_line(look: str, start: int, end: int) -> list[SecretSpan]:
    """A variable among variables of an environment; `password x` below `user y`, as mail programs have it."""
    line_start = look.rfind("\n", max(0, start - _MAX_LINE), start) + 1
    if not line_start and start > _MAX_LINE:
        return []
    line_end = look.find("\n", end, end + _MAX_LINE)
    line_end = min(len(look), end + _MAX_LINE) if line_end < 0 else line_end
    line = look[line_start:line_end]
    if variable := _VARIABLE.match(line):
        if not _NO_VALUE.match(variable[3]) and _is_among_variables(look, line_start, line_end):
            a, b = variable.span(3)
            return [SecretSpan(line_start + a, line_start + b, True)]
    elif (words := _TWO_WORDS.match(line)) and not _NO_VALUE.match(words[2]):
        above = "\n" + look[max(0, line_start - _NEAR) : line_start]
        if _USER_LINE.search(above):
            a, b = words.span(2)
            return [SecretSpan(line_start + a, line_start + b, True)]
    return []


def _is_among_variables(look: str, line_start: int, line_end: int) -> bool:
    first, last = max(0, line_start - _NEAR), min(len(look), line_end + _NEAR)
    above = look[first:line_start].split("\n")[1 if first else 0 :]
    below = look[line_end:last].split("\n")[: -1 if last < len(look) else None]
    lines = above + below
    others = sum("=" in line and not line.lstrip().startswith("#") for line in lines)
    return others >= 2 and all(map(_VARIABLES_LINE.match, lines))
