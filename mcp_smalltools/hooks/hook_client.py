"""What a hook starts: `python -I -S hook_client.py EVENT [--root DIR[:LEVEL]]... [--parts keep,tell]`.

It passes the event on to the daemon, which it starts where there is none, and prints what comes back. It is
started for every command of the agent, so it imports next to nothing. It always exits with 0, and prints
nothing where anything is wrong: no command of the agent may suffer from a fault of ours.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # `typing` is slow to import
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable

LIMIT_S = 2.0
"""Seconds after which it leaves without an answer, where MCP_SMALLTOOLS_HOOK_S says no other number."""
MOST_BYTES = 32 << 20
"""Of an event that is longer nothing is passed on."""
MOST_WITHHELD = 1 << 30
"""Bytes of such an event that are read where its result has to be withheld."""
GUARD_LIMIT_S = 6.0
"""The same where `guard` answers: what isn't masked by then is withheld."""
END = b"\n"
"""Behind each answer of the daemon's. What doesn't end so is none: the daemon has died, or was too slow."""
ANOTHER_IS_THERE = 75
"""Exit code of a daemon that has found another one."""
_PASSED_ON = (
    *(
        "CLAUDE_PROJECT_DIR",
        "CLAUDE_CONFIG_DIR",
        "CLAUDE_PID",
        "CLAUDE_CODE_TMPDIR",
        "CLAUDE_CODE_CHILD_NOTES_DIR",
    ),
    *("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"),
)
_OURS = "MCP_SMALLTOOLS_"


def main(arguments: list[str], started_by: int = 0) -> int:
    """Answer one event from standard input on standard output."""
    try:
        payload = sys.stdin.buffer.read(MOST_BYTES + 1)
        answer = _ask(arguments, payload, started_by)
        if len(payload) > MOST_BYTES and _guards(arguments):
            payload += sys.stdin.buffer.read(MOST_WITHHELD)
        answer = answer.removesuffix(END) if answer.endswith(END) else _unanswered(arguments, payload)
        if answer:
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()
    except Exception:
        return 0
    return 0


def socket_path(environ: dict[str, str]) -> tuple[str, str]:
    """The folder and the name of the daemon's socket: each installation has a daemon of its own."""
    import os

    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - pathlib is slow to import
    run = environ.get("XDG_RUNTIME_DIR") if sys.platform == "linux" else None
    state = environ.get("XDG_STATE_HOME") or f"{home}/.local/state"
    folder = environ.get(f"{_OURS}RUNTIME_DIR") or (
        f"{run}/mcp-smalltools" if run else f"{state}/mcp-smalltools/run"
    )
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - as above
    return folder, f"hooks-{_short_hash(f'{package} {sys.prefix}'.encode())}.sock"


def _ask(arguments: list[str], payload: bytes, started_by: int) -> bytes:
    import os
    import time

    if len(payload) > MOST_BYTES or not arguments:
        return b""
    environ = dict(os.environ)
    limit = float(environ.get(f"{_OURS}HOOK_S") or LIMIT_S)
    ends = time.monotonic() + (max(limit, GUARD_LIMIT_S) if _guards(arguments) else limit)
    folder, name = socket_path(environ)
    request = _request(arguments, payload, environ, started_by or os.getppid())
    connection = _connected(folder, name)
    if connection is None:
        has_failed = _start(folder, name)
        while connection is None and time.monotonic() < ends and not has_failed():
            time.sleep(0.01)
            connection = _connected(folder, name)
    return _exchange(connection, request, ends) if connection is not None else b""


def _guards(arguments: list[str]) -> bool:
    """Whether `guard` is among the parts that are to answer."""
    if "--parts" not in arguments:
        return True
    return any("guard" in word.split(",") for word in arguments[arguments.index("--parts") + 1 :])


def _unanswered(arguments: list[str], payload: bytes) -> bytes:
    """Nothing but, where `guard` should have looked at a result, one that shows nothing."""
    if not _guards(arguments):
        return b""
    _find_package()
    from mcp_smalltools.hooks.guard.withheld import withheld

    named = arguments[arguments.index("--client") + 1 :] if "--client" in arguments else []
    return withheld(payload, named[0] if named else "")


def _find_package() -> None:
    import os

    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    if root not in sys.path:
        sys.path.insert(0, root)


def _request(arguments: list[str], payload: bytes, environ: dict[str, str], parent: int) -> bytes:
    """Three blocks of NUL-separated texts, the last one the payload, which has no NUL: it is JSON."""
    passed = [
        f"{key}={value}" for key, value in environ.items() if key in _PASSED_ON or key.startswith(_OURS)
    ]
    head = "\0".join([*arguments, "", f"PARENT={parent}", *passed, ""])
    return head.encode("utf-8", "surrogateescape") + b"\0" + payload


def _connected(folder: str, name: str) -> socket | None:
    """A connection to the daemon, or None. A socket's path may have 100 bytes: it is named from inside."""
    import _socket
    import os

    if not hasattr(_socket, "AF_UNIX"):
        return None
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        place = os.stat(folder)  # noqa: PTH116 - pathlib is slow to import
        if place.st_uid != os.geteuid() or place.st_mode & 0o022:
            return None
        os.chdir(folder)
        connection.settimeout(LIMIT_S)
        connection.connect(name)
    except OSError:
        connection.close()
        return None
    return connection


def _exchange(connection: socket, request: bytes, ends: float) -> bytes:
    import _socket
    import time

    parts = []
    try:
        connection.settimeout(max(0.05, ends - time.monotonic()))
        view = memoryview(request)
        while view:
            view = view[connection.send(view) :]
        connection.shutdown(_socket.SHUT_WR)
        while part := connection.recv(1 << 16):
            parts.append(part)
            connection.settimeout(max(0.05, ends - time.monotonic()))
    except OSError:  # too late, or the daemon is gone
        return b""
    finally:
        connection.close()
    return b"".join(parts)


def _start(folder: str, name: str) -> Callable[[], bool]:
    """Start the daemon. Gives what tells whether it has ended instead of listening."""
    _find_package()
    from mcp_smalltools import processes

    command = processes.module_command("mcp_smalltools.hooks.hook_daemon", folder, name)
    daemon = processes.start(command, **processes.apart())
    return lambda: daemon.poll() not in (None, ANOTHER_IS_THERE)


def _short_hash(data: bytes) -> str:
    """FNV-1a, 64 bits: `hashlib` is slow to import."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
