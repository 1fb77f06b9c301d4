"""Fields of a client's JSON, which may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text_of_field(record: Mapping[str, Any], name: str) -> str:
    """A field that is a text; "" for any other."""
    value = record.get(name)
    return value if isinstance(value, str) else ""


def object_of_field(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A field that is an object; empty for any other."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def count_of_field(record: Mapping[str, Any], name: str) -> int:
    """A field that is a number, 0 or more; 0 for any other."""
    value = record.get(name)
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else 0
