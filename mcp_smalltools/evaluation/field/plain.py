"""The plain methods beside the tools: what anyone gets with tail, grep and one pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcp_smalltools.evaluation.field.cases import FieldCase
from mcp_smalltools.evaluation.field.judges import judge_log

LAST = 50
"""Lines of `tail`, and of `grep`."""
LINE_END = re.compile(r"\r\n|\n|\r")
KEYWORDS = re.compile(r"(?i)error|fail|exception|fatal")
_LEVEL = re.compile(
    r"\b(?:(?P<error>ERROR|FATAL|CRITICAL|SEVERE)|(?P<warning>WARN(?:ING)?)|(?P<info>INFO)|(?P<debug>DEBUG|TRACE))\b"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


def plain_parts(case: FieldCase) -> dict[str, bool]:
    """What the plain methods get right of this case, by method; empty for a tool that has none."""
    if case.tool not in _METHODS:
        return {}
    path = case.folder / str(case.arguments["path"])
    lines = LINE_END.split(path.read_bytes().decode("utf-8", "replace"))
    parts: dict[str, bool] = _METHODS[case.tool](case.right, lines)
    return parts


def _failure(right: Mapping[str, Any], lines: list[str]) -> dict[str, bool]:
    if not right.get("guilty"):
        return {}
    guilty = {line for first, last in right["guilty"] for line in range(first, last + 1)}
    total = len(lines) - (not lines[-1])
    matches = [number for number, line in enumerate(lines, 1) if KEYWORDS.search(line)]
    return {
        f"last {LAST} lines": bool(guilty & set(range(total - LAST + 1, total + 1))),
        f"grep, first {LAST}": bool(guilty & set(matches[:LAST])),
        f"grep, last {LAST}": bool(guilty & set(matches[-LAST:])),
    }


def _log(right: Mapping[str, Any], lines: list[str]) -> dict[str, bool]:
    """A record for each line, the first word of a level in it, the first and the last ISO time."""
    kept = [line for line in lines if line.strip()]
    levels: dict[str, int] = {}
    errors = []
    for number, line in enumerate(lines, 1):
        if found := _LEVEL.search(line):
            levels[str(found.lastgroup)] = levels.get(str(found.lastgroup), 0) + 1
            if found.lastgroup == "error":
                errors.append({"evidence": [{"start": number, "end": number, "text": line}]})
    times = [found[0] for line in kept if (found := _TIME.search(line))]
    answer = {
        "records": len(kept),
        "levels": levels,
        "errors": errors,
        "time": {"start": times[0], "end": times[-1]} if times else {},
    }
    wanted = {name: right[name] for name in ("records", "levels", "time", "errors_at") if name in right}
    return {"one pattern": all(judge_log(wanted, answer).values())}


_METHODS = {"find_failure": _failure, "parse_log": _log}
