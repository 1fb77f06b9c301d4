"""The timers that systems have: a user's units of systemd, launchd, cron. What each needs written and run.

Nothing here needs rights beyond the user's own, and nothing runs while the machine sleeps: systemd and
launchd make up for a missed night when it wakes.
"""

from __future__ import annotations

import os
import plistlib
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mcp_smalltools import processes
from mcp_smalltools.errors import UsageError

NAME: Final = "mcp-smalltools-improve"
LABEL: Final = "io.github.mcp-smalltools.improve"
MARK: Final = "# mcp-smalltools improve"
"""At the end of our line of a crontab."""
_SECONDS: Final = 20.0
_NICE: Final = 19


@dataclass(frozen=True, slots=True)
class NightlyRun:
    """What is to run, at which hour and minute, with which variables of the environment."""

    command: Sequence[str]
    hour: int
    minute: int
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def at(self) -> str:
        return f"{self.hour:02}:{self.minute:02}"


@dataclass(frozen=True, slots=True)
class Timer:
    """`files` are written, then the commands of `start` run; `stop` before they are deleted, `after` when
    they are gone.
    """

    kind: str
    files: Mapping[Path, str]
    start: Sequence[Sequence[str]]
    stop: Sequence[Sequence[str]]
    after: Sequence[Sequence[str]] = ()


def systemd_timer(run: NightlyRun, home: Path) -> Timer:
    """Two units of the user."""
    folder = _config_home(home) / "systemd" / "user"
    words = " ".join(_unit_word(word) for word in run.command)
    variables = "".join(f"Environment={_unit_word(f'{k}={v}')}\n" for k, v in sorted(run.variables.items()))
    service = (
        "[Unit]\nDescription=Learn from what was reported about answers (mcp-smalltools improve)\n\n"
        f"[Service]\nType=oneshot\n{variables}ExecStart={words}\nNice={_NICE}\nIOSchedulingClass=idle\n"
    )
    timer = (
        f"[Unit]\nDescription=Every night: {NAME}\n\n[Timer]\nOnCalendar=*-*-* {run.at}:00\n"
        "Persistent=true\nRandomizedDelaySec=10m\n\n[Install]\nWantedBy=timers.target\n"
    )
    reload = ("systemctl", "--user", "daemon-reload")
    return Timer(
        "systemd",
        {folder / f"{NAME}.service": service, folder / f"{NAME}.timer": timer},
        (reload, ("systemctl", "--user", "enable", "--now", f"{NAME}.timer")),
        (("systemctl", "--user", "disable", "--now", f"{NAME}.timer"),),
        (reload,),
    )


def launchd_timer(run: NightlyRun, home: Path) -> Timer:
    """An agent of the user."""
    path = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    content = {
        "Label": LABEL,
        "ProgramArguments": list(run.command),
        "EnvironmentVariables": dict(run.variables),
        "StartCalendarInterval": {"Hour": run.hour, "Minute": run.minute},
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "Nice": _NICE,
    }
    domain = f"gui/{os.getuid() if hasattr(os, 'getuid') else 0}"
    return Timer(
        "launchd",
        {path: plistlib.dumps(content).decode()},
        (("launchctl", "bootstrap", domain, str(path)),),
        (("launchctl", "bootout", f"{domain}/{LABEL}"),),
    )


def cron_line(run: NightlyRun) -> str:
    """Our line of a crontab. `%` ends a command there unless it is escaped."""
    variables = [f"{name}={value}" for name, value in sorted(run.variables.items())]
    words = (
        ["env", *variables, "nice", "-n", str(_NICE), *run.command]
        if variables
        else [
            *("nice", "-n", str(_NICE)),
            *run.command,
        ]
    )
    return f"{run.minute} {run.hour} * * * {shlex.join(words)}".replace("%", r"\%") + f" {MARK}"


def with_line(crontab: str, line: str) -> str:
    """A crontab with our line in place of an earlier one."""
    kept = without_line(crontab)
    return f"{kept}{'' if not kept or kept.endswith(chr(10)) else chr(10)}{line}\n"


def without_line(crontab: str) -> str:
    """A crontab without our line, and else as it was."""
    return "".join(line for line in crontab.splitlines(keepends=True) if not line.rstrip().endswith(MARK))


def system_timer() -> str:
    """systemd, launchd or cron. Raises UsageError where there is none."""
    if sys.platform == "darwin":
        return "launchd"
    if _answers("systemctl", "--user", "show-environment"):
        return "systemd"
    if sys.platform != "win32" and shutil.which("crontab"):
        return "cron"
    raise UsageError(
        "This system has no timer that is known here: neither systemd for users, launchd nor cron.",
        remedy="Have its scheduler run: mcp-smalltools improve --quiet",
    )


def _answers(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    try:
        return (
            processes.run(command, env=processes.clean_environment(_bus()), timeout_s=_SECONDS).returncode
            == 0
        )
    except (OSError, processes.SubprocessError):
        return False


def run_command(command: Sequence[str], text: bytes | None = None) -> tuple[int, str]:
    """The exit status of a command of the system, and what it printed, with `text` as its input."""
    process = processes.start(
        command,
        stdin=processes.PIPE,
        stdout=processes.PIPE,
        stderr=processes.STDOUT,
        env=processes.clean_environment(_bus()),
    )
    try:
        said, _ = process.communicate(text or b"", timeout=_SECONDS)
    except processes.SubprocessError:
        process.kill()
        process.wait()
        return 1, "it took too long"
    return process.returncode, said.decode("utf-8", "replace")


def _bus() -> dict[str, str]:
    """How the user's systemd is reached."""
    return {name: os.environ[name] for name in ("DBUS_SESSION_BUS_ADDRESS",) if name in os.environ}


def _config_home(home: Path) -> Path:
    given = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(given) if given.startswith("/") else home / ".config"


def _unit_word(word: str) -> str:
    """A word as systemd reads it in a unit: quoted, its own signs doubled."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
