"""Open connections: so many in all, and so many from each address, before any token is known.

Where one more comes than may be open, the one that has waited longest for a request is closed for it: of the
same address, or of the address that has the most. A connection whose request is being answered stays.
"""

from __future__ import annotations

import ipaddress
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final

MOST: Final = 2048
"""Connections in all, where the system lets us have so many."""
RESERVED: Final = 256
"""File descriptors that are kept for files, databases, worker processes and the engine."""
_IPV6_SITE_BITS: Final = 64
"""One site has at least so many addresses: they count as one."""


class OpenConnection:
    """A connection from its being accepted to its end. `close` ends it at once."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.close: Callable[[], object] = lambda: None


class Connections:
    """All that are open, by address, and which of them are idle."""

    def __init__(self, *, most: int, each: int) -> None:
        self.most = most
        self.each = min(each, most)
        self._counts: Counter[str] = Counter()
        self._total = 0
        self._idle: dict[str, OrderedDict[OpenConnection, None]] = {}

    def __len__(self) -> int:
        return self._total

    def count(self, address: str) -> int:
        return self._counts[address_group(address)]

    @property
    def is_full(self) -> bool:
        return self._total >= self.most

    def open(self, address: str) -> OpenConnection | None:
        """One more, idle at first; None if none of those that could go for it is idle."""
        group = address_group(address)
        if self._counts[group] >= self.each:
            if not self._close_idlest(group):
                return None
        elif self.is_full and not self.close_idlest():
            return None
        connection = OpenConnection(group)
        self._counts[group] += 1
        self._total += 1
        self.note_idle(connection)
        return connection

    def close_idlest(self) -> bool:
        """Close the idlest connection of the address that has the most; False if none is idle."""
        heaviest = max(self._idle, key=lambda group: self._counts[group], default=None)
        return heaviest is not None and self._close_idlest(heaviest)

    def note_idle(self, connection: OpenConnection) -> None:
        """It waits for a request, from now on."""
        waiting = self._idle.setdefault(connection.address, OrderedDict())
        waiting[connection] = None
        waiting.move_to_end(connection)

    def note_busy(self, connection: OpenConnection) -> None:
        """A request of it is being answered."""
        waiting = self._idle.get(connection.address)
        if waiting is not None:
            waiting.pop(connection, None)
            if not waiting:
                del self._idle[connection.address]

    def remove(self, connection: OpenConnection) -> None:
        """It has ended. To be called once."""
        self.note_busy(connection)
        self._total -= 1
        self._counts[connection.address] -= 1
        if not self._counts[connection.address]:
            del self._counts[connection.address]

    def _close_idlest(self, group: str) -> bool:
        waiting = self._idle.get(group)
        if not waiting:
            return False
        connection = next(iter(waiting))
        self.note_busy(connection)  # it is closed once, and counted until it is
        connection.close()
        return True


def address_group(address: str) -> str:
    """What an address counts as: itself, or the network of a site in IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if mapped := getattr(parsed, "ipv4_mapped", None):
        return str(mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_SITE_BITS), strict=False).network_address)


def raise_descriptor_limit() -> int:
    """Raise the process' limit of open files as far as is needed and allowed; how many connections fit."""
    if sys.platform == "win32":
        return MOST
    import resource

    wanted = MOST + RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
        except (OSError, ValueError):
            pass  # what there is has to do
    if soft == resource.RLIM_INFINITY:
        return MOST
    return min(MOST, max(soft - RESERVED, soft // 4))
