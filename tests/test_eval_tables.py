"""What an evaluation prints."""

from __future__ import annotations

import pytest
from rich.table import Table

from mcp_smalltools.evaluation.console_table import print_table


def test_a_wide_table_is_whole_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"column {number:02} of a table" for number in range(7)]
    table = Table(*names)
    table.add_row(*("0.123456" for _ in names))
    print_table(table)
    printed = capsys.readouterr().out
    assert all(name in printed for name in names) and "…" not in printed
