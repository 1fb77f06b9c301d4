"""Lines that are records: `NAME="sda" TYPE="disk"` (lsblk -P, blkid, logfmt), and what `ip` prints."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import MAX_ROWS, Node, NotOfForm

_PAIR: Final = re.compile(r"([A-Za-z_][\w.:/-]{0,60})=(?:\"((?:[^\"\\]|\\.)*+)\"|'([^']*+)'|(\S*+))")
_LED_BY: Final = re.compile(r"\s*+(?P<name>[^\s=\"':]++):(?=\s)")
"""What stands before the pairs of a line, as `blkid` has the device there."""
_LEAST_LINES: Final = 2
_MOST_CHARS: Final = 20_000
_ROUTE: Final = re.compile(
    r"\s*+(?:(?:unicast|local|broadcast|unreachable|blackhole|prohibit|throw)\s++)?"
    r"(?P<to>default|(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?|[0-9a-fA-F:]{2,45}(?:/\d{1,3})?)(?P<rest>(?:\s++\S++)*+)\s*+"
)
_OF_ROUTES: Final = {
    "via": "gateway",
    "dev": "device",
    "proto": "protocol",
    "scope": "scope",
    "src": "source",
    "metric": "metric",
    "mtu": "mtu",
    "table": "table",
    "pref": "preference",
}
_LINK: Final = re.compile(
    r"(?P<number>\d{1,6}):\s++(?P<name>[^\s:@]++)(?:@(?P<of>[^\s:]++))?:\s++<(?P<flags>[^<>]*+)>"
    r"(?P<rest>.*)"
)
_ADDRESSES: Final = {"inet": "ipv4_address", "inet6": "ipv6_address"}
_OF_LINKS: Final = frozenset(("mtu", "qdisc", "state", "master", "group", "qlen", "mode"))


def read_pair_lines(lines: Sequence[str]) -> Node:
    """A list with an object for each line. Raises NotOfForm where a line is anything else."""
    rows: list[Node] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        pairs = _pairs(line) if len(line) <= _MOST_CHARS else None
        if pairs is None or len(rows) >= MAX_ROWS:
            raise NotOfForm("no pairs")
        inner = [Node(name, "value", number, number, value) for name, value in pairs]
        rows.append(Node("", "object", number, number, inner=inner))
    if len(rows) < _LEAST_LINES:
        raise NotOfForm("no pairs")
    return Node("", "list", rows[0].start, rows[-1].end, inner=rows, is_table=True)


def _pairs(line: str) -> list[tuple[str, str]] | None:
    """The pairs that a line consists of, two at least; what leads them is its `device`."""
    found: list[tuple[str, str]] = []
    at = 0
    if (led := _LED_BY.match(line)) is not None:
        found.append(("device", led["name"]))
        at = led.end()
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        match = _PAIR.match(line, at)
        if match is None:
            return None
        value = next(part for part in match.groups()[1:] if part is not None)
        found.append((match[1], value.replace('\\"', '"')))
        at = match.end()
    return found if len(found) >= 2 else None


def looks_like_pair_lines(content: Sequence[str]) -> bool:
    return len(content) >= _LEAST_LINES and all(
        len(line) <= _MOST_CHARS and _pairs(line) is not None for line in content[:20]
    )


def read_ip(lines: Sequence[str]) -> Node:
    """What `ip route` and `ip address` print: routes, or interfaces with addresses. Raises NotOfForm."""
    rows: list[Node] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or len(line) > _MOST_CHARS:
            continue
        row = _link(line, number) or (None if line[:1] == " " and rows else _route(line, number))
        if row is not None:
            rows.append(row)
        elif rows and line[:1] == " " and rows[-1].name == "interface":
            _go_on(rows[-1], line.split(), number)
        else:
            raise NotOfForm("no output of ip")
    kinds = {row.name for row in rows}
    if len(kinds) != 1:
        raise NotOfForm("no output of ip")
    kind = f"{kinds.pop()}s"
    for row in rows:
        row.name = ""
    return Node(kind, "list", rows[0].start, rows[-1].end, inner=rows, is_table=True)


def looks_like_ip(content: Sequence[str]) -> bool:
    first = content[0] if content and len(content[0]) <= _MOST_CHARS else ""
    return _LINK.fullmatch(first) is not None or _route(first, 1) is not None


def _route(line: str, number: int) -> Node | None:
    match = _ROUTE.fullmatch(line)
    if match is None:
        return None
    values = [("destination", match["to"])]
    rest = match["rest"].split()
    at = 0
    while at < len(rest):
        name = _OF_ROUTES.get(rest[at])
        if name is not None and at + 1 < len(rest):
            values.append((name, rest[at + 1]))
            at += 2
        else:
            at += 1
    if "device" not in dict(values):
        return None
    inner = [Node(name, "value", number, number, value, literal=True) for name, value in values]
    return Node("route", "object", number, number, inner=inner)


def _link(line: str, number: int) -> Node | None:
    match = _LINK.fullmatch(line)
    if match is None:
        return None
    flags = match["flags"].split(",")
    values = [("index", match["number"]), ("name", match["name"]), ("flags", match["flags"])]
    values += [("parent", match["of"])] if match["of"] else []
    rest = match["rest"].split()
    values += [(name, value) for name, value in itertools.pairwise(rest) if name in _OF_LINKS]
    values.append(("up", "yes" if "UP" in flags else "no"))
    inner = [Node(name, "value", number, number, value, literal=True) for name, value in values]
    return Node("interface", "object", number, number, inner=inner)


def _go_on(row: Node, words: Sequence[str], number: int) -> None:
    """An address of an interface: of several the first is the value, and all are in it."""
    name = _ADDRESSES.get(words[0], "mac_address" if words[0].startswith("link/") else "")
    row.end = number
    if not name or len(words) < 2:
        return
    held = next((item for item in row.inner if item.name == name), None)
    if held is None:
        held = Node(name, "value", number, number, words[1], literal=True)
        row.inner.append(held)
    held.inner.append(Node("", "value", number, number, words[1], literal=True))
    held.end = number
