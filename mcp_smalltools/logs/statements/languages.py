"""How each language writes logging calls, and what the pieces of their messages are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from mcp_smalltools.logs.statements.arguments import arguments_at, literals_of, terms_of
from mcp_smalltools.logs.statements.pieces import Piece, Placeholder, braces, fields, printf, template_literal

_LEVELS = (
    "info|warn|warning|error|debug|trace|fatal|severe|fine|finer|finest|critical|exception|notice|log|msg"
    "|verbose|silly"
)
CALLS = {
    "java": rf"\b\w*[lL][oO][gG]\w*(?:\(\))?\s*\.\s*(?:{_LEVELS})\s*\("
    r"|\bnew\s+\w*(?:Exception|Error)\s*\(",
    "python": rf"\b\w*[lL][oO][gG]\w*\s*\.\s*(?:{_LEVELS})\s*\(|\braise\s+[\w.]+\s*\(",
    "go": r"\b(?:\w*[lL]og\w*(?:\([^()]*\))?|lg|klog|s|c|srv|log\.G\(\w+\))(?:\.With\w*\([^()]*\))*\s*\.\s*"
    r"(?:Info|Warn|Warning|Error|Err|Debug|Trace|Notice|Print|Fatal|Panic)(?:f|w|ln|S)?\s*\(|\b(?:fmt|errors)\s*\.\s*(?:Errorf|New|Wrapf?)\s*\(",
    "rust": r"\b(?:info|warn|error|debug|trace|crit)!\s*\(",
    "javascript": rf"\b(?:console|\w*[lL]og(?:ger)?)\s*\.\s*(?:{_LEVELS})\s*\(|\bnew\s+\w*Error\s*\(",
    "c": r"\b(?=\w*(?:log|LOG|err|ERR|warn|WARN|info|INFO|debug|DEBUG|dbg|DBG|fatal|FATAL|msg|MSG|alert"
    r"|notice|NOTICE|panic|PANIC|verbose|VERBOSE|failure|critical|trace|TRACE))(?!\w*(?:sprintf|strerror))\w+\s*\(",
}
LANGUAGE_OF = {
    **dict.fromkeys(("java", "kt", "scala", "groovy", "cs"), "java"),
    "py": "python",
    "go": "go",
    "rs": "rust",
    **dict.fromkeys(("js", "ts", "mjs", "cjs", "tsx", "jsx"), "javascript"),
    **dict.fromkeys(("c", "cc", "cpp", "cxx", "h", "hpp"), "c"),
}
RAISES = re.compile(r"new\s|raise\s|^(?:fmt|errors)\b")
_KEYWORD = re.compile(r"(\w+)\s*=(?!=)\s*(.+)", re.DOTALL)
_MACRO_OR_LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"|\b(?:PRI\w+|[A-Z][A-Z0-9_]{2,})\b')
_ZAP = re.compile(r"zap\.(\w+)\(\s*\"([^\"]+)\"\s*,(.*)\)", re.DOTALL)
_RUST_FIELD = re.compile(r"(?:[%?])?([\w.]+)(?:\s*=\s*(.+))?", re.DOTALL)


def pieces_of(language: str, call: str, values: Sequence[str]) -> list[Piece] | None:
    """The message of a call, by the source text of its arguments; None if it is not understood."""
    place = _message(values)
    if place is None or place > _LATEST.get(language, 2):
        return None
    return _READERS[language](call, list(values), place)


_LATEST = {"c": 5, "rust": 5, "go": 2, "python": 1}
Reader = Callable[[str, list[str], int], list[Piece] | None]


def _message(values: Sequence[str]) -> int | None:
    """Which argument is the message: the first with a literal."""
    return next(
        (place for place, value in enumerate(values) if any(quote in value for quote in "\"'`")), None
    )


def _java(call: str, values: list[str], place: int) -> list[Piece] | None:
    message, rest = values[place], values[place + 1 :]
    formatted = re.match(r"(?:String\.)?format\(", message)
    if formatted:
        inner = arguments_at(message, formatted.end())
        return _printf_of(inner[0], inner[1:]) if inner else None
    pieces: list[Piece] = []
    for term in terms_of(message):
        literals, tail = literals_of(term)
        if literals and tail.startswith(".formatted("):
            return printf(literals[0][1], arguments_at(tail, 11) or [])[0]
        if not literals or tail:
            pieces.append(Placeholder(term, "+"))
        for prefix, text in literals if not tail else ():
            if "${" in text or prefix in {"s", "f"}:
                pieces += template_literal(re.sub(r"\$(\w+)", r"${\1}", text))
            else:
                found, used = braces(text, rest)
                pieces, rest = pieces + found, rest[used:]
    return pieces


def _printf_of(expression: str, values: Sequence[str]) -> list[Piece] | None:
    text = ""
    for term in terms_of(expression):
        literals, tail = literals_of(term)
        if not literals or tail:
            return None
        text += "".join(body for _, body in literals)
    return printf(text, values)[0]


def _python(call: str, values: list[str], place: int) -> list[Piece] | None:
    message = re.sub(r"^(?:_|__|gettext|to_text|str)?\(", "", values[place])
    rest = [
        value
        for value in values[place + 1 :]
        if not re.match(r"(?:exc_info|extra|stack_info|stacklevel)\s*=", value)
    ]
    literals, tail = literals_of(message)
    if not literals:
        return None
    tail = tail.lstrip(") ")
    if any("f" in prefix for prefix, _ in literals):
        pieces: list[Piece] = []
        for prefix, text in literals:
            pieces += braces(text, [], names_are_code=True)[0] if "f" in prefix else [text]
        return pieces
    text = "".join(body for _, body in literals)
    if tail.startswith("%"):
        given = tail[1:].strip()
        return printf(text, (arguments_at(given, 1) or []) if given.startswith("(") else [given])[0]
    if tail.startswith(".format("):
        return braces(text, arguments_at(tail, 8) or [])[0]
    if tail and not tail.startswith("+"):
        return None
    keywords = [(found[1], found[2]) for value in rest if (found := _KEYWORD.fullmatch(value))]
    pieces = printf(text, rest)[0] if rest and not keywords else [text.replace("%%", "%")]
    for term in terms_of(tail[1:]) if tail else ():
        inner, _ = literals_of(term)
        pieces.append(inner[0][1] if inner else Placeholder(term, "+"))
    return pieces + fields(keywords)


def _go(call: str, values: list[str], place: int) -> list[Piece] | None:
    rest = values[place + 1 :]
    formats = re.search(r"f\s*\($", call) is not None
    pieces: list[Piece] = []
    for term in terms_of(values[place]):
        literals, tail = literals_of(term)
        if not literals or tail:
            pieces.append(Placeholder(term, "+"))
        elif formats:
            found, used = printf(literals[0][1], rest)
            pieces, rest = pieces + found, rest[used:]
        else:
            pieces.append(literals[0][1])
    if formats:
        return pieces
    return pieces + _go_fields(rest, spaced="ln" in call or "Print" in call)


def _go_fields(values: list[str], *, spaced: bool) -> list[Piece]:
    pairs: list[tuple[str, str]] = []
    pieces: list[Piece] = []
    waiting = iter(values)
    for value in waiting:
        literals, tail = literals_of(value)
        if found := _ZAP.fullmatch(value):
            pairs.append((found[2], found[3].strip()))
        elif value.startswith("zap.Error"):
            pairs.append(("error", "err"))
        elif literals and not tail and not spaced:
            pairs.append((literals[0][1], next(waiting, "")))
        elif spaced:
            pieces += [" ", *((literals[0][1],) if literals else (Placeholder(value, "+"),))]
    return pieces + fields(pairs)


def _rust(call: str, values: list[str], place: int) -> list[Piece] | None:
    literals, tail = literals_of(values[place])
    while (not literals or tail) and place + 1 < len(values):  # fields stand before the message
        place += 1
        literals, tail = literals_of(values[place])
    if not literals or tail:
        return None
    rest = values[place + 1 :]
    pairs = []
    for value in rest:
        if "=>" in value:
            key, _, given = value.partition("=>")
            pairs.append((key.strip().strip('"'), given.strip().lstrip("%?")))
    before = [found for value in values[:place] if (found := _RUST_FIELD.fullmatch(value)) and found[2]]
    pairs += [(found[1], found[2].lstrip("%?")) for found in before]
    return braces(literals[0][1], [value for value in rest if "=>" not in value])[0] + fields(pairs)


def _javascript(call: str, values: list[str], place: int) -> list[Piece] | None:
    pieces: list[Piece] = []
    for term in terms_of(values[place]):
        literals, tail = literals_of(term)
        if not literals or tail:
            pieces.append(Placeholder(term, "+"))
        elif literals[0][0] == "`":
            pieces += template_literal(literals[0][1])
        else:
            found, used = printf(literals[0][1], values[place + 1 :])
            pieces += found if used else [literals[0][1]]
    return pieces


def _c(call: str, values: list[str], place: int) -> list[Piece] | None:
    message = values[place]
    wrapped = re.match(r"_?[A-Za-z_]*\(", message)
    if wrapped:
        message = message[wrapped.end() :].rstrip(")")
    if _MACRO_OR_LITERAL.sub("", message).strip():
        return None  # an expression, not a format
    text = ""
    for found in _MACRO_OR_LITERAL.finditer(message):
        if found[0].startswith('"'):
            text += literals_of(found[0])[0][0][1]
        elif found[0].startswith("PRI"):
            text += "x" if found[0][3:4] in "xX" else "u"
        else:
            text += "u" if text.endswith("%") else "%s"
    return printf(text, values[place + 1 :])[0]


_READERS: dict[str, Reader] = {
    "java": _java,
    "python": _python,
    "go": _go,
    "rust": _rust,
    "javascript": _javascript,
    "c": _c,
}
