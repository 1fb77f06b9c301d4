"""What the libraries log, as lines on stderr: one of a kind in a minute, without tracebacks.

Whoever can make the server log something could otherwise fill the disk with it.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import Final

INTERVAL_S: Final = 60.0
"""Seconds between two lines of the same kind."""
_MAX_KINDS: Final = 100
_MAX_CHARS: Final = 300


class LineLog:
    """Writes lines to stderr, each kind once in `INTERVAL_S`; then with how many were left out before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: dict[str, tuple[float, int]] = {}

    def write(self, text: str, kind: str = "") -> None:
        """`kind` is the text itself if it is left out."""
        kind = kind or text
        now = time.monotonic()
        with self._lock:
            at, left_out = self._written.get(kind, (-INTERVAL_S, 0))
            if now - at < INTERVAL_S:
                self._written[kind] = (at, left_out + 1)
                return
            if len(self._written) >= _MAX_KINDS:
                self._written.clear()
            self._written[kind] = (now, 0)
        more = f" ({left_out} more like this before)" if left_out else ""
        line = "".join(char if char.isprintable() else " " for char in text)[:_MAX_CHARS]
        print(f"mcp-smalltools: {line}{more}", file=sys.stderr, flush=True)


class LineHandler(logging.Handler):
    """Records of a library as lines of a `LineLog`."""

    def __init__(self, log: LineLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = record.getMessage().strip().splitlines()
        except (TypeError, ValueError):
            said = []
        text = said[0] if said else record.name
        if record.exc_info and record.exc_info[0] is not None:
            text = f"{text} ({record.exc_info[0].__name__})"
        self._log.write(text, f"{record.pathname}:{record.lineno}")


def take_over_logs(log: LineLog) -> None:
    """From now on, what uvicorn and asyncio log goes to `log`."""
    for name in ("uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = [LineHandler(log)]
        logger.propagate = False
