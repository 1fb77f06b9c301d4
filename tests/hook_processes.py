"""Hooks as a client starts them: events, their environment, and the processes that answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mcp_smalltools.hooks import hook_client

SESSION = "47b35e29-7c50-4717-a032-63bb104fdc1f"
ASK = Path(hook_client.__file__)


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    own = {name: str(tmp_path / name.lower()) for name in ("STATE_DIR", "RUNTIME_DIR", "OUTPUTS_DIR")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLAUDE")}
    return {**inherited, **{f"MCP_SMALLTOOLS_{name}": value for name, value in own.items()}, **more}


def failed(command: str, error: str, **more: Any) -> dict[str, Any]:
    """As Claude Code 2.1.330 says it."""
    told = {
        "session_id": SESSION,
        "transcript_path": "/home/u/.claude/projects/p/s.jsonl",
        "cwd": "/home/u/p",
        "permission_mode": "default",
        "hook_event_name": "PostToolUseFailure",
        "tool_name": "Bash",
        "tool_input": {"command": command},
        "tool_use_id": "toolu_0003",
        "error": error,
        "is_interrupt": False,
        "duration_ms": 1012,
    }
    return told | more


@contextmanager
def daemon_of(env: dict[str, str]) -> Iterator[None]:
    """Ends the daemon that hooks have started for that environment."""
    try:
        yield
    finally:
        for pid in daemons_of(env):
            with suppress(ProcessLookupError):  # one that has found another
                os.kill(pid, 15)


def daemons_of(env: dict[str, str]) -> set[int]:
    """The processes that answer hooks there: by their lock or, on a full disk, by their command."""
    folder = Path(hook_client.socket_path(env)[0])
    told = [lock.read_text().strip() for lock in folder.glob("*.lock")]
    found = {int(pid) for pid in told if pid.isdigit()}
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = command.read_bytes().split(b"\0")
            if os.fsencode(folder) in words and b"mcp_smalltools.hooks.hook_daemon" in words:
                found.add(int(command.parent.name))
    return found


def hook(env: dict[str, str], name: str, told: Any, *options: str, **more: Any) -> str:
    """What a hook prints; `more` is for the process that runs it."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ASK), name, *options],
        input=told if isinstance(told, bytes) else json.dumps(told).encode(),
        env=env,
        capture_output=True,
        check=True,
        timeout=90,
        **more,
    )
    assert done.stderr == b""
    return done.stdout.decode()


def waited(for_what: Callable[[], Any], seconds: float = 10) -> Any:
    ends = time.monotonic() + seconds
    while not (found := for_what()) and time.monotonic() < ends:
        time.sleep(0.005)
    return found
