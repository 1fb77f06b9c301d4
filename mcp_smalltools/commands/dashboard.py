"""Show on a page in your browser what the tools did: savings with what they cost, how often they were right,
what left, how the specialists were measured, and what to do next.

The page is served on this machine alone, for the browser that opens the link first, until Ctrl-C. It runs no
script and asks for nothing from elsewhere. From another machine: --port PORT, and ssh -L PORT:127.0.0.1:PORT.
"""

from __future__ import annotations

import argparse
import sys

from mcp_smalltools.commands.common.numbers import whole_number
from mcp_smalltools.config import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=whole_number(0, 65_535), default=0, metavar="N", help="port (default: a free one)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="print the link only; the default opens it where it can"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    from mcp_smalltools.dashboard.loopback_page import serve_dashboard

    def ready(link: str) -> None:
        print(f"mcp-smalltools: open this link, which works once:\n\n  {link}\n", file=sys.stderr)
        if not args.no_browser and _has_screen():
            import webbrowser

            webbrowser.open(link)
        print("Ctrl-C ends it.", file=sys.stderr, flush=True)

    anyio.run(serve_dashboard, settings, args.port, ready)
    return 0


def _has_screen() -> bool:
    """Whether a browser would open for the user, and not in this terminal."""
    import os

    if not sys.stderr.isatty():
        return False
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
