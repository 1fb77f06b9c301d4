"""Replay the sessions that Claude Code and Codex have kept on this machine: what they lost, and what the
hooks and tools would have changed in them.

Counted are outputs that the client cut or put aside, commands that were run again to see more of the same
output, logs and long files that were read whole, and values that look secret (by our rules) and reached the
model. The tools are run over the outputs that the transcripts still hold, and judged by what the agent did
next: did it change the line that would have been named, the file, open it, or change something else?

Net tokens are what would have been used less, by the classes that clients pay for: a text in the context is
written into the cache once and read from it in each later turn. What the tools add counts against them: lines
that are told, answers, questions, and schemas in every request. Losses are shown.

Nothing leaves this machine, and nothing is changed but for weak outcomes, which `--no-record` leaves out:
what the agent did after answers that the ledger has. Texts of the sessions stay where they are; `--show`
prints what would have been told, masked as the privacy level of the folder says. docs/discover.md has the
formulas.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_smalltools.commands.common.numbers import number
from mcp_smalltools.config import Settings

if TYPE_CHECKING:
    from mcp_smalltools.discovery.find_transcripts import TranscriptFile
    from mcp_smalltools.discovery.session_figures import SessionFigures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--days",
        type=number(),
        default=30.0,
        metavar="N",
        help="sessions of the last N days (30; 0: all)",
    )
    parser.add_argument(
        "--claude", type=Path, action="append", metavar="DIR", help="folder of Claude Code's projects"
    )
    parser.add_argument(
        "--codex", type=Path, action="append", metavar="DIR", help="folder of Codex's sessions"
    )
    parser.add_argument("--sessions", action="store_true", help="a line for each session, the dearest first")
    parser.add_argument("--show", action="store_true", help="what would have been told, masked")
    parser.add_argument("--no-record", action="store_true", help="keep no weak outcomes")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object: totals and sessions, numbers only"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.commands.discover.show_figures import show
    from mcp_smalltools.discovery.discovered import as_json, priced, totals_as_json, totals_of
    from mcp_smalltools.discovery.find_transcripts import claude_folder, codex_folders, transcripts
    from mcp_smalltools.discovery.weak import record_weak
    from mcp_smalltools.economics.prices import load_prices

    prices = load_prices(settings)
    otherwise = prices.named(settings.price_model)
    named = args.claude is not None or args.codex is not None
    claude = args.claude or ([] if named else [claude_folder()])
    codex = args.codex or ([] if named else codex_folders())
    files = transcripts(claude, codex, days=args.days)
    if not files and not args.json:
        where = ", ".join(str(folder) for folder in [*claude, *codex])
        print(f"No sessions of the last {args.days:g} days in {where}.", file=sys.stderr)
        return 0
    replayed = list(_replayed(files, settings))
    sessions = [priced(figures, prices, otherwise) for figures in replayed if figures is not None]
    totals = totals_of(sessions, replayed.count(None))
    weak = [one for session in sessions for one in session.figures.weak]
    recorded = 0 if args.no_record or not weak else record_weak(weak, settings)
    if args.json:
        record = {"totals": totals_as_json(totals), "sessions": [as_json(one) for one in sessions]}
        print(json.dumps(record | {"weak_outcomes_recorded": recorded}))
        return 0
    show(totals, sessions, recorded, args)
    return 0


def _replayed(files: Sequence[TranscriptFile], settings: Settings) -> Iterable[SessionFigures | None]:
    from rich.console import Console
    from rich.progress import track

    from mcp_smalltools.discovery.apart import Replayer
    from mcp_smalltools.server.app import always_sent

    replayer = Replayer(settings, always_sent(settings))
    console = Console(stderr=True)
    shown = track(files, "replaying", console=console, transient=True, disable=not console.is_terminal)
    return (replayer.replay(file) for file in shown)
