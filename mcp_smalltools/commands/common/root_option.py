"""The option that names folders."""

from __future__ import annotations

import argparse


def add_roots(parser: argparse.ArgumentParser, otherwise: str = "") -> None:
    """`--root`, repeatable, as `args.root`. `otherwise` says what holds without it."""
    note = f" (default: {otherwise})" if otherwise else ""
    parser.add_argument(
        "--root",
        action="append",
        metavar="DIR[:LEVEL]",
        help=f"folder that may be read, at the level open, redacted (default) or sealed; repeatable{note}",
    )
