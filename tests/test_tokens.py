"""Tokens of remote agents: made, listed, ended; kept as hashes."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.cli import main
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.redact import Redactor
from mcp_smalltools.server.http.token_store import TokenStore, store_file


@pytest.fixture
def tokens(settings: Settings):
    store = TokenStore(settings)
    yield store
    store.close()


def test_a_token_is_known_by_its_text_and_the_text_is_not_kept(
    tokens: TokenStore, settings: Settings
) -> None:
    root = RootSpec(path=Path("/r"), level=PrivacyLevel.SEALED)
    text, made = tokens.create("ci", roots=(root,), level=PrivacyLevel.REDACTED, calls_per_minute=7)
    token, state = tokens.check(text)
    assert state == "active" and token is not None and token.id == made.id
    assert (token.roots, token.level, token.calls_per_minute) == ((root,), PrivacyLevel.REDACTED, 7)
    secret = text.split("_", 2)[2]
    for file in store_file(settings).parent.iterdir():
        assert secret.encode() not in file.read_bytes()
    if os.name == "posix":
        assert stat.S_IMODE(store_file(settings).stat().st_mode) == 0o600


def test_a_changed_text_is_wrong(tokens: TokenStore) -> None:
    text, made = tokens.create("ci")
    other, _ = tokens.create("other")
    for wrong in (text[:-1], f"{text}x", text.swapcase(), "", f"mcpst_{made.id}_{other.split('_', 2)[2]}"):
        assert tokens.check(wrong) == (None, "wrong"), wrong


@given(st.text(max_size=80))
def test_no_other_text_is_a_token(text: str) -> None:
    store = TokenStore(Settings(state_dir=_FOLDER))
    assert store.check(text) == (None, "wrong")
    store.close()


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _FOLDER  # noqa: PLW0603
    _FOLDER = tmp_path_factory.mktemp("tokens")


_FOLDER = Path()


def test_a_revoked_token_ends_at_once_also_for_a_server_that_runs(
    tokens: TokenStore, settings: Settings
) -> None:
    text, _ = tokens.create("ci")
    elsewhere = TokenStore(settings)
    elsewhere.revoke("ci")
    elsewhere.close()
    assert tokens.check(text)[1] == "revoked"


def test_a_token_ends_when_its_time_is_over(tokens: TokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = tokens.create("ci", lasts_s=60)
    assert tokens.check(text)[1] == "active"
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert tokens.check(text)[1] == "expired"


def test_the_list_says_when_a_token_was_used(tokens: TokenStore) -> None:
    text, _ = tokens.create("ci")
    assert tokens.all()[0].used is None
    tokens.check(text)
    assert tokens.all()[0].used is not None


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 41, "ü"])
def test_a_name_that_would_not_read_well_in_the_audit_is_refused(tokens: TokenStore, name: str) -> None:
    with pytest.raises(UsageError):
        tokens.create(name)


def test_a_name_is_used_once_and_never_again(tokens: TokenStore) -> None:
    tokens.create("ci")
    tokens.revoke("ci")
    with pytest.raises(UsageError, match="already"):
        tokens.create("ci")


def test_a_token_that_lies_in_a_file_is_masked(tokens: TokenStore) -> None:
    text, _ = tokens.create("ci")
    assert Redactor().scrub(f"curl -H 'x: {text}'") == "curl -H 'x: <SECRET_1>'"


def test_the_command_makes_lists_and_revokes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(tmp_path))
    arguments = ["create", "ci", "--root", f"{tmp_path}:sealed", "--rate", "60", "--days", "2"]
    assert main(["tokens", *arguments]) == 0
    text, told = capsys.readouterr()
    text = text.strip()
    assert f"{tmp_path} (sealed or stricter) at its levels there, 60 calls per minute" in told
    assert main(["tokens", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert text.split("_")[1] == listed["id"] and text.split("_", 2)[2] not in json.dumps(listed)
    assert (listed["state"], listed["roots"]) == ("active", [f"{tmp_path}:sealed"])
    assert main(["tokens", "revoke", "ci"]) == 0
    assert main(["tokens", "list"]) == 0
    assert "revoked" in capsys.readouterr().out
    assert main(["tokens", "revoke", "nobody"]) == 2


def test_a_token_that_has_expired_stays_so_when_the_clock_is_put_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time()
    clock = [start]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    store = TokenStore(settings)
    text, _ = store.create("ci", lasts_s=3600)
    assert store.check(text)[1] == "active"
    clock[0] = start + 3700
    assert store.check(text)[1] == "expired"
    store.close()
    clock[0] = start + 60
    again = TokenStore(settings)
    assert again.check(text)[1] == "expired"
    again.close()


def test_a_leap_of_the_clock_ends_no_token_for_good(
    tokens: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time()
    text, _ = tokens.create("ci", lasts_s=30 * 86_400)
    assert tokens.check(text)[1] == "active"
    for days, state in ((100, "expired"), (0, "active"), (-3000, "active"), (0, "active")):
        monkeypatch.setattr(time, "time", lambda days=days: start + days * 86_400)
        assert tokens.check(text)[1] == state
