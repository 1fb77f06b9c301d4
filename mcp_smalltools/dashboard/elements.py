"""HTML and SVG in which every text is escaped: only what `element` has made is taken as it is."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Final

from mcp_smalltools.text.visible import clean_text

_VOID: Final = frozenset({"meta", "link", "br", "hr", "img"})


class Markup(str):
    """Text that is markup already. Made by `element` and `joined` alone."""

    __slots__ = ()


def element(
    name: str, /, *content: Markup | str | int | None, **attributes: str | int | float | None
) -> Markup:
    """One element, without attributes that are None; `class_` is `class`, and `_` in a name `-`."""
    named = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{named}>")
    return Markup(f"<{name}{named}>{joined(content)}</{name}>")


def joined(parts: Iterable[Markup | str | int | None]) -> Markup:
    """The parts one after the other. What is no markup is escaped; None is nothing."""
    return Markup("".join(_text(part) for part in parts if part is not None))


def _text(part: Markup | str | int) -> str:
    return part if isinstance(part, Markup) else _escaped(str(part))


def _escaped(text: str) -> str:
    return html.escape(clean_text(text), quote=True)
