"""Tables for a person, whole where they go to a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH = 200
"""Columns where there is no terminal: rich would cut at 80."""


def print_table(table: Table) -> None:
    """On standard output."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)
