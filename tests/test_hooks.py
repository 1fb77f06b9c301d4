"""Hooks: what an agent's client says is answered in its own form, and never with a fault of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hook_processes import SESSION, daemon_of, environment, failed, hook, waited
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.hooks.event import EVENTS, CommandResult, command_result, read_event
from mcp_smalltools.hooks.hook_daemon import HookDaemon
from mcp_smalltools.hooks.kept.keeper import OutputKeeper
from mcp_smalltools.hooks.kept.outputs import KeptOutput, OutputStore
from mcp_smalltools.hooks.kept.watch import AVAILABLE
from mcp_smalltools.hooks.reply import HookReply
from mcp_smalltools.hooks.tell.message import MOST_CHARS, WHOLE_CHARS, failure_message, success_message
from mcp_smalltools.hooks.tell.teller import is_worth_a_look

LINUX = pytest.mark.skipif(not AVAILABLE, reason="outputs are kept on Linux")


def read(name: str, told: Any) -> Any:
    return read_event(name, json.dumps(told).encode())


def test_a_failed_command_is_read_with_its_code_and_what_was_shown() -> None:
    event = read("PostToolUseFailure", failed("make", "Exit code 2\nmake: *** [all] Error 1"))
    result = command_result(event)
    assert result is not None and (result.exit_code, result.failed) == (2, True)
    assert result.shown == "make: *** [all] Error 1"


def test_a_failure_without_a_code_has_none() -> None:
    result = command_result(read("PostToolUseFailure", failed("make", "The user doesn't want this")))
    assert result is not None and result.exit_code is None


@given(st.sampled_from(EVENTS), st.recursive(st.none() | st.text() | st.integers(), st.lists) | st.text())
def test_an_event_of_any_shape_is_read_or_is_none(name: str, told: Any) -> None:
    fields = dict.fromkeys(("session_id", "cwd", "tool_name", "tool_input", "tool_response", "error"), told)
    event = read(name, fields)
    assert event is not None
    assert command_result(event) is None or isinstance(told, str)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_no_event_is_answered_with_nothing(payload: bytes, name: str) -> None:
    daemon = HookDaemon(Path("/nowhere"), "none.sock")
    assert daemon.reply(name.encode("utf-8", "replace") + b"\0\0PARENT=1\0\0" + payload) == b""
    assert daemon.reply(payload) == b""


def test_a_reply_has_the_fields_of_its_event_and_no_others() -> None:
    reply = HookReply("why", {"stdout": "masked"}, "sealed")
    said = {name: json.loads(reply.as_json(name))["hookSpecificOutput"] for name in EVENTS}
    assert said["PostToolUse"].keys() == {"hookEventName", "additionalContext", "updatedToolOutput"}
    assert said["PreToolUse"]["permissionDecision"] == "deny"
    assert said["PostToolUseFailure"].keys() == {"hookEventName", "additionalContext"}
    assert HookReply().as_json("PostToolUse") == b""


def test_replies_of_several_parts_are_said_together() -> None:
    both = HookReply("one").merged(HookReply("two", {"stdout": ""}, "no"))
    assert both == HookReply("one\n\ntwo", {"stdout": ""}, "no")


def test_a_hook_that_nobody_answers_exits_quietly(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    env = environment(tmp_path, MCP_SMALLTOOLS_RUNTIME_DIR=str(blocked / "run"))
    assert hook(env, "PostToolUseFailure", failed("make", "Exit code 2")) == ""
    assert hook(env, "PostToolUseFailure", b"\xff no json") == ""


def test_the_command_line_answers_events_and_never_fails(tmp_path: Path) -> None:
    env = environment(tmp_path, MCP_SMALLTOOLS_CONFIG="/nowhere/config.toml")
    with daemon_of(env):
        for arguments in (["PostToolUse"], ["Unheard"], ["PostToolUse", "--unknown", "option"]):
            done = subprocess.run(
                [sys.executable, "-P", "-m", "mcp_smalltools.cli", "hook", *arguments],
                input=b"{}",
                env=env,
                capture_output=True,
                check=False,
                timeout=30,
            )
            assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@LINUX
def test_an_output_is_kept_though_its_file_is_removed_at_once(tmp_path: Path) -> None:
    tasks, store = tmp_path / "claude" / "p" / SESSION / "tasks", OutputStore(tmp_path / "kept", 100, 1)
    keeper = OutputKeeper()
    keeper.watch(tasks, SESSION, store)
    tasks.mkdir(parents=True)
    for number in range(20):
        file = tasks / f"b{number}.output"
        with file.open("w") as output:
            output.write(f"\n  {number} begins\n" + "more\n" * number)
            waited(lambda number=number: any(key[1] == f"b{number}.output" for key in keeper._held))
            output.write("ends\n")
        file.unlink()
    kept = waited(lambda: keeper.whole_output(SESSION, "7 begins\nmore"))
    assert kept is not None and kept.path == tmp_path / "kept" / SESSION[:8] / "b7.txt"
    assert kept.path.read_text() == "\n  7 begins\n" + "more\n" * 7 + "ends\n"
    assert kept.path.stat().st_mode & 0o777 == 0o600 and kept.path.parent.stat().st_mode & 0o777 == 0o700
    assert keeper.whole_output(SESSION, "99 begins") is None
    assert keeper.whole_output("another", "7 begins") is None


@LINUX
def test_neither_links_nor_other_files_are_held(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    keeper = OutputKeeper()
    (tasks / "link.output").symlink_to(tmp_path / "secret")
    os.mkfifo(tasks / "pipe.output")
    (tasks / "other.txt").write_text("other")
    (tasks / "real.output").write_text("real")
    keeper.watch(tasks, SESSION, OutputStore(tmp_path / "kept", 100, 1))
    assert waited(lambda: {key[1] for key in keeper._held}) == {"real.output"}


def test_kept_outputs_are_bounded_in_size_and_age(tmp_path: Path) -> None:
    store = OutputStore(tmp_path, 1, 1)
    for number in range(12):
        kept = store.keep_text(SESSION, f"b{number}", "x" * 200_000)
        assert kept is not None
        os.utime(kept.path, (time.time() - 100 + number,) * 2)
    store.prune()
    assert store.usage()[1] <= 1 << 20
    assert not (tmp_path / SESSION[:8] / "b0.txt").exists() and (tmp_path / SESSION[:8] / "b11.txt").exists()
    os.utime(tmp_path / SESSION[:8] / "b11.txt", (1, 1))
    store.prune()
    assert not (tmp_path / SESSION[:8] / "b11.txt").exists()


def test_of_a_very_large_output_the_end_is_kept_in_whole_lines(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("".join(f"line {number}\n" for number in range(100_000)))
    with source.open("rb") as file:
        kept = OutputStore(tmp_path / "kept", 1, 1).keep(SESSION, "b", file.fileno())
    assert kept is not None and kept.left_out > 0
    lines = kept.path.read_text().splitlines()
    assert lines[0].startswith("line ") and lines[-1] == "line 99999"
    assert source.read_bytes()[kept.left_out :] == kept.path.read_bytes()


def test_an_output_that_can_not_be_written_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = OutputStore(tmp_path / "file" / "kept", 1, 1)
    assert store.keep_text(SESSION, "b", "text") is None


def test_a_failing_command_is_told_about_with_lines_numbers_and_the_path(tmp_path: Path) -> None:
    env = environment(tmp_path, MCP_SMALLTOOLS_HOOK_S="60")
    lines = [f"test_{number} ... ok" for number in range(900)]
    lines[700] = "AssertionError: expected 3 apples, got 4"
    text = "\n".join([*lines, "FAILED (failures=1)"])
    event = failed("python -m unittest", f"Exit code 1\n{text}", cwd=str(tmp_path))
    with daemon_of(env):
        hook(env, "SessionStart", {"session_id": SESSION, "cwd": str(tmp_path)}, "--parts", "keep,tell")
        said = hook(env, "PostToolUseFailure", event)
        told = json.loads(said)["hookSpecificOutput"]["additionalContext"]
        assert "701: AssertionError: expected 3 apples, got 4" in told
        assert len(told) <= 1200 and str(tmp_path / "outputs_dir") in told
        short = failed("python -m unittest", "Exit code 1\nAssertionError: expected 3 apples")
        assert hook(env, "PostToolUseFailure", short) == ""
        found = failed("grep -rn apples .", f"Exit code 1\n{text}", cwd=str(tmp_path))
        assert hook(env, "PostToolUseFailure", found) == ""
        assert hook(env, "PostToolUseFailure", event, "--parts", "guard") == ""


def answer_of(*spans: tuple[int, str], **more: Any) -> dict[str, Any]:
    evidence = [{"start": start, "end": start + text.count("\n"), "text": text} for start, text in spans]
    return {"failed": True, "evidence": evidence, "context": [], "confidence": 0.9, **more}


KEPT = KeptOutput(Path("/kept/47b35e29/b1.txt"), 10)


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.text("ab \n:error", max_size=400)), max_size=12),
    st.sampled_from([MOST_CHARS, WHOLE_CHARS]),
    st.booleans(),
)
def test_no_message_is_longer_than_it_may_be(spans: list[tuple[int, str]], most: int, sealed: bool) -> None:
    message = failure_message(answer_of(*spans), KEPT, exit_code=1, sealed=sealed, most_chars=most)
    assert len(message) <= most
    assert not spans or str(KEPT.path) in message


def test_of_a_span_the_lines_that_state_something_are_shown_first() -> None:
    passing = "\n".join(f"=>undo/test-{number}   PASS" for number in range(80))
    message = failure_message(answer_of((100, f"{passing}\n=>visual/orientation  FAIL")), KEPT, exit_code=1)
    assert "180: =>visual/orientation  FAIL" in message


def test_a_list_of_failed_tests_leaves_room_for_what_one_of_them_says() -> None:
    listed = "\n".join(f"test_composev2.py::test_number_{number} FAILED" for number in range(60))
    said = "docker.errors.NotFound: no such container: nginx"
    message = failure_message(answer_of((1, listed), (900, said)), KEPT, exit_code=1)
    assert f"900: {said}" in message and "test_number_0 FAILED" in message


def test_of_a_sealed_folder_only_numbers_are_told() -> None:
    message = failure_message(answer_of((7, "secret"), (9, "")), KEPT, exit_code=1, sealed=True)
    assert "secret" not in message and "lines 7, 9" in message


def test_other_failures_are_counted() -> None:
    message = failure_message(answer_of((7, "error"), dropped={"failures": 12}), KEPT, exit_code=1)
    assert "12 more failures are not shown" in message


def result(command: str, *, code: int | None = 1, shown: str = "x\n" * 100, **more: Any) -> CommandResult:
    return CommandResult(command, code, shown, failed=code != 0, **more)


def test_a_look_is_taken_only_where_there_may_be_something_to_add() -> None:
    assert is_worth_a_look(result("make test"))
    assert is_worth_a_look(result("cat build.log; exit 1"))
    assert is_worth_a_look(result("make | tee log", code=0, persisted="/tmp/x"))
    for silent in (
        result("make test", shown="make: *** Error 1"),
        result("grep -rn apples src | grep -v test"),
        result("git diff --exit-code"),
        result("make test", code=None),
        result("make test", code=130),
        result("yes | head", code=141),
        result("make test", interrupted=True),
        result("make test", code=0),
        result("cat big.log", code=0, persisted="/tmp/x"),
        result("cd src && git log -p", code=0, persisted="/tmp/x"),
    ):
        assert not is_worth_a_look(silent), silent.command


def test_success_is_told_only_in_the_runs_own_words() -> None:
    said = {"failed": False, "context": [{"start": 9, "end": 9, "text": "120 passed in 3 s"}]}
    assert success_message(said).count("\n") == 0 and "120 passed in 3 s" in success_message(said)
    assert success_message({"failed": False, "context": []}) == ""
