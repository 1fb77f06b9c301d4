"""Lists of bullets or numbers, with the lists inside them, and the parts of an item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import Node
from mcp_smalltools.tools.extract.structure.text.inline import plain
from mcp_smalltools.tools.extract.structure.text.text_lines import pair_in

BULLET: Final = re.compile(r"(?P<indent>\s*+)(?:[-*+•‣◦]|#\.|\d{1,4}[.)]|[a-z][.)])(?P<gap>\s++)(?=\S)")
_CHECK: Final = re.compile(r"\[(?P<mark>[ xX])\]\s+")
_TERM: Final = re.compile(
    r"(?:(?P<mark>\*\*|__|`{1,2})(?P<marked>[^*`\n]{1,200}?)(?P=mark)|\[(?P<text>[^\[\]\n]{1,200})\]\([^()\s]{1,600}\))"
    r"(?P<between>\s?(?:\([^()\n]{1,100}\)|\[[^\[\]\n]{1,60}\])?)\s*+(?:[:–—]|-{1,2}(?=\s)|->|=)\s*+(?P<rest>\S.*)",
    re.DOTALL,
)
_AT_VERSION: Final = re.compile(
    r"(?P<name>[\w./@+-]{1,100}) @ (?P<version>[vV]?\d[\w.+-]{0,60}(?: \([^()\n]{1,60}\))?)\s*+"
)
"""A package with its version: `cmake @ 3.16.4`."""
_MAX_LISTS: Final = 12


def read_bullets(lines: Sequence[str], at: int) -> tuple[Node, int]:
    """The list that begins at index `at`, and the index after it."""
    first = BULLET.match(lines[at])
    assert first is not None
    return _list(lines, at, _width(first["indent"]), _MAX_LISTS)


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))


def _list(lines: Sequence[str], at: int, depth: int, left: int) -> tuple[Node, int]:
    found = Node("", "list", at + 1, at + 1)
    while at < len(lines):
        match = BULLET.match(lines[at])
        if match is None or _width(match["indent"]) != depth:
            break
        texts = [lines[at][match.end() :].rstrip()]
        start, end = at + 1, at + 1
        at += 1
        inner: list[Node] = []
        while at < len(lines):
            line = lines[at]
            if not line.strip():
                ahead = at + 1
                while ahead < len(lines) and not lines[ahead].strip():
                    ahead += 1
                if ahead >= len(lines) or ahead - at > 2 or not _belongs(lines[ahead], depth):
                    break
                at = ahead
                if BULLET.match(lines[at]) and _depth(lines[at]) <= depth:
                    break
                continue
            deeper = BULLET.match(line)
            if deeper and _width(deeper["indent"]) > depth and left:
                item, at = _list(lines, at, _width(deeper["indent"]), left - 1)
                inner.append(item)
                end = item.end
            elif deeper is None and (
                _depth(line) > depth
                or (
                    at > 0
                    and lines[at - 1].strip()
                    and not inner
                    and not line.startswith(("#", "|", "```", "=", "---"))
                )
            ):
                if not inner:
                    texts.append(line.strip())
                at, end = at + 1, at + 1
            else:
                break
        found.inner.append(_item(" ".join(texts), start, end, inner))
        found.end = end
        while (
            at < len(lines)
            and not lines[at].strip()
            and at + 1 < len(lines)
            and BULLET.match(lines[at + 1])
            and _depth(lines[at + 1]) == depth
        ):
            at += 1
    return found, at


def _depth(line: str) -> int:
    return _width(line[: len(line) - len(line.lstrip())])


def _belongs(line: str, depth: int) -> bool:
    return _depth(line) > depth or (_depth(line) == depth and BULLET.match(line) is not None)


def _item(raw: str, start: int, end: int, inner: list[Node]) -> Node:
    parts: list[Node] = []
    check = _CHECK.match(raw)
    if check:
        parts.append(Node("done", "value", start, end, check["mark"] != " "))
        raw = raw[check.end() :]
    text, link = plain(raw)
    if term := _TERM.match(raw[:4_000]):
        shown, own = plain(raw[: term.start("between")])
        parts += [
            Node("name", "value", start, end, shown, link=own),
            Node("", "value", start, end, plain(raw[term.start("rest") :])[0]),
        ]
        if term["between"].strip():
            parts.append(Node("note", "value", start, end, term["between"].strip(" ()[]")))
    elif at := _AT_VERSION.fullmatch(raw):
        parts += [
            Node("name", "value", start, end, at["name"]),
            Node("version", "value", start, end, at["version"]),
        ]
    elif pair := pair_in(raw[:4_000]):
        parts += [
            Node("name", "value", start, end, plain(pair[0])[0]),
            Node("", "value", start, end, plain(pair[1])[0]),
        ]
    elif check:
        parts.append(Node("", "value", start, end, text))
    if link and parts:
        parts.append(Node("url", "value", start, end, link))
    if inner:
        node = Node("", "object", start, end, text, link=link, inner=[*parts, *inner])
        for item in inner:
            item.name = item.name or "items"
        return node
    return Node("", "value", start, end, text, link=link, inner=parts)
