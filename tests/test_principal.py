"""What a caller may do: never more than the server's settings, and never more than its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotAllowed
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.principal import LOCAL, Principal, narrow_settings

FOLDERS = [Path("/r"), Path("/r/a"), Path("/r/a/b"), Path("/r/ab"), Path("/r/c"), Path("/s"), Path("/s/a")]
FILES = [folder / "file" for folder in FOLDERS]
ROOTS = st.lists(
    st.builds(RootSpec, path=st.sampled_from(FOLDERS), level=st.sampled_from(PrivacyLevel)),
    min_size=1,
    max_size=4,
    unique_by=lambda root: root.path,
).map(tuple)


def level_of(roots: tuple[RootSpec, ...], file: Path) -> PrivacyLevel | None:
    """As `files.roots` decides it: the innermost root that holds the file; None if none does."""
    holding = [root for root in roots if file.is_relative_to(root.path)]
    return max(holding, key=lambda root: len(root.path.parts)).level if holding else None


@given(ROOTS, st.none() | ROOTS, st.sampled_from(PrivacyLevel))
@budget(max_examples=300)
def test_for_each_file_both_must_allow_it_and_the_stricter_level_holds(
    server: tuple[RootSpec, ...], own: tuple[RootSpec, ...] | None, least: PrivacyLevel
) -> None:
    expected = {}
    for file in FILES:
        levels = [level_of(server, file), level_of(own, file) if own else least, least]
        if all(levels):
            expected[file] = max(levels, key=lambda level: level.strictness if level else 0)
    try:
        found = narrow_settings(Settings(roots=server), Principal("t", True, own, least)).roots
    except NotAllowed:
        found = ()
    assert {file: level for file in FILES if (level := level_of(found, file))} == expected


def test_who_has_all_rights_gets_the_settings_as_they_are() -> None:
    settings = Settings(roots=("/r:open",))
    assert narrow_settings(settings, LOCAL) is settings
    assert narrow_settings(settings, Principal("default", remote=True)) is settings


def test_a_caller_without_a_folder_is_refused_and_never_gets_the_working_folder(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="none of the folders"):
        narrow_settings(Settings(), Principal("t", True, (RootSpec(path=tmp_path),)))


def test_links_are_followed_before_folders_are_compared(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    own = (RootSpec(path=tmp_path / "link"),)
    (root,) = narrow_settings(Settings(roots=(f"{tmp_path}:open",)), Principal("t", True, own)).roots
    assert (root.path, root.level) == (tmp_path / "real", PrivacyLevel.REDACTED)


def test_the_default_level_of_a_narrower_caller_is_its_own() -> None:
    narrow = narrow_settings(Settings(roots=("/r",)), Principal("t", True, level=PrivacyLevel.SEALED))
    assert narrow.privacy is PrivacyLevel.SEALED
