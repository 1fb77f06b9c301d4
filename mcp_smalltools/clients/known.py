"""The clients that the server can be registered with: their config files, and the form of an entry."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mcp_smalltools.clients import jsonc, toml_table
from mcp_smalltools.errors import UsageError

SERVER_NAME = "smalltools"
TOKEN_VARIABLE = "MCP_SMALLTOOLS_TOKEN"
"""Remote entries refer to this environment variable, so that no secret is written into a client's file."""

ServerEntry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """A client. `files` has the config file of each scope, the default scope first; `table` is the key of its
    servers; `stdio` and `remote` make an entry; `after` tells the user what to do next.
    """

    title: str
    files: Mapping[str, Callable[[], Path]]
    table: str
    stdio: Callable[[Sequence[str]], ServerEntry]
    remote: Callable[[str], ServerEntry]
    format: ModuleType = jsonc
    after: str = "Restart the client to see it."


def _is_sse(url: str) -> bool:
    return url.rstrip("/").endswith("/sse")


def _stdio_entry(command: Sequence[str]) -> ServerEntry:
    return {"command": command[0], "args": list(command[1:])}


def _typed_stdio_entry(command: Sequence[str]) -> ServerEntry:
    return {"type": "stdio", **_stdio_entry(command)}


def _headers(reference: str) -> ServerEntry:
    return {"headers": {"Authorization": f"Bearer {reference}"}}


def _typed_remote(reference: str) -> Callable[[str], ServerEntry]:
    return lambda url: {"type": "sse" if _is_sse(url) else "http", "url": url, **_headers(reference)}


def _codex_remote(url: str) -> ServerEntry:
    if _is_sse(url):
        raise UsageError("Codex doesn't support SSE.", remedy="Give the server's /mcp address.")
    return {"url": url, "bearer_token_env_var": TOKEN_VARIABLE}


def _gemini_remote(url: str) -> ServerEntry:
    return {"url" if _is_sse(url) else "httpUrl": url, **_headers(f"${TOKEN_VARIABLE}")}


def _home(*parts: str) -> Callable[[], Path]:
    return lambda: Path.home().joinpath(*parts)


def _project(*parts: str) -> Callable[[], Path]:
    return lambda: Path.cwd().joinpath(*parts)


def _app_config(*parts: str) -> Callable[[], Path]:
    """A file in the folder where desktop applications keep their settings."""

    def path() -> Path:
        if sys.platform == "darwin":
            folder = Path.home() / "Library" / "Application Support"
        elif sys.platform == "win32":
            folder = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
        else:
            folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return folder.joinpath(*parts)

    return path


_ZED = ("Zed", "settings.json") if sys.platform == "win32" else (".config", "zed", "settings.json")

CLIENTS: Mapping[str, Client] = {
    "claude-code": Client(
        "Claude Code",
        {"project": _project(".mcp.json"), "user": _home(".claude.json")},
        "mcpServers",
        _typed_stdio_entry,
        _typed_remote(f"${{{TOKEN_VARIABLE}}}"),
        after="Start `claude` in this project; it asks once whether to trust the server. `/mcp` shows it.",
    ),
    "cursor": Client(
        "Cursor",
        {"project": _project(".cursor", "mcp.json"), "user": _home(".cursor", "mcp.json")},
        "mcpServers",
        _stdio_entry,
        lambda url: {"url": url, **_headers(f"${{env:{TOKEN_VARIABLE}}}")},
    ),
    "vscode": Client(
        "VS Code",
        {"project": _project(".vscode", "mcp.json"), "user": _app_config("Code", "User", "mcp.json")},
        "servers",
        _typed_stdio_entry,
        _typed_remote(f"${{env:{TOKEN_VARIABLE}}}"),
        after="Open the file in VS Code and click Start above the entry.",
    ),
    "codex": Client(
        "Codex",
        {"user": _home(".codex", "config.toml")},
        "mcp_servers",
        _stdio_entry,
        _codex_remote,
        format=toml_table,
    ),
    "gemini": Client(
        "Gemini CLI",
        {"project": _project(".gemini", "settings.json"), "user": _home(".gemini", "settings.json")},
        "mcpServers",
        _stdio_entry,
        _gemini_remote,
    ),
    "copilot": Client(
        "Copilot CLI",
        {"user": _home(".copilot", "mcp-config.json")},
        "mcpServers",
        lambda command: {"type": "local", **_stdio_entry(command), "tools": ["*"]},
        lambda url: {**_typed_remote(f"${{{TOKEN_VARIABLE}}}")(url), "tools": ["*"]},
    ),
    "zed": Client(
        "Zed",
        {"user": _app_config(*_ZED) if sys.platform == "win32" else _home(*_ZED)},
        "context_servers",
        _stdio_entry,
        lambda url: {"url": url, **_headers("PUT-THE-TOKEN-HERE")},
        after="For a remote server, put the token into the entry: Zed doesn't expand variables there.",
    ),
}


def server_command(roots: Sequence[str], *, outputs: bool = False) -> list[str]:
    """How a client starts this installation; with `outputs`, outputs that were put aside may be read."""
    script = Path(sys.executable).with_name("mcp-smalltools.exe" if os.name == "nt" else "mcp-smalltools")
    start = [str(script)] if script.exists() else [sys.executable, "-P", "-m", "mcp_smalltools.cli"]
    options = [part for root in roots for part in ("--root", root)] + (["--outputs"] if outputs else [])
    return [*start, "serve", *options]
