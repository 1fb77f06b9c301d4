"""The systemd unit and the launchd file in examples/ start what they say."""

from __future__ import annotations

import plistlib
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from mcp_smalltools.cli import command_parser
from mcp_smalltools.commands import serve
from mcp_smalltools.config import ENV_PREFIX, Settings

FOLDER = Path(__file__).parents[1] / "examples" / "service"
UNIT = FOLDER / "mcp-smalltools.service"
PLIST = FOLDER / "com.mcp-smalltools.server.plist"


def values_of(name: str) -> list[str]:
    """A unit's values under a name, in order."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]


def checked(command: list[str]) -> None:
    """The command line is one that `serve` takes, on loopback."""
    at = command.index("serve")
    assert Path(command[at - 1]).name == "mcp-smalltools"
    args = command_parser("serve", serve).parse_args(command[at + 1 :])
    assert (args.transport, args.host) == ("http", "127.0.0.1")
    assert all(root.rpartition(":")[2] == "redacted" for root in args.root)


def test_the_unit_starts_a_listening_server_with_settings_that_there_are() -> None:
    (command,) = values_of("ExecStart")
    checked(shlex.split(command))
    for setting in values_of("Environment"):
        assert setting.partition("=")[0].removeprefix(ENV_PREFIX).lower() in Settings.model_fields


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd")
def test_systemd_finds_nothing_wrong_with_the_unit_and_calls_it_confined(tmp_path: Path) -> None:
    unit = shutil.copy(UNIT, tmp_path)
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False, timeout=60
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "unrecognized option" in rated.stderr:
        pytest.skip("this systemd rates no files")
    assert rated.returncode == 0, rated.stdout


def test_the_launchd_file_starts_a_listening_server_and_again_after_a_failure() -> None:
    found = plistlib.loads(PLIST.read_bytes())
    checked(found["ProgramArguments"])
    assert found["Label"] == PLIST.stem
    assert found["KeepAlive"] == {"SuccessfulExit": False} and found["RunAtLoad"] is True
    assert found["Umask"] == 0o77
