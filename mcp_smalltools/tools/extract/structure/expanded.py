"""Values that hold several: persons with their addresses, variables of an environment as `NAME=VALUE`, the
place of a file with its line, pairs of a list under the names that they give (`[{"key": K, "value": V}]`).
"""

from __future__ import annotations

import re
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Node

_PERSON: Final = re.compile(
    r"\"?(?P<name>[^<>\"@,;\n]{1,100}?)\"?\s*<(?P<email>[^<>\s]{1,100}@[^<>\s]{1,100})>"
)
_ONE_OF_SEVERAL: Final = re.compile(
    r"(?P<name>[^<>\"@,;\n]{1,100})\"?\s?<(?P<email>[^<>\s@]{1,100}@[^<>\s@]{1,100})>"
)
_VARIABLE: Final = re.compile(r"(?P<name>[A-Za-z_]\w{1,80})=(?P<value>\S.{0,1000})")
_ENVIRONMENTS: Final = frozenset(("environment", "env", "environ", "variables", "envvars"))
_PLACE: Final = re.compile(
    r"(?P<file>(?:[A-Za-z]:)?[^\s:]{0,300}[/\\][^\s:/\\]{1,100}\.[A-Za-z]\w{0,5}):(?P<line>\d{1,7})(?::\d{1,5})?"
)
_WITH_MORE: Final = re.compile(
    r"(?P<value>[^\s():]{1,80}) \((?P<name>[A-Za-z][\w .-]{0,40}): (?P<inner>[^():]{1,100})\)"
)
_AND: Final = re.compile(r"^(?:and|et|und) ")
_KEY: Final = re.compile(r"(?:.*[a-z_ -])?(?:name|key|type|id|property|label)", re.IGNORECASE)
_LEAST_PERSONS: Final = 2
_PARTS_OF_PAIR: Final = 2
_MOST_PAIRS: Final = 500
_MOST_NODES: Final = 50_000
_MOST_CHARS: Final = 1_200


def expand(root: Node) -> None:
    """Add the parts of such values beside them, under names of their own."""
    waiting, seen = [root], 0
    while waiting and seen < _MOST_NODES:
        node = waiting.pop()
        more: list[Node] = []
        for item in node.inner:
            seen += 1
            if item.kind != "value":
                waiting.append(item)
                if item.kind == "list" and item.name.lower() in _ENVIRONMENTS:
                    more += [part for one in item.inner for part in _variable(one)]
                elif item.kind == "list":
                    more += _named_pairs(item)
            elif isinstance(item.value, str) and len(item.value) <= _MOST_CHARS and item.name:
                more += (
                    _person(item)
                    or _persons(item)
                    or _place(item)
                    or _with_more(item)
                    or (_variable(item) if item.name.lower() in _ENVIRONMENTS else [])
                )
        node.inner += _without_known(more, node)


def _person(item: Node) -> list[Node]:
    match = _PERSON.fullmatch(str(item.value).strip())
    if match is None:
        return []
    name = item.name.split(ALSO)[0]
    return [
        Node(f"{name} name", "value", item.start, item.end, match["name"].strip()),
        Node(ALSO.join((f"{name} email", f"{name} address")), "value", item.start, item.end, match["email"]),
    ]


def _persons(item: Node) -> list[Node]:
    """Several persons in one value, as a list of objects beside it."""
    text = str(item.value)
    found = list(_ONE_OF_SEVERAL.finditer(text)) if text.count("<") >= _LEAST_PERSONS else []
    if len(found) < _LEAST_PERSONS:
        return []
    rows = []
    for match in found:
        name = _AND.sub("", match["name"].strip()).strip()
        parts = (("name", name), ("email", match["email"]))
        inner = [Node(key, "value", item.start, item.end, text) for key, text in parts]
        rows.append(Node("", "object", item.start, item.end, inner=inner))
    name = item.name.split(ALSO)[0]
    return [Node(f"{name}s", "list", item.start, item.end, inner=rows, is_table=True)]


def _place(item: Node) -> list[Node]:
    """The file and the line of `src/main.c:12`; the value itself stays as it is."""
    match = _PLACE.fullmatch(str(item.value).strip())
    if match is None or item.literal:
        return []
    name = item.name.split(ALSO)[0]
    file = ALSO.join((f"{name} file", "file", "file name", "path"))
    line = ALSO.join((f"{name} line", "line", "line number"))
    return [
        Node(file, "value", item.start, item.end, match["file"]),
        Node(line, "value", item.start, item.end, match["line"]),
    ]


def _with_more(item: Node) -> list[Node]:
    """`1.8.0 (torchvision: 0.9.0)` is 1.8.0, and what stands in the brackets has a name of its own."""
    match = _WITH_MORE.fullmatch(str(item.value).strip())
    if match is None or item.literal:
        return []
    item.value = match["value"]
    return [Node(match["name"], "value", item.start, item.end, match["inner"].strip())]


def _named_pairs(item: Node) -> list[Node]:
    """Objects of a name and a value, as tags, filters and labels are in the answers of an API."""
    found = []
    if not 0 < len(item.inner) <= _MOST_PAIRS:
        return []
    for entry in item.inner:
        if entry.kind != "object" or len(entry.inner) != _PARTS_OF_PAIR:
            return []
        key, value = entry.inner
        if key.name.lower() == "value":
            key, value = value, key
        if value.name.lower() != "value" or key.kind != "value" or not isinstance(key.value, str):
            return []
        if _KEY.fullmatch(key.name) is None:
            return []
        found.append(
            Node(
                key.value,
                value.kind,
                entry.start,
                entry.end,
                value.value,
                inner=value.inner,
                literal=value.literal,
            )
        )
    return found if len({one.name for one in found}) == len(found) else []


def _variable(item: Node) -> list[Node]:
    match = _VARIABLE.fullmatch(str(item.value).strip().strip("\"'"))
    if item.kind != "value" or match is None:
        return []
    return [Node(match["name"], "value", item.start, item.end, match["value"].strip("\"'"))]


def _without_known(more: list[Node], node: Node) -> list[Node]:
    known = {name for item in node.inner for name in item.name.split(ALSO)}
    return [item for item in more if not known & set(item.name.split(ALSO))]
