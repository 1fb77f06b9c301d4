"""`mcp-smalltools serve` with one more tool, `probe`, that reports progress, lasts as long as it is asked to,
and writes into a file that it was stopped. For tests of what passes between client, transport and call.

python tests/probe_server.py FOLDER [--timeout S] [serve's arguments]
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import anyio

from mcp_smalltools import result
from mcp_smalltools.cli import main
from mcp_smalltools.errors import Cancelled
from mcp_smalltools.tools import base, built_in
from mcp_smalltools.workers import isolated

WAIT_S = 60.0


class ProbeArguments(base.Arguments):
    lasts_s: float = 0.0
    fails: bool = False
    partly: bool = False
    hears: bool = True
    in_loop: bool = False

    @property
    def cacheable(self) -> bool:
        return False


class ProbeAnswer(result.Answer):
    ended: str


class Probe:
    name: ClassVar[str] = "probe"
    title: ClassVar[str] = "Probe"
    description: ClassVar[str] = "For tests."
    version: ClassVar[int] = 1
    Arguments: ClassVar[type[base.Arguments]] = ProbeArguments
    Answer: ClassVar[type[result.Answer]] = ProbeAnswer

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def run(self, arguments: ProbeArguments, context: base.ToolContext) -> ProbeAnswer:
        if arguments.fails:
            raise ValueError("secret of the file")
        if arguments.in_loop:
            (self._folder / "started").touch()
            time.sleep(arguments.lasts_s)
        return await context.in_thread(self._work, arguments, context)

    def _work(self, arguments: ProbeArguments, context: base.ToolContext) -> ProbeAnswer:
        (self._folder / "started").touch()
        ends = time.monotonic() + arguments.lasts_s
        try:
            while time.monotonic() < ends:
                if arguments.partly and context.stop.expired:
                    return ProbeAnswer(ended="partly", dropped={"seconds": int(ends - time.monotonic())})
                if arguments.hears:
                    context.stop.check()
                context.progress(arguments.lasts_s - (ends - time.monotonic()), arguments.lasts_s, "probing")
                time.sleep(0.01)
        except Cancelled:
            (self._folder / "cancelled").touch()
            raise
        return ProbeAnswer(ended="done")


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until the other process has got there."""
    try:
        with anyio.fail_after(WAIT_S):
            while not condition():
                await anyio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {WAIT_S:g} s: {what}") from None


def environment(folder: Path, more: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Of a server that touches nothing of the user's."""
    own = {
        "MCP_SMALLTOOLS_STATE_DIR": folder / "state",
        "MCP_SMALLTOOLS_RUNTIME_DIR": folder / "run",
        "MCP_SMALLTOOLS_SKILLS_DIR": folder / "skills",
        "MCP_SMALLTOOLS_CONFIG": os.devnull,
        **(more or {}),
    }
    return {**os.environ, **{name: str(value) for name, value in own.items()}}


if __name__ == "__main__":
    own_tools = built_in.built_in_tools
    probe = Probe(Path(sys.argv[1]))
    built_in.built_in_tools = lambda: {**own_tools(), "probe": probe}  # type: ignore[assignment,dict-item]
    isolate = isolated.isolate
    isolated.isolate = lambda tools, pool: {  # a worker doesn't know it
        **isolate({name: tool for name, tool in tools.items() if name != "probe"}, pool),
        "probe": tools["probe"],
    }
    arguments = sys.argv[2:]
    if "--timeout" in arguments:  # for request headers and bodies, in seconds
        from mcp_smalltools.server.http import header_timeout, middleware

        at = arguments.index("--timeout")
        header_timeout.HEADER_TIMEOUT_S = middleware.BODY_TIMEOUT_S = float(arguments[at + 1])  # type: ignore[misc]
        del arguments[at : at + 2]
    sys.exit(main(["serve", *arguments]))
