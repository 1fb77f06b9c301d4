"""Sets or removes one table of a TOML file that people edit. Everything else is kept."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from typing import Any

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)


def loads(text: str) -> Any:
    """Raises ValueError."""
    return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))


def with_entry(text: str, keys: Sequence[str], value: dict[str, Any]) -> str:
    """The text with the table `[keys]` at its end, in place of an earlier one."""
    newline = "\r\n" if "\r\n" in text else "\n"
    text = without_entry(text, keys)
    lead = "" if not text or text.endswith("\n") else newline
    gap = newline if text.strip() else ""
    # JSON strings, numbers and lists of them are valid TOML.
    lines = [
        f"[{'.'.join(keys)}]",
        *(f"{name} = {json.dumps(item, ensure_ascii=False)}" for name, item in value.items()),
    ]
    return text + lead + gap + newline.join(lines) + newline


def without_entry(text: str, keys: Sequence[str]) -> str:
    """The text without the table `[keys]` and the tables inside it. Comments before the next table stay
    with that one.
    """
    name = r"[ \t]*\.[ \t]*".join(
        rf"(?:{re.escape(key)}|\"{re.escape(key)}\"|'{re.escape(key)}')" for key in keys
    )
    own = re.compile(rf"^[ \t]*\[\[?[ \t]*{name}[ \t]*(?:\.[^\]\n]*)?\]", re.MULTILINE)
    while found := own.search(text):
        following = _HEADER.search(text, found.end())
        end = following.start() if following else len(text)
        body = text[found.start() : end]
        kept = re.search(r"(?:^[ \t]*(?:#[^\n]*)?\r?\n)*\Z", body, re.MULTILINE) if following else None
        text = text[: found.start()] + (kept[0].lstrip("\r\n") if kept else "") + text[end:]
    return text
