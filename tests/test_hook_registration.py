"""Installing hooks: ours are added beside others, and undoing leaves every file byte for byte as it was."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe_server import environment
from test_clients import ODD_JSON, VALUES, commented_json

from mcp_smalltools.clients import jsonc
from mcp_smalltools.clients.hook_commands import PARTS, chosen_parts, deny_rule, hook_command, is_our_hook
from mcp_smalltools.clients.hook_files import CLIENT_HOOKS
from mcp_smalltools.clients.hook_registration import HookRegistration
from mcp_smalltools.clients.known import CLIENTS
from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import CheckState
from mcp_smalltools.doctor.hook_checks import check_hooks
from mcp_smalltools.errors import ConfigError, UsageError
from mcp_smalltools.hooks import hook_parts
from mcp_smalltools.hooks.agent_session import read_call

CLAUDE = CLIENT_HOOKS["claude-code"]
RULES = ["Read(//home/u/customers/**)"]
THEIRS = {"matcher": "Bash", "hooks": [{"type": "command", "command": "./lint.sh", "timeout": 5}]}


def groups(parts: tuple[str, ...] = PARTS, client: str = "claude-code") -> dict[str, Any]:
    hooks = CLIENT_HOOKS[client]
    parts = tuple(part for part in parts if part in hooks.events)
    return hooks.groups(parts, lambda event: hook_command(event, parts, ["/w x:sealed"], hooks.name))


def registration(path: Path, state: Path, **more: Any) -> HookRegistration:
    return HookRegistration(CLAUDE, path, Settings(state_dir=state), more.pop("groups", groups()), RULES)


def check_round_trip(before: bytes | None) -> None:
    with TemporaryDirectory() as folder:
        path, state = Path(folder) / ".claude" / "settings.local.json", Path(folder) / "state"
        if before is not None:
            path.parent.mkdir()
            path.write_bytes(before)
        ours = registration(path, state)
        assert ours.make_change().is_needed
        now, old = jsonc.loads(path.read_text()), jsonc.loads((before or b"").decode())
        for event, group in groups().items():
            assert now["hooks"].pop(event) == [*(old.get("hooks") or {}).get(event, []), group]
        assert {**now, "hooks": 0, "permissions": 0} == {**old, "hooks": 0, "permissions": 0}
        assert not registration(path, state).make_change().is_needed
        registration(path, state, groups=groups(("tell",))).make_change()
        undo = HookRegistration(CLAUDE, path, Settings(state_dir=state))
        undo.uninstall()
        assert (path.read_bytes() if path.exists() else None) == before
        assert path.parent.exists() == (before is not None)
        assert not undo.uninstall().is_needed


OTHERS = json.dumps(
    {
        "permissions": {"deny": ["WebFetch"]},
        "hooks": {"PostToolUse": [THEIRS], "Stop": [THEIRS]},
        "model": "x",
    },
    indent=1,
)


@pytest.mark.parametrize("text", [None, *ODD_JSON, OTHERS, OTHERS.replace("\n", "\r\n"), '{"hooks": {}}'])
def test_a_file_is_restored_byte_for_byte(text: str | None) -> None:
    check_round_trip(None if text is None else text.encode())


@given(commented_json())
def test_any_commented_file_is_restored_byte_for_byte(text: str) -> None:
    check_round_trip(text.encode())


@given(st.lists(VALUES, max_size=4), st.lists(st.integers(100, 999), min_size=1, max_size=3), st.booleans())
def test_items_are_added_to_a_list_and_taken_out_again(
    theirs: list[Any], ours: list[int], flat: bool
) -> None:
    text = json.dumps({"a": {"b": theirs}, "c": 1}, indent=None if flat else 2)
    new = jsonc.with_items(text, ("a", "b"), ours)
    assert jsonc.loads(new) == {"a": {"b": [*theirs, *ours]}, "c": 1}
    # Ours were the last ones, but others may have added to the list since.
    later = jsonc.with_items(new, ("a", "b"), ["theirs"])
    left = jsonc.without_items(later, ("a", "b"), lambda item: isinstance(item, int) and item in ours)
    kept = [item for item in theirs if not (isinstance(item, int) and item in ours)]
    assert jsonc.loads(left) == {"a": {"b": [*kept, "theirs"]}, "c": 1}


@pytest.mark.parametrize(
    "text",
    ['{"l": [1, /* ours */ 700, 2,]}', '{"l": [700, 1, 2]}', '{"l": [\n  1, // one\n  2,\n  700 // x\n]}'],
)
def test_an_item_is_taken_out_among_comments(text: str) -> None:
    assert jsonc.loads(jsonc.without_items(text, ("l",), lambda item: item == 700)) == {"l": [1, 2]}


def test_what_others_wrote_since_survives(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(OTHERS)
    registration(path, tmp_path / "state").make_change()
    changed = jsonc.with_items(path.read_text(), ("hooks", "PreToolUse"), [THEIRS])
    path.write_text(jsonc.with_items(changed, ("permissions", "deny"), ["Read(./x)"]))
    HookRegistration(CLAUDE, path, Settings(state_dir=tmp_path / "state")).uninstall()
    left = jsonc.loads(path.read_text())
    assert left["hooks"] == {"PostToolUse": [THEIRS], "Stop": [THEIRS], "PreToolUse": [THEIRS]}
    assert left["permissions"]["deny"] == ["WebFetch", "Read(./x)"] and left["model"] == "x"


def test_a_rule_that_was_there_before_us_stays(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"permissions": {"deny": RULES}}))
    registration(path, tmp_path / "state").make_change()
    path.write_text(path.read_text() + "\n")
    HookRegistration(CLAUDE, path, Settings(state_dir=tmp_path / "state")).uninstall()
    assert jsonc.loads(path.read_text()) == {"permissions": {"deny": RULES}}


@pytest.mark.parametrize("text", ["{", '{"hooks": 1}', '{"hooks": {"PreToolUse": {}}}', "[]"])
def test_a_file_that_can_not_be_edited_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="by hand"):
        registration(path, tmp_path / "state").make_change()
    assert path.read_text() == text


def test_the_client_calls_us_at_the_events_that_the_parts_answer() -> None:
    for name, hooks in CLIENT_HOOKS.items():
        assert name in CLIENTS and set(hooks.events) <= set(PARTS)
    assert {part: set(events) for part, events in CLAUDE.events.items()} == {
        part: set(events) for part, events in hook_parts.PARTS.items()
    }


def test_what_a_client_starts_is_read_by_the_hook_as_it_was_meant() -> None:
    line = hook_command("PostToolUse", ("keep", "guard"), ["/w x:sealed"])
    python, isolated, bare, script, *options = shlex.split(line)
    assert (python, isolated, bare) == (sys.executable, "-I", "-S") and Path(script).is_file()
    call = read_call(options, {})
    assert call is not None and call.roots == ("/w x:sealed",) and call.parts == {"keep", "guard"}


@pytest.mark.parametrize("client", CLIENT_HOOKS)
def test_our_hooks_are_known_and_others_are_not(client: str) -> None:
    assert all(is_our_hook(group) for group in groups(client=client).values())
    plugin = {"hooks": [{"type": "command", "command": "mcp-smalltools hook PreToolUse"}]}
    assert is_our_hook(plugin)
    for other in (THEIRS, {}, None, {"hooks": []}, {"hooks": [*plugin["hooks"], *THEIRS["hooks"]]}):
        assert not is_our_hook(other)


def test_a_part_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="teel"):
        chosen_parts("keep,teel", CLAUDE, "Claude Code")
    assert chosen_parts("guard, keep", CLAUDE, "Claude Code") == ["keep", "guard"]


def test_a_rule_names_the_folder_whatever_it_is_called() -> None:
    assert deny_rule(Path("/home/u/a[1]*")) == r"Read(//home/u/a\[1\]\*/**)"


def test_the_commands_show_then_write_then_undo(tmp_path: Path) -> None:
    env = environment(tmp_path, {"HOME": tmp_path})
    settings = tmp_path / ".claude" / "settings.local.json"

    def command(*args: str) -> str:
        line = [sys.executable, "-m", "mcp_smalltools.cli", *args]
        return subprocess.run(line, cwd=tmp_path, env=env, check=True, capture_output=True, text=True).stdout

    options = ("claude-code", "--hooks", "guard", "--root", str(tmp_path), "--root", f"{tmp_path}/c:sealed")
    shown = command("install", *options, "--dry-run")
    assert "hook_client.py PreToolUse" in shown and f"Read(/{tmp_path}/c/**)" in shown
    assert not settings.exists() and not (tmp_path / ".mcp.json").exists()
    command("install", *options)
    written = json.loads(settings.read_text())
    assert "--parts guard" in written["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
    assert settings.stat().st_mode & 0o077 == 0
    assert "already has these hooks" in command("install", *options)
    assert "hook_client.py" in command("uninstall", "claude-code", "--dry-run") and settings.exists()
    command("uninstall", "claude-code")
    assert not settings.parent.exists() and not (tmp_path / ".mcp.json").exists()


def test_the_doctor_knows_the_hooks_and_what_the_guard_can_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings = Settings(state_dir=tmp_path / "state")
    assert list(check_hooks(settings)) == []
    ours = registration(CLAUDE.files["project"](), tmp_path / "state")
    ours.make_change()
    ok, note = check_hooks(settings)
    assert ok.state is CheckState.OK and "keep,tell,guard" in ok.found
    assert note.state is CheckState.NOTE and "failed command" in note.found
    broken = ours.path.read_text().replace("hook_client.py", "gone/hook_client.py")
    ours.path.write_text(broken)
    (wrong,) = check_hooks(settings)
    assert wrong.state is CheckState.WRONG and "--hooks" in wrong.remedy
