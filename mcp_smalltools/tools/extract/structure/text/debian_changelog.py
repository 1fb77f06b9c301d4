"""Changelogs of Debian packages: `package (version) distribution; urgency=low`, changes, who and when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Budget, Node, NotOfForm

_HEAD: Final = re.compile(
    r"(?P<package>[a-z0-9][a-z0-9+.-]{0,100}) \((?P<version>[^()\s]{1,100})\) "
    r"(?P<distribution>[\w.~+-]{1,60}(?: [\w.~+-]{1,60}){0,5});"
    r"\s*+(?P<options>\S.{0,200})"
)
_TRAILER: Final = re.compile(
    r" -- (?P<name>[^<>\n]{0,100}?) *<(?P<email>[^<>\s]{0,100})> {1,3}(?P<date>\S.{5,60})"
)
_OPTION: Final = re.compile(r"(\w[\w-]{0,40})=([^\s,]{1,60})")


def looks_like_debian_changelog(lines: Sequence[str]) -> bool:
    first = next((line for line in lines[:5] if line.strip()), "")
    return _HEAD.fullmatch(first.rstrip()) is not None


def read_debian_changelog(lines: Sequence[str]) -> Node:
    """The latest entry as the values of the text, and all entries as a list. Raises NotOfForm."""
    budget = Budget()
    entries: list[Node] = []
    for number, line in enumerate(lines, 1):
        budget.take()
        text = line.rstrip()
        if (head := _HEAD.fullmatch(text)) is not None:
            entries.append(_entry(number, head))
        elif entries and (trailer := _TRAILER.fullmatch(text)) is not None:
            _close(entries[-1], number, trailer)
        elif entries and text.strip():
            changes = entries[-1].inner[-1]
            if text.lstrip()[0] in "*-+" or not changes.inner:
                changes.inner.append(Node("", "value", number, number, text.strip().lstrip("*-+ ")))
            else:
                changes.inner[-1].value = f"{changes.inner[-1].value} {text.strip()}"
                changes.inner[-1].end = number
            changes.end = entries[-1].end = number
        elif text.strip():
            raise NotOfForm("text before the first entry")
    if not entries:
        raise NotOfForm("no entries")
    whole = Node("entries", "list", 1, len(lines), inner=entries, is_table=True)
    return Node("", "object", 1, len(lines), inner=[*entries[0].inner, whole])


def _entry(number: int, head: re.Match[str]) -> Node:
    names = {
        "package": ALSO.join(("package", "package name", "source")),
        "version": ALSO.join(("version", "latest version", "package version")),
        "distribution": ALSO.join(("distribution", "release", "suite")),
    }
    inner = [Node(names[name], "value", number, number, head[name]) for name in names]
    inner += [Node(name, "value", number, number, value) for name, value in _OPTION.findall(head["options"])]
    inner.append(Node("changes", "list", number, number))
    return Node("", "object", number, number, inner=inner)


def _close(entry: Node, number: int, trailer: re.Match[str]) -> None:
    parts = {
        ALSO.join(("maintainer", "author", "changed by")): trailer["name"].strip(),
        ALSO.join(("maintainer email", "author email", "email")): trailer["email"],
        ALSO.join(("date", "release date", "released")): trailer["date"],
    }
    changes = entry.inner.pop()
    entry.inner += [Node(name, "value", number, number, value) for name, value in parts.items()]
    entry.inner.append(changes)
    entry.end = number
