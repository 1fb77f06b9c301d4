"""Finds all secrets and personal data of a text, in time proportional to its length."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from mcp_smalltools.privacy.assignments import ANCHOR, FOREIGN, name_around, values_of
from mcp_smalltools.privacy.column_secrets import HEADER, INSERT, inserted_values, table_values
from mcp_smalltools.privacy.forms import GROUPS, LOOK_BACK, Form
from mcp_smalltools.privacy.live_settings import encrypted_values, live_value
from mcp_smalltools.privacy.secret_names import Secrecy

_MATCHER_BYTES: Final = 64 << 20
"""Memory of one matcher's automaton at most; RE2 starts it afresh when it is full."""
_PIECE: Final = 1 << 14
"""Characters of a text that are asked at once whether they are ASCII."""
_NAME_REACH: Final = 64
"""Characters of the longest name of another script, with the signs behind it, or more."""
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_WIDE_RUN: Final = re.compile("[\uff01-\uff5e]+")
_LATIN: Final = bytes(code if code < 0x80 else 1 if code >= 0xC0 else ord("?") for code in range(256))
_BEGIN: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|-----BEGIN OpenVPN Static key V1-----"
)
_END: Final = re.compile(r"-----END [A-Z0-9 a-z]{0,40}-----")
_KEY_TEXT: Final = re.compile(r"(?:\\n|\\r|[\sA-Za-z0-9+/=:,.\-\"'>|#*])*")
_KEY_WORD: Final = re.compile(r"[A-Za-z0-9+/=]{16}")
_MAX_KEY: Final = 20_000
_JWK_PARTS: Final = re.compile(
    r"\\?[\"'](?:d|p|q|dp|dq|qi|k)\\?[\"']\s*:\s*\\?[\"']([A-Za-z0-9_-]{16,2000})\\?[\"']"
)
_JWK_KIND: Final = re.compile(r"[\"']kty\\?[\"']")
_JWK_REACH: Final = 4000


class Finding(NamedTuple):
    """A value that is to be masked."""

    start: int
    end: int
    kind: str
    named: bool = False
    """Its name or its place gives it away: it is to be masked elsewhere, too."""
    beyond_line: bool = False
    """It is known by another line than its own."""


def find_all(text: str) -> Iterator[Finding]:
    """All values of a text that are secrets or personal data; they may overlap."""
    pieces = _beyond_ascii(text)
    look = _narrowed(text, pieces)
    data = _as_bytes(look, pieces)
    for matcher, forms in _matchers():
        yield from _of_forms(look, data, matcher, forms)
    yield from _private_keys(look)
    yield from _named(look, data, pieces)
    yield from map(_finding, encrypted_values(look))
    yield from _columns(look, data)
    yield from _web_keys(look)


def compile_matchers() -> None:
    """Once in a process, ahead of the first text."""
    _matchers()
    _anchor(ANCHOR), _anchor(HEADER), _anchor(INSERT)


def _beyond_ascii(text: str) -> list[tuple[int, int]]:
    """The parts of a text that hold more than ASCII: most texts of megabytes have few of them."""
    if text.isascii():
        return []
    pieces: list[tuple[int, int]] = []
    for start in range(0, len(text), _PIECE):
        end = min(len(text), start + _PIECE)
        if text[start:end].isascii():
            continue
        joined = bool(pieces) and pieces[-1][1] == start
        pieces.append((pieces.pop()[0] if joined else start, end))
    return pieces


def _narrowed(text: str, pieces: list[tuple[int, int]]) -> str:
    """Full-width letters and signs as ASCII ones; as long as the text."""
    parts, at = [], 0
    for start, end in pieces:
        part = text[start:end]
        data = part.encode("utf-8", "replace")
        if b"\xef\xbc" not in data and b"\xef\xbd" not in data:  # nothing of U+FF00 to U+FF7F
            continue
        parts += [text[at:start], _WIDE_RUN.sub(lambda run: run[0].translate(_WIDE), part)]
        at = end
    return "".join(parts) + text[at:] if parts else text


def _as_bytes(look: str, pieces: list[tuple[int, int]]) -> bytes:
    """One byte for each character: Latin letters beyond ASCII are 1, all else beyond it is `?`."""
    parts, at = [], 0
    for start, end in pieces:
        other = look[start:end].encode("latin-1", "replace").translate(_LATIN)
        parts += [look[at:start].encode("ascii"), other]
        at = end
    return b"".join([*parts, look[at:].encode("ascii")])


def _compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.max_mem = _MATCHER_BYTES
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(pattern.encode("latin-1"), options)


@functools.cache
def _matchers() -> tuple[tuple[Any, tuple[Form, ...]], ...]:
    return tuple((_compiled("|".join(f"(?:{form.pattern})" for form in group)), group) for group in GROUPS)


@functools.cache
def _foreign() -> Any:
    import re2

    return re2.compile(FOREIGN.encode())


@functools.cache
def _anchor(pattern: str) -> Any:
    return _compiled(pattern)


def _of_forms(look: str, data: bytes, matcher: Any, forms: tuple[Form, ...]) -> Iterator[Finding]:
    at = 0
    groups = range(1, len(forms) + 1)
    while found := matcher.search(data, at):
        number = next(group for group in groups if found.start(group) >= 0)
        start, end = found.span(number)
        form = forms[number - 1]
        if form.check(look[start:end], look[max(0, start - LOOK_BACK) : start]):
            yield Finding(start, end, form.kind, form.named)
        at = max(end, at + 1)  # not the match's end: the sign behind one value may stand before the next


def _private_keys(look: str) -> Iterator[Finding]:
    at = 0
    while begin := _next_key(look, at):
        text = _KEY_TEXT.match(look, begin.end(), begin.end() + _MAX_KEY)
        at = text.end() if text else begin.end()
        heading = look.rfind("-----END", begin.end(), at + 8)
        if (heading >= 0 and (end := _END.match(look, heading))) or (end := _END.match(look, at)):
            at = end.end()
        elif not _KEY_WORD.search(look, begin.end(), at):
            continue  # a heading alone, in code
        yield Finding(begin.start(), at, "PRIVATE_KEY", beyond_line=True)


def _next_key(look: str, at: int) -> re.Match[str] | None:
    """The next heading of a private key. Its dashes are looked for first, which is much faster."""
    while (at := look.find("-----BEGIN ", at)) >= 0:
        if begin := _BEGIN.match(look, at):
            return begin
        at += 1
    return None


def _named(look: str, data: bytes, pieces: list[tuple[int, int]]) -> Iterator[Finding]:
    matcher = _anchor(ANCHOR)
    at = 0
    while found := matcher.search(data, at):
        start, end = name_around(look, found.start())
        at = max(end, found.start() + 1)
        for value in values_of(look, start, end) or live_value(look, start, end):
            yield _finding(value)
            at = max(at, value.end)
    for start, end in _foreign_names(look, pieces):
        for value in values_of(look, start, end, Secrecy.PASSWORD):
            yield _finding(value)


def _foreign_names(look: str, pieces: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Each of these names has a letter beyond ASCII: only what is near one is looked at."""
    for start, end in pieces:
        in_characters = max(0, start - _NAME_REACH)
        data = look[in_characters : end + _NAME_REACH].encode("utf-8", "replace")
        in_bytes = 0
        for found in _foreign().finditer(data):
            in_characters += len(data[in_bytes : found.start()].decode())
            in_bytes = found.start()
            name = found.group().decode().rstrip(":=").rstrip("\"'`) \t\n")
            yield in_characters, in_characters + len(name)


def _columns(look: str, data: bytes) -> Iterator[Finding]:
    if "\n" in look:
        headers = (found.end() - 1 for found in _anchor(HEADER).finditer(data))
        for value in table_values(look, headers):
            yield _finding(value)
    if not any(word in look for word in ("NSERT", "nsert")):
        return
    for found in _anchor(INSERT).finditer(data):
        for value in inserted_values(look, found.end()):
            yield _finding(value)


def _web_keys(look: str) -> Iterator[Finding]:
    """The private parts of JSON web keys (RFC 7517)."""
    done = 0 if '"kty' in look or "'kty" in look else len(look)
    while kind := _JWK_KIND.search(look, done):
        until = kind.end() + _JWK_REACH
        for part in _JWK_PARTS.finditer(look, max(done, kind.start() - _JWK_REACH), until):
            yield Finding(*part.span(1), "SECRET", named=True, beyond_line=True)
        done = until


def _finding(value: Any) -> Finding:
    return Finding(value.start, value.end, "SECRET", True, value.beyond_line)
