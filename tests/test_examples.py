"""What a user copies from the documentation and from `examples` works."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from documentation import REPOSITORY, Command, commands
from mcp import Client, StdioServerParameters
from probe_server import environment

from mcp_smalltools.cli import command_parser
from mcp_smalltools.clients.known import CLIENTS, TOKEN_VARIABLE
from mcp_smalltools.commands import call, serve
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

pytestmark = pytest.mark.anyio

FOLDER = REPOSITORY / "examples" / "claude-code"
CALLS = [found for found in dict.fromkeys(commands()) if found.whole and found.words[0] == "call"]
FILES = {
    "pool.py": """
class Pool:
    def open(self):
        \"\"\"Opens a connection.\"\"\"

    def evict(self, seconds):
        \"\"\"Closes idle connections that nobody has used for so many seconds.\"\"\"
""",
    "report.md": """# Report on the harbour project

The total budget of the project is 48,500 euros.

- Due: 2026-05-31
""",
    "settings.env": "HOST=db.internal\nDB_PASSWORD=correct-horse-battery\nCONTACT=jan@example.com\n",
    "src/server.py": """
'''Answers requests of clients over HTTP.'''

def serve(port):
    '''Listen on a port.'''
""",
    "src/retry.py": """
def retry_delay(attempt):
    '''Compute the delay before a retry.'''
    return 2**attempt
""",
}
"""The files that the pages speak of; the logs are those of `examples/data`."""


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


@pytest.fixture(scope="module")
def readers_settings(base_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a reader who has the files that the pages speak of, and the example skills."""
    folder = tmp_path_factory.mktemp("reader")
    for name in ("build.log", "service.log"):
        shutil.copy(REPOSITORY / "examples" / "data" / name, folder)
    lines = (folder / "build.log").read_text(encoding="utf-8").splitlines(keepends=True)
    good = [line for line in lines if not re.search(r"error|Error|undefined|/usr/bin/ld|not remade", line)]
    (folder / "last-good-build.log").write_text("".join(good), encoding="utf-8")
    log = [f"2026-11-30 09:14:02,{n % 1000:03} INFO checked part-{n}, {n % 7} in stock" for n in range(2000)]
    (folder / "sync.log").write_text("\n".join([*log, "KeyError: 'part-2000'", ""]), encoding="utf-8")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return base_settings.model_copy(
        update={
            "roots": (RootSpec(path=folder, level=PrivacyLevel.REDACTED),),
            "state_dir": tmp_path_factory.mktemp("readers-state"),
            "skills_dir": REPOSITORY / "examples" / "skills",
            "cache": False,
        }
    )


def fits(tool: str, arguments: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Whether an answer holds what the page's reader expects of the call."""
    match tool:
        case "parse_log":
            read = answer["source"][0]["lines"] > 100
            return read and ("baseline_path" not in arguments or bool(answer["new"]))
        case "find_failure":
            return answer["failed"] and "module_137.cpp" in answer["evidence"][0]["text"]
        case "find_files":
            return answer["files"][0]["path"].endswith("retry.py")
        case "summarize_file" if arguments["path"] == "src":
            return {Path(line["path"]).name for line in answer["map"]} == {"server.py", "retry.py"}
        case "summarize_file":
            return "Answers requests" in answer["purpose"]["text"]
        case "ask_file":
            return "evict" in "".join(
                span["text"] for span in answer["evidence"] + answer.get("elsewhere", [])
            )
        case "extract":
            return answer["data"] == {"budget": 48500, "due": "2026-05-31"}
        case "classify":
            return [result["label"] for result in answer["results"]] in (
                ["crash", "feature request"],
                ["bug"],
                ["bug", "question"],
            )
        case "read_redacted":
            return "DB_PASSWORD=<SECRET_1>" in answer["lines"]
        case "support_tickets":
            return answer["results"][0]["label"] == "billing"
    raise AssertionError(f"a page shows a call of {tool}: say here what its reader expects")


@pytest.mark.parametrize("shown", CALLS, ids=str)
async def test_a_call_that_a_page_shows_is_answered(
    shown: Command, readers_settings: Settings, engine: EngineClient
) -> None:
    args = command_parser("call", call).parse_args(shown.words[1:])
    arguments = call._arguments(args, readers_settings)
    service = Service(readers_settings, engine)
    answer = await service.call(ToolRequest(tool=args.tool, arguments=arguments, deadline_s=60))
    assert fits(args.tool, arguments, answer.structured()), answer.structured()
