"""What an agent finds without a search, outputs that were put aside, and folders that are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import ElicitResult
from probe_server import environment

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotAllowed, NotFound
from mcp_smalltools.files.put_aside import client_outputs, with_outputs_put_aside
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.server.app import describe, instructions
from mcp_smalltools.tools.built_in import built_in_tools

LOADED = {"find_failure", "parse_log"}


def test_only_two_tools_are_loaded_without_a_search() -> None:
    found = {
        name
        for name, tool in built_in_tools().items()
        if (describe(tool, 20_000).meta or {}).get("anthropic/alwaysLoad")
    }
    assert found == LOADED


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A project whose agent has put two outputs aside: the client's own way, and ours."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(folder))
    for place in (client_outputs() / "session-1" / "tool-results", tmp_path / "outputs" / "s"):
        place.mkdir(parents=True)
        (place / "out.txt").write_text("password=tiger77x!aB\n")
    (client_outputs() / "session-1.jsonl").write_text("what was said\n")
    return Settings(
        state_dir=tmp_path / "state",
        runtime_dir=tmp_path / "run",
        outputs_dir=tmp_path / "outputs",
        roots=(RootSpec(path=folder, level=PrivacyLevel.SEALED),),
        read_outputs=True,
    )


def test_outputs_that_were_put_aside_are_read_at_the_projects_level(project: Settings) -> None:
    roots = Roots.of(with_outputs_put_aside(project))
    for path in (client_outputs() / "session-1/tool-results/out.txt", project.outputs_dir / "s/out.txt"):
        file = roots.open(str(path))
        assert file.level is PrivacyLevel.SEALED
        file.close()
    with pytest.raises(NotAllowed):  # what the agent and its user have said to each other is no output
        roots.open(str(client_outputs() / "session-1.jsonl"))


def test_outputs_are_found_by_their_full_path_only(project: Settings) -> None:
    roots = Roots.of(with_outputs_put_aside(project))
    assert [str(folder.root) for folder in roots.folders()] == [str(project.roots[0].path.resolve())]
    with pytest.raises(NotFound):
        roots.open("s/out.txt")


def test_nobody_reads_them_who_was_not_allowed_to(project: Settings) -> None:
    without = project.model_copy(update={"read_outputs": False})
    assert with_outputs_put_aside(without) == without
    assert str(project.outputs_dir) in instructions(project)
    assert str(project.outputs_dir) not in instructions(without)


Said = Callable[[Any], str]


def agent(folder: Path, said: Said | None) -> Client:
    args = ["-m", "mcp_smalltools.cli", "serve", "--root", f"{folder / 'project'}:open"]
    server = StdioServerParameters(command=sys.executable, args=args, env=environment(folder))
    if said is None:
        return Client(server, mode="legacy")

    async def elicit(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action=said(params), content={})

    return Client(server, mode="legacy", elicitation_callback=elicit)


@pytest.mark.anyio
@pytest.mark.parametrize("action", ["accept", "decline", None])
async def test_a_folder_outside_the_roots_is_asked_for_once(tmp_path: Path, action: str | None) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "app.env"
    path.write_text("password=tiger77x!aB\n")
    asked: list[str] = []

    def said(params: Any) -> str:
        asked.append(params.message)
        return str(action)

    async with agent(tmp_path, said if action else None) as client:
        for _ in range(2):
            result = await client.call_tool("read_redacted", {"path": str(path)})
            if action == "accept":
                assert result.structured_content is not None
                assert result.structured_content["lines"] == ["password=<SECRET_1>"]
            else:
                assert result.is_error and "--root DIR" in str(result.content)
        missing = await client.call_tool("read_redacted", {"path": str(tmp_path / "nowhere" / "x")})
        assert missing.is_error
    assert len(asked) == (1 if action else 0)
    assert all(str(path.parent) in message and "`redacted`" in message for message in asked)
