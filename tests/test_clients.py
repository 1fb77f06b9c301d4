"""Registering with clients: our entry is added, everything else stays, and undoing is exact."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe_server import environment

from mcp_smalltools.clients import jsonc, toml_table
from mcp_smalltools.clients.known import CLIENTS, SERVER_NAME, TOKEN_VARIABLE, server_command
from mcp_smalltools.clients.registration import Registration
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError, UsageError

ENTRY = {"command": "/opt/bin/mcp-smalltools", "args": ["serve", "--root", 'C:\\wörk "x"']}
KEYS = ("mcpServers", SERVER_NAME)

ODD_JSON = [
    "",
    "\n",
    "// nothing but a comment",
    "{}",
    "{ }\r\n",
    "\ufeff{}",
    '{"a":1}',
    '{"a": 1, /* why */}',
    '{\n\t"mcpServers": {\n\t\t"other": {"command": "x"} // mine\n\t}\n}\n',
    '{\n  "mcpServers": {}, // none yet\n  "z": [1, 2,],\n}',
    '{"mcpServers": {"other": {"args": ["}", "//", "/*"]}}}',
    '{\r\n    "mcpServers": {\r\n        "other": {},\r\n    },\r\n}\r\n',
    '{"mcpServers": { // first\n  /* second */ } }',
    '{"mcpServers": {"other": 1 // last\n}}',
]
ODD_TOML = [
    "",
    "# only a comment",
    'model = "o3"\r\n',
    '[mcp_servers.other]\ncommand = "x"\n\n# about profiles\n[profiles.a]\nx = 1',
    '[[list]]\na = """\n[mcp_servers.smalltoolsx]\n"""\n',
]

SPACE = st.sampled_from(["", " ", "\n", "\r\n", "\t", " // c\n", '/* {"[, */'])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def commented_json(draw: Any) -> str:
    """An object as people write it: spaces, comments and trailing commas anywhere."""

    def written(value: Any) -> str:
        space = lambda: draw(SPACE)  # noqa: E731 - short, and drawn anew each time
        if isinstance(value, dict):
            parts = [
                f"{space()}{json.dumps(k)}{space()}:{space()}{written(v)}{space()}" for k, v in value.items()
            ]
            return "{" + ",".join(parts) + ("," + space() if parts and draw(st.booleans()) else space()) + "}"
        if isinstance(value, list):
            parts = [f"{space()}{written(item)}{space()}" for item in value]
            return "[" + ",".join(parts) + ("," + space() if parts and draw(st.booleans()) else space()) + "]"
        return json.dumps(value, ensure_ascii=draw(st.booleans()))

    top = draw(st.dictionaries(st.text(max_size=6), VALUES, max_size=3))
    if draw(st.booleans()):
        top["mcpServers"] = draw(st.dictionaries(st.text(max_size=6), VALUES, max_size=3))
    return draw(SPACE) + written(top) + draw(SPACE)


def registration(path: Path, settings: Settings, client: str = "cursor") -> Registration:
    return Registration(CLIENTS[client], path, settings)


def check_round_trip(before: bytes | None, client: str) -> None:
    """Install twice, then uninstall: the entry is there in between, and at last the old bytes are back."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "folder" / "config"
        settings = Settings(state_dir=Path(folder) / "state")
        if before is not None:
            path.parent.mkdir(parents=True)
            path.write_bytes(before)
        ours = registration(path, settings, client)
        assert ours.install(ENTRY).is_needed
        loads = CLIENTS[client].format.loads
        table = CLIENTS[client].table
        now = loads(path.read_bytes().decode())
        assert now[table].pop(SERVER_NAME) == ENTRY
        old = loads((before or b"").decode())
        assert {**now, table: now[table]} == {**old, table: old.get(table, {})}
        assert not ours.install(ENTRY).is_needed
        ours.install({**ENTRY, "args": []})
        ours.uninstall()
        assert (path.read_bytes() if path.exists() else None) == before
        assert path.parent.exists() == (before is not None)
        assert not ours.uninstall().is_needed


@pytest.mark.parametrize("text", [None, *ODD_JSON])
def test_json_is_restored_byte_for_byte(text: str | None) -> None:
    check_round_trip(None if text is None else text.encode(), "cursor")


@pytest.mark.parametrize("text", [None, *ODD_TOML])
def test_toml_is_restored_byte_for_byte(text: str | None) -> None:
    check_round_trip(None if text is None else text.encode(), "codex")


@given(commented_json())
def test_any_commented_json_keeps_its_other_values_and_is_restored(text: str) -> None:
    check_round_trip(text.encode(), "cursor")


@given(commented_json())
def test_taking_our_entry_out_of_a_file_that_changed_since_leaves_the_rest(text: str) -> None:
    old = jsonc.loads(text)
    back = jsonc.loads(jsonc.without_entry(jsonc.with_entry(text, KEYS, ENTRY), KEYS))
    assert back == {**old, "mcpServers": old.get("mcpServers", {})}


@pytest.mark.parametrize("text", ODD_TOML)
def test_taking_our_table_out_of_a_toml_file_leaves_the_rest(text: str) -> None:
    new = toml_table.with_entry(text, ("mcp_servers", SERVER_NAME), ENTRY) + "\n# theirs\n[later]\nx = 1\n"
    left = toml_table.without_entry(new, ("mcp_servers", SERVER_NAME))
    assert toml_table.loads(left) == {**toml_table.loads(text), "later": {"x": 1}}
    assert "# theirs" in left


def test_what_others_wrote_after_us_survives_uninstalling(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "mcp.json"
    path.write_text('{\n  // mine\n  "mcpServers": {\n    "a": {"command": "x"}\n  }\n}\n')
    ours = registration(path, settings)
    ours.install(ENTRY)
    path.write_text(path.read_text().replace("// mine", "// mine, and more"))
    ours.uninstall()
    assert (
        path.read_text() == '{\n  // mine, and more\n  "mcpServers": {\n    "a": {"command": "x"}\n  }\n}\n'
    )


def test_a_reinstallation_into_a_changed_file_is_undone_to_that_file(
    tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "mcp.json"
    ours = registration(path, settings)
    ours.install(ENTRY)
    changed = jsonc.with_entry(path.read_text(), ("mcpServers", "b"), {"command": "y"})
    path.write_text(changed)
    ours.install({**ENTRY, "args": []})
    ours.uninstall()
    assert jsonc.loads(path.read_text()) == {"mcpServers": {"b": {"command": "y"}}}


@pytest.mark.parametrize(
    "text", ["{", '{"a": }', '{"mcpServers": 1}', '{"mcpServers": []}', "[]", '{"a":1,"a":2}', "\xff"]
)
def test_a_file_that_cannot_be_edited_is_left_alone(tmp_path: Path, settings: Settings, text: str) -> None:
    path = tmp_path / "mcp.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as error:
        registration(path, settings).install(ENTRY)
    assert str(path) in str(error.value) and error.value.remedy
    assert path.read_bytes() == text.encode("latin-1")


def test_a_toml_inline_table_is_left_alone(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "config.toml"
    path.write_text('mcp_servers = {other = {command = "x"}}\n')
    with pytest.raises(ConfigError, match="by hand"):
        registration(path, settings, "codex").install(ENTRY)
    assert path.read_text() == 'mcp_servers = {other = {command = "x"}}\n'


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path, settings: Settings) -> None:
    target = tmp_path / "dotfiles.json"
    target.write_text("{}")
    target.chmod(0o640)
    link = tmp_path / "mcp.json"
    link.symlink_to(target)
    registration(link, settings).install(ENTRY)
    assert link.is_symlink() and target.stat().st_mode & 0o777 == 0o640
    assert jsonc.loads(target.read_text())["mcpServers"][SERVER_NAME] == ENTRY


@pytest.mark.parametrize("name", CLIENTS)
def test_no_entry_holds_a_secret_and_each_can_be_written(name: str) -> None:
    client = CLIENTS[name]
    for entry in (client.stdio(server_command(["/w:sealed"])), client.remote("https://box.example/mcp")):
        text = client.format.with_entry("", (client.table, SERVER_NAME), entry)
        assert client.format.loads(text) == {client.table: {SERVER_NAME: entry}}
    assert TOKEN_VARIABLE in str(client.remote("https://box.example/mcp")) or name == "zed"


def test_a_client_without_sse_says_so() -> None:
    with pytest.raises(UsageError, match="SSE"):
        CLIENTS["codex"].remote("https://box.example/sse")


def test_the_commands_show_then_write_then_undo(tmp_path: Path) -> None:
    env = environment(tmp_path, {"HOME": tmp_path})

    def command(*args: str) -> str:
        line = [sys.executable, "-m", "mcp_smalltools.cli", *args]
        return subprocess.run(line, cwd=tmp_path, env=env, check=True, capture_output=True, text=True).stdout

    written = tmp_path / ".mcp.json"
    assert '+    "smalltools": {' in command("install", "claude-code", "--dry-run")
    assert not written.exists()
    before = b'{"mcpServers": {"other": {"command": "x"}}} // mine\n'
    (tmp_path / ".cursor").mkdir()
    cursor = tmp_path / ".cursor" / "mcp.json"
    cursor.write_bytes(before)
    printed = command("install", "cursor")
    assert '+  "smalltools": {' in printed
    backup = Path(printed.split("old file is in ")[1].split(";")[0])
    assert backup.read_bytes() == before and backup.stat().st_mode & 0o077 == 0
    assert "already" in command("install", "cursor")
    command("uninstall", "cursor")
    assert cursor.read_bytes() == before and not backup.exists()
    command("install", "claude-code", "--root", f"{tmp_path}:sealed")
    entry = json.loads(written.read_text())["mcpServers"]["smalltools"]
    assert entry["args"] == ["serve", "--root", f"{tmp_path}:sealed"]
    assert Path(entry["command"]).exists()
    command("install", "codex", "--remote", "https://box.example/mcp")
    codex = tomllib.loads((tmp_path / ".codex" / "config.toml").read_text())
    assert codex["mcp_servers"]["smalltools"]["bearer_token_env_var"] == TOKEN_VARIABLE
    command("uninstall", "claude-code")
    command("uninstall", "codex")
    assert not written.exists() and not (tmp_path / ".codex").exists()
