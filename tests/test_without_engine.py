"""A server of wheels alone: what each tool says where nothing is installed that the engine needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from mcp_smalltools.cli import main
from mcp_smalltools.commands import demo
from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.engine.environment import background
from mcp_smalltools.engine.environment.install_state import installing
from mcp_smalltools.errors import EngineMissing, ModelError, Unreadable
from mcp_smalltools.files import zstd
from mcp_smalltools.stores.packed import pack, unpack
from mcp_smalltools.tools.similarity import NoEncoder

EXAMPLES = Path(__file__).parents[1] / "examples" / "data"
NOT_INSTALLED = ("llama_cpp", "xllamacpp", "llguidance", "gguf", "pip", "zstandard")
COMMAND = "mcp-smalltools engine install"
REPORT = (
    "Incident: INC-1042\nSeverity: high\n\nThe outage lasted 48 minutes, and 1,310 users were affected.\n"
)
FIELDS = {
    "type": "object",
    "properties": {
        "severity": {"type": "string"},
        "affected_users": {"type": "integer", "description": "number of users affected"},
    },
}


@pytest.fixture
def lean(tmp_path: Path) -> dict[str, str]:
    """An environment in which Python finds none of these packages."""
    hiding = tmp_path / "hiding"
    hiding.mkdir()
    (hiding / "sitecustomize.py").write_text(
        f"import sys\nsys.modules.update(dict.fromkeys({NOT_INSTALLED!r}))\n"
    )
    folders = (str(hiding), str(Path(__file__).parents[1]))
    own = {name: str(tmp_path / name.lower()) for name in ("STATE_DIR", "RUNTIME_DIR", "ENGINE_DIR")}
    settings = {**own, "ENGINE_INSTALL": "never", "CACHE": "0"}
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("MCP_SMALLTOOLS_")},
        **{f"MCP_SMALLTOOLS_{name}": value for name, value in settings.items()},
        "MCP_SMALLTOOLS_CONFIG": os.devnull,
        "PYTHONPATH": os.pathsep.join(folders),
    }


def run(
    lean: Mapping[str, str], *arguments: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mcp_smalltools.cli", *arguments]
    return subprocess.run(
        command, env=dict(lean), cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.anyio
async def test_tools_that_need_no_model_answer_and_the_others_name_the_command(
    lean: dict[str, str], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "report.txt").write_text(REPORT)
    roots = ["--root", f"{EXAMPLES}:open", "--root", f"{own}:open"]
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "mcp_smalltools.cli", "serve", *roots], env=lean
    )
    calls: dict[str, dict[str, Any]] = {
        "find_failure": {"path": "build.log"},
        "parse_log": {"path": "service.log", "focus": "orders that were lost"},
        "read_redacted": {"path": "build.log", "start": 1, "end": 3},
        "summarize_file": {"path": "README.md"},
        "find_files": {"query": "messages to a support desk", "path": str(EXAMPLES)},
        "ask_file": {"paths": ["service.log"], "question": "How many workers does it start with?"},
        "extract": {"path": "report.txt", "schema": FIELDS},
    }
    async with Client(server) as client:
        got = {}
        for tool, arguments in calls.items():
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, (tool, result.content)
            got[tool] = result.structured_content or {}
        items = {"items": ["the page is blank"], "labels": ["bug", "billing"]}
        refused = await client.call_tool("classify", items)

    assert "undefined reference" in json.dumps(got["find_failure"]["evidence"])
    assert got["parse_log"]["templates"]
    assert len(got["read_redacted"]["lines"]) == 3
    assert got["summarize_file"]["outline"]
    assert got["find_files"]["files"]
    assert "4 workers" in got["ask_file"]["evidence"][0]["text"]
    assert got["ask_file"]["escalate"]
    assert got["extract"]["data"] == {"severity": "high"}
    assert got["extract"]["escalate"]
    assert "only names were compared" in got["extract"]["reason"]
    for tool in ("parse_log", "summarize_file", "find_files", "ask_file", "extract"):
        assert COMMAND in got[tool]["note"], tool
    assert not {tool for tool, answer in got.items() if answer.get("model")}
    assert refused.is_error
    assert COMMAND in getattr(refused.content[0], "text", "")


def test_a_command_that_fails_is_explained_without_an_engine(lean: dict[str, str], tmp_path: Path) -> None:
    lean["MCP_SMALLTOOLS_OUTPUTS_DIR"] = str(tmp_path / "outputs")
    done = run(lean, "run", "--", "sh", "-c", f"cat {EXAMPLES / 'build.log'}; exit 3", cwd=tmp_path)
    assert done.returncode == 3
    assert "undefined reference" in done.stderr


def test_the_demo_shows_what_code_answers_and_names_the_command_for_the_rest(lean: dict[str, str]) -> None:
    done = run(lean, "demo")
    assert done.returncode == 0
    assert "undefined reference" in done.stdout
    assert "no model was needed: 4 answers" in done.stdout
    assert COMMAND in " ".join(done.stdout.split())


def test_a_step_of_the_demo_that_fails_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client's groups of tasks wrap what is raised between them."""

    async def failing(*_: object) -> None:
        inner = ExceptionGroup(
            "tasks", [OSError("closed"), ModelError("It can't be fetched.", remedy="Wait.")]
        )
        raise ExceptionGroup("tasks", [inner])

    monkeypatch.setattr(demo, "_demo", failing)
    assert main(["demo"]) == 1
    assert capsys.readouterr().err == "mcp-smalltools demo: It can't be fetched. Wait.\n"


def test_doctor_names_the_command_and_finds_nothing_wrong_with_that(
    lean: dict[str, str], tmp_path: Path
) -> None:
    report = json.loads(run(lean, "doctor", "--json", "--root", str(tmp_path)).stdout)
    [check] = [check for check in report["checks"] if check["name"] == "llama.cpp"]
    assert (check["state"], COMMAND in check["remedy"]) == ("note", True)
    assert not [check for check in report["checks"] if check["name"] == "speed"]


def test_status_and_update_say_that_there_is_none(lean: dict[str, str]) -> None:
    status = run(lean, "engine", "status")
    assert (status.returncode, COMMAND in status.stdout) == (0, True)
    assert json.loads(run(lean, "engine", "status", "--json").stdout)["library"] is None
    update = run(lean, "engine", "update")
    assert (update.returncode, COMMAND in update.stderr) == (1, True)
    assert run(lean, "engine", "remove").returncode == 0


def test_a_packed_file_that_cannot_be_unpacked_is_an_error_with_its_remedy(
    lean: dict[str, str], tmp_path: Path
) -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("this Python reads zstd by itself")
    (tmp_path / "a.log.zst").write_bytes(zstd.MAGIC + bytes(200))
    options = ("--arg", "path=a.log.zst", "--root", f"{tmp_path}:open", "--json")
    done = run(lean, "call", "parse_log", *options)
    assert done.returncode == 1
    assert "mcp-smalltools[zstd]" in done.stderr


@pytest.fixture
def alone(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings of a user whose Python has no llama.cpp; nobody else's engine runs there."""
    monkeypatch.setattr("mcp_smalltools.engine_python.library_here", lambda: "")
    return settings.model_copy(update={"engine_dir": tmp_path / "engine", "runtime_dir": tmp_path / "run"})


@pytest.mark.anyio
async def test_the_first_need_sets_off_one_installation_and_calls_say_how_far_it_is(
    alone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(background.processes, "start", lambda command, **rest: started.append(list(command)))
    wanted = alone.model_copy(update={"engine_install": "auto"})
    engine, seen = EngineClient(wanted), []
    options = CallOptions(progress=lambda done, total, message: seen.append(message))
    with pytest.raises(EngineMissing, match="is being installed"):
        await engine.embed(["text"], options)
    assert [command[-1] for command in started] == ["mcp_smalltools.engine.environment.installing"]
    assert "is being installed" in seen[-1]
    with installing(wanted, "test") as state:
        state.step("compiling llama.cpp")
        with pytest.raises(EngineMissing, match="0 min so far"):
            await engine.embed(["text"])
    assert len(started) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("forbidden", [{"engine_install": "never"}, {"offline": True}])
async def test_nothing_is_installed_unasked_where_the_settings_forbid_it(
    alone: Settings, monkeypatch: pytest.MonkeyPatch, forbidden: Mapping[str, Any]
) -> None:
    monkeypatch.setattr(background.processes, "start", lambda *rest, **options: pytest.fail("started"))
    engine = EngineClient(alone.model_copy(update={"engine_install": "auto", **forbidden}))
    with pytest.raises(EngineMissing, match="not installed") as caught:
        await engine.embed(["text"])
    assert COMMAND in caught.value.remedy


def test_one_that_has_just_failed_is_not_tried_again_and_says_why(
    alone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background.processes, "start", lambda *rest, **options: pytest.fail("started"))
    wanted = alone.model_copy(update={"engine_install": "auto"})
    with installing(wanted, background.__version__) as state:
        state.failed("there is no C++ compiler")
    assert "there is no C++ compiler" in background.install_in_background(wanted).message


def test_the_note_of_an_answer_without_an_engine_says_what_to_do() -> None:
    note = NoEncoder(EngineMissing("The engine is away.", remedy="Do this.")).note("words decide")
    assert note == "The engine is away. Until then words decide. Do this."


def test_what_stores_keep_is_unpacked_again_and_damage_is_an_error() -> None:
    blob = pack(b"an answer" * 100)
    assert unpack(blob) == b"an answer" * 100
    for broken in (blob[:-3], b"", b"no", zstd.MAGIC + b"junk"):
        with pytest.raises(ValueError):
            unpack(broken)
    with pytest.raises(ValueError, match="larger"):
        unpack(pack(bytes(5000)), most=1000)


def test_a_row_that_an_earlier_version_packed_with_zstd_is_read_where_that_can_be() -> None:
    zstandard = pytest.importorskip("zstandard")
    assert unpack(zstandard.compress(b"old")) == b"old"


def test_without_zstd_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(Unreadable, match="zstandard"):
        zstd.zstd_decompressor()
