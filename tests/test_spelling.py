"""Where a file system ignores case, as on macOS, one place is one place under every spelling."""

from __future__ import annotations

import ast
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotAllowed
from mcp_smalltools.files import spelling
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.files.spelling import real_path, with_prefix, without_prefix
from mcp_smalltools.hooks.agent_session import level_of
from mcp_smalltools.hooks.guard.path_levels import PathLevels, resolved
from mcp_smalltools.level import PrivacyLevel


def folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


@pytest.fixture
def ignores_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the file system find a name under each of its spellings, as macOS's does."""
    names_of = os.listdir

    def found(path: Any) -> Any:
        if not isinstance(path, (str, os.PathLike)) or not Path(path).is_absolute():
            return path
        place = Path(Path(path).anchor)
        for name in Path(path).parts[1:]:
            here = names_of(place) if place.is_dir() else []
            place /= (
                name if name in here else next((one for one in here if folded(one) == folded(name)), name)
            )
        return str(place)

    def finding(call: Callable[..., Any]) -> Callable[..., Any]:
        return lambda path, *args, **options: call(found(path), *args, **options)

    monkeypatch.setattr(os, "lstat", finding(os.lstat))
    monkeypatch.setattr(os, "readlink", finding(os.readlink))
    monkeypatch.setattr(os, "listdir", finding(names_of))
    # os.open and os.stat are as they were: a file is opened by the names that its folders have.


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "Project"
    for name in ("Secrets", "Straße", "Café", "src"):
        (folder / name).mkdir(parents=True)
        (folder / name / "Notes.txt").write_text("inside\n", encoding="utf-8")
    return folder


SEALED = ("Secrets", "Straße", "Café")
SPELLED = ("Secrets", "secrets", "SECRETS", "sTRASSE", "STRAßE", "café", "CAFE\u0301", "Cafe\u0301")


@pytest.mark.usefixtures("ignores_case")
@pytest.mark.parametrize("name", SPELLED)
def test_a_sealed_folder_is_sealed_under_every_spelling(project: Path, name: str) -> None:
    sealed = [RootSpec(path=project / one, level=PrivacyLevel.SEALED) for one in SEALED]
    specs = (RootSpec(path=project, level=PrivacyLevel.OPEN), *sealed)
    for path in (f"{name}/Notes.txt", f"{name}/NOTES.TXT", str(project / name / "notes.txt")):
        with Roots(specs).open(path) as file:
            assert file.level is PrivacyLevel.SEALED
    levels = PathLevels.of(Settings(roots=specs), ())
    path = resolved(f"{name}/notes.txt", project)
    assert path and levels.level(path, project) is PrivacyLevel.SEALED
    assert level_of(str(project / name), Settings(roots=specs)) is PrivacyLevel.SEALED


@pytest.mark.usefixtures("ignores_case")
@pytest.mark.parametrize("spelled", ["project/secrets", "PROJECT/SECRETS", "Project/Secrets"])
def test_a_root_is_the_folder_whichever_way_it_was_written(project: Path, spelled: str) -> None:
    roots = Roots(
        [
            RootSpec(path=project, level=PrivacyLevel.OPEN),
            RootSpec(path=project.parent / spelled, level=PrivacyLevel.SEALED),
        ]
    )
    assert roots.level_of(str(project / "Secrets" / "Notes.txt")) is PrivacyLevel.SEALED
    (outer,) = [folder for folder in roots.folders() if folder.root == project]
    assert outer.other_roots == {"Secrets"}


@pytest.mark.usefixtures("ignores_case")
def test_what_is_outside_stays_outside_and_our_own_folders_closed(project: Path) -> None:
    roots = Roots([RootSpec(path=project, level=PrivacyLevel.OPEN)], [project / "src"])
    for path in ("../other/x", "SRC/Notes.txt", str(project.parent)):
        with pytest.raises(NotAllowed):
            roots.open(path)


def test_where_case_counts_two_spellings_are_two_places(project: Path) -> None:
    (project / "secrets").mkdir()
    specs = [
        RootSpec(path=project, level=PrivacyLevel.OPEN),
        RootSpec(path=project / "Secrets", level=PrivacyLevel.SEALED),
    ]
    (project / "secrets" / "a.txt").write_text("open")
    assert Roots(specs).level_of("secrets/a.txt") is PrivacyLevel.OPEN
    assert Roots(specs).level_of("Secrets/Notes.txt") is PrivacyLevel.SEALED


@given(st.lists(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1), max_size=4))
def test_a_path_that_nothing_is_at_is_as_realpath_has_it(names: list[str]) -> None:
    path = Path("/nowhere-at-all", *names)
    assert real_path(path) == Path(os.path.realpath(path))


@given(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1))
def test_another_spelling_is_one_that_such_a_file_system_takes_for_the_same(name: str) -> None:
    other = spelling._other_spelling(name)
    if name.isascii():
        assert folded(other) == folded(name)
        assert other != name or not any(char.isalpha() for char in name)


# Windows


@given(
    st.sampled_from(["C:\\", "\\\\server\\share\\", "d:\\"]),
    st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=90), min_size=1, max_size=8),
)
def test_a_long_path_of_windows_is_opened_by_its_prefix_and_compared_without(
    root: str, names: list[str]
) -> None:
    path = str(PureWindowsPath(root, *names))
    opened = with_prefix(path)
    assert without_prefix(opened) == without_prefix(path) == path
    assert opened == with_prefix(opened)
    assert (opened == path) is (len(path) < 248)
    assert PureWindowsPath(root) in PureWindowsPath(without_prefix(opened)).parents


def test_a_share_keeps_its_server_behind_the_prefix() -> None:
    path = "\\\\server\\share\\" + "x" * 250
    assert with_prefix(path) == "\\\\?\\UNC\\server\\share\\" + "x" * 250


def test_what_only_posix_has_is_imported_late_or_where_it_is_never_reached_on_windows() -> None:
    only_posix = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
    package = Path(spelling.__file__).parents[1]
    named = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in [getattr(node, "module", None) or node.names[0].name]
        if name in only_posix
    }
    assert named == {"hooks/run/command_terminal.py"}  # `run` says at its start that it isn't for Windows
