"""The main job on real files, through a real MCP client: start the server, list its tools, call them.

Shows each answer in a readable form, what was read on this machine, what left it, and how long it took. What
code alone answers comes first; then the engine is installed if there is none, from a wheel, and the rest
follows.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_smalltools.config import Settings
from mcp_smalltools.engine_python import find_engine_python, missing_engine
from mcp_smalltools.errors import EngineError, SmallToolsError, first_error
from mcp_smalltools.models.shipped import example_files

if TYPE_CHECKING:
    from mcp import Client
    from rich.console import Console


REPORT = """# Incident report INC-1042

On 4 March 2026 a new release of checkout-api asked for a connection pool of 500 where the database allows
200. The last pods got no connection and answered every request with an error. Severity: high. The outage
lasted 48 minutes and 1,310 users were affected.

Written by: Miriam Okafor
"""
REPORT_FIELDS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "date": {"type": "string", "format": "date", "description": "day on which it happened"},
        "severity": {"type": "string", "enum": ["low", "medium", "high"]},
        "outage_minutes": {"type": "integer", "description": "minutes that the outage lasted"},
        "affected_users": {"type": "integer", "description": "number of users affected"},
        "author": {"type": "string", "description": "name of the person who wrote the report"},
        "ticket_url": {"type": "string", "format": "uri", "description": "address of the ticket"},
    },
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object for each step and nothing else"
    )


@dataclass(frozen=True, slots=True)
class DemoStep:
    """One call of the demo: `asks` is what the agent wants, in a person's words."""

    asks: str
    tool: str
    arguments: Mapping[str, Any]
    by_code: bool = False
    """Whether code alone answers it."""


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    answer: dict[str, Any]
    seconds: float
    bytes_read: int
    chars_left: int


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio
    from rich.console import Console

    from mcp_smalltools.calibration.writer_advice import advice_on_writers

    console = Console(highlight=False, stderr=args.json, quiet=args.json)
    try:
        anyio.run(_demo, example_files(), settings, console, args.json)
    except BaseExceptionGroup as errors:  # the client's tasks wrap what a step raises
        raise first_error(errors) from None
    if (advice := advice_on_writers(settings)) is not None:
        console.print(f"More right answers: {advice.sentence()}. mcp-smalltools models pull {advice.model}")
    return 0


def steps(folder: Path) -> list[DemoStep]:
    messages = (folder / "messages.txt").read_text(encoding="utf-8").splitlines()
    labelled = (folder / "labelled.tsv").read_text(encoding="utf-8").splitlines()
    examples = [dict(zip(("label", "text"), line.split("\t"), strict=True)) for line in labelled]
    source = str(Path(__file__).parents[1] / "service.py")
    labels = ["bug", "feature request", "billing", "question"]
    return [
        DemoStep("Why did this build fail?", "find_failure", {"path": "build.log", "max_lines": 10}, True),
        DemoStep("What happened in this build?", "parse_log", {"path": "build.log", "limit": 8}, True),
        DemoStep(
            "What is unusual in this service's log?", "parse_log", {"path": "service.log", "limit": 8}, True
        ),
        DemoStep("What is in this source file?", "summarize_file", {"path": source, "max_words": 120}, True),
        DemoStep("What is this document about?", "summarize_file", {"path": "README.md", "max_words": 120}),
        DemoStep(
            "Which team should answer these messages?",
            "classify",
            {"items": messages, "labels": labels, "examples": examples},
        ),
        DemoStep(
            "How many workers does the service start with?",
            "ask_file",
            {"paths": ["service.log"], "question": "How many workers does the service start with?"},
        ),
        DemoStep("What does this incident report say?", "extract", {"text": REPORT, "schema": REPORT_FIELDS}),
        DemoStep(
            "Where are secrets masked?",
            "find_files",
            {"query": "secrets are masked", "path": str(Path(__file__).parents[1] / "privacy"), "limit": 3},
        ),
    ]


async def _demo(folder: Path, settings: Settings, console: Console, as_json: bool) -> None:
    import anyio.to_thread
    from mcp import Client, StdioServerParameters

    package = Path(__file__).parents[1]
    command = ["-P", "-m", "mcp_smalltools.cli", "serve", "--root", str(folder), "--root", str(package)]
    # The client passes on few variables by itself; without the cache, each time is that of the work.
    ours = {name: value for name, value in os.environ.items() if name.startswith("MCP_SMALLTOOLS_")}
    server = StdioServerParameters(
        command=sys.executable, args=command, env=ours | {"MCP_SMALLTOOLS_CACHE": "0"}
    )
    started = time.perf_counter()
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
        ready = time.perf_counter() - started
        console.print(f"The server answered after {ready:.2f} s; no model is loaded yet. Its tools:\n")
        for tool in tools:
            console.print(f"  [bold]{tool.name}[/]  {(tool.description or '').split('. ')[0]}.")
        outcomes = [await _step(client, step, console, as_json) for step in steps(folder) if step.by_code]
        seconds = time.perf_counter() - started
        console.print(f"[bold]So far no model was needed: {len(outcomes)} answers, {seconds:.1f} s.[/]\n")
        if await anyio.to_thread.run_sync(_ensure_engine, settings, console):
            rest = [step for step in steps(folder) if not step.by_code]
            outcomes += [await _step(client, step, console, as_json) for step in rest]
    _print_totals(outcomes, console)


def _ensure_engine(settings: Settings, console: Console) -> bool:
    """Whether there is an engine; installs one that needs no compiling, unless the settings forbid it."""
    from mcp_smalltools.engine.environment.installing import InstallChoice, install_engine

    if settings.engine_urls or find_engine_python(settings) is not None:
        return True
    if settings.offline or settings.engine_install == "never":
        console.print(f"The rest needs the engine. {missing_engine(settings)}\n")
        return False
    console.rule("[bold]The rest needs the engine, which is installed now", align="left")
    started = time.perf_counter()
    try:
        made = install_engine(
            settings, InstallChoice(compiles=False), lambda what: console.print(f"- {what}")
        )
    except EngineError as error:
        console.print(f"{error}\n", markup=False)
        return False
    seconds = time.perf_counter() - started
    console.print(
        f"- {made.library} {made.version}, {seconds:.0f} s; removed by: mcp-smalltools engine remove"
    )
    console.print("- then its model is fetched (91 MB), once\n")
    return True


async def _step(client: Client, step: DemoStep, console: Console, as_json: bool) -> DemoOutcome:
    from mcp_smalltools.commands.common.show import progress_bar, show_answer

    console.rule(f"[bold]{step.asks}", align="left")
    console.print(f"{step.tool}({_format_arguments(step.arguments)})\n", style="cyan", markup=False)
    started = time.perf_counter()
    with progress_bar(sys.stderr.isatty() and not as_json) as show:

        async def report(progress: float, total: float | None, message: str | None) -> None:
            show(progress, total, message or "working")

        result = await client.call_tool(step.tool, dict(step.arguments), progress_callback=report)
    if result.is_error:
        raise SmallToolsError(f"{step.tool} failed: {getattr(result.content[0], 'text', '')}")
    answer: dict[str, Any] = result.structured_content or {}
    bytes_read = sum(source["bytes"] for source in answer.get("source", []))
    left = len(json.dumps(answer, ensure_ascii=False))
    outcome = DemoOutcome(answer, time.perf_counter() - started, bytes_read, left)
    if as_json:
        print(
            json.dumps({"tool": step.tool, "arguments": step.arguments, "answer": answer}, ensure_ascii=False)
        )
    show_answer(step.tool, answer, console)
    console.print(
        f"- {bytes_read:,} bytes read here, {left:,} characters left, {outcome.seconds:.2f} s\n", style="dim"
    )
    return outcome


def _format_arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name}=[{len(value)} items]" if isinstance(value, list) and len(value) > 4 else f"{name}={value!r}"
        for name, value in arguments.items()
    )


def _print_totals(outcomes: list[DemoOutcome], console: Console) -> None:
    read, left = sum(o.bytes_read for o in outcomes), sum(o.chars_left for o in outcomes)
    seconds = sum(o.seconds for o in outcomes)
    console.rule(align="left")
    console.print(
        f"{len(outcomes)} calls in {seconds:.1f} s: {read:,} bytes were read on this machine, {left:,} "
        "characters went to the client. The first call that needs a model starts the engine; it leaves by "
        "itself when idle.\nNext: mcp-smalltools install claude-code, and mcp-smalltools ledger for what was "
        "read and what left."
    )
