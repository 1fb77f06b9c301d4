"""The process that answers hooks: `python -m mcp_smalltools.hooks.hook_daemon FOLDER SOCKET`.

One for each user and installation, started by the first hook. It holds what a fresh process would be too slow
to load, and the outputs of commands that are running. It leaves when no session is left; when it dies, hooks
are answered with nothing until the next one starts another.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Final, TextIO

from mcp_smalltools.engine.endpoint import FileLock
from mcp_smalltools.hooks.agent_session import HookCall, read_call
from mcp_smalltools.hooks.event import read_event
from mcp_smalltools.hooks.hook_client import ANOTHER_IS_THERE, END, MOST_BYTES
from mcp_smalltools.hooks.hook_parts import HookHost, Occasion, answer_and_watch, note_failure
from mcp_smalltools.hooks.other_clients import CLIENT_FORMS
from mcp_smalltools.private_files import check_own_folder, make_private_folder

IDLE_S: Final = 60.0
"""Seconds without an event or a session after which it leaves."""
_REQUEST_S: Final = 10.0
"""Seconds that a hook may take to say what it wants."""
_LOOK_S: Final = 5.0
CANNOT_LISTEN: Final = 1
"""Exit code where the folder is not one of this user's own, or nothing can be made in it."""


class HookDaemon:
    """Listens in a folder, and answers each hook in a thread of its own."""

    def __init__(self, folder: Path, name: str, host: HookHost | None = None) -> None:
        self._folder, self._name = folder, name
        self._host = host or HookHost()
        self._clients: dict[str, int] = {}
        """The process of each session's client."""
        self._heard = time.monotonic()

    def serve(self) -> None:
        """Answer until it is idle. Raises OSError where it can't listen."""
        os.chdir(self._folder)  # the path of a socket may have 100 bytes: it is named from inside
        Path(self._name).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listening:
            mask = os.umask(0o177)
            try:
                listening.bind(self._name)
            finally:
                os.umask(mask)
            listening.listen(64)
            listening.settimeout(_LOOK_S)
            while not self._is_idle():
                self._host.tools.rest()
                with contextlib.suppress(TimeoutError):
                    connection = listening.accept()[0]
                    threading.Thread(target=self._answer, args=(connection,), daemon=True).start()
            Path(self._name).unlink(missing_ok=True)
        self._host.tools.close()
        self._host.journal.close()

    def _is_idle(self) -> bool:
        for session, pid in list(self._clients.items()):
            if not _is_alive(pid):
                del self._clients[session]
                self._host.keeper.leave(session)
        return not self._clients and time.monotonic() - self._heard > IDLE_S

    def _answer(self, connection: socket.socket) -> None:
        self._heard = time.monotonic()
        with connection:
            try:
                connection.settimeout(_REQUEST_S)
                reply = self.reply(_received(connection))
                connection.sendall(reply + END)
            except OSError:
                return  # whoever asked is gone
            except Exception as error:
                note_failure(error)

    def reply(self, request: bytes) -> bytes:
        """What is said to a request of `hook_client`; nothing where it isn't understood.

        Raises ValueError for a result that `guard` should look at and can't read.
        """
        head, _, rest = request.partition(b"\0\0PARENT=")
        told, _, payload = (b"PARENT=" + rest).partition(b"\0\0")  # whatever is in the payload
        environ = dict(os.fsdecode(item).partition("=")[::2] for item in told.split(b"\0"))
        call = read_call([os.fsdecode(item) for item in head.split(b"\0")], environ)
        if call is None or (call.client and call.client not in CLIENT_FORMS):
            return b""
        form = CLIENT_FORMS.get(call.client)
        event = (form.event if form else read_event)(call.event, payload)
        if event is None:
            name = form.events.get(call.event) if form else call.event
            if name == "PostToolUse" and call.asks_for("guard"):
                raise ValueError("a result that can't be read")
            return b""
        self._note(event.name, event.session, call)
        occasion = Occasion(event, call, call.settings(event.cwd), self._host)
        reply = answer_and_watch(occasion)
        return form.answer(reply, event.name) if form else reply.as_json(event.name)

    def _note(self, event: str, session: str, call: HookCall) -> None:
        if event == "SessionEnd":
            self._clients.pop(session, None)
        elif session and call.client_pid and _is_alive(call.client_pid):
            self._clients[session] = call.client_pid


def _received(connection: socket.socket) -> bytes:
    parts = bytearray()
    while len(parts) <= 2 * MOST_BYTES and (part := connection.recv(1 << 16)):
        parts += part
    return bytes(parts)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def main() -> int:
    folder, name = Path(sys.argv[1]), sys.argv[2]
    try:
        make_private_folder(folder)
        check_own_folder(folder)  # hooks connect in no other
        lock = FileLock(folder / f"{name}.lock")
        if not lock.acquire():
            return ANOTHER_IS_THERE
    except OSError:
        return CANNOT_LISTEN
    with contextlib.suppress(OSError):  # on a full disk it answers all the same
        lock.write(str(os.getpid()))
    sys.setswitchinterval(0.0005)  # an output that is there for milliseconds is held at once
    sys.stderr = _log_in(folder)
    code = 0
    try:
        HookDaemon(folder, name).serve()
    except OSError as error:
        note_failure(error)
        code = CANNOT_LISTEN
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)  # whatever threads are left


def _log_in(folder: Path) -> TextIO:
    try:
        return (folder / "hooks.log").open("w", encoding="utf-8")
    except OSError:
        return Path(os.devnull).open("w", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
