"""The built-in tools by name, in the order in which agents see them. Loading one imports its arguments and
answer, not what does the work.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from mcp_smalltools.tools.base import Tool

_BUILT_IN: Mapping[str, str] = {
    "parse_log": "ParseLog",
    "find_failure": "FindFailure",
    "summarize_file": "SummarizeFile",
    "classify": "Classify",
    "find_files": "FindFiles",
    "extract": "Extract",
    "ask_file": "AskFile",
    "read_redacted": "ReadRedacted",
    "report_outcome": "ReportOutcome",
}


def built_in_tools() -> dict[str, Tool]:
    """A fresh instance of each tool, by name."""
    return {name: _load(name, class_name) for name, class_name in _BUILT_IN.items()}


def _load(name: str, class_name: str) -> Tool:
    module = importlib.import_module(f"mcp_smalltools.tools.{name}.tool")
    return cast("Tool", getattr(module, class_name)())
