"""JSON with the lines of its values, also with comments and trailing commas, and JSON lines."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Sequence
from typing import Any, Final

from mcp_smalltools.tools.extract.structure.node import MAX_DEPTH, MAX_ROWS, Budget, Node, NotOfForm, Unread

_TOKEN: Final = re.compile(
    r'[ \t\r\n\ufeff]*+(?:(?P<text>"(?:[^"\\\n]|\\.)*+")|(?P<sign>[{}\[\]:,])'
    r"|(?P<plain>-?\d[\d.eE+-]{0,400}+|true\b|false\b|null\b|NaN\b|-?Infinity\b)"
    r"|(?P<comment>//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/))"
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_PLAIN: Final = {"true": True, "false": False, "null": None}


def read_json(text: str) -> Node:
    """Raises NotOfForm."""
    return _JSONReader(text).document()


def read_json_lines(lines: Sequence[str]) -> Node:
    """A list of the objects that stand on a line each; other lines are counted. Raises NotOfForm."""
    found = Node("", "list", 1, len(lines))
    budget = Budget()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            if not line.lstrip().startswith("{") or len(found.inner) >= MAX_ROWS:
                raise NotOfForm("no object")
            found.inner.append(_JSONReader(line, number, budget).document())
        except NotOfForm:
            found.unread.append(Unread(number, number, "no JSON object"))
    if not found.inner or len(found.unread) > len(found.inner):
        raise NotOfForm("no JSON lines")
    return found


class _JSONReader:
    def __init__(self, text: str, first_line: int = 1, budget: Budget | None = None) -> None:
        self._text, self._at, self._first = text, 0, first_line
        self._budget = budget or Budget()
        self._breaks = [match.start() for match in re.finditer("\n", text)]

    def document(self) -> Node:
        root = self._value("", self._next(), MAX_DEPTH)
        if root.kind == "value" or (self._text[self._at :].strip() and self._next_or_none() is not None):
            raise NotOfForm("no JSON document")
        return root

    def _line(self, place: int) -> int:
        return self._first + bisect.bisect_left(self._breaks, place)

    def _next(self) -> re.Match[str]:
        found = self._next_or_none()
        if found is None:
            raise NotOfForm(f"line {self._line(self._at)}: no JSON")
        return found

    def _next_or_none(self) -> re.Match[str] | None:
        while True:
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                if self._text[self._at : self._at + 200].strip() or self._text[self._at :].strip():
                    raise NotOfForm(f"line {self._line(self._at)}: no JSON")
                return None
            self._at = match.end()
            if match["comment"] is None:
                return match

    def _value(self, name: str, token: re.Match[str], depth: int) -> Node:
        if not depth:
            raise NotOfForm("nested too deeply")
        self._budget.take()
        line = self._line(token.start(token.lastgroup or 0))
        if token["sign"] == "{":
            return self._inside(Node(name, "object", line, line), "}", depth)
        if token["sign"] == "[":
            return self._inside(Node(name, "list", line, line), "]", depth)
        if token["sign"]:
            raise NotOfForm(f"line {line}: no JSON value")
        return Node(name, "value", line, self._line(self._at), _scalar(token), literal=True)

    def _inside(self, node: Node, end: str, depth: int) -> Node:
        while (token := self._next())["sign"] != end:
            if token["sign"] == "," and node.inner:
                continue
            name = ""
            if node.kind == "object":
                if token["text"] is None or self._next()["sign"] != ":":
                    raise NotOfForm(f"line {self._line(self._at)}: no name")
                name, line = _unquoted(token["text"]), self._line(token.start("text"))
                token = self._next()
                node.inner.append(self._value(name, token, depth - 1))
                node.inner[-1].start = line
            else:
                node.inner.append(self._value(name, token, depth - 1))
        node.end = self._line(self._at)
        return node


def _scalar(token: re.Match[str]) -> Any:
    if token["text"] is not None:
        return _unquoted(token["text"])
    if token["plain"] in _PLAIN:
        return _PLAIN[token["plain"]]
    if not _NUMBER.fullmatch(token["plain"]):
        raise NotOfForm("no JSON number")
    return token["plain"]


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        raise NotOfForm("no JSON text") from None
