"""HCL: Terraform, Packer and Nomad files. Blocks are objects under their type and labels; an expression that
is no plain value is its text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from mcp_smalltools.tools.extract.structure.node import MAX_DEPTH, Budget, Node, NotOfForm

_BLOCK: Final = re.compile(
    r"\s*+([A-Za-z_][\w-]*+)((?:[ \t]++(?:\"[^\"\n]*+\"|[A-Za-z_][\w-]*+))*+)[ \t]*+\{\s*+"
)
_ONE_LINE: Final = re.compile(
    r"\s*+([A-Za-z_][\w-]*+)((?:[ \t]++(?:\"[^\"\n]*+\"|[A-Za-z_][\w-]*+))*+)[ \t]*+\{(.*)\}\s*+"
)
"""A block that ends on its line, with at most one argument: `default_action { allow {} }` has none."""
_PAIR: Final = re.compile(r"\s*+(\"[^\"\n]++\"|[\w.-]++)[ \t]*+[=:](?!=)[ \t]*+(.*)")
_LABEL: Final = re.compile(r"\"([^\"]*+)\"|([\w-]++)")
_STRING: Final = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"")
_HEREDOC: Final = re.compile(r"<<-?(\w+)\s*+")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_WORDS: Final = {"true": True, "false": False, "null": None}
_LONGEST: Final = 4_000
"""Characters of a line that are looked at."""


def read_hcl(lines: Sequence[str]) -> Node:
    """Raises NotOfForm where a line is no block, no argument and no comment, or a block isn't closed."""
    reader = _HclReader(lines)
    reader.read()
    if not reader.root.inner or len(reader.open) != 1:
        raise NotOfForm("no HCL")
    _join(reader.root)
    return reader.root


class _HclReader:
    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._budget = Budget()
        self.root = Node("", "object", 1, max(1, len(lines)))
        self.open: list[Node] = [self.root]

    def read(self) -> None:
        at, comment = 0, False
        while at < len(self._lines):
            line = self._lines[at][:_LONGEST]
            bare = line.strip()
            if comment or bare.startswith("/*"):
                comment = "*/" not in bare
                at += 1
            elif not bare or bare.startswith(("#", "//")):
                at += 1
            else:
                at = self._line(_without_comment(line), at)

    def _line(self, line: str, at: int) -> int:
        """Read what begins on line `at`; the number of the next line. Counts lines from 0."""
        self._budget.take()
        bare = line.strip()
        if bare[:1] in "}":
            if len(self.open) == 1 or bare.strip("},)"):
                raise NotOfForm("no HCL")
            self.open.pop().end = at + 1
            return at + 1
        if match := _BLOCK.fullmatch(line):
            self._begin([match[1], *(a or b for a, b in _LABEL.findall(match[2]))], at)
            return at + 1
        if match := _ONE_LINE.fullmatch(line):
            self._begin([match[1], *(a or b for a, b in _LABEL.findall(match[2]))], at)
            if match[3].strip() and self._line(match[3], at) != at + 1:
                raise NotOfForm("no HCL")
            self.open.pop()
            return at + 1
        if match := _PAIR.fullmatch(line):
            return self._argument(match[1].strip('"'), match[2].strip().rstrip(","), at)
        raise NotOfForm("no HCL")

    def _begin(self, names: Sequence[str], at: int) -> None:
        if len(self.open) + len(names) > MAX_DEPTH:
            raise NotOfForm("nested too deeply")
        above = self.open[-1]
        for name in names[:-1]:
            held = next(
                (i for i in reversed(above.inner[-50:]) if i.name == name and i.kind == "object"), None
            )
            if held is None:
                held = Node(name, "object", at + 1, at + 1)
                above.inner.append(held)
            above = held
        block = Node(names[-1], "object", at + 1, at + 1)
        above.inner.append(block)
        self.open.append(block)

    def _argument(self, name: str, value: str, at: int) -> int:
        if value == "{":
            self._begin([name], at)
            return at + 1
        if match := _HEREDOC.fullmatch(value):
            ends = (n for n in range(at + 1, len(self._lines)) if self._lines[n].strip() == match[1])
            if (end := next(ends, 0)) == 0:
                raise NotOfForm("no HCL")
            text = "\n".join(line.strip() for line in self._lines[at + 1 : end])
            self._put(Node(name, "value", at + 1, end + 1, text, literal=True))
            return end + 1
        end = at
        parts = [value]
        depth = _depth(value)
        while depth > 0 and end + 1 < len(self._lines):
            end += 1
            parts.append(_without_comment(self._lines[end][:_LONGEST]).strip())
            depth += _depth(parts[-1])
        if depth != 0:
            raise NotOfForm("no HCL")
        self._put(_value_node(name, parts, at + 1, end + 1))
        return end + 1

    def _put(self, node: Node) -> None:
        self._budget.take(1 + len(node.inner))
        self.open[-1].inner.append(node)


def _value_node(name: str, parts: Sequence[str], start: int, end: int) -> Node:
    whole = " ".join(part for part in parts if part)
    if whole.startswith("[") and whole.endswith("]"):
        items = [item.strip() for item in _split(whole[1:-1])]
        plain = [_plain(item) for item in items if item]
        if all(found is not None for found in plain):
            inner = [Node("", "value", start, end, found[0], literal=True) for found in plain if found]
            return Node(name, "list", start, end, inner=inner)
    found = _plain(whole)
    return Node(name, "value", start, end, found[0] if found else whole, literal=True)


def _plain(text: str) -> tuple[Any] | None:
    """The value of a string, number or word; None for an expression."""
    if match := _STRING.fullmatch(text):
        return (match[1].replace('\\"', '"').replace("\\\\", "\\"),)
    if _NUMBER.fullmatch(text):
        return (text,)
    return (_WORDS[text],) if text in _WORDS else None


def _split(text: str) -> list[str]:
    """At commas that are in no string and in no brackets."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        if match := _STRING.match(text, at):
            at = match.end()
            continue
        depth += (text[at] in "[{(") - (text[at] in ")}]")
        if text[at] == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _depth(text: str) -> int:
    bare = _STRING.sub("", text)
    return sum(bare.count(sign) for sign in "[{(") - sum(bare.count(sign) for sign in ")}]")


def _without_comment(line: str) -> str:
    """Without what follows # or // outside of strings."""
    at = 0
    while at < len(line):
        if match := _STRING.match(line, at):
            at = match.end()
        elif line[at] == "#" or line.startswith("//", at):
            return line[:at]
        else:
            at += 1
    return line


def _join(node: Node) -> None:
    """Blocks of one name beside each other are a list."""
    by_name: dict[str, list[Node]] = {}
    for item in node.inner:
        by_name.setdefault(item.name, []).append(item)
        if item.kind == "object":
            _join(item)
    inner = []
    for name, items in by_name.items():
        if len(items) > 1 and all(item.kind == "object" for item in items):
            for item in items:
                item.name = ""
            inner.append(Node(name, "list", items[0].start, items[-1].end, inner=items))
        else:
            inner += items
    node.inner = inner
    node.end = max([node.end, *(item.end for item in inner)])
