"""What the columns are called that commands print without a name, and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Node

_NAMES: Final = {
    "address": ("address", "ip", "ip address"),
    "aliases": ("aliases", "alternative names"),
    "author email": ("author email", "email"),
    "change": ("change", "status"),
    **{
        name: (name, "checksum", "hash", "digest")
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
    },
    "command": ("command", "task"),
    "comment": ("comment", "full name", "gecos", "description"),
    "date": ("date", "time", "when", "author date", "timestamp", "committed at"),
    "deletions": ("deletions", "lines deleted", "lines removed", "removed"),
    "device": ("device", "source", "filesystem"),
    "files changed": ("files changed", "changed files", "number of files"),
    "gid": ("gid", "group id"),
    "hash": ("hash", "sha", "commit", "commit id", "commit hash", "commit sha", "revision"),
    "home": ("home", "home directory", "home folder", "home dir"),
    "insertions": ("insertions", "additions", "lines added", "added"),
    "links": ("links", "hard links", "link count"),
    "load average 1 min": ("load average 1 min", "load 1min", "load 1m", "load 1", "load1", "1 minute load"),
    "load average 5 min": ("load average 5 min", "load 5min", "load 5m", "load 5", "load5", "5 minute load"),
    "load average 15 min": (
        "load average 15 min",
        "load 15min",
        "load 15m",
        "load 15",
        "load15",
        "15 minute load",
    ),
    "loss": ("packet loss", "loss", "packet loss percent"),
    "message": ("full message", "body"),
    "modified": ("modified", "mtime", "last modified", "modification time", "date", "time"),
    "mount point": ("mount point", "target", "mounted on", "path"),
    "name": ("name", "file name", "user name", "host name", "package name", "library name", "group name"),
    "owner": ("owner", "user"),
    "path": ("path", "file", "file name", "directory"),
    "permissions": ("permissions", "mode", "file mode"),
    "received": ("received", "packets received"),
    "schedule": ("schedule", "when"),
    "shell": ("shell", "login shell"),
    "size": ("size", "bytes", "file size"),
    "subject": ("subject", "title", "summary", "headline", "message"),
    "target": ("target", "link target", "points to"),
    "time": ("time", "current time"),
    "transmitted": ("transmitted", "packets transmitted", "sent", "packets sent"),
    "type": ("type", "kind", "file type", "filesystem type", "fstype"),
    "uid": ("uid", "user id"),
    "uptime": ("uptime", "up"),
    "users": ("users", "logged in users", "user count"),
}


def names_of(column: str) -> str:
    """The names of a column, `_` in it for a blank."""
    name = column.replace("_", " ")
    return ALSO.join(_NAMES.get(name, (name,)))


def named_values(number: int, columns: Mapping[str, str | None]) -> list[Node]:
    """The columns of one line that have a value, under their names."""
    return [
        Node(names_of(name), "value", number, number, value)
        for name, value in columns.items()
        if value is not None
    ]
