"""Answer an event of an agent's client: reads the event on standard input, writes the answer for the client.

`mcp-smalltools install claude-code --hooks keep,tell` has the client call it. It never fails: what it doesn't
understand is answered with nothing.

  mcp-smalltools hook PostToolUseFailure --root ~/work --parts keep,tell < event.json
  mcp-smalltools hook clear
  mcp-smalltools hook status
"""

from __future__ import annotations

import argparse

from mcp_smalltools.config import Settings

EVENTS = ("SessionStart", "PreToolUse", "PostToolUse", "PostToolUseFailure", "SessionEnd")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "event",
        metavar="EVENT",
        help=f"{', '.join(EVENTS)}; or `clear`: remove the kept outputs; or `status`: how many are kept",
    )
    parser.add_argument("--root", action="append", metavar="DIR[:LEVEL]", help="as of `serve`; repeatable")
    parser.add_argument("--client", metavar="NAME", help="whose form the event is in; default: Claude Code's")
    parser.add_argument("--parts", metavar="NAMES", help="parts that answer, as keep,tell; default: all")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.hooks.kept.outputs import OutputStore

    if args.event in ("clear", "status"):
        store = OutputStore.of(settings)
        number, size = store.usage()
        if args.event == "clear":
            store.clear()
        verb = "removed" if args.event == "clear" else "kept"
        print(f"{number:,} outputs {verb}, {size:,} bytes, in {store.folder}")
        return 0
    from mcp_smalltools.hooks import hook_client

    roots = [part for root in args.root or () for part in ("--root", root)]
    parts = ["--parts", args.parts] if args.parts else []
    client = ["--client", args.client] if args.client else []
    return hook_client.main([args.event, *roots, *parts, *client])
