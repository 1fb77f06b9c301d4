"""What stops a release, in one line."""

from __future__ import annotations


class ReleaseError(Exception):
    """Says what is wrong and what to do."""
