"""Show what was read, what was sent to agents, and what that saved: one row per call, newest first.

The saving is what the agent would have read of the files (at most what a client lets through), less what it
wrote and read instead. It is negative where the call cost more than it saved; errors and answers that say
`escalate` save nothing. All in characters; about 4 make a token.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from mcp_smalltools.config import Settings
from mcp_smalltools.stores.ledger import LedgerRow, open_ledger
from mcp_smalltools.text.visible import escaped_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit", type=int, default=20, metavar="N", help="rows to show (default 20; 0 shows all)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per row, without answers")


def run(args: argparse.Namespace, settings: Settings) -> int:
    ledger = open_ledger(settings)
    try:
        rows = ledger.rows(limit=args.limit or -1)
    finally:
        ledger.close()
    verdicts = _verdicts(rows, settings)
    if args.json:
        for row in rows:
            print(json.dumps(_public(row, verdicts.get(row.call_id)), ensure_ascii=False))
    elif not rows:
        print("No calls yet. Try: mcp-smalltools call parse_log --arg path=FILE", file=sys.stderr)
    else:
        _show(rows, verdicts)
    return 0


def _verdicts(rows: list[LedgerRow], settings: Settings) -> dict[str, str]:
    """What report_outcome was told about these answers."""
    from mcp_smalltools.stores.outcomes import open_outcomes

    outcomes = open_outcomes(settings.state_dir)
    try:
        return outcomes.verdicts([row.call_id for row in rows])
    finally:
        outcomes.close()


def _public(row: LedgerRow, verdict: str | None) -> dict[str, Any]:
    record = asdict(row)
    del record["answer"]
    return record | {"chars_saved": row.chars_saved, "verdict": verdict}


def _show(rows: list[LedgerRow], verdicts: Mapping[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("when", "tool", "files"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for column in ("read", "sent", "saved", "s"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for row in rows:
        table.add_row(
            time.strftime("%m-%d %H:%M", time.localtime(row.at)),
            row.tool,
            _files(row.paths),
            f"{row.bytes_read:,}",
            f"{row.chars_left:,}",
            f"{row.chars_saved:,}",
            f"{row.seconds:.2f}",
            _outcome(row, verdicts.get(row.call_id)),
        )
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(_summary(rows))


def _files(paths: list[str]) -> str:
    """The first file's name and how many more there are; --json has the whole paths."""
    first = escaped_name(PurePath(paths[0]).name) if paths else "-"
    return f"{first} +{len(paths) - 1}" if len(paths) > 1 else first


def _outcome(row: LedgerRow, verdict: str | None) -> str:
    if row.error:
        return row.error
    reported = f", was {verdict}" if verdict else ""
    return ("escalated" if row.escalate else "ok") + (", cached" if row.cached else "") + reported


def _summary(rows: Iterable[LedgerRow]) -> str:
    rows = list(rows)
    saved = sum(row.chars_saved for row in rows)
    read, sent = sum(row.bytes_read for row in rows), sum(row.chars_left for row in rows)
    return f"{len(rows)} calls: {read:,} bytes read, {sent:,} characters sent, {saved:,} saved."
