"""Manage access tokens of a listening server (serve --transport sse|http), one for each agent or machine.

A token may do at most what the server may: its folders are those that both allow, at the stricter level. It
is shown once, when it is made; only its hash is kept. Revoking it takes effect with the next request.

  mcp-smalltools tokens create ci --root ~/builds:sealed --days 30 --rate 60
  mcp-smalltools tokens list
  mcp-smalltools tokens revoke ci
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from mcp_smalltools.commands.common.numbers import number, whole_number
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.level import PrivacyLevel

if TYPE_CHECKING:
    from mcp_smalltools.server.http.token_store import Token, TokenStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="make a token and print it")
    create.add_argument("name", help="name of whoever will use it; `audit` shows it")
    create.add_argument(
        "--root",
        dest="token_root",
        action="append",
        metavar="DIR[:LEVEL]",
        help="folder that it may read, inside the server's roots; repeatable (default: all roots)",
    )
    create.add_argument(
        "--level",
        choices=[level.value for level in PrivacyLevel],
        default=PrivacyLevel.OPEN.value,
        help="least strict privacy level; the stricter of this and the root's level holds (default: open)",
    )
    create.add_argument(
        "--rate", type=whole_number(1), default=0, metavar="N", help="calls per minute (default: no limit)"
    )
    create.add_argument(
        "--days",
        type=number(0, 36_500, above=True),
        metavar="N",
        help="days until it expires (default: never)",
    )
    listing = actions.add_parser("list", help="list all tokens, without their secrets")
    listing.add_argument("--json", action="store_true", help="print one JSON object per token")
    revoke = actions.add_parser("revoke", help="make a token invalid")
    revoke.add_argument("name", help="the token's name or id")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.server.http.token_store import TokenStore

    store = TokenStore(settings)
    try:
        match args.action:
            case "create":
                _create(args, store)
            case "list":
                _list(store.all(), as_json=args.json)
            case "revoke":
                print(f"{store.revoke(args.name).name} is revoked.", file=sys.stderr)
    finally:
        store.close()
    return 0


def _create(args: argparse.Namespace, store: TokenStore) -> None:
    roots = tuple(map(_root, args.token_root)) if args.token_root else None
    text, token = store.create(
        args.name,
        roots=roots,
        level=PrivacyLevel(args.level),
        calls_per_minute=args.rate,
        lasts_s=None if args.days is None else args.days * 86_400.0,
    )
    print(text)
    print(f"The token is shown only now. {_rights(token)}.", file=sys.stderr)
    for root in roots or ():
        if not root.path.is_dir():
            print(
                f"There is no folder {root.path} here: the token can't read it before there is.",
                file=sys.stderr,
            )


def _root(text: str) -> RootSpec:
    """A root without a level leaves the level to the server."""
    root = RootSpec.parse(text, PrivacyLevel.OPEN)
    return RootSpec(path=root.path.expanduser().resolve(), level=root.level)


def _list(tokens: list[Token], *, as_json: bool) -> None:
    if as_json:
        for token in tokens:
            print(json.dumps(_public(token), ensure_ascii=False))
        return
    for token in tokens:
        state = token.state(time.time())
        print(f"{token.name}  {token.id}  {state}  {_rights(token)}; last used {_day(token.used, 'never')}")
    if not tokens:
        print("No tokens yet; `mcp-smalltools tokens create NAME` makes one.", file=sys.stderr)


def _rights(token: Token) -> str:
    folders = "all of the server's folders"
    if token.roots is not None:
        folders = ", ".join(f"{root.path}{_at_most(root.level)}" for root in token.roots)
    rate = f"{token.calls_per_minute} calls per minute" if token.calls_per_minute else "any number of calls"
    return (
        f"It may read {folders}{_at_most(token.level) or ' at its levels there'}, {rate}, "
        f"until {_day(token.expires, 'it is revoked')}"
    )


def _at_most(level: PrivacyLevel) -> str:
    """In a sentence: what a token narrows; "" for `open`, which leaves it to the server."""
    return "" if level is PrivacyLevel.OPEN else f" ({level} or stricter)"


def _day(at: float | None, otherwise: str) -> str:
    return otherwise if at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _public(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "state": token.state(time.time()),
        "roots": None if token.roots is None else [f"{root.path}:{root.level}" for root in token.roots],
        "level": token.level.value,
        "calls_per_minute": token.calls_per_minute,
        "created": token.created,
        "expires": token.expires,
        "revoked": token.revoked,
        "used": token.used,
    }
