"""The plain methods beside the tools: what anyone gets with tail, grep, one pattern or a linear model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.evaluation.field.cases import FieldCase
from mcp_smalltools.evaluation.field.judges import judge_log
from mcp_smalltools.evaluation.field.plain_ranking import plain_classify, plain_find
from mcp_smalltools.evaluation.field.plain_reading import (
    lines_of_file,
    plain_ask,
    plain_extract,
    plain_summary,
)

if TYPE_CHECKING:
    from mcp_smalltools.evaluation.field.plain_ranking import Embed

LAST = 50
"""Lines of `tail`, and of `grep`."""
KEYWORDS = re.compile(r"(?i)error|fail|exception|fatal")
_LEVEL = re.compile(
    r"\b(?:(?P<error>ERROR|FATAL|CRITICAL|SEVERE)|(?P<warning>WARN(?:ING)?)|(?P<info>INFO)|(?P<debug>DEBUG|TRACE))\b"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


async def plain_parts(case: FieldCase, embed: Embed) -> dict[str, float]:
    """What the plain methods get right of this case, by method: 1 or 0, of items their share. A method that
    needs what isn't installed here is left out. `embed` is the encoder, for those that use its vectors.
    """
    if case.tool == "classify":
        return await plain_classify(case, embed)
    return _METHODS[case.tool](case)


def _failure(case: FieldCase) -> dict[str, float]:
    right, lines = case.right, lines_of_file(case)
    if not right.get("guilty"):
        return {}
    guilty = {line for first, last in right["guilty"] for line in range(first, last + 1)}
    total = len(lines) - (not lines[-1])
    matches = [number for number, line in enumerate(lines, 1) if KEYWORDS.search(line)]
    shown = {
        f"last {LAST} lines": range(total - LAST + 1, total + 1),
        f"grep, first {LAST}": matches[:LAST],
        f"grep, last {LAST}": matches[-LAST:],
    }
    return {name: float(not guilty.isdisjoint(numbers)) for name, numbers in shown.items()}


def _log(case: FieldCase) -> dict[str, float]:
    """A record for each line, the first word of a level in it, the first and the last ISO time."""
    right, lines = case.right, lines_of_file(case)
    kept = [line for line in lines if line.strip()]
    levels: dict[str, int] = {}
    errors = []
    for number, line in enumerate(lines, 1):
        if found := _LEVEL.search(line):
            levels[str(found.lastgroup)] = levels.get(str(found.lastgroup), 0) + 1
            if found.lastgroup == "error":
                errors.append({"evidence": [{"start": number, "end": number, "text": line}]})
    times = [found[0] for line in kept if (found := _TIME.search(line))]
    answer: dict[str, Any] = {
        "records": len(kept),
        "levels": levels,
        "errors": errors,
        "time": {"start": times[0], "end": times[-1]} if times else {},
    }
    wanted = {name: right[name] for name in ("records", "levels", "time", "errors_at") if name in right}
    return {"one pattern": float(all(judge_log(wanted, answer).values()))}


_METHODS: Final[Mapping[str, Callable[[FieldCase], dict[str, float]]]] = {
    "find_failure": _failure,
    "parse_log": _log,
    "ask_file": plain_ask,
    "find_files": plain_find,
    "summarize_file": plain_summary,
    "extract": plain_extract,
}
