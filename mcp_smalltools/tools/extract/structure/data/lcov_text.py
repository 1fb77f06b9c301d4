"""Tracefiles of lcov: what was covered of each source file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Budget, Node, NotOfForm

_NAMES: Final = {
    "TN": ALSO.join(("test name", "test")),
    "SF": ALSO.join(("file", "source file", "path", "file name", "filename")),
    "FNF": ALSO.join(("functions found", "functions total", "total functions", "functions")),
    "FNH": ALSO.join(("functions hit", "functions covered", "covered functions")),
    "LF": ALSO.join(("lines found", "lines total", "total lines", "lines")),
    "LH": ALSO.join(("lines hit", "lines covered", "covered lines")),
    "BRF": ALSO.join(("branches found", "branches total", "total branches", "branches")),
    "BRH": ALSO.join(("branches hit", "branches covered", "covered branches")),
}
_DETAILS: Final = frozenset(("FN", "FNDA", "DA", "BRDA", "FNL", "FNA", "VER", "MCDC", "MCF", "MCH"))


def read_lcov(lines: Sequence[str]) -> Node:
    """A row for each source file, with its sums. Raises NotOfForm."""
    table = Node(
        ALSO.join(("files", "source files", "coverage")), "list", 1, max(1, len(lines)), is_table=True
    )
    row, budget = Node("", "object", 1, 1), Budget()
    for number, line in enumerate(lines, 1):
        key, _, value = line.strip().partition(":")
        if not key:
            continue
        if key == "end_of_record":
            row.end = number
            table.inner.append(row)
            row = Node("", "object", number + 1, number + 1)
        elif key in _NAMES:
            budget.take()
            row.inner.append(Node(_NAMES[key], "value", number, number, value.strip()))
        elif key not in _DETAILS:
            raise NotOfForm("no lcov")
    if not table.inner:
        raise NotOfForm("no lcov")
    return table


def looks_like_lcov(lines: Sequence[str]) -> bool:
    return bool(lines) and lines[0].startswith(("TN:", "SF:")) and "SF:" in {line[:3] for line in lines[:3]}
