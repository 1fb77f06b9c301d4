"""The doctor says what is there, what is wrong, and what to do; and starts nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from probe_server import environment

from mcp_smalltools.clients.known import CLIENTS
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.doctor.examine import examine
from mcp_smalltools.engine.api import EngineStatus, LoadedModel
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.server.http.token_store import TokenStore

NO_ENGINE = EngineStatus(running=False, socket="/run/x")


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No client of the user's is seen."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(checks: list[Check], name: str) -> Check:
    return next(check for check in checks if check.name == name)


def wrong(checks: list[Check]) -> set[str]:
    return {check.name for check in checks if check.state is CheckState.WRONG}


def doctor(folder: Path, *args: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mcp_smalltools.cli", "doctor", *args]
    env = environment(folder, {"HOME": folder, **more})
    return subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True, text=True)


def test_it_prints_one_json_object_and_starts_no_engine(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json")
    told = json.loads(done.stdout)
    assert told["engine"]["running"] is False and told["engine"]["pid"] is None
    assert told["engine"]["socket"] and told["engine"]["models"] == []
    assert {"version", "root", "engine", "state folder"} <= {check["name"] for check in told["checks"]}
    assert not list((tmp_path / "run").glob("*.sock"))


def test_people_get_a_table_with_what_to_do(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--root", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "is not a folder" in done.stdout and "--root" in done.stdout


def test_everything_that_is_wrong_has_a_remedy(at_home: Path, settings: Settings) -> None:
    (at_home / "file").touch()
    bad = settings.model_copy(
        update={
            "roots": (RootSpec(path=at_home / "nowhere"),),
            "output_dir": at_home / "file" / "under",
            "model_dir": at_home / "models",
            "offline": True,
            "embed_model": "no-such-model",
        }
    )
    (at_home / ".mcp.json").write_text('{"mcpServers": {"smalltools": {"command": "/gone/mcp-smalltools"}}}')
    checks = examine(bad, NO_ENGINE)
    assert {
        "root",
        "output folder",
        "encoder",
        "Claude Code (project)",
    } <= wrong(checks)
    assert all(check.remedy for check in checks if check.state is not CheckState.OK)


def test_a_model_that_is_not_here_is_no_fault_while_it_may_be_fetched(
    at_home: Path, settings: Settings
) -> None:
    checks = examine(settings.model_copy(update={"model_dir": at_home / "models"}), NO_ENGINE)
    assert found(checks, "encoder").state is CheckState.NOTE


def test_a_home_folder_as_root_is_worth_a_note(at_home: Path, settings: Settings) -> None:
    wide = settings.model_copy(update={"roots": (RootSpec(path=at_home, level=PrivacyLevel.OPEN),)})
    assert found(examine(wide, NO_ENGINE), "root").state is CheckState.NOTE


def test_registered_clients_are_named_and_none_is_a_note(at_home: Path, settings: Settings) -> None:
    assert found(examine(settings, NO_ENGINE), "clients").state is CheckState.NOTE
    path = CLIENTS["codex"].files["user"]()
    path.parent.mkdir()
    path.write_text(f"[mcp_servers.smalltools]\ncommand = {json.dumps(sys.executable)}\n")
    assert found(examine(settings, NO_ENGINE), "Codex (user)").state is CheckState.OK
    path.write_text("[mcp_servers")
    assert found(examine(settings, NO_ENGINE), "Codex (user)").state is CheckState.WRONG


def test_a_running_engine_is_named_with_its_models_and_a_silent_one_is_wrong(settings: Settings) -> None:
    loaded = (LoadedModel("some-model", "/models/some.gguf", "Q4_0", 1),)
    running = EngineStatus(running=True, pid=4711, models=loaded)
    check = found(examine(settings, running), "engine")
    assert check.state is CheckState.OK and "4711" in check.found and "some-model Q4_0" in check.found
    silent = EngineStatus(running=True, pid=4711, extra={"problem": "it doesn't answer"})
    assert found(examine(settings, silent), "engine").state is CheckState.WRONG


def test_servers_in_place_of_the_engine_are_named_and_what_is_sent_elsewhere(settings: Settings) -> None:
    endpoints = {"http://127.0.0.1:1": "doesn't answer", "https://gpu-box:8000": "answers"}
    engine = EngineStatus(
        running=True,
        backend="vllm",
        models=(LoadedModel("qwen", "https://gpu-box:8000", "", 0),),
        extra={"endpoints": endpoints, "remote": ["gpu-box"]},
    )
    checks = [check for check in examine(settings, engine) if check.name.startswith("engine")]
    assert [check.state for check in checks] == [
        *(CheckState.WRONG, CheckState.OK, CheckState.NOTE, CheckState.NOTE)
    ]
    assert "serves qwen" in checks[1].found
    assert "extract can't read running text" in checks[2].found
    assert "gpu-box" in checks[3].found
    assert all(check.remedy for check in checks if check.state is not CheckState.OK)


def test_tokens_of_agents_and_an_identity_provider_are_named_where_there_are_any(
    settings: Settings, at_home: Path
) -> None:
    names = {check.name for check in examine(settings, NO_ENGINE)}
    assert not names & {"agents' own tokens", "identity provider"}
    store = TokenStore(settings)
    store.create("one")
    store.create("two")
    store.revoke("two")
    store.close()
    half = settings.model_copy(update={"oauth_issuer": "https://login.example.com"})
    checks = examine(half, NO_ENGINE)
    assert found(checks, "agents' own tokens").found.startswith("1 active, 1 revoked")
    assert "identity provider" in wrong(checks)
