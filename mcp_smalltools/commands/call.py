"""Call one tool without an agent, with the same answer.

Give the arguments as one JSON object or one by one. A value that is valid JSON is taken as JSON, anything
else as text. Relative paths are looked up in the roots.

  mcp-smalltools call parse_log --arg path=build.log
  mcp-smalltools call classify '{"items": ["it crashes"], "labels": ["bug", "question"]}' --json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mcp_smalltools.commands.common.root_option import add_roots
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.request import ToolRequest

DEADLINE_S = 3600.0
"""Long: no client times out here, and a person can press Ctrl-C."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tool", help="name of the tool")
    parser.add_argument(
        "arguments", nargs="?", metavar="JSON", help="all arguments as one JSON object; - reads it from stdin"
    )
    parser.add_argument(
        "--arg", action="append", default=[], metavar="NAME=VALUE", help="one argument; repeatable"
    )
    add_roots(parser)
    parser.add_argument("--output-dir", type=Path, metavar="DIR", help="folder that exports are written to")
    parser.add_argument("--json", action="store_true", help="print the structured result and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    request = ToolRequest(
        tool=args.tool, arguments=_arguments(args, settings), client="cli", deadline_s=DEADLINE_S
    )
    answer = anyio.run(_call, request, settings, not args.json)
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        from mcp_smalltools.commands.common.show import show_answer

        show_answer(args.tool, answer)
    return 0


async def _call(request: ToolRequest, settings: Settings, show_progress: bool) -> dict[str, Any]:
    from mcp_smalltools.commands.common.show import progress_bar
    from mcp_smalltools.service import Service

    service = Service(settings)
    try:
        with progress_bar(show_progress and sys.stderr.isatty()) as progress:
            return (await service.call(request, progress)).structured()
    finally:
        await service.close()


def _arguments(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if args.arguments:
        text = sys.stdin.read() if args.arguments == "-" else args.arguments
        try:
            given = json.loads(text)
        except json.JSONDecodeError as error:
            raise UsageError(
                f"The arguments are not valid JSON: {error}.", remedy='Write them as {"path": "build.log"}.'
            ) from None
        if not isinstance(given, dict):
            raise UsageError(
                "The arguments must be a JSON object.", remedy='Write them as {"path": "build.log"}.'
            )
        values.update(given)
    texts = _text_arguments(args.tool, settings) if args.arg else set()
    for item in args.arg:
        name, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"--arg {item} has no value.", remedy="Write it as --arg NAME=VALUE.")
        values[name] = value if name in texts else _json_or_text(value)
    return values


def _text_arguments(tool_name: str, settings: Settings) -> set[str]:
    """Names of the arguments that are texts, so that `--arg path=2024` is a path and not a number."""
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import ToolRegistry

    tool = ToolRegistry(settings, built_in_tools()).tools.get(tool_name)
    fields = tool.Arguments.model_fields if tool else {}
    return {name for name, field in fields.items() if field.annotation in (str, str | None)}


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
