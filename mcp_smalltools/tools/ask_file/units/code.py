"""Units of source code: definitions, their documentation, constants, comments, and lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_smalltools.text.outline import Outline
from mcp_smalltools.tools.ask_file.prose_units import sentences
from mcp_smalltools.tools.ask_file.settings_units import ENTRY, MAX_COMMENT_LINES, comment_above
from mcp_smalltools.tools.ask_file.unit import Unit

_MAX_DECORATED: Final = 12
"""Lines of decorators above the line with a definition's name."""
_MAX_DEFINITION: Final = 8
"""Lines after its first that a definition shows, at most: up to the end of its documentation."""


def code_units(lines: Sequence[str], found: Outline) -> Iterator[Unit]:
    """Definitions and their documentation by the outline, then all lines with what is written about them."""
    owner = [""] * (len(lines) + 1)
    documented: set[int] = set()
    yield from _definitions(lines, found, owner, documented)
    yield from _lines(lines, owner, documented)


def _definitions(
    lines: Sequence[str], found: Outline, owner: list[str], documented: set[int]
) -> Iterator[Unit]:
    """Fills in which definition each line belongs to (`owner`), and which lines are documentation."""
    names: list[str] = []
    if found.doc:
        documented |= set(range(found.doc_line, found.doc_end + 1))
        yield Unit(found.doc_line, found.doc_end, found.doc, "module file", "doc")
    for symbol in found.symbols:
        del names[symbol.depth :]
        outer = ".".join(names)
        names.append(symbol.name)
        path = ".".join(names)
        for number in range(symbol.first, min(symbol.last, len(lines)) + 1):
            owner[number] = path
        first = _definition_line(lines, symbol.first, symbol.name)
        context = f"{outer} {symbol.kind}"
        if symbol.doc:
            documented |= set(range(symbol.doc_line, symbol.doc_end + 1))
            place = symbol.doc_line, symbol.doc_end
            yield Unit(*place, symbol.doc, f"{context} {symbol.name}", "doc", symbol.name)
        end = symbol.doc_end if symbol.doc and symbol.doc_line > first else first
        end = max(first, min(end, first + _MAX_DEFINITION))
        text = f"{symbol.signature} {symbol.doc}".strip()
        yield Unit(first, end, text, context, "definition", symbol.name)


def _lines(lines: Sequence[str], owner: Sequence[str], documented: set[int]) -> Iterator[Unit]:
    """Lines of code; comments and docstrings as sentences, but for what the outline has already."""
    in_docstring = False
    prose: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        quotes = line.count('"""') + line.count("'''")
        commented = text.startswith(("#", "//", "*", "/*"))
        if (in_docstring or commented) and text and not quotes:
            prose.append((number, text.lstrip("#/*; ")))
        else:
            above = comment_above(prose, number)
            yield from _paragraph(prose, owner, documented)
            prose = []
            if text and not quotes:
                unit = _code_line(lines, number, owner[number], above)
                documented |= set(range(number + 1, unit.end + 1))
                yield unit
            elif (said := text.strip("\"' ")) and number not in documented:
                yield Unit(number, number, said, owner[number], "sentence")
        in_docstring ^= quotes % 2 == 1
    yield from _paragraph(prose, owner, documented)


def _definition_line(lines: Sequence[str], first: int, name: str) -> int:
    """The line that has the name: below its decorators."""
    for number in range(first, min(first + _MAX_DECORATED, len(lines)) + 1):
        line = lines[number - 1]
        if re.search(rf"\b{re.escape(name)}\b", line) and not line.lstrip().startswith("@"):
            return number
    return first


def _code_line(lines: Sequence[str], number: int, owner: str, above: str) -> Unit:
    """A line of code; a constant or setting with the docstring below it. The comment above is context."""
    text = lines[number - 1].strip()
    match = ENTRY.match(text)
    if match and re.fullmatch(r"[\w.]+(?:\s*:\s*[\w\[\], .|]+)?", match["key"].strip()):
        end, below = _docstring_below(lines, number)
        where = f"{owner} {above}".strip()
        return Unit(number, end, f"{text}\n{below}".strip(), where, "entry", match["key"].strip())
    return Unit(number, number, text, f"{owner} {above}".strip(), "line")


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


def _paragraph(
    prose: Sequence[tuple[int, str]], owner: Sequence[str], documented: set[int]
) -> Iterator[Unit]:
    """The sentences of a comment or docstring, without the lines that are documentation already."""
    if prose:
        new = [(number, text.strip()) for number, text in prose if number not in documented]
        yield from sentences([(number, text) for number, text in new if text], owner[prose[0][0]])
