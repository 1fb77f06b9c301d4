"""The text of a cell or an item without its markup: links, code, emphasis, tags, escapes."""

from __future__ import annotations

import html
import re
from typing import Final

# Bounded: a cell of a hostile file is as long as its line.
_MARKUP: Final = re.compile(
    r"(?P<code>`{1,3})(?P<inside>[^`\n]{1,2000}?)(?P=code)"
    r"|!\[(?P<alt>[^\[\]\n]{0,300})\]\((?P<src>[^()\s]{0,1000})(?:\s[^()\n]{0,300})?\)"
    r"|\[(?P<text>(?:[^\[\]\n]|!\[[^\[\]\n]{0,200}\]\([^()\n]{0,400}\)){0,500})\]"
    r"(?:\((?P<url>(?:[^()\s]|\([^()\s]{0,200}\)){0,1000})(?:\s[^()\n]{0,300})?\)|\[[^\[\]\n]{0,200}\])"
    r"|\\(?P<escaped>[\\`*_{}\[\]()#+.!|<>~-])"
    r"|<(?P<auto>(?:https?://|mailto:)[^<>\s]{1,1000}|[\w.+-]{1,100}@[\w.-]{1,200})>"
    r"|(?P<line><br\s{0,5}/?>)"
    r"|(?P<tag></?[A-Za-z][^<>\n]{0,500}>)"
    r"|(?P<strong>\*\*|(?<!\w)__|~~)(?=\S)(?P<bold>[^\n]{1,500}?)(?<=\S)(?P=strong)(?!\w)"
)
_STARS: Final = re.compile(
    r"(?<![\w*])\*(?=\S)([^*\n]{1,500})(?<=\S)\*(?![\w*])"
    r"|(?<![^\s([*'\"])_(?=\S)([^_\n]{1,500})(?<=\S)_(?!\w)"  # `key:_name_` is a name
)
_ROLE: Final = re.compile(r":[\w:+-]{1,30}:`([^`\n]{1,500})`|`([^`<\n]{1,500}) <([^<>`\n]{1,500})>`_{1,2}")


def plain(text: str) -> tuple[str, str]:
    """The text, and the first address that it links to."""
    link = ""
    found = _ROLE.search(text) if ":`" in text or ">`_" in text else None
    if found:
        link = found[3] or ""
        text = _ROLE.sub(lambda m: m[1] or m[2], text)

    def shown(match: re.Match[str]) -> str:
        nonlocal link
        if match["inside"] is not None:
            return match["inside"].strip() if len(match["code"]) > 1 else match["inside"]
        if match["text"] is not None:
            link = link or (match["url"] or "")
            inside = match["text"]
            return plain(inside)[0] if any(sign in inside for sign in "`!\\*<") else inside
        if match["auto"] is not None:
            link = link or match["auto"]
            return match["auto"] if ":" in match["auto"] else f"<{match['auto']}>"
        if match["bold"] is not None:
            return plain(match["bold"])[0]
        if match["line"] is not None:
            return " "
        return match["alt"] or match["escaped"] or ""

    if any(sign in text for sign in "`[\\<*_~!"):
        text = _MARKUP.sub(shown, text)
        if "*" in text or "_" in text:
            text = _STARS.sub(lambda m: m[1] or m[2], text)
    if "&" in text:
        text = html.unescape(text)
    return " ".join(text.split()), link
