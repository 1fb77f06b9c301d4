"""Other clients' events are read as they send them, and answered in their own form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.clients.hook_files import CLIENT_HOOKS
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.hooks.agent_session import read_call
from mcp_smalltools.hooks.guard.guard import Guard
from mcp_smalltools.hooks.guard.journal import GuardJournal
from mcp_smalltools.hooks.guard.withheld import SENTENCE, withheld
from mcp_smalltools.hooks.other_clients import CLIENT_FORMS
from mcp_smalltools.level import PrivacyLevel

SECRET = "password=tiger77x!aB\n"


class Asked:
    """A project with a sealed folder and a secret, and what is said there to other clients."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        (tmp_path / "sealed").mkdir()
        (tmp_path / "sealed" / "x.txt").write_text("zebedee\n")
        (tmp_path / "app.env").write_text(SECRET)
        roots = (
            RootSpec(path=tmp_path),
            RootSpec(path=tmp_path / "sealed", level=PrivacyLevel.SEALED),
        )
        settings = Settings(state_dir=tmp_path / "state", runtime_dir=tmp_path / "run", roots=roots)
        self._guard = Guard(settings, {}, GuardJournal())

    def __call__(self, client: str, name: str, **told: Any) -> dict[str, Any]:
        form = CLIENT_FORMS[client]
        payload = {"hook_event_name": name, "cwd": str(self.folder), **told}
        event = form.event(name, json.dumps(payload).encode())
        assert event is not None
        said = form.answer(self._guard.answer(event), event.name)
        return json.loads(said) if said else {}


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def test_codex_shows_the_masked_output_of_commands_failed_ones_too(asked: Asked) -> None:
    run = {"tool_name": "Bash", "tool_input": {"command": "cat app.env; exit 3"}}
    said = asked("codex", "PostToolUse", **run, tool_response=SECRET)
    assert said["decision"] == "block" and said["reason"] == "password=<SECRET_1>\n"
    assert asked("codex", "PostToolUse", **run, tool_response="nothing\n") == {}
    denied = asked("codex", "PreToolUse", tool_name="Bash", tool_input={"command": "cat sealed/x.txt"})
    assert denied["hookSpecificOutput"]["permissionDecision"] == "deny"
    patch = "*** Begin Patch\n*** Update File: app.env\n@@\n-a\n+password=<SECRET_1>\n*** End Patch\n"
    denied = asked("codex", "PreToolUse", tool_name="apply_patch", tool_input={"command": patch})
    assert "is a mask" in denied["hookSpecificOutput"]["permissionDecisionReason"]


@pytest.mark.parametrize("content", [SECRET, [{"text": SECRET}]])
def test_gemini_shows_the_masked_result(asked: Asked, content: Any) -> None:
    read = {"tool_name": "read_file", "tool_input": {"absolute_path": str(asked.folder / "app.env")}}
    said = asked("gemini", "AfterTool", **read, tool_response={"llmContent": content, "returnDisplay": ""})
    assert said["decision"] == "deny" and "tiger" not in said["reason"] and "<SECRET_1>" in said["reason"]
    shell = {"tool_name": "run_shell_command", "tool_input": {"command": "cat app.env; exit 1"}}
    said = asked(
        "gemini", "AfterTool", **shell, tool_response={"llmContent": f"Output: {SECRET}Exit Code: 1"}
    )
    assert "<SECRET_1>" in said["reason"] and "Exit Code: 1" in said["reason"]


def test_gemini_shows_no_sealed_file_in_a_search(asked: Asked) -> None:
    found = "Found 2 matches\n---\nFile: sealed/x.txt\nL1: zebedee\n---\nFile: b.txt\nL1: tangerine\n---"
    search = {
        "tool_name": "grep_search",
        "tool_input": {"pattern": "e"},
        "tool_response": {"llmContent": found},
    }
    said = asked("gemini", "AfterTool", **search)
    assert "zebedee" not in said["reason"] and "L1: tangerine" in said["reason"]


@pytest.mark.parametrize(
    ("client", "name", "told"),
    [
        ("gemini", "BeforeTool", {"tool_name": "read_file", "tool_input": {"file_path": "sealed/x.txt"}}),
        ("gemini", "BeforeTool", {"tool_name": "glob", "tool_input": {"pattern": "*", "dir_path": "sealed"}}),
        ("cursor", "beforeReadFile", {"file_path": "sealed/x.txt", "content": "zebedee\n"}),
        ("cursor", "beforeShellExecution", {"command": "head sealed/x.txt"}),
        ("copilot", "PreToolUse", {"tool_name": "view", "tool_input": {"path": "sealed/x.txt"}}),
        ("copilot", "PreToolUse", {"tool_name": "bash", "tool_input": '{"command": "cat sealed/x.txt"}'}),
    ],
)
def test_sealed_files_are_refused_in_the_clients_own_words(
    asked: Asked, client: str, name: str, told: dict[str, Any]
) -> None:
    said = asked(client, name, **told)
    assert "deny" in said.values()
    assert any("parse_log" in str(value) and "zebedee" not in str(value) for value in said.values())


def test_a_mask_is_written_by_no_client(asked: Asked) -> None:
    path = str(asked.folder / "app.env")
    edit = {"path": path, "old_str": "a", "new_str": "<SECRET_1>"}
    assert "is a mask" in str(asked("copilot", "PreToolUse", tool_name="edit", tool_input=edit))
    write = {"file_path": path, "content": "<SECRET_1>"}
    assert "is a mask" in str(asked("gemini", "BeforeTool", tool_name="write_file", tool_input=write))


@pytest.mark.parametrize("client", CLIENT_FORMS)
def test_what_is_installed_for_a_client_is_what_its_form_answers(client: str) -> None:
    hooks = CLIENT_HOOKS[client]
    assert hooks.name == client and set(hooks.events["guard"]) <= set(CLIENT_FORMS[client].events)
    call = read_call(["X", "--parts", "guard", "--client", client], {})
    assert call is not None and call.client == client


@given(
    st.sampled_from(sorted(CLIENT_FORMS)),
    st.binary(max_size=60) | st.just(b'{"tool_name": 1, "tool_input": 2}'),
)
def test_what_is_no_event_of_a_client_is_none_of_ours(client: str, payload: bytes) -> None:
    form = CLIENT_FORMS[client]
    for name in (*form.events, "Unheard"):
        event = form.event(name, payload)
        assert event is None or event.tool in ("", "Bash", "Read")


def test_a_result_that_nobody_has_looked_at_is_withheld_from_others_too() -> None:
    for client, event in (("codex", "PostToolUse"), ("gemini", "AfterTool")):
        said = json.loads(withheld(json.dumps({"hook_event_name": event}).encode(), client))
        assert said["reason"] == SENTENCE
    assert withheld(b'{"hook_event_name": "PreToolUse"}', "codex") == b""
    assert withheld(b'{"hook_event_name": "beforeReadFile"}', "cursor") == b""
