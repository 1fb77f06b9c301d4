"""Sessions that Claude Code itself has made, replayed: every figure agrees with a count by hand."""

from __future__ import annotations

from pathlib import Path

from make_sessions import check
from others import Tools


def test_every_figure_agrees_with_a_count_by_hand(tools: Tools, tmp_path: Path) -> None:
    """One session of each kind; `make_sessions.py` plays more of them."""
    wrong, nets = check(tools, tmp_path.resolve(), 7)
    assert wrong == []
    assert any(net < 0 for net in nets) and any(net > 0 for net in nets)
