"""Patterns that callers and users give, compiled by RE2: no text can make one take long."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re2


class PatternError(ValueError):
    """RE2 doesn't know the pattern; the message says why."""


@functools.lru_cache(maxsize=256)
def linear_pattern(pattern: str) -> re2.Pattern[str]:
    """Compile a pattern. Raises PatternError, also for look-around and back-references."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        raise PatternError(reason.decode(errors="replace") if isinstance(reason, bytes) else reason) from None
