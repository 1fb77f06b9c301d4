"""Prompts name tools that there are; resources show an agent what is its user's, and a remote one less."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from test_server_stdio import client
from test_skills import write

from mcp_smalltools.config import Settings
from mcp_smalltools.server.prompts import PROMPTS, list_prompts
from mcp_smalltools.server.resources import list_resources, read_resource
from mcp_smalltools.service import Service
from mcp_smalltools.tools.built_in import built_in_tools

pytestmark = pytest.mark.anyio


async def read(agent: Client, name: str) -> Any:
    (content,) = (await agent.read_resource(f"smalltools://{name}")).contents
    return json.loads(content.text)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_names_tools_and_arguments_that_there_are(name: str) -> None:
    job = PROMPTS[name]
    assert re.fullmatch("[a-z_]{1,30}", name)
    assert set(job.needs) <= set(built_in_tools())
    assert set(re.findall(r"\{(\w+)\}", job.text)) == set(job.arguments)
    named = set(re.findall(r"\b[a-z]+_[a-z]+\b", job.text)) | set(re.findall(r"\bclassify\b", job.text))
    assert named <= set(built_in_tools())


def test_a_prompt_whose_tool_is_hidden_is_not_offered() -> None:
    assert {prompt.name for prompt in list_prompts(["classify"]).prompts} == {"sort_items"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_gets_a_prompt_with_its_arguments_filled_in(tmp_path: Path, mode: str) -> None:
    async with client(tmp_path, mode=mode) as agent:
        assert {prompt.name for prompt in (await agent.list_prompts()).prompts} == set(PROMPTS)
        (message,) = (await agent.get_prompt("triage_log", {"path": "a {b}.log"})).messages
        assert "went wrong in a {b}.log, without" in message.content.text
        with pytest.raises(MCPError, match="needs path"):
            await agent.get_prompt("triage_log", {})
        with pytest.raises(MCPError, match="did you mean 'triage_log'"):
            await agent.get_prompt("triage_logs", {"path": "x"})


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_users_agent_reads_the_ledger_the_skills_and_the_quality(tmp_path: Path, mode: str) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    write(tmp_path / "skills")
    write(tmp_path / "skills", "name = ", "broken")
    async with client(tmp_path, mode=mode) as agent:
        await agent.call_tool("summarize_file", {"path": "a.csv"})
        assert [row["paths"] for row in await read(agent, "ledger")] == [["a.csv"]]
        skills = {skill["name"]: skill for skill in await read(agent, "skills")}
        assert skills["tickets"]["in_use"] and "line 1" in skills["broken"]["problem"]
        assert isinstance(await read(agent, "quality"), dict)
        with pytest.raises(MCPError, match="no resource"):
            await read(agent, "passwords")


def test_a_remote_agent_sees_no_ledger_and_no_folders(settings: Settings) -> None:
    write(settings.skills_dir)
    write(settings.skills_dir, "name = ", "broken")
    service = Service(settings)
    assert "smalltools://ledger" not in {one.uri for one in list_resources(remote=True).resources}
    with pytest.raises(MCPError, match="no resource"):
        read_resource("smalltools://ledger", service, True)
    (content,) = read_resource("smalltools://skills", service, True).contents
    assert json.loads(content.text) == [{"name": "tickets", "kind": "classify", "in_use": True}]
