"""How much of the text of a folder's files may leave the machine."""

from __future__ import annotations

import enum


class PrivacyLevel(enum.StrEnum):
    """What may leave of a file, from most to least."""

    OPEN = "open"  # verbatim spans
    REDACTED = "redacted"  # verbatim spans, secrets and personal data masked
    SEALED = "sealed"  # no text: counts, labels, templates with variables masked, line numbers

    @property
    def strictness(self) -> int:
        """0 for open, 2 for sealed: the stricter of two levels is the larger."""
        return list(PrivacyLevel).index(self)
