"""Source text taken apart: the arguments of a call, the terms of a sum, the text of a literal."""

from __future__ import annotations

import re

_OPEN, _CLOSE, _QUOTES = "([{", ")]}", "\"'`"
_LONGEST = 2_000
_ESCAPE = re.compile(
    r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]+\}|[0-7]{1,3}|\r?\n\s*|.)", re.DOTALL
)
_SAME = {'"': '"', "'": "'", "\\": "\\", "`": "`", "/": "/", "$": "$"}
_LITERAL = re.compile(
    r"(?P<prefix>[A-Za-z]{0,2}|u8|\$)(?:(?P<hash>#+)\"(?P<raw>.*?)\"(?P=hash)"
    r"|\"\"\"(?P<triple>(?:[^\\]|\\.)*?)\"\"\"|\"(?P<double>(?:[^\"\\\n]|\\.)*)\""
    r"|'(?P<single>(?:[^'\\\n]|\\.)*)'|`(?P<back>(?:[^`\\]|\\.)*)`)",
    re.DOTALL,
)


def arguments_at(source: str, start: int) -> list[str] | None:
    """The arguments of the call whose opening bracket is just before `start`; None if it has no end."""
    depth, begin, place = 1, start, start
    found: list[str] = []
    end = min(len(source), start + _LONGEST)
    while place < end:
        sign = source[place]
        if sign in _QUOTES:
            place = _after_string(source, place, end)
            continue
        if sign in _OPEN:
            depth += 1
        elif sign in _CLOSE:
            depth -= 1
            if not depth:
                found.append(source[begin:place].strip())
                return found
        elif sign in ",;" and depth == 1:
            # Rust's slog separates fields with a semicolon; elsewhere one ends a statement: no call.
            found.append(source[begin:place].strip())
            begin = place + 1
        elif source.startswith(("//", "/*"), place):
            ends = source.find("\n" if source[place + 1] == "/" else "*/", place)
            source = source[:place] + " " * (ends - place) + source[ends:] if ends > 0 else source[:place]
            continue
        place += 1
    return None


def _after_string(source: str, place: int, end: int) -> int:
    quote = source[place]
    if source.startswith('"""', place):
        closing = source.find('"""', place + 3)
        return closing + 3 if closing > 0 else end
    at = place + 1
    while at < end and source[at] != quote:
        if source[at] == "\\":
            at += 1
        elif source[at] == "\n" and quote != "`":
            return place + 1  # an apostrophe, a lifetime, a digit separator
        at += 1
    return at + 1


def terms_of(expression: str) -> list[str]:
    """The terms of a sum, at the outermost level."""
    depth, begin, place = 0, 0, 0
    terms: list[str] = []
    while place < len(expression):
        sign = expression[place]
        if sign in _QUOTES:
            place = _after_string(expression, place, len(expression))
            continue
        depth += (sign in _OPEN) - (sign in _CLOSE)
        if sign == "+" and not depth and expression[place : place + 2] != "++":
            terms.append(expression[begin:place].strip())
            begin = place + 1
        place += 1
    return [*terms, expression[begin:].strip()]


def literals_of(expression: str) -> tuple[list[tuple[str, str]], str]:
    """The string literals that an expression starts with, one after another, each as prefix ("f", "r", "`"
    for a JavaScript template, ...) and text; and what comes after them.
    """
    found, rest = [], expression.strip()
    while match := _LITERAL.match(rest):
        back = match["back"]
        body = next(
            text
            for text in (match["raw"], match["triple"], match["double"], match["single"], back, "")
            if text is not None
        )
        prefix = "`" if back is not None else match["prefix"].lower()
        raw = "r" in prefix or match["raw"] is not None
        found.append((prefix, body if raw else unescaped(body)))
        rest = rest[match.end() :].strip()
    return found, rest


def unescaped(text: str) -> str:
    """Escapes as the characters that they stand for; control characters as spaces."""
    return _ESCAPE.sub(lambda found: _SAME.get(found[1], " " if not found[1].startswith("\n") else ""), text)
