"""The figures of `discover` as tables on a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from mcp_smalltools.discovery.discovered import DiscoveryTotals, PricedSession

_JUDGED = {
    "line": "changed the line that would have been named",
    "file": "changed that file, another line",
    "opened": "opened the file there, changed nothing of it",
    "elsewhere": "changed other files",
    "nothing": "changed nothing",
}
_PARTS = {
    "told": "lines that are told",
    "fetched": "calls for more of an output",
    "logs": "logs asked about, not read",
    "schemas": "schemas in every request",
}


def show(
    totals: DiscoveryTotals, sessions: Sequence[PricedSession], recorded: int, args: argparse.Namespace
) -> None:
    """Print sums, and sessions and lines where they are asked for."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    counts = totals.counts
    console.print(
        f"{totals.sessions:,} sessions, {counts['requests']:,} requests, {counts['calls']:,} calls of tools; "
        f"{counts['lines_read']:,} lines read, {counts['lines_damaged']:,} damaged, "
        f"{counts['lines_too_long']:,} too long, {totals.unreadable:,} transcripts unreadable.\n"
    )
    _show_counts(console, totals)
    _show_judged(console, totals)
    _show_net(console, totals)
    if args.sessions:
        _show_sessions(console, sessions)
    if args.show:
        _show_told(console, sessions)
    if recorded:
        console.print(f"{recorded} weak outcomes of calls in the ledger were kept.")


def _show_counts(console: Console, totals: DiscoveryTotals) -> None:
    counts = totals.counts
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in totals.secrets.most_common())
    secrets = sum(totals.secrets.values())
    rows = [
        (counts["cut"], "outputs that the client cut", ""),
        (counts["put_aside"], "outputs that it put aside", ""),
        (counts["ran_again"], "commands run again to see more of such an output", ""),
        (counts["opened_aside"], "outputs put aside that were opened", ""),
        (counts["logs_whole"], "logs read whole", f"{counts['log_chars']:,} characters"),
        (
            counts["files_whole"],
            "other long files read whole",
            f"{counts['files_whole_edited']:,} edited later",
        ),
        (secrets, "values that look secret reached the model", kinds),
        (counts["secrets_maskable"], "of them the guard would have masked", ""),
        (counts["not_replayed"], "results on which no tool was run: the time was over", ""),
        (counts["told_already"], "results that the hooks have added to already", ""),
    ]
    for number, what, more in rows:
        if not number and "no tool was run" in what:
            continue
        console.print(f"{number:>9,}  {what}" + (f" ({more})" if more and number else ""))


def _show_judged(console: Console, totals: DiscoveryTotals) -> None:
    console.print(
        f"\n{totals.counts['would_tell']:>9,}  results to which the hook would have added the cause;"
    )
    for kind, what in _JUDGED.items():
        console.print(f"{totals.judged[kind]:>9,}    the agent then {what}")  # type: ignore[index]


def _show_net(console: Console, totals: DiscoveryTotals) -> None:
    from rich.table import Table

    from mcp_smalltools.discovery.token_use import TokenUse
    from mcp_smalltools.economics.prices import dollars

    table = Table(box=None, pad_edge=False)
    table.add_column("tokens used less", no_wrap=True)
    for column in ("input", "written", "read again", "output", "$"):
        table.add_column(column, justify="right", no_wrap=True)

    def row(name: str, use: TokenUse, usd: float) -> None:
        written = use.cache_write + use.cache_write_1h
        tokens = (use.input, written, use.cache_read, use.output)
        table.add_row(name, *(f"{number:,.0f}" for number in tokens), dollars(usd))

    for part, name in _PARTS.items():
        row(name, totals.net[part], totals.net_usd[part])  # type: ignore[index]
    net, usd = sum(totals.net.values(), TokenUse()), sum(totals.net_usd.values())
    row("net", net, usd)
    row("used in all, as noted", totals.used, totals.used_usd)
    console.print("", table, sep="\n")
    share = f", {usd / totals.used_usd:.2%} of it" if totals.used_usd else ""
    console.print(
        f"Net {dollars(usd)} ${share}; a loss in {totals.losing:,} of {totals.sessions:,} sessions. "
        f"Priced as {', '.join(totals.priced_as) or 'nothing'}"
        + (f"; {totals.assumed:,} transcripts of models without a price." if totals.assumed else ".")
    )


def _show_sessions(console: Console, sessions: Sequence[PricedSession]) -> None:
    from rich.table import Table

    from mcp_smalltools.economics.prices import dollars

    table = Table(box=None, pad_edge=False)
    for column in ("session", "client", "model"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for column in ("asked", "cut", "aside", "again", "logs", "told", "net $", "used $"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in sorted(sessions, key=lambda one: one.net):
        figures = one.figures
        numbers = (figures.requests, figures.cut, figures.put_aside, figures.ran_again, figures.logs_whole)
        table.add_row(
            _plain(figures.session[:8]),
            figures.client,
            _plain(figures.model),
            *(f"{number:,}" for number in (*numbers, figures.would_tell)),
            dollars(one.net),
            dollars(one.used_usd),
        )
    console.print("", table, sep="\n")


def _show_told(console: Console, sessions: Sequence[PricedSession]) -> None:
    for one in sessions:
        for told in one.figures.shown:
            console.print(f"\nsession {_plain(one.figures.session[:8])}:\n{_plain(told)}")


def _plain(text: str) -> str:
    """A text of a transcript, with nothing in it that a terminal obeys."""
    from mcp_smalltools.text.visible import clean_text

    return clean_text(text)
