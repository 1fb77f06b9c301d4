"""XML with the lines of its values: elements, attributes; names without their namespaces."""

from __future__ import annotations

from typing import Any, Final

from mcp_smalltools.tools.extract.structure.node import MAX_DEPTH, Budget, Node, NotOfForm

MAX_CHARS: Final = 8 << 20


def read_xml(text: str) -> Node:
    """Elements of one name under one parent are a list. Entities of the document's own are not followed.
    Raises NotOfForm.
    """
    from xml.parsers import expat

    if len(text) > MAX_CHARS:
        raise NotOfForm("too long for XML")
    builder = _XMLBuilder(expat.ParserCreate())
    try:
        # a declared encoding no longer holds: the text is decoded
        builder.parser.Parse(text.lstrip("\ufeff \t\r\n").encode("utf-8"), True)
    except expat.ExpatError as error:
        raise NotOfForm("no XML") from error
    skipped = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    return builder.finished(text[:skipped].count("\n"))


class _XMLBuilder:
    def __init__(self, parser: Any) -> None:
        self.parser = parser
        self._root = Node("", "object", 1, 1)
        self._open: list[Node] = [self._root]
        self._texts: list[list[str]] = [[]]
        self._budget = Budget()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._refuse

    def finished(self, lines_before: int) -> Node:
        if len(self._root.inner) != 1:
            raise NotOfForm("no XML element")
        if lines_before:
            _shift(self._root, lines_before)
        root = self._root.inner[0]
        self._root.end = root.end
        return self._root

    def _refuse(self, *_: Any) -> None:
        raise NotOfForm("XML with entities of its own")

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
        node.inner = _lists_of_repeated(node.inner)


def _lists_of_repeated(inner: list[Node]) -> list[Node]:
    """A list of the elements that share a name, at the place of the first. A lone element that holds a list
    of its own singular (`<dependencies><dependency>…`) stays: the list is in it.
    """
    by_name: dict[str, list[Node]] = {}
    for item in inner:
        by_name.setdefault(item.name, []).append(item)
    grouped = []
    for name, items in by_name.items():
        if len(items) == 1:
            grouped.append(items[0])
            continue
        for item in items:
            item.name = ""
        grouped.append(Node(name, "list", items[0].start, items[-1].end, inner=items))
    return grouped


def _shift(node: Node, by: int) -> None:
    waiting = [node]
    while waiting:
        item = waiting.pop()
        item.start, item.end = item.start + by, item.end + by
        waiting += item.inner


def _local(name: str) -> str:
    return name.rsplit(":", 1)[-1]
