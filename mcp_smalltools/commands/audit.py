"""Show what was sent to agents: the exact answer or error of each call, newest first, and the requests that
were refused.

mcp-smalltools audit                      today
mcp-smalltools audit 2026-03-01           that day, in this machine's time zone
mcp-smalltools audit --call a1b2c3d4e5f6  one call, in full
mcp-smalltools audit all --export csv > audit.csv
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound, UsageError
from mcp_smalltools.stores.ledger import Ledger, LedgerRow, RefusedRequests
from mcp_smalltools.text.visible import clean_text, escaped_name

_COLUMNS = [
    *("at", "call_id", "principal", "client", "tool", "level", "paths"),
    *("bytes_read", "chars_left", "error", "left"),
]
_SHOWN_CHARS = 600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "day", nargs="?", default="today", help="today (default), yesterday, YYYY-MM-DD, or all"
    )
    parser.add_argument("--call", metavar="ID", help="one call, with its whole answer")
    parser.add_argument(
        "--export", choices=("jsonl", "csv"), help="print one record per call, with whole answers"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    ledger = Ledger(settings.state_dir / "ledger.db", keep_days=settings.ledger_days)
    try:
        if args.call:
            rows, refusals = [_call(ledger, args.call)], []
        else:
            since, until = span_of(args.day)
            rows = ledger.rows(since=since, until=until)
            refusals = ledger.refusals(since=since, until=until)
    finally:
        ledger.close()
    match args.export:
        case "jsonl":
            for record in [*map(_record, rows), *map(asdict, refusals)]:
                print(json.dumps(record, ensure_ascii=False))
        case "csv":
            _write_csv(rows)
        case _:
            _show(rows, refusals, None if args.call else _SHOWN_CHARS)
    return 0


def span_of(day: str) -> tuple[float, float]:
    """Seconds since the epoch at which a day of the local calendar starts and ends. Raises UsageError."""
    if day == "all":
        return 0.0, 1e18
    today = datetime.date.today()
    try:
        date = {"today": today, "yesterday": today - datetime.timedelta(days=1)}.get(day)
        date = date or datetime.date.fromisoformat(day)
    except ValueError:
        raise UsageError(
            f"{day!r} is not a day.", remedy="Write 2026-03-01, today, yesterday or all."
        ) from None
    start = datetime.datetime.combine(date, datetime.time())
    return start.timestamp(), (start + datetime.timedelta(days=1)).timestamp()


def _call(ledger: Ledger, call_id: str) -> LedgerRow:
    row = ledger.find(call_id)
    if row is None:
        raise NotFound(
            f"There is no call {call_id}.", remedy="`mcp-smalltools audit all` lists the calls that are kept."
        )
    return row


def _record(row: LedgerRow) -> dict[str, Any]:
    """One call as it is exported; `left` is the text that was sent."""
    values = asdict(row) | {"at": _utc(row.at), "left": row.answer}
    return {name: values[name] for name in _COLUMNS}


def _write_csv(rows: Sequence[LedgerRow]) -> None:
    writer = csv.DictWriter(sys.stdout, _COLUMNS)
    writer.writeheader()
    for row in rows:
        record = _record(row) | {"paths": json.dumps(row.paths, ensure_ascii=False)}
        writer.writerow({name: _no_formula(value) for name, value in record.items()})


def _no_formula(value: Any) -> Any:
    """A spreadsheet would run a text that starts like this as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value


def _show(rows: Sequence[LedgerRow], refusals: Sequence[RefusedRequests], at_most: int | None) -> None:
    for row in rows:
        paths = ", ".join(map(escaped_name, row.paths)) or "no file"
        text = (
            f"{_local(row.at)}  {row.call_id}  {row.tool}  {row.level}  {row.principal} ({row.client})\n"
            f"  read {row.bytes_read:,} bytes of {paths}; {row.chars_left:,} characters sent"
            f"{f', error {row.error}' if row.error else ''}\n"
            f"  {_start(row.answer, at_most)}"
        )
        print(clean_text(text))  # principals and clients name themselves
    for refused in refusals:
        print(
            f"{_local(refused.minute * 60)}  refused {refused.count} times: {refused.reason}, "
            f"{escaped_name(refused.path)} from {refused.address} {refused.principal}".rstrip()
        )
    sent = sum(row.chars_left for row in rows)
    refused_requests = sum(refused.count for refused in refusals)
    print(
        f"{len(rows)} calls, {sent:,} characters sent; {refused_requests} requests refused.", file=sys.stderr
    )


def _start(text: str, at_most: int | None) -> str:
    if at_most is None or len(text) <= at_most:
        return text
    return f"{text[:at_most]}… (--call ID shows all)"


def _local(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _utc(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="milliseconds")
