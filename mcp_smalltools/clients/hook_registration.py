"""Writes our hooks into a client's file, and undoes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcp_smalltools.clients import jsonc
from mcp_smalltools.clients.hook_commands import ClientHooks, Hook, is_our_hook
from mcp_smalltools.clients.registration import FileRegistration
from mcp_smalltools.config import Settings

_DENY = ("permissions", "deny")


class HookRegistration(FileRegistration):
    """Our hooks in one file of one client, with the client's own rules for sealed folders beside them."""

    def __init__(
        self,
        hooks: ClientHooks,
        path: Path,
        settings: Settings,
        groups: Mapping[str, Hook] | None = None,
        rules: Sequence[str] = (),
    ) -> None:
        """Without `groups`, for undoing only."""
        super().__init__(path, settings, "hooks")
        self.after = hooks.after
        self._hooks = hooks
        self._groups = groups or {}
        self._rules = rules if hooks.deny_rules else ()

    def _made(self, text: str) -> str:
        if not text.strip() and self._hooks.first:
            text = json.dumps(dict(self._hooks.first), indent=2) + "\n"
        found = jsonc.loads(text)
        lists = found.get("hooks") or {}
        ours = {event: [item for item in lists[event] if is_our_hook(item)] for event in lists}
        wanted = {
            event: [self._groups[event]] if event in self._groups else [] for event in [*lists, *self._groups]
        }
        for event, items in wanted.items():
            if ours.get(event, []) != items:
                text = jsonc.without_items(text, ("hooks", event), is_our_hook)
                text = jsonc.with_items(text, ("hooks", event), items)
        there = (found.get("permissions") or {}).get("deny") or []
        missing = [rule for rule in self._rules if rule not in there]
        self._notes = tuple(missing)
        return jsonc.with_items(text, _DENY, missing)

    def _undone(self, text: str, notes: Sequence[str]) -> str:
        for event in jsonc.loads(text).get("hooks") or {}:
            text = jsonc.without_items(text, ("hooks", event), is_our_hook)
        return jsonc.without_items(text, _DENY, lambda rule: rule in notes)

    def _by_hand(self, *, adding: bool) -> str:
        if not adding:
            return "Remove the hooks of mcp-smalltools by hand."
        return f"Add these hooks by hand: {json.dumps(self._groups)}"
