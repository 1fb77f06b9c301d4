"""What one check of the doctor found."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class CheckState(enum.StrEnum):
    OK = "ok"
    NOTE = "note"  # it works, and there is something to know
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """`remedy` is set where there is something to do."""

    name: str
    state: CheckState
    found: str
    remedy: str = ""
