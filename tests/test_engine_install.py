"""The engine's own environment: what goes into it, where it comes from, and what is said when that fails."""

from __future__ import annotations

import json
import platform
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mcp_smalltools import __version__
from mcp_smalltools.config import Settings
from mcp_smalltools.engine.environment import installer, installing, libraries
from mcp_smalltools.engine.environment.install_state import install_state
from mcp_smalltools.engine.environment.installing import InstallChoice, install_engine, remove_engine
from mcp_smalltools.engine_python import (
    INSTANT,
    NATIVE,
    VERSIONS,
    EngineEnvironment,
    EnginePython,
    engine_command,
    environment_of,
    find_engine_python,
    keep_environment,
    library_here,
    pip_python,
)
from mcp_smalltools.errors import EngineError, EngineMissing
from mcp_smalltools.processes import run

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEADER = Path(libraries.__file__).with_name("amx_tiles.h")
Run = Callable[..., None]


@pytest.fixture
def own(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with an engine's folder of their own, where this Python has no llama.cpp."""
    monkeypatch.setattr("mcp_smalltools.engine_python.library_here", lambda: "")
    folder = tmp_path / "engine"
    folder.mkdir()
    return settings.model_copy(update={"engine_dir": folder, "runtime_dir": tmp_path / "run"})


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The commands of an installation, none of which runs; environments are a link to this Python's."""
    seen: list[Sequence[str]] = []

    def make(folder: Path, log: installer.Log) -> installer.Installer:
        python = installer.python_of(folder)
        python.parent.mkdir(parents=True)
        python.symlink_to(sys.executable)
        return installer.Installer(str(python), None, log)

    monkeypatch.setattr(installing, "make_environment", make)
    monkeypatch.setattr(installer, "run_logged", lambda command, *rest: seen.append(list(command)))
    monkeypatch.setattr(installing, "_try", lambda made: "CPU")
    monkeypatch.setattr(libraries, "has_compiler", lambda: True)
    return seen


def fail_where(monkeypatch: pytest.MonkeyPatch, commands: list[Sequence[str]], *words: str) -> None:
    def run_or_fail(command: Sequence[str], *rest: object) -> None:
        commands.append(list(command))
        if any(word in " ".join(command) for word in words):
            raise installer.InstallFailed("it can't be reached")

    monkeypatch.setattr(installer, "run_logged", run_or_fail)


def install(own: Settings, choice: InstallChoice = InstallChoice()) -> tuple[EngineEnvironment, list[str]]:  # noqa: B008 - frozen
    shown: list[str] = []
    return install_engine(own, choice, shown.append), shown


def test_versions_and_requirements_are_those_of_the_project() -> None:
    extras = PROJECT["optional-dependencies"]
    pinned = {*extras["engine"], *extras["dev"]}
    assert {f"{name}=={version}" for name, version in VERSIONS.items()} <= pinned
    assert set(libraries.REQUIREMENTS) <= {*PROJECT["dependencies"], *extras["engine"]}
    assert not {name for name in PROJECT["dependencies"] if name.startswith(("llama", "zstandard", "torch"))}


def test_a_wheel_that_others_built_is_taken_first(own: Settings, commands: list[Sequence[str]]) -> None:
    made, shown = install(own)
    assert (made.library, made.made_by, made.current) == (NATIVE, "wheel", True)
    assert environment_of(own) == made
    assert len(shown) == 1
    [wheel] = [command for command in commands if command[-1] == f"{NATIVE}=={VERSIONS[NATIVE]}"]
    assert {"--no-deps", "--only-binary", "--isolated", "--timeout"} <= set(wheel)


def test_without_one_it_is_compiled_and_the_old_environment_leaves(
    own: Settings, commands: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = install(own)
    fail_where(monkeypatch, commands, "--only-binary")
    made, shown = install(own)
    assert (made.library, made.made_by) == (NATIVE, "source")
    assert "compiling" in shown[-1]
    assert not Path(before.folder).exists()
    assert [path.name for path in own.engine_dir.glob("env-*")] == [Path(made.folder).name]


def test_compiling_keeps_the_users_flags_and_adds_what_mends_the_library(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXXFLAGS", "-O1")
    extra: list[dict[str, str]] = []

    def note(command: Sequence[str], log: object, added: dict[str, str] | None = None) -> None:
        extra.append(added or {})

    monkeypatch.setattr(installer, "run_logged", note)
    monkeypatch.setattr(libraries, "has_compiler", lambda: True)
    for system, flags in (("linux", ["-O1", "-include", str(HEADER)]), ("darwin", [])):
        monkeypatch.setattr(sys, "platform", system)
        libraries.compile_native(installer.Installer(sys.executable, None, lambda line: None), "cpu")
        assert extra[-1]["CMAKE_ARGS"].endswith("-DGGML_METAL=off")
        assert shlex.split(extra[-1].get("CXXFLAGS", "")) == flags


@pytest.mark.skipif(platform.machine() != "x86_64" or not shutil.which("g++"), reason="x86-64 and g++ alone")
def test_all_of_a_tile_configuration_is_stored_before_it_is_loaded(tmp_path: Path) -> None:
    """It is looked at as assembler: few machines could run it."""
    source = tmp_path / "tiles.cpp"
    source.write_text(
        "#include <immintrin.h>\n"
        "struct Tiles { unsigned char palette, start, unused[14]; unsigned short bytes[16]; "
        "unsigned char rows[16]; };\n"
        "void load() { Tiles tiles{}; tiles.palette = 1; tiles.rows[5] = 77; _tile_loadconfig(&tiles); }\n"
    )
    command = ["g++", "-O2", "-mamx-tile", "-include", str(HEADER), "-S", "-o", "-", str(source)]
    compiled = run(command, timeout_s=60)
    if b"unrecognized" in compiled.stderr:
        pytest.skip("a compiler older than AMX")
    before, load, _ = compiled.stdout.decode().partition("ldtilecfg")
    assert load
    assert "$77" in before
    assert b"smalltools_amx_tiles" in compiled.stdout


def test_without_a_compiler_the_engine_that_needs_none_is_taken(
    own: Settings, commands: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_where(monkeypatch, commands, "--only-binary")
    monkeypatch.setattr(libraries, "has_compiler", lambda: False)
    made, _ = install(own)
    assert (made.library, made.made_by) == (INSTANT, "wheel")


def test_in_the_background_it_serves_while_the_native_one_is_compiled(
    own: Settings, commands: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_where(monkeypatch, commands, "--only-binary")
    kept: list[str] = []
    keep = installing.keep_environment
    monkeypatch.setattr(
        installing, "keep_environment", lambda own, made: (kept.append(made.library), keep(own, made))
    )
    made, _ = install(own, InstallChoice(instant_first=True))
    assert (kept, made.library) == ([INSTANT, NATIVE], NATIVE)
    made, _ = install(own, InstallChoice(instant_first=True, compiles=False))
    assert made.library == INSTANT


def test_what_was_asked_for_is_installed_or_nothing(
    own: Settings, commands: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "_cuda_of_driver", lambda: (12, 4))
    made, _ = install(own, InstallChoice("cuda"))
    assert made.options == "cuda"
    assert any(part.endswith("/cu124") for command in commands for part in command)
    fail_where(monkeypatch, commands, NATIVE)
    with pytest.raises(EngineError, match="can't be reached") as caught:
        install(own, InstallChoice("cuda", from_source=True))
    assert installing.LOG_NAME in caught.value.remedy
    assert environment_of(own) == made, "the one before stays in use"
    assert "can't be reached" in install_state(own).failed
    assert install_state(own).program == __version__


def test_one_that_cannot_load_llama_cpp_is_not_used(
    own: Settings, commands: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("mcp_smalltools.engine_python.library_here", lambda: "")
    made = EngineEnvironment(str(own.engine_dir), sys.executable, NATIVE, VERSIONS[NATIVE], "wheel")
    monkeypatch.setattr(EnginePython, "command", lambda *rest: [sys.executable, "-c", "import no_llama"])
    with pytest.raises(installer.InstallFailed, match="No module named 'no_llama'"):
        installing._try(made)


def test_an_environment_of_another_llama_cpp_is_refused_and_update_is_named(own: Settings) -> None:
    keep_environment(own, EngineEnvironment("", sys.executable, NATIVE, "0.3.1", "wheel"))
    assert find_engine_python(own) is None
    with pytest.raises(EngineMissing, match=r"0\.3\.1") as caught:
        engine_command(own, "mcp_smalltools.engine.llama.devices")
    assert "engine update" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"python": 1}', "no json"])
def test_a_damaged_record_counts_as_none(own: Settings, text: str) -> None:
    (own.engine_dir / "environment.json").write_text(text)
    assert environment_of(own) is None


def test_what_an_interrupted_installation_has_left_is_removed_by_the_next_one(
    own: Settings, commands: list[Sequence[str]]
) -> None:
    left = own.engine_dir / "env-half" / "bin"
    left.mkdir(parents=True)
    made, _ = install(own)
    assert [str(folder) for folder in own.engine_dir.glob("env-*")] == [made.folder]


def test_removing_leaves_nothing(own: Settings, commands: list[Sequence[str]]) -> None:
    install(own)
    assert remove_engine(own)
    assert not own.engine_dir.exists()
    assert not remove_engine(own)


def test_modules_run_isolated_with_the_python_of_the_environment(own: Settings, tmp_path: Path) -> None:
    """Even one that has none of our packages, and is asked to import this package from elsewhere."""
    made = EngineEnvironment(str(tmp_path), sys.executable, NATIVE, VERSIONS[NATIVE], "wheel")
    keep_environment(own, made)
    code = (
        "import json, sys, mcp_smalltools; print(json.dumps([mcp_smalltools.__file__, sys.flags.isolated]))"
    )
    command = engine_command(own, "timeit", "-n1", "-r1", "-s", code)
    assert command[:2] == [sys.executable, "-I"]
    (tmp_path / "mcp_smalltools.py").write_text("raise SystemExit('hostile')")
    done = run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, check=True)
    file, isolated = json.loads(done.stdout.splitlines()[0])
    assert Path(file) == Path(installing.__file__).parents[2] / "__init__.py"
    assert isolated == 1


def test_this_python_serves_where_it_has_llama_cpp(settings: Settings) -> None:
    assert library_here() in VERSIONS
    found = find_engine_python(settings)
    assert found is not None
    assert found.environment is None


def test_models_are_fetched_by_the_pip_that_can_say_how_far_it_is(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "engine" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.symlink_to(sys.executable)
    versions = {"pip": "23.0.1"}
    monkeypatch.setattr("importlib.metadata.version", lambda name: versions[name])
    assert pip_python(own) == sys.executable
    keep_environment(own, EngineEnvironment("", str(python), NATIVE, VERSIONS[NATIVE], "wheel"))
    assert pip_python(own) == str(python)
    versions["pip"] = "26.1"
    assert pip_python(own) == sys.executable
