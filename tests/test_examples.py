"""What a user copies from `examples` works."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from probe_server import environment

from mcp_smalltools.cli import command_parser
from mcp_smalltools.clients.known import CLIENTS, TOKEN_VARIABLE
from mcp_smalltools.commands import serve
from mcp_smalltools.config import Settings
from mcp_smalltools.service import Service

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parents[1] / "examples" / "claude-code"


def entry(name: str) -> dict[str, object]:
    return json.loads((FOLDER / name).read_text())["mcpServers"]["smalltools"]


async def test_the_stdio_example_starts_a_server(tmp_path: Path) -> None:
    found = entry(".mcp.json")
    assert found == CLIENTS["claude-code"].stdio(["mcp-smalltools", "serve"])
    script = Path(sys.executable).with_name(str(found["command"]))
    server = StdioServerParameters(
        command=str(script), args=found["args"], env=environment(tmp_path), cwd=tmp_path
    )
    async with Client(server) as agent:
        assert (await agent.list_tools()).tools


def test_the_remote_example_is_what_install_writes() -> None:
    assert entry("remote.mcp.json") == CLIENTS["claude-code"].remote("http://127.0.0.1:8765/sse")
    assert serve.DEFAULT_PORT == 8765


def test_the_subagent_names_tools_that_there_are(settings: Settings) -> None:
    header, _, body = (
        (FOLDER / "agents" / "log-reader.md").read_text().removeprefix("---\n").partition("\n---\n")
    )
    fields = dict(line.split(": ", 1) for line in header.splitlines())
    assert fields["name"] == "log-reader" and fields["description"]
    tools = [name.removeprefix("mcp__smalltools__") for name in fields["tools"].split(", ")]
    assert set(tools) <= set(Service(settings).tools)
    assert set(tools) <= set(re.findall(r"`([a-z_]+)`", body))


def test_the_paragraph_for_an_agent_names_tools_that_there_are(settings: Settings) -> None:
    named = set(re.findall(r"`([a-z_]+)`", (FOLDER / "CLAUDE.md").read_text())) - {"smalltools"}
    assert named == set(Service(settings).tools)


def test_the_shell_lines_start_what_there_is() -> None:
    lines = re.findall(r"^claude mcp add .*$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        words = shlex.split(line)
        if "--" in words:
            command, _, *rest = words[words.index("--") + 1 :]
            assert command == "mcp-smalltools"
            assert command_parser("serve", serve).parse_args(rest).transport == "stdio"
        else:
            kind = words[words.index("--transport") + 1]
            url = next(word for word in words if word.startswith("http:"))
            assert url.endswith({"sse": "/sse", "http": "/mcp"}[kind])
            assert words[words.index("--header") + 1] == f"Authorization: Bearer ${TOKEN_VARIABLE}"
