"""Bad input of every kind, to every tool that takes a path: one clear sentence, and what to do about it."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from peak import PEAK_KB

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotAllowed, NotFound, SmallToolsError, Unreadable, UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.built_in import built_in_tools

if TYPE_CHECKING:
    from mcp_smalltools.engine.client.client import EngineClient

pytestmark = pytest.mark.anyio

TOOLS: dict[str, Callable[[str], dict[str, Any]]] = {
    "parse_log": lambda path: {"path": path},
    "find_failure": lambda path: {"path": path},
    "summarize_file": lambda path: {"path": path},
    "classify": lambda path: {"paths": [path], "labels": ["bug", "question"]},
    "read_redacted": lambda path: {"path": path, "start": 1, "end": 5},
    "extract": lambda path: {
        "path": path,
        "schema": {"type": "object", "properties": {"a": {"type": "string"}}},
    },
    "ask_file": lambda path: {"paths": [path], "question": "Which port does it listen on?"},
}
TAKES_A_FOLDER = {"find_files"}
"""What is asked with a folder, or with none; a file is a folder of one. It opens what it finds."""
SECRET = "the text of a file outside"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    for outside in (tmp_path / "outside", tmp_path / "root-sibling"):
        outside.mkdir()
        (outside / "file.txt").write_text(SECRET, encoding="utf-8")
    return folder


@pytest.fixture
def service(settings: Settings, engine: EngineClient, root: Path) -> Service:
    roots = (RootSpec(path=root, level=PrivacyLevel.OPEN),)
    return Service(settings.model_copy(update={"roots": roots}), engine)


def test_every_tool_that_takes_a_path_is_asked() -> None:
    """A new tool has to be added to TOOLS."""
    takes_path = {
        name
        for name, tool in built_in_tools().items()
        if {"path", "paths"} & set(tool.Arguments.model_fields)
    }
    assert takes_path <= set(TOOLS) | TAKES_A_FOLDER


async def refusal(service: Service, tool: str, path: str) -> SmallToolsError:
    """The error of a call, which is one sentence with a remedy, and says nothing of the file's text."""
    with pytest.raises(SmallToolsError) as caught:
        await service.call(ToolRequest(tool, TOOLS[tool](path)))
    error = caught.value
    assert error.remedy
    assert "\n" not in str(error)
    assert SECRET not in str(error)
    return error


def folder_in(root: Path) -> str:
    (root / "folder").mkdir()
    return "folder"


def link_out_of(root: Path) -> str:
    (root / "link.txt").symlink_to("../outside/file.txt")
    return "link.txt"


def link_to_a_folder_outside(root: Path) -> str:
    (root / "way").symlink_to("../outside")
    return "way/file.txt"


def fifo_in(root: Path) -> str:
    os.mkfifo(root / "fifo")
    return "fifo"


def binary_in(root: Path) -> str:
    (root / "a.bin").write_bytes(bytes(range(256)) * 64)
    return "a.bin"


def half_of_a_gzip(root: Path) -> str:
    packed = gzip.compress("".join(f"line {i * 7919}\n" for i in range(4000)).encode())
    (root / "a.log.gz").write_bytes(packed[: len(packed) // 50])
    return "a.log.gz"


def half_of_a_bzip2(root: Path) -> str:
    packed = bz2.compress("".join(f"line {i * 7919}\n" for i in range(4000)).encode())
    (root / "a.log.bz2").write_bytes(packed[: len(packed) // 2])
    return "a.log.bz2"


BAD = {
    "a missing file": (lambda root: "missing.log", NotFound, "no file missing.log"),
    "a folder": (folder_in, Unreadable, "is a folder"),
    "dots": (lambda root: "../outside/file.txt", NotAllowed, "outside the folders"),
    "an absolute path": (lambda root: str(root.parent / "outside/file.txt"), NotAllowed, "outside the"),
    "a sibling": (lambda root: "../root-sibling/file.txt", NotAllowed, "outside the folders"),
    "an absolute sibling": (lambda root: f"{root}-sibling/file.txt", NotAllowed, "outside the folders"),
    "a link": (link_out_of, NotAllowed, "outside the folders"),
    "a linked folder": (link_to_a_folder_outside, NotAllowed, "outside the folders"),
    "a FIFO": (fifo_in, NotAllowed, "is a FIFO"),
    "a device": (lambda root: "/dev/zero", NotAllowed, "outside the folders"),
    "a binary file": (binary_in, Unreadable, "binary"),
    "half of a .gz": (half_of_a_gzip, Unreadable, "damaged"),
    "half of a .bz2": (half_of_a_bzip2, Unreadable, "damaged"),
    "no path": (lambda root: "", SmallToolsError, "path"),
    "a NUL": (lambda root: "a\0b", SmallToolsError, "NUL"),
    "a path that is too long": (lambda root: "a" * 5000, SmallToolsError, "too long"),
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("what", BAD)
async def test_a_path_that_can_not_be_read_is_refused_in_one_sentence(
    service: Service, root: Path, tool: str, what: str
) -> None:
    if (tool, what) == ("summarize_file", "a folder"):
        return  # it maps it: test_summarize_file.py
    make, kind, says = BAD[what]
    error = await refusal(service, tool, make(root))
    assert isinstance(error, kind)
    assert says in str(error)


NO_FOLDER = [what for what in BAD if BAD[what][1] in (NotFound, NotAllowed) and what != "a FIFO"]


@pytest.mark.parametrize("what", [*NO_FOLDER, "a NUL", "a path that is too long"])
async def test_a_folder_that_can_not_be_searched_is_refused_in_one_sentence(
    service: Service, root: Path, what: str
) -> None:
    make, kind, says = BAD[what]
    with pytest.raises(kind, match=says) as caught:
        await service.call(ToolRequest("find_files", {"query": "text", "path": make(root)}))
    assert caught.value.remedy
    assert SECRET not in str(caught.value)


def test_a_file_without_permission_is_refused_in_one_sentence() -> None:
    """In a process that has given up root's rights, for root may read everything."""
    command = """
import os, sys
from mcp_smalltools.config import RootSpec
from mcp_smalltools.errors import Unreadable
from mcp_smalltools.files.roots import Roots
os.chmod(".", 0o755)
if os.getuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    Roots([RootSpec(path=os.getcwd())]).open("a.log")
except Unreadable as error:
    print(error)
"""
    with tempfile.TemporaryDirectory() as root:
        (Path(root) / "a.log").write_text("a line\n", encoding="utf-8")
        (Path(root) / "a.log").chmod(0)
        told = subprocess.run(
            [sys.executable, "-c", command], cwd=root, capture_output=True, text=True, check=False
        )
    assert told.stdout == "a.log can't be read: permission denied. Change its permissions.\n", told.stderr


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("content", [b"", b"good line\n\xff\xfe bad \x80\x81\nhalf \xc3( of it\n"])
async def test_an_empty_file_and_broken_utf8_are_answered(
    service: Service, root: Path, tool: str, content: bytes
) -> None:
    (root / "a.log").write_bytes(content)
    answer = (await service.call(ToolRequest(tool, TOOLS[tool]("a.log")))).structured()
    assert answer["source"][0]["bytes"] == len(content)
    assert answer["source"][0].get("lines") in (None, content.count(b"\n"))
    if not content and tool not in ("parse_log", "read_redacted"):
        assert answer["escalate"]


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_a_line_of_a_gigabyte_is_answered_in_bounded_memory(
    root: Path, tool: str, base_settings: Settings
) -> None:
    """Measured in a process of its own, by the system."""
    block = b"words and more " * (1 << 16)
    with (root / "a.log").open("wb") as out:
        for _ in range((1 << 30) // len(block) + 1):
            out.write(block)
    command = f"""{PEAK_KB}
import json, sys
from mcp_smalltools.cli import main
code = main(["call", {tool!r}, {json.dumps(TOOLS[tool]("a.log"))!r}, "--root", {str(root)!r}])
print(code, peak_kb(), file=sys.stderr)
"""
    environ = {
        **os.environ,
        "MCP_SMALLTOOLS_RUNTIME_DIR": str(base_settings.runtime_dir),
        "MCP_SMALLTOOLS_STATE_DIR": str(base_settings.state_dir),
    }
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=False, env=environ, timeout=240
    )
    code, peak_kb = map(int, done.stderr.splitlines()[-1].split())
    (root / "a.log").unlink()
    assert code == 0, done.stderr
    assert peak_kb < 400 << 10


async def test_no_labels_at_all_is_an_error_that_says_so(service: Service) -> None:
    for arguments in ({"items": ["x"]}, {"items": ["x"], "labels": []}, {"items": ["x"], "labels": ["bug"]}):
        with pytest.raises(UsageError, match="label") as caught:
            await service.call(ToolRequest("classify", arguments))
        assert caught.value.remedy
