"""Units of source code: definitions, their documentation, constants, comments, and lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mcp_smalltools.text.outline import Outline, Symbol, outline
from mcp_smalltools.text.outlines.by_lines import comment_above as documented_by
from mcp_smalltools.text.outlines.by_lines import lines_inside, outline_by_lines, plain_comment
from mcp_smalltools.text.outlines.line_rules import LineLanguage
from mcp_smalltools.text.outlines.sql import SQL, outline_sql
from mcp_smalltools.tools.ask_file.units.prose import sentences
from mcp_smalltools.tools.ask_file.units.settings_units import ENTRY, MAX_COMMENT_LINES, comment_above
from mcp_smalltools.tools.ask_file.units.unit import Unit

_MAX_DECORATED: Final = 12
"""Lines of decorators above the line with a definition's name."""
_MAX_DEFINITION: Final = 8
"""Lines after its first that a definition shows, at most: up to the end of its documentation."""
_WHOLE_DEFINITION: Final = 12
"""Lines of a definition that is shown whole."""
_WHOLE_BLOCK: Final = 6
"""Lines of code without a blank line between them that are shown together."""
_HASH: Final = LineLanguage("#", (), comment="#", blocks=())
_C: Final = LineLanguage("c", ())
_GRAMMARS: Final = {
    "python": LineLanguage("python", (), comment="#", blocks=(('"""', '"""'), ("'''", "'''")), quotes="\"'"),
    "ruby": LineLanguage("ruby", (), comment="#", blocks=(("\n=begin", "\n=end"),)),
    "bash": _HASH,
}
"""How comments are written in languages that have a grammar; the others write them as C does."""
_NAME_AND_TYPE: Final = re.compile(r"[\w.]+(?:\s*:\s*[\w\[\], .|]+)?")
_DECLARED: Final = re.compile(
    r"\s*+(?:(?:public|private|protected|internal|fileprivate|static|final|const|constexpr|readonly|val|var|let"
    r"|constant|immutable|override|lazy|export|use|my|our|local|unsigned|signed|volatile|extern|inline|pub)\s++){1,6}+"
    r"(?:[\w.<>\[\]?*]{1,60}\s++)?(?P<key>[A-Za-z_$@%][\w.$]{0,80}+)(?:\s*+:\s*+[^=\n]{1,80}?)?\s*+=>?(?!=)\s*+\S"
)
"""A constant or field with its modifiers and type."""


@dataclass(slots=True)
class _Code:
    """A file of code while it is read."""

    lines: Sequence[str]
    comments: tuple[str, ...]
    inside: frozenset[int]
    owner: list[str]
    """The definition that each line is in; index 0 is no line."""
    owner_line: list[int]
    documented: set[int] = field(default_factory=set)
    """Lines that are part of a unit of documentation already."""


def code_units(
    lines: Sequence[str], language: str | LineLanguage, check: Callable[[], None] = lambda: None
) -> Iterator[Unit]:
    """Definitions and their documentation, then all lines with what is written about them.

    `language` is the name of one with a grammar, or one that is read by its lines. Raises what `check`
    raises.
    """
    if isinstance(language, str):
        found, comments = outline("\n".join(lines), language, check), _GRAMMARS.get(language, _C)
    else:
        found, comments = _outline_of(lines, language, check), language
    code = _Code(
        lines,
        tuple(comments.comment.split(" ")),
        lines_inside(lines, comments),
        [""] * (len(lines) + 1),
        [0] * (len(lines) + 1),
    )
    yield from _definitions(code, found)
    yield from _lines(code)


def _outline_of(lines: Sequence[str], language: LineLanguage, check: Callable[[], None]) -> Outline:
    """The same record as a grammar gives, by the lines of the file."""
    headings = outline_sql(lines, check) if language is SQL else outline_by_lines(lines, language, check)
    inside, comments = lines_inside(lines, language), tuple(language.comment.split(" "))
    symbols = []
    for heading in headings:
        if heading.minor:
            continue
        doc, first, last = documented_by(lines, heading.line - 1, inside, comments)
        symbols.append(
            Symbol("", heading.name, heading.text, heading.line, heading.end, heading.depth, doc, first, last)
        )
    return Outline(language.name, "", 0, 0, symbols, False)


def _definitions(code: _Code, found: Outline) -> Iterator[Unit]:
    """Fills in which definition each line belongs to, and which lines are documentation."""
    names: list[str] = []
    if found.doc:
        code.documented |= set(range(found.doc_line, found.doc_end + 1))
        yield Unit(found.doc_line, found.doc_end, found.doc, "module file", "doc")
    for symbol in found.symbols:
        del names[symbol.depth :]
        outer = ".".join(names)
        names.append(symbol.name)
        path = ".".join(names)
        first = _definition_line(code.lines, symbol.first, symbol.name)
        last = min(symbol.last, len(code.lines))
        for number in range(symbol.first, last + 1):
            code.owner[number] = path
            code.owner_line[number] = first
        context = f"{outer} {symbol.kind}".strip()
        whole = _whole_definition(symbol, last)
        if symbol.doc:
            code.documented |= set(range(symbol.doc_line, symbol.doc_end + 1))
            place = symbol.doc_line, symbol.doc_end
            about = f"{context} {symbol.name}"
            yield Unit(*place, symbol.doc, about, "doc", symbol.name, whole=whole)
        end = symbol.doc_end if symbol.doc and symbol.doc_line > first else first
        end = max(first, min(end, first + _MAX_DEFINITION))
        text = f"{symbol.signature} {symbol.doc}".strip()
        yield Unit(first, end, text, context, "definition", symbol.name, whole=whole)


def _whole_definition(symbol: Symbol, last: int) -> tuple[int, int] | None:
    """A short definition with its documentation."""
    first = min(symbol.first, symbol.doc_line or symbol.first)
    if last - first < _WHOLE_DEFINITION:
        return first, max(last, symbol.doc_end)
    if symbol.doc and symbol.doc_line < symbol.first and symbol.first - symbol.doc_line < _MAX_DEFINITION:
        return symbol.doc_line, symbol.first
    return None


def _lines(code: _Code) -> Iterator[Unit]:
    """Lines of code; comments and docstrings as sentences, but for what the outline has already."""
    prose: list[tuple[int, str]] = []
    for number, line in enumerate(code.lines, 1):
        text = line.strip()
        if not text:
            continue
        if prose and number != prose[-1][0] + 1:
            yield from _paragraph(prose, code)
            prose = []
        if number - 1 in code.inside or text.startswith((*code.comments, "/*", '"""', "'''")):
            prose.append((number, plain_comment(line) or text))
            continue
        unit = _code_line(code, number, prose)
        code.documented |= set(range(number + 1, unit.end + 1))
        yield unit
        yield from _paragraph(prose, code)
        prose = []
    yield from _paragraph(prose, code)


def _definition_line(lines: Sequence[str], first: int, name: str) -> int:
    """The line that has the name: below its decorators."""
    for number in range(first, min(first + _MAX_DECORATED, len(lines)) + 1):
        line = lines[number - 1]
        if re.search(rf"\b{re.escape(name)}\b", line) and not line.lstrip().startswith("@"):
            return number
    return first


def _code_line(code: _Code, number: int, comment: Sequence[tuple[int, str]]) -> Unit:
    """A line of code; a constant or setting with the docstring below it. The comment above is context."""
    text = code.lines[number - 1].strip()
    above = comment_above(comment, number)
    first = comment[0][0] if above else number
    where = f"{code.owner[number]} {above}".strip()
    unit = Unit(number, number, text, where, under=code.owner_line[number])
    name = _constant_in(text)
    if name:
        end, below = _docstring_below(code.lines, number)
        whole = (first, end) if first < number or end > number else None
        return replace(unit, end=end, text=f"{text}\n{below}".strip(), kind="entry", name=name, whole=whole)
    return replace(unit, whole=_block_around(code.lines, first, number))


def _constant_in(text: str) -> str:
    """The name of the constant or setting that a line sets; "" if it sets none."""
    match = ENTRY.match(text)
    if match and _NAME_AND_TYPE.fullmatch(match["key"].strip()):
        return match["key"].strip()
    declared = _DECLARED.match(text[:400])
    return declared["key"] if declared else ""


def _block_around(lines: Sequence[str], first: int, number: int) -> tuple[int, int] | None:
    """The lines around that have no blank line between them, if they are few; else those from `first` on."""
    start, end = first, number
    while start > 1 and lines[start - 2].strip() and number - start <= _WHOLE_BLOCK:
        start -= 1
    while end < len(lines) and lines[end].strip() and end - number <= _WHOLE_BLOCK:
        end += 1
    if end - start < _WHOLE_BLOCK:
        return (start, end) if end > start else None
    return (first, number) if first < number else None


def _docstring_below(lines: Sequence[str], number: int) -> tuple[int, str]:
    """Last line and text of the string below a constant; the constant's own line if there is none."""
    indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
    below = lines[number] if number < len(lines) else ""
    quote = below.strip()[:3]
    if quote not in ('"""', "'''") or len(below) - len(below.lstrip()) != indent:
        return number, ""
    for end in range(number + 1, min(number + MAX_COMMENT_LINES, len(lines)) + 1):
        text = " ".join(line.strip() for line in lines[number:end])
        if len(text) > 5 and text.endswith(quote):
            return end, text.strip(quote[0] + " ")
    return number, ""


def _paragraph(prose: Sequence[tuple[int, str]], code: _Code) -> Iterator[Unit]:
    """The sentences of a comment or docstring, without the lines that are documentation already."""
    if not prose:
        return
    first = prose[0][0]
    last = prose[-1][0]
    new = [(number, text.strip()) for number, text in prose if number not in code.documented]
    whole = (first, min(last + 1, len(code.lines))) if last - first < MAX_COMMENT_LINES else None
    for unit in sentences([(number, text) for number, text in new if text], code.owner[first]):
        yield replace(unit, whole=whole, under=code.owner_line[first])
