"""Run the MCP server. Agents on this machine start it themselves, over stdio; sse and http listen for remote
agents.

sse and http start the same server, with both endpoints (/sse and /mcp). It demands a bearer token: one is
made on first use, `tokens create` makes others. It checks Host and Origin, and speaks TLS with --tls-cert.
See docs/remote.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_smalltools.commands.common.numbers import whole_number
from mcp_smalltools.commands.common.root_option import add_roots
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError

if TYPE_CHECKING:
    from mcp_smalltools.workers.pool import WorkerPool

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--transport", choices=("stdio", "sse", "http"), default="stdio", help="default: stdio"
    )
    add_roots(parser)
    parser.add_argument(
        "--outputs",
        action="store_true",
        default=None,
        help="also let outputs be read that the agent's client or the hook `keep` has put aside",
    )
    parser.add_argument("--output-dir", type=Path, metavar="DIR", help="folder that exports are written to")
    parser.add_argument("--host", help=f"address to listen on (default {DEFAULT_HOST})")
    parser.add_argument(
        "--port",
        type=whole_number(0, 65_535),
        help=f"port (default {DEFAULT_PORT}; 0 takes a free one)",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME[:PORT]",
        help="Host header to accept besides the address itself, such as a proxy's name; repeatable",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="URL",
        help="browser Origin to accept besides this server's own; repeatable",
    )
    parser.add_argument(
        "--tls-cert", type=Path, metavar="FILE", help="certificate chain (PEM); the server then speaks HTTPS"
    )
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key (PEM)")


def _workers(settings: Settings) -> WorkerPool | None:
    from mcp_smalltools.workers.pool import AVAILABLE, WorkerPool

    return WorkerPool(settings) if settings.workers and AVAILABLE else None


def _refuse_listening(args: argparse.Namespace) -> None:
    """Raises UsageError for an option of a server that listens: over stdio nobody would be served there."""
    for name in ("host", "port", "allow_host", "allow_origin", "tls_cert", "tls_key"):
        if getattr(args, name) not in (None, []):
            raise UsageError(
                f"--{name.replace('_', '-')} is of a server that listens, and this one speaks over stdio.",
                remedy="Add --transport http, or leave it out.",
            )


def run(args: argparse.Namespace, settings: Settings) -> int:
    if args.transport == "stdio":
        _refuse_listening(args)
    from mcp_smalltools.server.sdk import defer_packages, uncollected

    with uncollected():
        defer_packages()
        if args.transport == "stdio":
            from mcp_smalltools.server.stdio import serve_stdio
        else:
            from mcp_smalltools.server.http.listen import HttpOptions, serve_http
        import anyio

        from mcp_smalltools.service import Service

        service = Service(settings, workers=_workers(settings))
    if args.transport == "stdio":
        anyio.run(serve_stdio, service)
    else:
        options = HttpOptions(
            args.host or DEFAULT_HOST,
            DEFAULT_PORT if args.port is None else args.port,
            tuple(args.allow_host),
            tuple(args.allow_origin),
            args.tls_cert,
            args.tls_key,
        )
        anyio.run(serve_http, service, options)
    return 0
