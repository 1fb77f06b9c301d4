"""TOML of others, within limits: the parser's time and memory grow with the square of a key's parts."""

from __future__ import annotations

import tomllib
from typing import Any, Final

from mcp_smalltools.text.linear_patterns import linear_pattern

MAX_PARTS: Final = 32
"""Parts of a dotted key, as in `a.b.c`."""
MAX_CHARS: Final = 1 << 20
"""Characters that are parsed: the parser takes about a second for so many, and can't be stopped."""
_KEY_PART: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*"""


class TOMLRefused(ValueError):
    """The text is outside the limits."""


def load_toml(text: str) -> dict[str, Any]:
    """Raises tomllib.TOMLDecodeError, TOMLRefused (both are ValueErrors) and RecursionError."""
    if len(text) > MAX_CHARS:
        raise TOMLRefused(f"it has more than {MAX_CHARS:,} characters")
    # RE2: linear in the text. Dotted words of a string count as well; no sensible one has so many.
    if linear_pattern(rf"(?:{_KEY_PART}\.[ \t]*){{{MAX_PARTS}}}").search(text):
        raise TOMLRefused(f"a key has more than {MAX_PARTS} parts")
    return tomllib.loads(text)
