"""`run -- COMMAND`: the command behaves as if it were started alone; its output is kept, its failure told."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.config import Settings
from mcp_smalltools.hooks.run.masked_stream import MaskedStream

TOKEN = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"[::-1]
KEY = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq9\nQ2hhcmFjdGVycw==\n-----END RSA PRIVATE KEY-----\n"
)


PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _heeded_signals() -> Iterator[None]:
    """What started the tests may ignore them (`nohup`, `make test &`), and a shell can't trap those."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in PASSED_ON}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    own = {name: str(tmp_path / name.lower()) for name in ("STATE_DIR", "RUNTIME_DIR", "OUTPUTS_DIR")}
    return {**os.environ, **{f"MCP_SMALLTOOLS_{name}": value for name, value in own.items()}}


def command(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "mcp_smalltools.cli", "run", *words]


def run(env: dict[str, str], *words: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(*words), env=env, capture_output=True, check=False, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


def kept(env: dict[str, str]) -> list[bytes]:
    folder = Path(env["MCP_SMALLTOOLS_OUTPUTS_DIR"])
    return [path.read_bytes() for path in sorted(folder.glob("*/*.txt"))]


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -15 $$", 143)]
)
def test_the_exit_code_is_the_commands(script: str, code: int, env: dict[str, str]) -> None:
    assert run(env, "--", "sh", "-c", script).returncode == code


def test_what_can_not_be_started_has_the_code_that_shells_give(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "text").write_text("text")
    assert run(env, "--", "no-such-program").returncode == 127
    assert run(env, "--", str(tmp_path / "text")).returncode == 126


def test_output_errors_and_input_are_passed_on_and_kept(env: dict[str, str]) -> None:
    script = "cat; printf 'out\\377\\0'; echo err >&2; exit 1"
    done = run(env, "--", "sh", "-c", script, input=b"in\n")
    assert done.stdout == b"in\nout\xff\0" and done.stderr.startswith(b"err\nsmalltools: exit code 1")
    assert sorted(b"".join(kept(env))) == sorted(b"in\nout\xff\0err\n")


def test_output_and_errors_to_one_place_keep_their_order(env: dict[str, str]) -> None:
    script = "for i in 1 2 3 4 5 6; do echo out $i; echo err $i >&2; done"
    done = subprocess.run(
        command("--", "sh", "-c", script),
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    wanted = b"".join(b"out %d\nerr %d\n" % (number, number) for number in range(1, 7))
    assert done.stdout.startswith(wanted)
    assert kept(env) == [wanted]


def test_a_reader_that_leaves_ends_the_command_as_it_would_alone(env: dict[str, str]) -> None:
    with subprocess.Popen(command("--", "yes"), env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == 141


def test_a_command_that_leaves_others_running_ends_all_the_same(env: dict[str, str]) -> None:
    done = run(env, "--", "sh", "-c", "sleep 30 & echo $!")
    os.kill(int(done.stdout), signal.SIGKILL)
    assert done.returncode == 0


@pytest.mark.parametrize("number", PASSED_ON)
def test_a_signal_reaches_the_command(number: signal.Signals, env: dict[str, str]) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo caught; exit 9' {name}; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        command("--", "sh", "-c", script), env=env, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.read() == b"caught\n"
        assert process.wait(30) == 9


def test_a_failure_of_more_than_a_screen_is_told_with_its_line(env: dict[str, str]) -> None:
    script = (
        "seq 1 300; echo 'src/main.c:7:3: error: expected expression before return'; seq 1 300;"
        "echo 'make: *** [Makefile:2: all] Error 1'; exit 2"
    )
    done = run(env, "--", "sh", "-c", script)
    assert done.returncode == 2
    assert b"301: src/main.c:7:3: error: expected expression before return" in done.stderr
    assert env["MCP_SMALLTOOLS_OUTPUTS_DIR"].encode() in done.stderr


def test_a_green_command_has_one_line(env: dict[str, str]) -> None:
    done = run(env, "--", "sh", "-c", "seq 1 300; echo error")
    assert done.stderr.count(b"\n") == 1 and b"passed" not in done.stderr


def test_secrets_are_masked_in_what_is_shown_and_in_what_is_kept(env: dict[str, str]) -> None:
    done = run(env, "--mask", "--", "sh", "-c", f"echo token {TOKEN}; printf %s {TOKEN}; exit 1")
    assert TOKEN.encode() not in done.stdout + done.stderr + b"".join(kept(env))
    assert done.stdout.count(b"<SECRET_1>") == 2


@given(st.lists(st.integers(0, 200), max_size=8))
def test_a_key_of_several_lines_is_masked_wherever_the_output_is_cut(cuts: list[int]) -> None:
    text = f"before\n{KEY}after {TOKEN}\nend".encode()
    places = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    stream = MaskedStream(Settings())
    shown = b"".join(stream.feed(text[a:b]) for a, b in pairwise(places)) + stream.rest()
    assert shown.startswith(b"before\n") and shown.endswith(b"\nend")
    assert b"MIIEpAIB" not in shown and b"Q2hhcmFj" not in shown and TOKEN.encode() not in shown


def test_without_masks_the_stream_is_as_it_was() -> None:
    data = bytes(range(256)) * 20 + b"\nlast"
    stream = MaskedStream(Settings())
    assert stream.feed(data) + stream.rest() == data


def on_a_terminal(env: dict[str, str], script: str, keys: bytes = b"") -> tuple[str, int]:
    """What is on the screen of a terminal of 33 rows and 99 columns, and the exit code."""
    pid, screen = pty.fork()
    if pid == 0:  # pragma: no cover - another process
        os.execve(sys.executable, command("--", "sh", "-c", f"read go; {script}"), env)
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    os.write(screen, b"go\n")
    shown = b""
    try:
        while part := os.read(screen, 1 << 16):
            shown += part
            if keys and b"ready" in shown.replace(b"echo ready", b""):
                os.write(screen, keys)
                keys = b""
    except OSError:
        pass
    os.close(screen)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_on_a_terminal_the_command_has_one_of_the_same_size(env: dict[str, str]) -> None:
    shown, code = on_a_terminal(env, "test -t 0 && test -t 1 && test -t 2 && stty size; exit 3")
    assert "33 99" in shown and code == 3


def test_ctrl_c_on_a_terminal_reaches_the_command(env: dict[str, str]) -> None:
    shown, code = on_a_terminal(env, "trap 'echo caught; exit 5' INT; echo ready; sleep 30", b"\x03")
    assert "caught" in shown and code == 5
