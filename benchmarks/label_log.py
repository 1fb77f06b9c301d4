"""Run a Python program and write its log with the true template of each line, for `eval logs`.

    python benchmarks/label_log.py logs/pip_2k.log_structured_corrected.csv -m pip download -vv -d /tmp/x rich
    mcp-smalltools eval logs --data logs

The template of a record is the format string that the program gave to `logging`; where the text was already
formatted (an f-string, %, +, format), the expression in its source. Records of several lines, and those whose
template can't be found, are left out and counted.
"""

from __future__ import annotations

import ast
import atexit
import csv
import functools
import logging
import re
import runpy
import sys
from pathlib import Path
from typing import Any

from mcp_smalltools.learning.logs.systems import labelled
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.parameters import TemplateMatcher
from mcp_smalltools.logs.statements.pieces import printf

AT_MOST = 2_000


class Recorder:
    """Takes every record that `logging` makes, whatever its level."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []
        self.left_out = 0

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = logging.LogRecord(*args, **kwargs)
        if len(self.rows) < AT_MOST:
            row = row_of(record)
            self.left_out += row is None
            self.rows += [row] if row else []
        return record


def row_of(record: logging.LogRecord) -> tuple[str, str] | None:
    """The message and its template; None where that can't be told."""
    message = " ".join(record.getMessage().split())
    template = " ".join((template_of(record) or "").split())
    values = TemplateMatcher(template).values(message)
    if "\n" in record.getMessage() or values is None or not re.search(r"\w", template.replace(VAR, "")):
        return None
    text, varies = "", []
    for constant, value in zip(template.split(VAR), [*values, ""], strict=True):
        text += constant + value
        varies += [False] * len(constant) + [True] * len(value)
    return labelled(text, varies)


def template_of(record: logging.LogRecord) -> str | None:
    if not isinstance(record.msg, str):
        return None
    if record.args:
        return "".join(piece if isinstance(piece, str) else VAR for piece in printf(record.msg, [])[0])
    written = [text for node in calls_at(record.pathname, record.lineno) if (text := written_as(node))]
    return written[0] if written else record.msg


@functools.cache
def calls_at(path: str, line: int) -> list[ast.expr]:
    """The first two arguments of the calls on a line, the innermost call first."""
    calls = [node for node in tree_of(path) if node.lineno <= line <= (node.end_lineno or 0)]
    calls.sort(key=lambda node: (node.end_lineno or 0) - node.lineno)
    return [value for node in calls for value in node.args[:2] if not isinstance(value, ast.Constant)]


@functools.cache
def tree_of(path: str) -> list[ast.Call]:
    try:
        tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]


def written_as(node: ast.expr) -> str | None:
    """The template of an expression that makes a text."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(written_as(part) or VAR for part in parts)
        case ast.BinOp(left=left, op=ast.Mod()) if text := written_as(left):
            return "".join(piece if isinstance(piece, str) else VAR for piece in printf(text, [])[0])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            pair = written_as(left), written_as(right)
            return (pair[0] or VAR) + (pair[1] or VAR) if any(pair) else None
        case ast.Call(func=ast.Attribute(value=value, attr="format")) if text := written_as(value):
            return re.sub(r"\{[^{}]*\}", VAR, text)
    return None


def main() -> None:
    target, *command = sys.argv[1:]
    recorder = Recorder()
    logging.setLogRecordFactory(recorder)
    logging.basicConfig(level=logging.DEBUG, handlers=[logging.NullHandler()])
    atexit.register(write, Path(target), recorder)
    if command[0] == "-m":
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")


def write(target: Path, recorder: Recorder) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Content", "EventTemplate"])
        rows.writerows(recorder.rows)
    print(f"{len(recorder.rows)} lines in {target}; left out: {recorder.left_out}", file=sys.stderr)


if __name__ == "__main__":
    main()
