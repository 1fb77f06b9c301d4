"""Prints answers for a person, and the progress bar."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mcp_smalltools.text.visible import clean_text

if TYPE_CHECKING:
    from rich.console import Console

    from mcp_smalltools.engine.api import Progress

_BOOKKEEPING = ("call_id", "confidence", "escalate", "reason", "dropped", "source", "model", "note")


@contextlib.contextmanager
def progress_bar(shown: bool) -> Iterator[Progress]:
    """A bar on stderr while the block runs, or nothing."""
    if not shown:
        yield lambda done, total, message: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("working", total=None)
        yield lambda done, total, message: bar.update(task, completed=done, total=total, description=message)


def show_answer(tool: str, answer: Mapping[str, Any], console: Console | None = None) -> None:
    """Print one structured result for a person."""
    if console is None:
        from rich.console import Console

        console = Console(highlight=False)
    answer = _cleaned(answer)  # the caller's own words are in it, and they may come from a file
    for name, value in answer.items():
        if name not in _BOOKKEEPING and value not in ("", [], {}):
            _show_field(console, name, value)
    _show_bookkeeping(console, answer)


def _cleaned(value: Any) -> Any:
    """The value without anything that a terminal would obey."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _cleaned(item) for key, item in value.items()}
    return list(map(_cleaned, value)) if isinstance(value, (list, tuple)) else value


def _show_field(console: Console, name: str, value: Any) -> None:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        console.print(f"{name}:", style="bold", markup=False)
        for item in value:
            console.print("  " + _one_line(item), markup=False, soft_wrap=True)
    elif isinstance(value, (dict, list)):
        console.print(f"{name}: {_inline(value)}", markup=False, soft_wrap=True)
    else:
        console.print(f"{name}: {value}", markup=False, soft_wrap=True)


def _one_line(item: Mapping[str, Any]) -> str:
    return "  ".join(
        f"{name}={_inline(value)}" for name, value in item.items() if value not in ("", [], {}, False)
    )


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_inline(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return str(value)


def _show_bookkeeping(console: Console, answer: Mapping[str, Any]) -> None:
    read = ", ".join(_source(item) for item in answer.get("source", []))
    parts = [
        f"read {read}" if read else "",
        f"model {answer['model']}" if answer.get("model") else "no model was needed",
        f"confidence {answer['confidence']:.2f}" if "confidence" in answer else "",
        f"left out: {_inline(answer['dropped'])}" if answer.get("dropped") else "",
    ]
    console.print("- " + "; ".join(filter(None, parts)), style="dim", markup=False, soft_wrap=True)
    if answer.get("escalate"):
        console.print(
            f"- do this yourself: {answer.get('reason', 'not sure enough')}", style="yellow", markup=False
        )
    if answer.get("note"):
        console.print(f"- {answer['note']}", style="dim", markup=False, soft_wrap=True)


def _source(item: Mapping[str, Any]) -> str:
    lines = f", {item['lines']:,} lines" if item.get("lines") is not None else ""
    return f"{item['path']} ({item['bytes']:,} bytes{lines})"
