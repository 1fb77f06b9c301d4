"""Seconds from saving a skill.toml until an agent over stdio is told that its tools have changed.

python benchmarks/skill_reload.py [SAVES]
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters

from mcp_smalltools.skills.template import text_of


async def measure(saves: int, folder: Path) -> list[float]:
    told = anyio.Event()

    async def hear(message: object) -> None:
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            told.set()

    own = {
        "MCP_SMALLTOOLS_SKILLS_DIR": str(folder / "skills"),
        "MCP_SMALLTOOLS_STATE_DIR": str(folder / "state"),
    }
    args = ["-m", "mcp_smalltools.cli", "serve", "--root", str(folder)]
    server = StdioServerParameters(command=sys.executable, args=args, env={**os.environ, **own})
    seconds = []
    async with Client(server, mode="legacy", message_handler=hear) as agent:
        await agent.list_tools()
        file = folder / "skills" / "mine" / "skill.toml"
        file.parent.mkdir(parents=True)
        for number in range(saves + 1):
            text = text_of("mine", "classify", "../skill.schema.json").replace("Sort", f"Sort {number}:")
            started = time.perf_counter()
            file.write_text(text)
            with anyio.fail_after(30):
                await told.wait()
            if number:  # the first one waits until the folder is there to be watched
                seconds.append(time.perf_counter() - started)
            told = anyio.Event()
            await anyio.sleep(0.5)
    return seconds


def main() -> None:
    saves = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        seconds = anyio.run(measure, saves, Path(folder))
    print(json.dumps({"saves": saves, "median_s": statistics.median(seconds), "slowest_s": max(seconds)}))


if __name__ == "__main__":
    main()
