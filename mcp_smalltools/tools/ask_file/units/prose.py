"""Units of running text: sentences under their headings, rows of tables, headings, lines of examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mcp_smalltools.text.outlines.markup import fenced_lines, headings_of
from mcp_smalltools.tools.ask_file.units.unit import Unit

_MAX_PARAGRAPH: Final = 40
"""Lines of running text that are split into sentences together."""
_MAX_SENTENCE: Final = 7
"""Lines of a sentence; what is longer is read line by line."""
_MAX_SECTION: Final = 12
"""Lines of a section's unit after its heading."""
_WHOLE_PARAGRAPH: Final = 7
"""Lines of a paragraph or list item, with its heading, that are shown whole."""
_WHOLE_EXAMPLE: Final = 10
"""Lines of an example, with the sentence before it, that are shown whole."""
_INTRO_CHARS: Final = 300
"""Characters of the sentence before an example that are searched with it."""
_MOSTLY: Final = 0.4
RELEASE: Final = re.compile(
    r"\W{0,3}(?:(?:version|release|v)\W{0,2})?(?P<version>\d+\.\d+[\w.+-]*)", re.IGNORECASE
)
"""The heading of a release, with its version."""
_LITERAL: Final = re.compile(r"(?: {4}|\t)\s*+\S")
_SENTENCE_END: Final = re.compile(r"(?<=[a-z0-9)\]\"'`])[.!?][\"')]*\s+(?=[A-Z\"'(`*\[])")
_BULLET: Final = re.compile(r"^\s*(?:[-*+•o]|\d+[.)]|\(?[a-z]\))\s+")
"""The start of a list item."""
_LABELLED: Final = re.compile(r"[A-Z][\w-]*(?: [\w-]+)?:\s+\S")
"""`Label: value`; two such lines in a row are two sentences."""
_CAPITALS: Final = re.compile(r"[A-Z][A-Z0-9 /&-]{2,40}$")
_OWN_LINE: Final = re.compile(
    r"^\W*(?:copyright|\(c\)\s|©|authors?:|spdx-|licen[sc]e:|version:|maintainer:)", re.I
)
"""Lines that are a sentence by themselves."""


@dataclass(slots=True)
class _ProsePage:
    """A document while it is read, line by line."""

    lines: Sequence[str]
    heading: str = ""
    heading_line: int = 0
    release: str = ""
    """The heading of the release that the line is about, in a list of changes."""
    release_line: int = 0
    release_depth: int = 0
    prose: list[tuple[int, str]] = field(default_factory=list)
    columns: str = ""
    columns_line: int = 0
    has_examples: bool = True
    """Indented lines are examples: false where most lines are indented, as in a rendered manual page."""
    intro: tuple[int, str] = (0, "")
    """The last line and the text of the last sentence: what an example below it shows."""

    def begin(self, title: str, number: int, depth: int) -> None:
        """A heading. Inside of a release, whatever is below counts as under its version."""
        if self.release and depth > self.release_depth:
            self.heading, self.heading_line = f"{self.release} {title}", self.release_line
        else:
            self.heading, self.heading_line, self.release = title, number, ""
            if RELEASE.match(title):
                self.release, self.release_line, self.release_depth = title, number, depth
        self.columns = ""

    def flush(self) -> Iterator[Unit]:
        """The sentences of the paragraph that ends here."""
        held, self.prose = self.prose, []
        for unit in sentences(held, self.heading):
            self.intro = unit.end, unit.text[-_INTRO_CHARS:]
            yield replace(unit, whole=self._with_heading(unit), under=self.heading_line)

    def _with_heading(self, unit: Unit) -> tuple[int, int]:
        """The unit's paragraph, and the heading if nothing but blank lines is between."""
        start, end = unit.shown
        near = 0 < self.heading_line < start and end - self.heading_line < _MAX_SECTION
        if near and not _says_something_between(self.lines, self.heading_line, start):
            start = self.heading_line
        return start, end


def prose_units(lines: Sequence[str], path: str = "") -> Iterator[Unit]:
    """Sentences under their headings, rows of tables, lines of examples, each heading with its section."""
    fenced = fenced_lines(lines)
    headings = headings_of(lines, path, fenced)
    titles = {heading.line: heading.text for heading in headings}
    depths = {heading.line: heading.depth for heading in headings}
    said = [line for line in lines if line.strip()]
    page = _ProsePage(
        lines, has_examples=sum(bool(_LITERAL.match(line)) for line in said) < _MOSTLY * len(said)
    )
    for number, line in enumerate(lines, 1):
        text = line.strip()
        title = titles.get(number) or ("" if number - 1 in fenced else _capital_title(lines, number))
        if title:
            yield from page.flush()
            page.begin(title, number, depths.get(number, 0))
            end = _section_end(lines, number, titles)
            yield Unit(number, end, title, "section chapter heading", "section", title)
        elif number - 1 in fenced or (_LITERAL.match(line) and _begins_example(page, number)):
            yield from page.flush()
            if text:
                yield _example_line(page, number, text, fenced)
        elif text.startswith("|") or (text.count("|") > 1 and page.columns):
            yield from page.flush()
            yield from _table_row(page, number, text)
        elif not text or _is_rule(text):
            yield from page.flush()
            page.columns = page.columns if text else ""
        else:
            page.prose.append((number, text))
            page.columns = ""
    yield from page.flush()


def _says_something(line: str) -> bool:
    text = line.strip()
    return bool(text) and not _is_rule(text)


def _says_something_between(lines: Sequence[str], first: int, last: int) -> bool:
    """Whether a line after `first` and before `last` says something; so do many lines."""
    return last - first > _MAX_SECTION or any(map(_says_something, lines[first : last - 1]))


def _begins_example(page: _ProsePage, number: int) -> bool:
    """An indented line after a blank one or another such line, and no list item or its continuation."""
    line = page.lines[number - 1]
    if not page.has_examples or _BULLET.match(line) or page.prose:
        return False
    for other in reversed(page.lines[max(0, number - 12) : number - 1]):
        if other.strip() and not _LITERAL.match(other):
            return not _BULLET.match(other)
    return True


def _example_line(page: _ProsePage, number: int, text: str, fenced: frozenset[int]) -> Unit:
    """A line of an example; the sentence before the example says what it shows."""
    lines = page.lines
    start = end = number
    while start > 1 and number - start < _WHOLE_EXAMPLE and _is_of_example(lines, start - 1, fenced):
        start -= 1
    while end < len(lines) and end - number < _WHOLE_EXAMPLE and _is_of_example(lines, end + 1, fenced):
        end += 1
    intro_end, intro = page.intro
    intro = intro if intro_end and not _says_something_between(lines, intro_end, start) else ""
    if intro:
        start = intro_end
    whole = (start, end) if 0 < end - start < _WHOLE_EXAMPLE else None
    return Unit(number, number, text, f"{page.heading} {intro}".strip(), whole=whole, under=page.heading_line)


def _is_of_example(lines: Sequence[str], number: int, fenced: frozenset[int]) -> bool:
    return number - 1 in fenced or (not fenced and bool(_LITERAL.match(lines[number - 1])))


def _table_row(page: _ProsePage, number: int, text: str) -> Iterator[Unit]:
    if _is_rule(text):
        return
    if not page.columns:
        page.columns, page.columns_line = text, number
        yield Unit(number, number, text, page.heading, "header", under=page.heading_line)
        return
    context = f"{page.heading} {page.columns}".strip()
    yield Unit(number, number, text, context, "row", under=page.columns_line)


def _section_end(lines: Sequence[str], heading: int, titles: dict[int, str]) -> int:
    """The last line of the section if it is short, else of its first paragraph and what that introduces."""
    last = heading
    blank = False
    for number in range(heading + 1, min(len(lines), heading + _MAX_SECTION) + 1):
        if number in titles:
            return last
        text = lines[number - 1].strip()
        if not text:
            blank = last > heading + 1 or _says_something(lines[last - 1])
        elif _is_rule(text) and last == heading:
            continue
        else:
            last = number
    if last == heading + _MAX_SECTION and blank:
        return _first_paragraph(lines, heading)
    return min(last, heading + _MAX_SECTION)


def sentences(numbered: Sequence[tuple[int, str]], context: str) -> Iterator[Unit]:
    """The sentences of lines with their numbers; a list item or a gap in the numbers begins a new one."""
    held: list[tuple[int, str]] = []
    for number, line in numbered:
        apart = _BULLET.match(line) or _OWN_LINE.match(line) or (held and _OWN_LINE.match(held[-1][1]))
        apart = apart or (held and _LABELLED.match(line) and _LABELLED.match(held[-1][1]))
        if held and (number != held[-1][0] + 1 or apart):
            yield from _split(held, context)
            held = []
        held.append((number, line))
        if len(held) >= _MAX_PARAGRAPH:
            yield from _split(held, context)
            held = []
    yield from _split(held, context)


def _split(held: Sequence[tuple[int, str]], context: str) -> Iterator[Unit]:
    """The sentences of lines that belong together, each with the lines that it is on."""
    if not held:
        return
    whole, starts = "", []
    paragraph = (held[0][0], held[-1][0]) if len(held) <= _WHOLE_PARAGRAPH else None
    for _, line in held:
        starts.append(len(whole))
        whole += line.strip() + " "
    at = 0
    bounds = [match.end() for match in _SENTENCE_END.finditer(whole)]
    for bound in [*bounds, len(whole)]:
        text = whole[at:bound].strip()
        if text:
            first = sum(start <= at for start in starts) - 1
            last = sum(start < bound - 1 for start in starts) - 1
            last = max(first, last)
            if last - first < _MAX_SENTENCE:
                yield Unit(held[first][0], held[last][0], text, context, "sentence", whole=paragraph)
            else:  # no sentence: a list without marks, lines of a form
                for number, line in held[first : last + 1]:
                    yield Unit(number, number, line.strip(), context, whole=paragraph)
        at = bound


def _capital_title(lines: Sequence[str], number: int) -> str:
    """A heading as in a manual page: capitals at the margin above indented lines; "" if it is none."""
    line = lines[number - 1] if number <= len(lines) else ""
    below = next((other for other in lines[number : number + 2] if other.strip()), "")
    return line if _CAPITALS.match(line) and below.startswith(("  ", "\t")) else ""


def _is_rule(text: str) -> bool:
    """A line of dashes or the like, as under a heading or in a table."""
    return bool(re.fullmatch(r"([=\-~^\"'*+#_])\1{2,}|\|?[\s:|+-]{3,}\|?", text)) and len(text) > 2


def _first_paragraph(lines: Sequence[str], heading: int) -> int:
    """The last line of the paragraph below a heading."""
    at = heading + 1
    while at <= len(lines) and not _says_something(lines[at - 1]):
        at += 1
    while at <= len(lines) and lines[at - 1].strip():
        at += 1
    return min(max(heading, at - 1), heading + _MAX_SECTION)
