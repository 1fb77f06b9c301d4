"""What `terraform plan` will do: each resource with its action and arguments, the outputs, the sums."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Node

_RESOURCE: Final = re.compile(
    r"\s{0,20}(?P<action>[+~-]|-/\+|\+/-|<=) (?:resource|data) "
    r"\"(?P<type>[\w-]{1,200})\" \"(?P<name>[^\"\n]{1,200})\" \{"
)
_ARGUMENT: Final = re.compile(
    r"\s{0,40}[+~-]\s{1,4}(?P<name>\"[^\"\n]{1,100}\"|[\w.-]{1,100})\s{1,60}=\s(?P<value>\S.*+)"
)
_SUMS: Final = re.compile(
    r"\s{0,8}Plan: (?:(?P<imported>\d++) to import, )?(?P<added>\d++) to add, (?P<changed>\d++) to change, "
    r"(?P<destroyed>\d++) to destroy\.?.{0,200}"
)
_ACTIONS: Final = {
    "+": "create",
    "-": "destroy",
    "~": "update",
    "<=": "read",
    "-/+": "replace",
    "+/-": "replace",
}
_LATER: Final = "(known after apply)"
_MOST_CHARS: Final = 2_000
_LEAST_INDENT: Final = 4


def plan_in(lines: Sequence[str]) -> list[Node]:
    """The parts of a plan; nothing where the text has no line of its sums and no resource."""
    resources: list[Node] = []
    rest: list[Node] = []
    held: Node | None = None
    in_outputs = False
    for number, line in enumerate(lines, 1):
        if len(line) > _MOST_CHARS:
            continue
        if (match := _RESOURCE.fullmatch(line)) is not None:
            held = _resource(match, number)
            resources.append(held)
        elif (sums := _SUMS.fullmatch(line)) is not None:
            rest += _sums(sums, number)
        elif line.startswith("Changes to Outputs"):
            held, in_outputs = None, True
        elif line.strip() == "}" and held is not None and len(line) - len(line.lstrip()) <= _LEAST_INDENT:
            held.end, held = number, None
        elif (argument := _ARGUMENT.fullmatch(line)) is not None and (held is not None or in_outputs):
            value = argument["value"].removesuffix(" # forces replacement").strip()
            if value and value != _LATER and value[-1] not in "{[(":
                node = Node(argument["name"].strip('"'), "value", number, number, value.strip('"'))
                (held.inner if held is not None else rest).append(node)
    if not rest and not resources:
        return []
    if resources:
        start, end = resources[0].start, resources[-1].end
        rest.append(Node("resources", "list", start, end, inner=resources, is_table=True))
    return rest


def _resource(match: re.Match[str], number: int) -> Node:
    parts = {
        ALSO.join(("resource type", "type")): match["type"],
        ALSO.join(("resource name", "name")): match["name"],
        ALSO.join(("address", "resource", "resource address")): f"{match['type']}.{match['name']}",
        "action": _ACTIONS[match["action"]],
    }
    inner = [Node(name, "value", number, number, text, literal=True) for name, text in parts.items()]
    return Node("", "object", number, number, inner=inner)


def _sums(match: re.Match[str], number: int) -> list[Node]:
    names = {
        "imported": ("to import", "imports", "imported"),
        "added": ("to add", "additions", "added", "resources to add", "add"),
        "changed": ("to change", "changes", "changed", "resources to change", "change"),
        "destroyed": ("to destroy", "destroyed", "resources to destroy", "destroy"),
    }
    return [
        Node(ALSO.join(names[key]), "value", number, number, text)
        for key, text in match.groupdict().items()
        if text is not None
    ]
