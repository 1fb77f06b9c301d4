"""Masks a stream of output, line by line; what belongs together stays together."""

from __future__ import annotations

import re
from typing import Final

from mcp_smalltools.config import Settings
from mcp_smalltools.privacy.redact import Redactor

_KEY_BEGINS: Final = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}-----")
_KEY_ENDS: Final = re.compile(rb"-----END [A-Z0-9 ]{0,40}-----")
_LONGEST_KEY: Final = 64 << 10
_LONGEST_LINE: Final = 1 << 20


class MaskedStream:
    """Whole lines with secrets and personal data masked. A key of several lines is held until its end."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError for a pattern of the user's that can't be used."""
        self._redactor = Redactor.from_settings(settings)
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may be passed on after this much more of the output."""
        self._held += data
        end = self._held.rfind(b"\n") + 1
        if not end and len(self._held) > _LONGEST_LINE:
            end = len(self._held)
        begun = [found.start() for found in _KEY_BEGINS.finditer(self._held, 0, end)]
        if begun and not _KEY_ENDS.search(self._held, begun[-1], end):
            start = self._held.rfind(b"\n", 0, begun[-1]) + 1
            end = start if end - start < _LONGEST_KEY else end
        ready, self._held = self._held[:end], self._held[end:]
        return self._masked(ready)

    def rest(self) -> bytes:
        """What is left at the end."""
        ready, self._held = self._held, b""
        return self._masked(ready)

    def _masked(self, data: bytes) -> bytes:
        if not data:
            return b""
        text = data.decode("utf-8", "surrogateescape")
        return self._redactor.scrub(text).encode("utf-8", "surrogateescape")
