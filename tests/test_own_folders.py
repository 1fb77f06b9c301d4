"""What mcp-smalltools keeps for itself is outside of every root, and no root is as wide as a home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_smalltools.config import RootSpec, Settings, load_settings
from mcp_smalltools.errors import ConfigError, NotAllowed, SmallToolsError
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.files.tree import Walk
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.redact import Redactor
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.server.http.auth import bearer_token, token_file
from mcp_smalltools.service import Service

pytestmark = pytest.mark.anyio
FOLDERS = ("state", "run", "models", "out", "config/mcp-smalltools")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that holds all our folders, each with a file, beside a file of the user's."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in (*FOLDERS, "work"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "secret.md").write_text("the zebra token\n")
    return tmp_path


@pytest.fixture
def at_home(settings: Settings, home: Path) -> Settings:
    return settings.model_copy(
        update={
            "state_dir": home / "state",
            "runtime_dir": home / "run",
            "model_dir": home / "models",
            "output_dir": home / "out",
        }
    )


CALLS: dict[str, dict[str, Any]] = {
    "read_redacted": {"path": "{}"},
    "parse_log": {"path": "{}"},
    "parse_log baseline": {"path": "work/secret.md", "baseline_path": "{}"},
    "find_failure": {"path": "{}"},
    "summarize_file": {"path": "{}"},
    "extract": {"path": "{}", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
    "ask_file": {"paths": ["{}"], "question": "What is the token?"},
    "classify": {"paths": ["{}"], "labels": ["a", "b"]},
}


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("call", CALLS)
async def test_no_tool_opens_a_file_of_ours(at_home: Settings, call: str, folder: str) -> None:
    service = Service(at_home)
    for path in (f"{folder}/secret.md", f"work/../{folder}/secret.md"):
        arguments = {
            name: [value[0].format(path)] if isinstance(value, list) and "{" in value[0] else value
            for name, value in CALLS[call].items()
        }
        arguments = {
            name: value.format(path) if isinstance(value, str) else value for name, value in arguments.items()
        }
        with pytest.raises(SmallToolsError, match=r"no root opens|None of the"):
            await service.call(ToolRequest(call.split(maxsplit=1)[0], arguments))
    await service.close()


async def test_our_folders_are_not_walked_and_not_indexed(at_home: Settings, home: Path) -> None:
    (folder,) = Roots.of(at_home).folders()
    assert [entry.path for entry in Walk(folder)] == ["work/secret.md"]
    service = Service(at_home)
    found = (await service.call(ToolRequest("find_files", {"query": "zebra token"}))).structured()
    summary = (await service.call(ToolRequest("summarize_file", {"path": str(home)}))).structured()
    await service.close()
    assert [file["path"] for file in found["files"]] == ["work/secret.md"]
    assert [line["path"] for line in summary["map"]] == ["work/secret.md"]


def test_a_folder_of_ours_can_not_be_named_as_the_place_to_search(at_home: Settings) -> None:
    for folder in FOLDERS:
        with pytest.raises(NotAllowed, match="no root opens"):
            Roots.of(at_home).folders(folder)


def test_the_refusal_says_nothing_of_what_is_there(at_home: Settings) -> None:
    roots = Roots.of(at_home)
    for name in ("secret.md", "nothing.md"):
        with pytest.raises(NotAllowed) as raised:
            roots.open(f"state/{name}")
        assert str(raised.value).replace(name, "") == str(raised.value).replace(name, "", 1)
        assert "There is no file" not in str(raised.value)


def test_a_link_or_another_name_does_not_lead_into_our_folders(at_home: Settings, home: Path) -> None:
    (home / "work" / "link").symlink_to(home / "state")
    with pytest.raises(NotAllowed):
        Roots.of(at_home).open("work/link/secret.md")


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="folders are opened by path here")
def test_our_folders_are_told_by_what_they_are_not_by_their_names(
    at_home: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where names differ in case only, or a folder is mounted twice: here it is renamed after the look."""
    roots = Roots.of(at_home)
    (folder,) = roots.folders()
    (home / "state").rename(home / "STATE")
    with pytest.raises(NotAllowed, match="no root opens"):
        roots.open("STATE/secret.md")
    assert [entry.path for entry in Walk(folder)] == ["work/secret.md"]


def test_a_root_inside_of_our_folders_is_refused(at_home: Settings, home: Path) -> None:
    for folder in (home / "state", home / "out" / "below"):
        inside = at_home.model_copy(update={"roots": (RootSpec(path=folder),)})
        with pytest.raises(ConfigError, match="folder of mcp-smalltools itself"):
            Roots.of(inside)


@pytest.fixture
def _in_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.delenv("CLAUDE_PROJECT_DIR", raising=False)
    monkeypatch.chdir(home)
    yield


@pytest.mark.usefixtures("_in_home")
def test_without_a_root_the_home_folder_and_the_whole_disk_are_refused(monkeypatch: Any, home: Path) -> None:
    for folder in (home, Path(home.anchor)):
        monkeypatch.chdir(folder)
        settings = load_settings()
        assert settings.effective_roots == ()
        with pytest.raises(ConfigError, match="too wide") as raised:
            Roots.of(settings)
        assert "--root DIR" in raised.value.remedy
    monkeypatch.chdir(home / "work")
    assert load_settings().effective_roots == (RootSpec(path=home / "work", level=PrivacyLevel.REDACTED),)


@pytest.mark.usefixtures("_in_home")
def test_a_home_folder_that_is_named_is_a_root(home: Path) -> None:
    assert load_settings(flags={"roots": [str(home)]}).effective_roots[0].path == home


def test_a_listening_server_does_not_start_without_a_folder(home: Path) -> None:
    own = {"HOME": str(home), "USERPROFILE": str(home), "MCP_SMALLTOOLS_STATE_DIR": str(home / "s")}
    env = {name: value for name, value in os.environ.items() if name != "CLAUDE_PROJECT_DIR"} | own
    command = [sys.executable, "-m", "mcp_smalltools.cli", "serve", "--transport", "http", "--port", "0"]
    done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "--root DIR" in done.stderr


def test_the_default_token_has_a_form_that_redaction_knows(settings: Settings) -> None:
    token = bearer_token(settings)
    assert token.startswith("mcpst_")
    assert token_file(settings).read_text().strip() == token
    assert token not in Redactor().scrub(f"it is {token} today")


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["work", "."])
async def test_a_server_in_a_home_folder_reads_what_the_client_works_in(home: Path, folder: str) -> None:
    """Over stdio, with a client that has MCP roots; one that works in the home folder itself is refused."""
    from mcp import Client, StdioServerParameters
    from mcp_types import ListRootsResult, Root

    async def list_roots(context: Any) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri=(home / folder).resolve().as_uri())])

    own = {"HOME": str(home), "USERPROFILE": str(home), "MCP_SMALLTOOLS_STATE_DIR": str(home / "s")}
    env = {name: value for name, value in os.environ.items() if name != "CLAUDE_PROJECT_DIR"} | own
    args = ["-m", "mcp_smalltools.cli", "serve"]
    server = StdioServerParameters(command=sys.executable, args=args, env=env, cwd=home)
    async with Client(server, mode="legacy", list_roots_callback=list_roots) as client:
        result = await client.call_tool("read_redacted", {"path": "secret.md"})
        outside = await client.call_tool("read_redacted", {"path": str(home / "state" / "secret.md")})
    if folder == "work":
        assert result.structured_content["lines"] == ["the zebra token"]
    else:
        assert result.is_error and "--root DIR" in result.content[0].text
    assert outside.is_error


@pytest.mark.slow
async def test_a_server_in_a_home_folder_says_how_where_the_client_has_no_roots(home: Path) -> None:
    from mcp import Client, StdioServerParameters

    own = {"HOME": str(home), "USERPROFILE": str(home), "MCP_SMALLTOOLS_STATE_DIR": str(home / "s")}
    env = {name: value for name, value in os.environ.items() if name != "CLAUDE_PROJECT_DIR"} | own
    args = ["-m", "mcp_smalltools.cli", "serve"]
    async with Client(StdioServerParameters(command=sys.executable, args=args, env=env, cwd=home)) as client:
        assert (await client.list_tools()).tools
        result = await client.call_tool("read_redacted", {"path": "work/secret.md"})
        works = await client.call_tool("extract", {"text": "port: 8080", "schema": PORT})
    assert result.is_error and "--root DIR" in result.content[0].text
    assert works.structured_content["data"] == {"port": 8080}


PORT = {"type": "object", "properties": {"port": {"type": "integer"}}}
