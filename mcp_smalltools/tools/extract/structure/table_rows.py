"""A row of a table or an entry of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """Named values on lines `start` to `end`. A row of a list without names has its text under ""."""

    values: dict[str, Any]
    start: int
    end: int
