"""Show what was read, what was sent to agents, what that saved and what it cost: calls, and sums per tool.

The saving is what the agent would have read of the files (at most what a client lets through), less what it
wrote and read instead. It is negative where the call cost more than it saved; errors and answers that say
`escalate` save nothing, and what a hook adds always costs. All in characters; about 4 make a token.

Per tool stands beside it what a model at a published price would have taken to read the same and write the
answer (setting `price_model`): how many times faster and cheaper it was here, where cheaper is electricity
(an estimate from processor and GPU seconds) beside the model's price. `docs/ledger.md` has the formulas.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING

from mcp_smalltools.commands.common.numbers import number, whole_number
from mcp_smalltools.config import Settings
from mcp_smalltools.stores.ledger import LedgerRow, open_ledger
from mcp_smalltools.text.visible import escaped_name

if TYPE_CHECKING:
    from rich.console import Console

    from mcp_smalltools.economics.accounts import ToolAccount
    from mcp_smalltools.economics.prices import ModelPrice, PriceTable
    from mcp_smalltools.stores.accounts.totals import CallTotals

_DAY_S = 86_400.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit",
        type=whole_number(0),
        default=20,
        metavar="N",
        help="rows to show (default 20; 0 shows all)",
    )
    parser.add_argument("--tools", action="store_true", help="only the sums per tool, no rows")
    parser.add_argument(
        "--days",
        type=number(),
        default=0.0,
        metavar="N",
        help="of the last N days (default: all that is kept)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object per row (--tools: per tool), no answers"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.economics.prices import load_prices

    prices = load_prices(settings)
    model = prices.named(settings.price_model)
    since = time.time() - args.days * _DAY_S if args.days > 0 else 0.0
    ledger = open_ledger(settings)
    try:
        rows = [] if args.tools else ledger.rows(since=since, limit=args.limit or -1)
        totals = ledger.totals(since=since)
    finally:
        ledger.close()
    if args.json:
        _print_json(rows, _accounts(totals, model, prices) if args.tools else [], prices, model, settings)
    elif not totals:
        print("No calls yet. Try: mcp-smalltools call parse_log --arg path=FILE", file=sys.stderr)
    else:
        _show(rows, _accounts(totals, model, prices), model, _verdicts(rows, settings))
    return 0


def _accounts(totals: Sequence[CallTotals], model: ModelPrice, prices: PriceTable) -> list[ToolAccount]:
    from mcp_smalltools.economics.accounts import account_of

    return [account_of(one, model, prices.machine) for one in totals]


def _verdicts(rows: Sequence[LedgerRow], settings: Settings) -> dict[str, str]:
    """What report_outcome was told about these answers."""
    from mcp_smalltools.stores.outcomes import open_outcomes

    outcomes = open_outcomes(settings.state_dir)
    try:
        return outcomes.verdicts([row.call_id for row in rows])
    finally:
        outcomes.close()


def _print_json(
    rows: Sequence[LedgerRow],
    accounts: Sequence[ToolAccount],
    prices: PriceTable,
    model: ModelPrice,
    settings: Settings,
) -> None:
    verdicts = _verdicts(rows, settings)
    for row in rows:
        joules = round(prices.machine.joules(row.cost.cpu_s, row.cost.gpu_s), 3)
        record = asdict(row) | {"chars_shown": row.chars_shown, "chars_saved": row.chars_saved}
        del record["answer"]
        record |= {"joules": joules, "verdict": verdicts.get(row.call_id)}
        print(json.dumps(record, ensure_ascii=False))
    for account in accounts:
        priced = {"priced_as": model.name, "day": model.day.isoformat()}
        ratios = {"faster": account.faster, "cheaper": account.cheaper}
        print(json.dumps(asdict(account) | ratios | priced, ensure_ascii=False))


def _show(
    rows: Sequence[LedgerRow],
    accounts: Sequence[ToolAccount],
    model: ModelPrice,
    verdicts: Mapping[str, str],
) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if rows:
        _show_rows(console, rows, verdicts)
        console.print(_summary(rows), "", sep="\n")
    _show_accounts(console, accounts, model)


def _show_rows(console: Console, rows: Sequence[LedgerRow], verdicts: Mapping[str, str]) -> None:
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
            f"{row.chars_shown:,}",
            f"{row.chars_saved:,}",
            f"{row.seconds:.2f}",
            _outcome(row, verdicts.get(row.call_id)),
        )
    console.print(table)


def _show_accounts(console: Console, accounts: Sequence[ToolAccount], model: ModelPrice) -> None:
    from rich.table import Table

    from mcp_smalltools.economics.accounts import short_of
    from mcp_smalltools.economics.prices import dollars

    table = Table(box=None, pad_edge=False)
    table.add_column("tool", no_wrap=True)
    seconds = ("cpu s", "gpu s") if any(one.gpu_s for one in accounts) else ("cpu s",)
    for column in ("calls", "vain", "saved", "net $", *seconds, "J", "faster", "cheaper"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in accounts:
        table.add_row(
            f"hook: {one.tool}" if one.by_hook else one.tool,
            *(f"{one.calls:,}", f"{one.in_vain:,}", _short(one.chars_saved), dollars(one.net_usd)),
            *(f"{used:,.1f}" for used in (one.cpu_s, one.gpu_s)[: len(seconds)]),
            _short(one.joules),
            *(_times(one.faster), _times(one.cheaper)),
        )
    console.print(table)
    total = sum(one.net_usd for one in accounts)
    console.print(
        f"Priced as {model.name}, of {model.day}: {model.input:g} $ per million tokens read, "
        f"{model.output:g} $ written. Net {dollars(total)} $ so far, the tools' schemas not counted."
    )
    slower, dearer = short_of(accounts)
    if slower:
        console.print(f"Not ten times faster: {', '.join(slower)}.")
    if dearer:
        console.print(f"Not a hundred times cheaper: {', '.join(dearer)}.")


def _times(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    return f"{_short(ratio)}x" if ratio >= 10 else f"{ratio:.1f}x"


def _short(number: float) -> str:
    """A number in six characters."""
    for least, unit, name in ((1e10, 1e9, "G"), (1e7, 1e6, "M"), (1e5, 1e3, "k")):
        if abs(number) >= least:
            return f"{number / unit:,.0f}{name}"
    return f"{number:,.0f}"


def _files(paths: list[str]) -> str:
    """The first file's name and how many more there are; --json has the whole paths."""
    first = escaped_name(PurePath(paths[0]).name) if paths else "-"
    return f"{first} +{len(paths) - 1}" if len(paths) > 1 else first


def _outcome(row: LedgerRow, verdict: str | None) -> str:
    if row.error:
        return row.error
    reported = f", was {verdict}" if verdict else ""
    return ("escalated" if row.escalate else "ok") + (", cached" if row.cached else "") + reported


def _summary(rows: Sequence[LedgerRow]) -> str:
    saved = sum(row.chars_saved for row in rows)
    read, sent = sum(row.bytes_read for row in rows), sum(row.chars_shown for row in rows)
    return f"These {len(rows)} calls: {read:,} bytes read, {sent:,} characters sent, {saved:,} saved."
