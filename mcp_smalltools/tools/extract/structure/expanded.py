"""Values that hold several: a person with an address, variables of an environment as `NAME=VALUE`."""

from __future__ import annotations

import re
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Node

_PERSON: Final = re.compile(
    r"\"?(?P<name>[^<>\"@,;\n]{1,100}?)\"?\s*<(?P<email>[^<>\s]{1,100}@[^<>\s]{1,100})>"
)
_VARIABLE: Final = re.compile(r"(?P<name>[A-Za-z_]\w{1,80})=(?P<value>\S.{0,1000})")
_ENVIRONMENTS: Final = frozenset(("environment", "env", "environ", "variables", "envvars"))
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
            elif isinstance(item.value, str) and len(item.value) <= _MOST_CHARS and item.name:
                more += _person(item) or (_variable(item) if item.name.lower() in _ENVIRONMENTS else [])
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


def _variable(item: Node) -> list[Node]:
    match = _VARIABLE.fullmatch(str(item.value).strip().strip("\"'"))
    if item.kind != "value" or match is None:
        return []
    return [Node(match["name"], "value", item.start, item.end, match["value"].strip("\"'"))]


def _without_known(more: list[Node], node: Node) -> list[Node]:
    known = {name for item in node.inner for name in item.name.split(ALSO)}
    return [item for item in more if not known & set(item.name.split(ALSO))]
