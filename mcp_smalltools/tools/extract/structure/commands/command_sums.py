"""Sums that commands print in one or two lines: `uptime`, `ping`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.commands.column_names import named_values
from mcp_smalltools.tools.extract.structure.node import ALSO, Node, NotOfForm, table_node

_UPTIME: Final = re.compile(
    r"\s*+(?:top - )?(?P<time>\d\d:\d\d:\d\d) up\s++(?P<uptime>(?:(?!,\s++\d++ users?,).)++),"
    r"\s++(?P<users>\d++) users?,\s++load average: (?P<load_average_1_min>\d++\.\d++), "
    r"(?P<load_average_5_min>\d++\.\d++), (?P<load_average_15_min>\d++\.\d++)\s*+"
)
_PING: Final = re.compile(r"PING (?P<host>\S++)(?: \((?P<address>[^()\s]++)\))?[ (:].*+")
_ANSWER: Final = re.compile(
    r"\d++ bytes from .*+|From .*+|(?:Request timeout|no answer yet) for .*+|--- \S++ ping statistics ---"
)
_REPLY: Final = re.compile(
    r"(?P<bytes>\d++) bytes from (?P<from>[^\s:]++)(?: \((?P<address>[^()\s]++)\))?: "
    r"icmp_seq=(?P<seq>\d++)(?: ttl=(?P<ttl>\d++))? time=(?P<time>[\d.]++) ms"
)
_OF_REPLY: Final = {
    "bytes": "bytes",
    "from": "from",
    "address": "address",
    "seq": ALSO.join(("icmp seq", "seq", "sequence")),
    "ttl": "ttl",
    "time": "time ms",
}
_PACKETS: Final = re.compile(
    r"(?P<transmitted>\d++) packets transmitted, (?P<received>\d++) (?:packets )?received,"
    r"(?: \+(?P<errors>\d++) errors,)?(?: \+?(?P<duplicates>\d++) duplicates,)?"
    r" (?P<loss>[\d.]++%) packet loss"
    r"(?:, time (?P<time>\d++ ?ms))?"
)
_ROUND_TRIP: Final = re.compile(
    r"(?:rtt|round-trip) min/avg/max/(?:mdev|stddev) = "
    r"(?P<min>[\d.]++)/(?P<avg>[\d.]++)/(?P<max>[\d.]++)/(?P<mdev>[\d.]++) ms(?:, .*+)?"
)

Numbered = Sequence[tuple[int, str]]


def read_uptime(lines: Numbered) -> Node:
    """The one line of `uptime`. Raises NotOfForm."""
    if len(lines) != 1 or (match := _UPTIME.fullmatch(lines[0][1])) is None:
        raise NotOfForm("no uptime")
    return Node("", "object", lines[0][0], lines[0][0], inner=named_values(lines[0][0], match.groupdict()))


def read_ping(lines: Numbered) -> Node:
    """Host, packets and times of a `ping` that ended. Raises NotOfForm."""
    if not lines or (head := _PING.fullmatch(lines[0][1])) is None:
        raise NotOfForm("no ping")
    inner = named_values(lines[0][0], head.groupdict())
    ended = False
    replies: list[tuple[int, int, list[str]]] = []
    for number, line in lines[1:]:
        if (packets := _PACKETS.fullmatch(line)) is not None:
            inner += named_values(number, packets.groupdict())
            ended = True
        elif (times := _ROUND_TRIP.fullmatch(line)) is not None:
            inner += [
                Node(
                    ALSO.join((f"{node.name} round trip ms", f"rtt {node.name}", f"round trip {node.name}")),
                    "value",
                    number,
                    number,
                    node.value,
                )
                for node in named_values(number, times.groupdict())
            ]
        elif (reply := _REPLY.fullmatch(line)) is not None:
            replies.append((number, number, [reply[name] or "" for name in _OF_REPLY]))
        elif line.strip() not in ("", "^C") and not _ANSWER.fullmatch(line):
            raise NotOfForm("more than a ping")
    if not ended:
        raise NotOfForm("a ping without its sums")
    if replies:
        names = [name.replace("_", " ") for name in _OF_REPLY.values()]
        inner.append(table_node("replies", names, replies, replies[0][0]))
    return Node("", "object", lines[0][0], lines[-1][0], inner=inner)
