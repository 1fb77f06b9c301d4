"""Which hooks a client has call us, and what it is to start for them."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.errors import UsageError

PARTS: Final = ("keep", "tell", "guard")
"""Parts that can be chosen, in the order in which they are written."""
_OURS: Final = re.compile(r"hook_client\.py|mcp-smalltools(?:\.exe)?['\"]? hook\b")
Hook = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClientHooks:
    """How a client is told of hooks. `files` has the file of each scope, `events` for each part which tools'
    calls it answers at which of the client's events ("" where an event is of no tool); `group` makes the
    entry of one event, and `first` is what a new file begins with.
    """

    files: Mapping[str, Callable[[], Path]]
    events: Mapping[str, Mapping[str, str]]
    group: Callable[[str, str], Hook]
    name: str = ""
    """As `--client` of the hook says it; "" for Claude Code, whose form of events is the common one."""
    first: Mapping[str, Any] = field(default_factory=dict)
    deny_rules: bool = False
    """Whether the client has rules of its own that keep it from reading a folder."""
    after: str = ""

    def groups(self, parts: Sequence[str], command: Callable[[str], str]) -> dict[str, Hook]:
        """The entry of each event, for these parts."""
        tools: dict[str, list[str]] = {}
        for part in parts:
            for event, matched in self.events[part].items():
                tools.setdefault(event, []).extend(matched.split("|") if matched else ())
        return {
            event: self.group("|".join(dict.fromkeys(names)), command(event))
            for event, names in tools.items()
        }


def chosen_parts(text: str, hooks: ClientHooks, title: str) -> list[str]:
    """The parts that a person has named, in their order. Raises UsageError."""
    named = [part.strip() for part in text.split(",") if part.strip()]
    for part in named:
        if part not in PARTS:
            raise UsageError(f"There is no hook {part!r}.", remedy=f"Hooks are: {', '.join(PARTS)}.")
        if part not in hooks.events:
            can = ", ".join(hooks.events)
            raise UsageError(
                f"{title} gives a hook no way to do what {part} does.",
                remedy=f"Use --hooks {can}; see docs/clients.md.",
            )
    return [part for part in PARTS if part in named]


def hook_command(event: str, parts: Iterable[str], roots: Iterable[str], client: str = "") -> str:
    """What a client starts at an event, as a line for a shell.

    Raises UsageError on Windows, where no client can reach the daemon.
    """
    if sys.platform == "win32":
        raise UsageError("Hooks need Linux or macOS.", remedy="Install without --hooks.")
    script = Path(__file__).resolve().parents[1] / "hooks" / "hook_client.py"
    options = [part for root in roots for part in ("--root", root)]
    named = ["--client", client] if client else []
    words = [sys.executable, "-I", "-S", str(script), event, *options, "--parts", ",".join(parts), *named]
    return shlex.join(words)


def is_our_hook(item: Any) -> bool:
    """Whether an entry of a client's list of hooks calls us, and nobody else."""
    lines = commands_of(item)
    return bool(lines) and all(_OURS.search(line) for line in lines)


def commands_of(item: Any) -> list[str]:
    """What an entry of a client's list of hooks starts, whatever the client's form."""
    if not isinstance(item, dict):
        return []
    inner = item.get("hooks")
    commands = [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else [item]
    return [str(one.get("command") or one.get("bash") or "") for one in commands]


def deny_rule(folder: Path) -> str:
    """Claude Code's rule that keeps its own tools from reading below a folder."""
    escaped = re.sub(r"([*?\[\]!#\\])", r"\\\1", folder.as_posix())
    return f"Read(/{escaped}/**)"
