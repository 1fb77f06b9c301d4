"""Examine the set-up and say what to do. Starts nothing and fetches nothing.

Exit code 1 if something is wrong.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from mcp_smalltools.commands.common.root_option import add_roots
from mcp_smalltools.config import Settings

if TYPE_CHECKING:
    from mcp_smalltools.doctor.check import Check
    from mcp_smalltools.engine.api import EngineStatus

_MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "wrong": "[red]wrong[/]"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_roots(parser)
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object with `engine` and `checks`, nothing else"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    from mcp_smalltools.doctor.check import CheckState
    from mcp_smalltools.doctor.examine import examine
    from mcp_smalltools.engine.make import engine_status

    engine = anyio.run(partial(engine_status, settings, client_name="doctor"))
    checks = examine(settings, engine)
    if args.json:
        print(json.dumps(_report(engine, checks), ensure_ascii=False))
    else:
        _show(checks)
    return int(any(check.state is CheckState.WRONG for check in checks))


def _report(engine: EngineStatus, checks: list[Check]) -> dict[str, Any]:
    return {"engine": asdict(engine), "checks": [asdict(check) for check in checks]}


def _show(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for check in checks:
        table.add_row(_MARKS[check.state], escape(check.name), escape(check.found))
    console = Console()
    console.print(table)
    urgent_first = sorted(
        (check for check in checks if check.remedy), key=lambda check: check.state != "wrong"
    )
    if not urgent_first:
        console.print("\nNothing to do.")
        return
    console.print("\nWhat to do:")
    for number, check in enumerate(urgent_first, 1):
        console.print(f"{number}. [bold]{escape(check.name)}[/]: {escape(check.remedy)}")
