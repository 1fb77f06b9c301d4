"""Units of XML and HTML: each line with the elements that it is in, short elements whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mcp_smalltools.tools.ask_file.units.prose import sentences
from mcp_smalltools.tools.ask_file.units.unit import Unit

_WHOLE_ELEMENT: Final = 8
"""Lines of an element that are shown whole."""
_MAX_COMMENT: Final = 6
"""Lines of a comment above an element that are shown with it."""
_MAX_CHARS: Final = 600
"""Characters of an element, or of a comment, that are searched."""
_MAX_DEPTH: Final = 60
_CONTEXT_DEPTH: Final = 4
"""Elements around a line whose names are searched with it."""
_TAG: Final = re.compile(
    r"<(?P<end>/?)(?P<name>[A-Za-z_][\w:.-]{0,80}+)(?P<rest>[^<>]{0,2000}+)(?P<close>>?)"
)
_VOID: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_ATTRIBUTE: Final = re.compile(r"([\w:.-]{1,60})\s*=\s*[\"']([^\"'<>]{1,120})[\"']")
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_NAMES: Final = ("name", "id", "key", "artifactId")


@dataclass(slots=True)
class _Element:
    name: str
    line: int


def looks_like_markup(lines: Sequence[str]) -> bool:
    """The first line that says anything begins with a tag, and so do most others."""
    head = [line.strip() for line in lines[:200] if line.strip()]
    if len(head) < 3 or not re.match(r"<[?!A-Za-z]", head[0].lstrip("\ufeff")):
        return False
    return sum(line.startswith("<") for line in head) > 0.6 * len(head)


def markup_units(lines: Sequence[str]) -> Iterator[Unit]:
    """Comments as sentences; each line with the names of the elements around it."""
    ends = _ends_of_elements(lines)
    stack: list[_Element] = []
    comment: list[tuple[int, str]] = []
    in_comment = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        if in_comment or text.startswith("<!--"):
            in_comment = "-->" not in text
            plain = text.removeprefix("<!--").removesuffix("-->").strip(" -=*") or text
            comment.append((number, plain))
            continue
        yield from _comment_units(comment, stack, number)
        end = ends.get(number, number)
        yield _line_unit((number, end), lines[number - 1 : end], stack, comment)
        comment = []
        _follow(line, number, stack)
    yield from _comment_units(comment, stack, 0)


def _line_unit(
    span: tuple[int, int],
    lines: Sequence[str],
    stack: Sequence[_Element],
    comment: Sequence[tuple[int, str]],
) -> Unit:
    """A line; the opening of a short element stands for all of it (`span`)."""
    number, end = span
    around = " ".join(element.name for element in stack[-_CONTEXT_DEPTH:])
    above = comment[0][0] if comment and number - comment[0][0] <= _MAX_COMMENT else number
    said = " ".join(line for _, line in comment)[:_MAX_CHARS] if above < number else ""
    text = _plain(" ".join(line.strip() for line in lines))[:_MAX_CHARS]
    opened = _TAG.match(lines[0].strip())
    name = _name_of(opened) if opened and not opened["end"] else ""
    whole = (above, end) if above < number else None
    under = stack[-1].line if stack else 0
    return Unit(
        number, end, text, f"{around} {said}".strip(), "entry" if name else "line", name, whole, under
    )


def _name_of(opened: re.Match[str]) -> str:
    """The element's name with that of its attributes that names it."""
    named = [value for key, value in _ATTRIBUTE.findall(opened["rest"]) if key in _NAMES]
    return " ".join((opened["name"], *named[:1]))


def _comment_units(
    comment: Sequence[tuple[int, str]], stack: Sequence[_Element], below: int
) -> Iterator[Unit]:
    if not comment:
        return
    first, last = comment[0][0], comment[-1][0]
    around = " ".join(element.name for element in stack[-_CONTEXT_DEPTH:])
    whole = (first, below or last) if (below or last) - first <= _MAX_COMMENT else None
    for unit in sentences(comment, around):
        yield replace(unit, whole=whole)


def _follow(line: str, number: int, stack: list[_Element]) -> None:
    """Open and close the elements of a line."""
    for tag in _TAG.finditer(line[:4000]):
        if tag["end"]:
            for at in range(len(stack) - 1, -1, -1):
                if stack[at].name == tag["name"]:
                    del stack[at:]
                    break
        elif not tag["rest"].endswith("/") and tag["name"].lower() not in _VOID and len(stack) < _MAX_DEPTH:
            stack.append(_Element(tag["name"], number))


def _ends_of_elements(lines: Sequence[str]) -> dict[int, int]:
    """The last line of each short element that begins a line, by its first line."""
    ends: dict[int, int] = {}
    stack: list[_Element] = []
    for number, line in enumerate(lines, 1):
        before = [(element.name, element.line) for element in stack]
        _follow(line, number, stack)
        for _, first in before[len(stack) :]:
            if number - first < _WHOLE_ELEMENT:
                ends[first] = max(number, ends.get(first, 0))
    return ends


def _plain(text: str) -> str:
    for entity, sign in _ENTITIES:
        text = text.replace(entity, sign)
    return text
