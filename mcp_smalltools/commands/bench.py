"""Measure speed, a peer beside ours in the same run: ratios, for bare times say more of the machine.

mcp-smalltools bench handshake --json
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping
from types import ModuleType

from mcp_smalltools.config import Settings

BENCHES: Mapping[str, str] = {
    "handshake": "process start to tools/list, a bare import of the SDK beside it",
    "remote": "a remote agent's first call over SSE and HTTP, stdio beside it",
    "redact": "masking, in megabytes a second, each rule on each line beside it",
    "logs": "parse_log, Drain3 beside it on the same files",
    "tools": "the whole job of each tool, the same job done by prompting llama.cpp's own server beside it",
    "engine": "the work that tools give the engine, llama.cpp's own server beside it",
}
"""Name of each bench, which is the module `bench_<name>` of `evaluation`, and what it measures."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    benches = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    for name, what in BENCHES.items():
        bench = _bench(name)
        bench.add_arguments(
            benches.add_parser(
                name,
                help=what,
                description=bench.__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )


def run(args: argparse.Namespace, settings: Settings) -> int:
    return int(_bench(args.what).run(args, settings))


def _bench(name: str) -> ModuleType:
    return importlib.import_module(f"mcp_smalltools.evaluation.bench_{name}")
