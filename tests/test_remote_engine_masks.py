"""What an engine on another machine gets: whole files are looked at first, and nothing leaves unmasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import NotAllowed
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.remote_engine import RedactingEngine
from mcp_smalltools.service import OpenFiles

VALUE = "Sesam77!x"


def sent(folder: Path, level: PrivacyLevel, texts: list[str]) -> list[str]:
    """What leaves of texts of the folder's file."""
    files = OpenFiles(
        Settings(roots=(RootSpec(path=folder, level=level),), state_dir=folder.parent / "state")
    )
    files.open("notes.md")
    engine = RedactingEngine(FakeEngine(), lambda: files.level, files.scrub_for_sending)
    try:
        return list(engine._texts(texts))
    finally:
        files.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "notes.md").write_text(f'Log in with {VALUE}.\n\nIts password = "{VALUE}"\n')
    return root


@pytest.mark.parametrize("level", [PrivacyLevel.REDACTED, PrivacyLevel.OPEN])
def test_a_value_that_the_file_gives_away_elsewhere_is_not_sent(folder: Path, level: PrivacyLevel) -> None:
    assert VALUE not in " ".join(sent(folder, level, [f"Log in with {VALUE}."]))


def test_a_value_that_a_later_text_gives_away_is_not_sent(folder: Path) -> None:
    texts = ["use Other88?y there", 'token = "Other88?y"', "ann@example.com"]
    shown = " ".join(sent(folder, PrivacyLevel.OPEN, texts))
    assert "Other88" not in shown and "example.com" not in shown


def test_nothing_of_a_sealed_file_is_sent(folder: Path) -> None:
    with pytest.raises(NotAllowed, match="sealed"):
        sent(folder, PrivacyLevel.SEALED, ["anything"])
