"""Checks of the hooks that clients have of us."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from mcp_smalltools.clients import jsonc
from mcp_smalltools.clients.hook_commands import commands_of, is_our_hook
from mcp_smalltools.clients.hook_files import CLIENT_HOOKS
from mcp_smalltools.clients.known import CLIENTS
from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.stores.ledger import ledger_file


def check_hooks(settings: Settings) -> Iterator[Check]:
    """Nothing to say where there are none."""
    for name, hooks in CLIENT_HOOKS.items():
        for scope, where in hooks.files.items():
            lines = _our_lines(where)
            if not lines:
                continue
            title = f"hooks of {CLIENTS[name].title} ({scope})"
            words = shlex.split(lines[0])
            missing = [word for word in words[:4] if word.startswith("/") and not Path(word).exists()]
            if missing:
                remedy = f"`mcp-smalltools install {name} --scope {scope} --hooks …` writes the right one."
                yield Check(
                    title, CheckState.WRONG, f"{where()} names {missing[0]}, which is not there", remedy
                )
                continue
            parts = words[words.index("--parts") + 1] if "--parts" in words else "keep,tell,guard"
            yield Check(title, CheckState.OK, f"{parts}, in {where()}")
            if "guard" in parts.split(","):
                found = f"what a failed command prints can't be masked; {_shown(settings)}"
                yield Check(title, CheckState.NOTE, found, "See docs/privacy.md, What the guard can't hold.")


def _our_lines(where: Callable[[], Path]) -> list[str]:
    """What the client starts for us."""
    try:
        lists: dict[str, Any] = jsonc.loads(where().read_text(encoding="utf-8-sig")).get("hooks") or {}
        return [
            line
            for items in lists.values()
            for item in items
            if is_our_hook(item)
            for line in commands_of(item)
        ]
    except (OSError, ValueError, AttributeError, TypeError):
        return []


def _shown(settings: Settings) -> str:
    """How often that has happened."""
    count = 0
    path = ledger_file(settings)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            count = db.execute("SELECT count(*) FROM calls WHERE error = 'guard_shown'").fetchone()[0]
    except (OSError, sqlite3.Error):
        return "how often is not known: there is no ledger"
    return f"{count:,} times it held values that would have been (`mcp-smalltools audit`)"
