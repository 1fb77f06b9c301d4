"""The main job end to end: real files, real models, a real engine, and what happens when that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.errors import ModelError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.result import Answer
from mcp_smalltools.service import Service

pytestmark = pytest.mark.anyio

EXAMPLES = Path(__file__).parents[1] / "examples" / "data"
SOURCE = Path(__file__).parents[1] / "mcp_smalltools"
LABELS = ["bug: something is broken", "billing: money, cards, invoices", "question: asks how something works"]


@pytest.fixture
def own(settings: Settings) -> Settings:
    """Settings whose roots are the example files and the package's sources."""
    roots = (RootSpec(path=EXAMPLES, level=PrivacyLevel.OPEN), RootSpec(path=SOURCE, level=PrivacyLevel.OPEN))
    return settings.model_copy(update={"roots": roots, "cache": False})


def main_jobs() -> Mapping[str, Mapping[str, Any]]:
    messages = (EXAMPLES / "messages.txt").read_text(encoding="utf-8").splitlines()
    return {
        "parse_log": {"path": "build.log"},
        "find_failure": {"path": "build.log"},
        "summarize_file": {"path": "README.md"},
        "classify": {"items": messages, "labels": LABELS},
    }


async def answer_of(service: Service, tool: str, progress: Callable[..., None] | None = None) -> Answer:
    return await service.call(ToolRequest(tool=tool, arguments=main_jobs()[tool]), progress)


@pytest.mark.parametrize("tool", main_jobs())
async def test_each_tool_answers_on_real_files(own: Settings, engine: EngineClient, tool: str) -> None:
    service = Service(own, engine)
    answer = (await answer_of(service, tool)).structured()
    assert answer["call_id"]
    assert len(json.dumps(answer)) < 8_000
    if tool == "parse_log":
        lines = (EXAMPLES / "build.log").read_text(encoding="utf-8").splitlines()
        assert answer["source"][0]["lines"] == len(lines)
        assert sum(template["count"] for template in answer["templates"]) <= len(lines)
    if tool == "find_failure":
        assert "module_137.cpp" in answer["evidence"][0]["text"]
    if tool == "classify":
        messages = main_jobs()[tool]["items"]
        assert len(answer["results"]) == len(messages)
        assert {r["label"] for r in answer["results"]} <= {label.split(":")[0] for label in LABELS} | {
            "none of these"
        }


@pytest.mark.slow
@pytest.mark.parametrize("tool", main_jobs())
async def test_a_call_answers_though_the_engine_is_killed_in_its_middle(
    own: Settings, engine: EngineClient, tool: str
) -> None:
    """Killed again and again while the call runs, at whatever point it is, up to the retry that it has."""
    service = Service(own, engine)
    calm = (await answer_of(service, tool)).structured()
    await engine.embed(["warm"])
    answers: list[dict[str, Any]] = []
    async with anyio.create_task_group() as group:

        async def call() -> None:
            answers.append((await answer_of(service, tool)).structured())

        group.start_soon(call)
        await anyio.sleep(0.02)
        pid = (await engine.status()).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    assert _comparable(answers[0]) == _comparable(calm)


def _comparable(answer: dict[str, Any]) -> Any:
    """Without what differs from call to call; numbers of the model rounded."""
    rounded = json.loads(json.dumps(answer), parse_float=lambda text: round(float(text), 1))
    return {name: value for name, value in rounded.items() if name != "call_id"}


async def test_a_model_that_is_not_there_and_no_network_is_one_sentence_with_the_remedy(
    own: Settings, tmp_path: Path
) -> None:
    settings = own.model_copy(
        update={"model_dir": tmp_path / "models", "offline": True, "runtime_dir": tmp_path / "run"}
    )
    service = Service(settings)
    try:
        with pytest.raises(ModelError) as error:
            await answer_of(service, "classify")
        assert error.value.remedy
        assert "\n" not in str(error.value)
    finally:
        await service.close()


@pytest.mark.slow
async def test_two_agents_share_one_engine_and_doctor_names_it(own: Settings, engine: EngineClient) -> None:
    other = EngineClient(own)
    here, there = Service(own, engine), Service(own, other)
    async with anyio.create_task_group() as group:
        group.start_soon(answer_of, here, "classify")
        group.start_soon(answer_of, there, "classify")
    assert (await engine.status()).pid == (await other.status()).pid
    await other.close()
    environ = {
        **os.environ,
        "MCP_SMALLTOOLS_RUNTIME_DIR": str(own.runtime_dir),
        "MCP_SMALLTOOLS_STATE_DIR": str(own.state_dir),
    }
    command = [sys.executable, "-m", "mcp_smalltools.cli", "doctor", "--json"]
    report = await anyio.run_process(command, env=environ, check=False, stderr=subprocess.PIPE)
    told = json.loads(report.stdout)
    assert told["engine"]["pid"] == (await engine.status()).pid
    assert any(model["id"] == own.embed_model for model in told["engine"]["models"])


@pytest.mark.slow
async def test_the_demo_runs_the_main_job_over_stdio(base_settings: Settings) -> None:
    environ = {
        **os.environ,
        "MCP_SMALLTOOLS_RUNTIME_DIR": str(base_settings.runtime_dir),
        "MCP_SMALLTOOLS_STATE_DIR": str(base_settings.state_dir),
    }
    command = [sys.executable, "-m", "mcp_smalltools.cli", "demo", "--json"]
    done = await anyio.run_process(command, env=environ, check=False, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert [step["tool"] for step in steps] == [
        "find_failure",
        "parse_log",
        "parse_log",
        "summarize_file",
        "summarize_file",
        "classify",
        "ask_file",
        "extract",
        "find_files",
    ]
