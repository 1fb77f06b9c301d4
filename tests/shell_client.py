"""Runs commands as Claude Code does (2.1.332): the shell writes to a file that is removed at its end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command has left behind."""

    exit_code: int
    output: bytes
    folder: str
    files: Mapping[str, bytes]


class ShellClient:
    """A session with its folder of tasks. `shell` is bash or zsh."""

    def __init__(self, place: Path, session: str, shell: str = "bash") -> None:
        self.tasks = place / "claude" / "project" / session / "tasks"
        self._place = place
        self._shell = shutil.which(shell) or shell
        self._number = 0

    def run(self, command: str, folder: Path, timeout_s: float = TIMEOUT_S) -> Ended:
        """Run a command in a folder, and kill its group after the time."""
        self._number += 1
        self.tasks.mkdir(parents=True, exist_ok=True)
        output = self.tasks / f"b{self._number:08d}.output"
        cwd = self._place / "cwd"
        cwd.unlink(missing_ok=True)
        quoted = "'" + command.replace("'", "'\"'\"'") + "'"
        with output.open("xb") as written:
            process = subprocess.Popen(
                [self._shell, "-c", f"true && eval {quoted} && pwd -P >| {cwd}"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,
                env={**os.environ, "SHLVL": "1"},
            )
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            code = process.wait(TIMEOUT_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        told = output.read_bytes()
        output.unlink()
        ended_in = cwd.read_text().strip() if cwd.exists() else ""
        return Ended(code, told, ended_in.removeprefix(str(folder)), _files(folder))


def run_all(client: ShellClient, shapes: Sequence[Any], place: Path, prepare: Any) -> list[Ended]:
    """Each command in a folder of its own."""
    ended = []
    for number, shape in enumerate(shapes):
        folder = place / f"{number:04d}"
        prepare(folder)
        limit = shape.given.get("timeout", TIMEOUT_S * 1000) / 1000
        ended.append(client.run(shape.command, folder, limit))
    return ended


def comparable(ended: Ended, place: Path) -> tuple[Any, ...]:
    """Without numbers of processes, and the place of the run."""
    output = ended.output.replace(str(place).encode(), b"")
    if len(output) < 100_000:
        output = re.sub(rb"line \d+: +\d+ |\[\d\]? ?\d+|\b\d{3,}\b", b"", output)
    return ended.exit_code, output, ended.folder, ended.files


def _files(folder: Path) -> dict[str, bytes]:
    time.sleep(0)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
