"""Installs the timer, and takes it out exactly as it was put in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.errors import ConfigError, NotFound
from mcp_smalltools.learning.nightly.timers import (
    NightlyRun,
    Timer,
    cron_line,
    launchd_timer,
    run_command,
    system_timer,
    systemd_timer,
    with_line,
    without_line,
)
from mcp_smalltools.private_files import make_private_file, make_private_folder

RECORD: Final = "nightly.json"
"""In the state folder: what was installed, so that just that is taken out."""


@dataclass(frozen=True, slots=True)
class NightlyTimer:
    """The timer of this system for a run every night."""

    kind: str
    run: NightlyRun
    timer: Timer | None
    """None for cron, which has one table for all."""
    state_dir: Path

    @classmethod
    def of(cls, run: NightlyRun, state_dir: Path, home: Path) -> NightlyTimer:
        """Raises UsageError where the system has none."""
        kind = system_timer()
        made = {"systemd": systemd_timer, "launchd": launchd_timer}.get(kind)
        return cls(kind, run, made(run, home) if made else None, state_dir.expanduser())

    def shown(self) -> Iterator[str]:
        """What `install` writes and runs, line by line."""
        if self.timer is None:
            yield "a line of your crontab:"
            yield f"  {cron_line(self.run)}"
            return
        for path, content in self.timer.files.items():
            yield f"{path}:"
            yield from (f"  {line}" for line in content.splitlines())
        for command in self.timer.start:
            yield f"$ {' '.join(command)}"

    def install(self) -> None:
        """Write and start it, in place of an earlier one. Raises ConfigError, with nothing left behind."""
        if (self.state_dir / RECORD).exists():
            uninstall_timer(self.state_dir)
        if self.timer is None:
            _write_crontab(with_line(_crontab(), cron_line(self.run)))
            self._record([], [])
            return
        try:
            for path, content in self.timer.files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
        except OSError as error:
            self._take_back()
            raise ConfigError(
                f"{error.filename} can't be written: {error.strerror}.",
                remedy="Make it writable, and try again.",
            ) from None
        for command in self.timer.start:
            status, said = run_command(command)
            if status:
                self._take_back()
                raise ConfigError(
                    f"`{' '.join(command)}` failed: {said.strip() or status}.",
                    remedy="Nothing was left behind. Start it by hand, or by cron.",
                )
        self._record([str(path) for path in self.timer.files], [*self.timer.stop])

    def _take_back(self) -> None:
        if self.timer is not None:
            for path in self.timer.files:
                path.unlink(missing_ok=True)
            for command in self.timer.after:
                run_command(command)

    def _record(self, files: Sequence[str], stop: Sequence[Sequence[str]]) -> None:
        after = [list(command) for command in self.timer.after] if self.timer else []
        content = {
            "kind": self.kind,
            "files": files,
            "stop": [list(c) for c in stop],
            "after": after,
            "at": self.run.at,
        }
        make_private_folder(self.state_dir)
        make_private_file(self.state_dir / RECORD)
        (self.state_dir / RECORD).write_text(json.dumps(content, indent=1), encoding="utf-8")


def installed_timer(state_dir: Path) -> dict[str, Any] | None:
    """What is installed; None if nothing is."""
    try:
        found: dict[str, Any] = json.loads((state_dir.expanduser() / RECORD).read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError):
        return None


def uninstall_timer(state_dir: Path) -> str:
    """Take out what was installed; the kind of the timer. Raises NotFound where nothing was."""
    found = installed_timer(state_dir)
    if found is None:
        raise NotFound("`improve` does not run every night; there is nothing to take out.")
    if found["kind"] == "cron":
        _write_crontab(without_line(_crontab()))
    for command in found["stop"]:
        run_command(command)  # one that is stopped already says so; its files go all the same
    for name in found["files"]:
        Path(name).unlink(missing_ok=True)
    for command in found["after"]:
        run_command(command)
    (state_dir.expanduser() / RECORD).unlink(missing_ok=True)
    return str(found["kind"])


def _crontab() -> str:
    """The user's table; "" where there is none. Raises ConfigError where it can't be read."""
    status, said = run_command(("crontab", "-l"))
    if status and "no crontab" not in said:
        raise ConfigError(f"The crontab can't be read: {said.strip() or status}.", remedy="See `crontab -l`.")
    return "" if status else said


def _write_crontab(text: str) -> None:
    command = ("crontab", "-") if text.strip() else ("crontab", "-r")
    status, said = run_command(command, text.encode())
    if status and text.strip():
        raise ConfigError(
            f"The crontab can't be written: {said.strip() or status}.", remedy="See `crontab -e`."
        )
