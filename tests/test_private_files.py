"""What we keep can be entered and read by the user alone, whoever starts first and whatever the umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from probe_server import environment

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import CheckState
from mcp_smalltools.doctor.installation import check_folders
from mcp_smalltools.engine.client.launch import _open_log
from mcp_smalltools.engine.endpoint import Endpoint
from mcp_smalltools.private_files import make_private_file, make_private_folder
from mcp_smalltools.server.http.auth import bearer_token
from mcp_smalltools.server.http.token_store import TokenStore
from mcp_smalltools.stores.ledger import open_ledger

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")


@pytest.fixture(params=[0, 0o022, 0o777], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def wrong_modes(folder: Path) -> list[str]:
    paths = [folder, *folder.rglob("*")]
    found = [(path, mode(path)) for path in paths if not path.is_symlink()]
    return [f"{path} {bits:o}" for path, bits in found if bits & 0o077 or not bits & 0o400]


STARTS: dict[str, Callable[[Settings], object]] = {
    "the engine": lambda settings: Endpoint(settings.state_dir / "run").prepare(),
    "the engine's log": lambda settings: _open_log(settings.state_dir / "engine.log").close(),
    "a call": lambda settings: open_ledger(settings).close(),
    "a listening server": lambda settings: TokenStore(settings).close(),
    "doctor": lambda settings: list(check_folders(settings)),
}


@pytest.mark.usefixtures("_umask")
@pytest.mark.parametrize("first", STARTS)
def test_whoever_starts_first_makes_a_private_state_folder(tmp_path: Path, first: str) -> None:
    state = tmp_path / "home" / ".local" / "state" / "ours"
    settings = Settings(state_dir=state, runtime_dir=state / "run", output_dir=state / "exports")
    STARTS[first](settings)
    assert mode(state) == 0o700
    assert wrong_modes(state) == []


def test_the_token_is_private_under_an_open_umask(settings: Settings) -> None:
    before = os.umask(0)
    try:
        bearer_token(settings)
    finally:
        os.umask(before)
    assert wrong_modes(settings.state_dir) == []


@pytest.mark.usefixtures("_umask")
def test_folders_that_are_missing_above_are_private_too(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "b" / "c")
    make_private_folder(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_folder_that_is_there_keeps_its_mode_and_a_file_loses_what_others_may(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "shared").chmod(0o755)
    make_private_folder(tmp_path / "shared" / "ours")
    assert (mode(tmp_path / "shared"), mode(tmp_path / "shared" / "ours")) == (0o755, 0o700)
    (tmp_path / "file").write_text("x")
    (tmp_path / "file").chmod(0o664)
    make_private_file(tmp_path / "file")
    assert mode(tmp_path / "file") == 0o600 and (tmp_path / "file").read_text() == "x"


def test_a_link_that_leads_nowhere_is_an_error_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OSError):
        make_private_folder(tmp_path / "link")
    with pytest.raises(OSError):
        make_private_file(tmp_path / "link")
    assert not (tmp_path / "nowhere").exists()


def test_the_doctor_says_when_others_can_enter_the_state_folder(settings: Settings) -> None:
    settings.state_dir.mkdir()
    settings.state_dir.chmod(0o755)
    (state, *_) = check_folders(settings)
    assert state.state is CheckState.NOTE and f"chmod 700 {settings.state_dir}" in state.remedy


def test_a_whole_call_under_an_open_umask_leaves_private_files(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("one\n" * 9)
    command = "umask 0; exec {} -m mcp_smalltools.cli call parse_log {}"
    arguments = '\'{"path": "a.log", "export_path": "x.jsonl", "since": "last"}\' --root .'
    env = environment(tmp_path)
    done = subprocess.run(
        ["sh", "-c", command.format(sys.executable, arguments)],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert wrong_modes(Path(env["MCP_SMALLTOOLS_STATE_DIR"])) == []
