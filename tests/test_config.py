"""Settings: which layer wins, and how a bad value is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_smalltools.config import RootSpec, load_settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.level import PrivacyLevel


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("deadline_s = 10\nledger_days = 11\ncache_mb = 12\n")
    environ = {"MCP_SMALLTOOLS_LEDGER_DAYS": "21", "MCP_SMALLTOOLS_CACHE_MB": "22"}
    settings = load_settings(config_file=file, environ=environ, flags={"cache_mb": 32, "deadline_s": None})
    assert (settings.deadline_s, settings.ledger_days, settings.cache_mb) == (10, 21, 32)
    assert settings.max_answer_chars == 24_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a/b", RootSpec(path=Path("/a/b"), level=PrivacyLevel.REDACTED)),
        ("/a/b:sealed", RootSpec(path=Path("/a/b"), level=PrivacyLevel.SEALED)),
        ("/a:b", RootSpec(path=Path("/a:b"), level=PrivacyLevel.REDACTED)),
        ("C:\\work:open", RootSpec(path=Path("C:\\work"), level=PrivacyLevel.OPEN)),
    ],
)
def test_a_root_is_a_folder_with_an_optional_level(text: str, expected: RootSpec) -> None:
    assert RootSpec.parse(text) == expected


def test_roots_without_a_level_take_the_configured_one(tmp_path: Path) -> None:
    environ = {"MCP_SMALLTOOLS_PRIVACY": "sealed"}
    settings = load_settings(
        config_file=Path("/dev/null"), environ=environ, flags={"roots": ["/a", "/b:open"]}
    )
    assert [root.level for root in settings.effective_roots] == [PrivacyLevel.SEALED, PrivacyLevel.OPEN]


def test_without_roots_the_folder_of_the_agents_project_is_the_only_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(tmp_path))
    settings = load_settings(config_file=Path("/dev/null"), environ={})
    assert settings.effective_roots == (RootSpec(path=tmp_path, level=PrivacyLevel.REDACTED),)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("deadline_s = 0\n", r"config file .*: deadline_s = 0 can't be used"),
        ("deadlines = 5\n", r"there is no setting 'deadlines'"),
        ("deadline_s = \n", r"can't be read"),
        ('privacy = "secret"\n', r"privacy = 'secret' can't be used"),
    ],
)
def test_a_bad_file_is_an_error_that_names_the_setting(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=says):
        load_settings(config_file=file, environ={})


def test_a_bad_environment_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="environment variable MCP_SMALLTOOLS_CACHE_MB: cache_mb = 'many'"):
        load_settings(config_file=Path("/dev/null"), environ={"MCP_SMALLTOOLS_CACHE_MB": "many"})


def test_a_config_file_that_was_named_must_exist() -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_settings(config_file=Path("/nowhere/c.toml"), environ={})
