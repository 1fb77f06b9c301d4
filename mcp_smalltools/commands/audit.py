"""Show what was sent to agents: the exact answer or error of each call, newest first, and the requests that
were refused.

  mcp-smalltools audit                      today
  mcp-smalltools audit 2026-03-01           that day, in this machine's time zone
  mcp-smalltools audit --call a1b2c3d4e5f6  one call, in full
  mcp-smalltools audit all --export csv > audit.csv
  mcp-smalltools audit --verify             whether any row was changed or taken out
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound, UsageError
from mcp_smalltools.stores.ledger import Ledger, LedgerRow, RefusedRequests, open_ledger
from mcp_smalltools.text.visible import clean_text, escaped_name

_COLUMNS = [
    *("at", "call_id", "principal", "client", "tool", "level", "paths"),
    *("bytes_read", "chars_left", "error", "left"),
]
_SHOWN_CHARS = 600
_HASH = re.compile("[0-9a-f]{64}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "day", nargs="?", default="today", help="today (default), yesterday, YYYY-MM-DD, or all"
    )
    parser.add_argument("--call", metavar="ID", help="one call, with its whole answer")
    parser.add_argument(
        "--export", choices=("jsonl", "csv"), help="print one record per call, with whole answers"
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="check the chain of hashes over all calls; exit code 1 if a row was changed or is missing",
    )
    parser.add_argument(
        "--expect", metavar="HASH", help="with --verify: a last hash of earlier, which must be in the chain"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    ledger = open_ledger(settings)
    try:
        if args.verify or args.expect:
            return _verify(ledger, args.expect)
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


def _verify(ledger: Ledger, expect: str | None) -> int:
    expect = (expect or "").lower()
    if expect and not _HASH.fullmatch(expect):
        raise UsageError(f"{expect!r} is not a hash.", remedy="Give the 64 digits that --verify printed.")
    started = time.perf_counter()
    report = ledger.verify(expect)
    seconds = time.perf_counter() - started
    for found in report.breaks:
        where = f"{_local(found.at)}  {found.call_id}" if found.call_id else "end of the ledger"
        print(clean_text(f"{where}: {found.problem}"))
    if not report.has_expected:
        print(f"The hash {expect} is not in this chain: rows were made anew, or it is another ledger.")
    span = f", {_local(report.first_at)} to {_local(report.last_at or 0.0)}" if report.first_at else ""
    gone = f"; {report.gone} older ones are no longer kept" if report.gone else ""
    more = f"; {report.unchained} of another version aren't chained yet" if report.unchained else ""
    state = "whole" if report.whole else "BROKEN"
    print(f"The chain is {state}: {report.rows} rows{span}{gone}{more} ({seconds:.1f} s).")
    if report.whole:
        print(
            f"Last hash: {report.last_hash}\nKept elsewhere, it tells later (--verify --expect HASH) whether "
            "this is still the same chain."
        )
    return 0 if report.whole else 1


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
            f"  read {row.bytes_read:,} bytes of {paths}; {row.chars_shown:,} characters sent"
            f"{f', error {row.error}' if row.error else ''}\n"
            f"  {_start(row.answer, at_most)}"
        )
        print(clean_text(text))  # principals and clients name themselves
    for refused in refusals:
        print(
            f"{_local(refused.minute * 60)}  refused {refused.count} times: {refused.reason}, "
            f"{escaped_name(refused.path)} from {refused.address} {refused.principal}".rstrip()
        )
    sent = sum(row.chars_shown for row in rows)
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
