"""XML with the lines of its values: elements, attributes; names without their namespaces.

What is named by an attribute or an element inside is found under that name too: the `property` elements of
Spring and Hadoop, Maven's and MSBuild's settings, the keys of a property list.
"""

from __future__ import annotations

import re
from typing import Any, Final

from mcp_smalltools.text.xml_parser import BEFORE, DefinesEntitiesError, xml_parser
from mcp_smalltools.tools.extract.structure.node import MAX_DEPTH, Budget, Node, NotOfForm

MAX_CHARS: Final = 8 << 20
_NAMING: Final = ("name", "key", "id")
_VALUED: Final = ("value", "val")
_IS_NAME: Final = re.compile(r"[\w.:/@-]{1,120}")


def read_xml(text: str) -> Node:
    """Elements of one name under one parent are a list. Entities of the document's own are not followed.
    Raises NotOfForm.
    """
    from xml.parsers import expat

    if len(text) > MAX_CHARS:
        raise NotOfForm("too long for XML")
    builder = _XMLBuilder(xml_parser())
    document = text.lstrip(BEFORE)
    try:
        builder.parser.Parse(document.encode("utf-8"), True)
    except expat.ExpatError as error:
        raise NotOfForm("no XML") from error
    except DefinesEntitiesError as error:
        raise NotOfForm("XML with entities of its own") from error
    return builder.finished(text[: len(text) - len(document)].count("\n"))


class _XMLBuilder:
    def __init__(self, parser: Any) -> None:
        self.parser = parser
        self._root = Node("", "object", 1, 1)
        self._open: list[Node] = [self._root]
        self._texts: list[list[str]] = [[]]
        self._budget = Budget()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def finished(self, lines_before: int) -> Node:
        if len(self._root.inner) != 1:
            raise NotOfForm("no XML element")
        if lines_before:
            _shift(self._root, lines_before)
        root = self._root.inner[0]
        if root.name == "plist":  # its version is that of the format
            root.inner = [item for inside in root.inner if inside.kind == "object" for item in inside.inner]
        self._root.end = root.end
        return self._root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > MAX_DEPTH:
            raise NotOfForm("nested too deeply")
        self._budget.take(1 + len(attributes))
        line = self.parser.CurrentLineNumber
        node = Node(_local(name), "object", line, line)
        for key, value in attributes.items():
            if not key.startswith("xmlns"):
                node.inner.append(Node(_local(key), "value", line, line, value, literal=True))
        self._open[-1].inner.append(node)
        self._open.append(node)
        self._texts.append([])

    def _text(self, text: str) -> None:
        self._texts[-1].append(text)

    def _end(self, _: str) -> None:
        node = self._open.pop()
        text = "".join(self._texts.pop()).strip()
        node.end = self.parser.CurrentLineNumber
        if not node.inner:
            node.kind, node.value, node.literal = "value", text, True
        elif text:
            node.value = text
        if self._open[-1] is not self._root and self._root.inner[0].name == "plist" and _as_in_plist(node):
            return
        node.inner = _lists_of_repeated(node.inner)


def _lists_of_repeated(inner: list[Node]) -> list[Node]:
    """A list of the elements that share a name, at the place of the first. A lone element that holds a list
    of its own singular (`<dependencies><dependency>…`) stays: the list is in it.
    """
    by_name: dict[str, list[Node]] = {}
    for item in inner:
        by_name.setdefault(item.name, []).append(item)
    grouped, named = [], []
    for name, items in by_name.items():
        named += _under_their_names(items)
        if len(items) == 1:
            grouped.append(items[0])
            continue
        for item in items:
            item.name = ""
        grouped.append(Node(name, "list", items[0].start, items[-1].end, inner=items))
    taken = {node.name for node in grouped}
    return grouped + [node for node in named if node.name not in taken]


def _under_their_names(items: list[Node]) -> list[Node]:
    """Elements that say what they are called: `<property name="a" value="1"/>` as a. Of a lone element only
    such a pair: what else is in it has its path.
    """
    found: dict[str, Node | None] = {}
    for item in items:
        name = next((n for n in item.inner if n.kind == "value" and n.name.lower() in _NAMING), None)
        if item.kind != "object" or name is None or not _IS_NAME.fullmatch(str(name.value)):
            continue
        called = str(name.value)
        rest = [inside for inside in item.inner if inside is not name]
        node = _named_node(called, item, rest, lone=len(items) == 1)
        found[called] = None if called in found else node  # two of one name: it says nothing
    return [node for node in found.values() if node is not None]


def _named_node(called: str, item: Node, rest: list[Node], *, lone: bool) -> Node | None:
    if not rest and item.value is not None:
        return Node(called, "value", item.start, item.end, item.value, literal=True)
    if len(rest) == 1 and rest[0].kind == "value" and rest[0].name.lower() in _VALUED:
        return Node(called, "value", item.start, item.end, rest[0].value, literal=True)
    if rest and not lone:
        return Node(called, "object", item.start, item.end, item.value, inner=rest)
    return None


def _as_in_plist(node: Node) -> bool:
    """Of a property list: values of a `dict` under their keys, an `array` as a list, `<true/>` as true."""
    if node.name in ("true", "false") and not node.inner:
        node.value, node.literal = node.name == "true", False
        return True
    if node.name == "array":
        for item in node.inner:
            item.name = ""
        node.kind, node.value = "list", None
        return True
    if node.name != "dict" or any(key.name != "key" for key in node.inner[::2]) or len(node.inner) % 2:
        return False
    values = []
    for key, value in zip(node.inner[::2], node.inner[1::2], strict=True):
        value.name = str(key.value or "")
        values.append(value)
    node.kind, node.value, node.inner = "object", None, values
    return True


def _shift(node: Node, by: int) -> None:
    waiting, seen = [node], set()
    while waiting:
        item = waiting.pop()
        if id(item) in seen:  # under its name too
            continue
        seen.add(id(item))
        item.start, item.end = item.start + by, item.end + by
        waiting += item.inner


def _local(name: str) -> str:
    return name.rsplit(":", 1)[-1]
