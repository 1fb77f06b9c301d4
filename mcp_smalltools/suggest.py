"""The closest known name, for error messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`" (did you mean 'path'?)"`, or `""` when nothing is close."""
    closest = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {closest[0]!r}?)" if closest else ""
