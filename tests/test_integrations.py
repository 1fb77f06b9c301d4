"""The plugin, the bundle and the registry's entry say what is true of the program, and start it.

`make test-clients` has them checked by the programs that read them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from probe_server import environment

from mcp_smalltools import __version__
from mcp_smalltools.cli import command_parser
from mcp_smalltools.clients.hook_commands import PARTS, is_our_hook
from mcp_smalltools.clients.hook_files import CLIENT_HOOKS
from mcp_smalltools.clients.known import CLIENTS
from mcp_smalltools.commands import serve
from mcp_smalltools.config import ENV_PREFIX, Settings
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.tools.built_in import built_in_tools

REPOSITORY = Path(__file__).parents[1]
PLUGIN = REPOSITORY / "integrations" / "claude-code"
BUNDLE = REPOSITORY / "integrations" / "mcpb"
LAUNCHER = "${CLAUDE_PLUGIN_ROOT}/mcp-smalltools"
SYSTEMS = ("/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin")
PREFIX = "mcp__plugin_smalltools_smalltools__"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def front_matter(path: Path) -> tuple[dict[str, str], str]:
    header, _, body = path.read_text(encoding="utf-8").removeprefix("---\n").partition("\n---\n")
    return dict(line.split(": ", 1) for line in header.splitlines()), body


def tools_in(text: str) -> set[str]:
    """Names in backticks that are written like a tool's and are followed by nothing."""
    return set(re.findall(r"`([a-z]+_[a-z]+|classify|extract)`", text))


def serve_arguments(arguments: list[str]) -> Any:
    return command_parser("serve", serve).parse_args(arguments)


def test_the_package_index_can_show_who_owns_the_registrys_entry() -> None:
    """The registry looks for this mark in the description on PyPI, which is the README."""
    name = read(REPOSITORY / "server.json")["name"]
    assert f"mcp-name: {name} -->" in (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_every_version_is_the_programs() -> None:
    entry, bundle = read(REPOSITORY / "server.json"), read(BUNDLE / "manifest.json")
    versions = [read(PLUGIN / ".claude-plugin" / "plugin.json")["version"], bundle["version"]]
    versions += [entry["version"], *(package["version"] for package in entry["packages"])]
    pinned = re.findall(r'(?:version = |mcp-smalltools==)"?([\d.]+)', (BUNDLE / "pyproject.toml").read_text())
    assert {*versions, *pinned} == {__version__}


# The plugin for Claude Code


def test_the_plugin_starts_what_install_would_start() -> None:
    found = read(PLUGIN / ".mcp.json")["mcpServers"]["smalltools"]
    assert found == CLIENTS["claude-code"].stdio(["sh", LAUNCHER, "serve", "--outputs"])


def test_the_plugins_hooks_are_those_that_install_writes() -> None:
    found = read(PLUGIN / "hooks" / "hooks.json")["hooks"]
    hooks = CLIENT_HOOKS["claude-code"]
    parts = ",".join(PARTS)
    assert {event: items[0] for event, items in found.items()} == hooks.groups(
        PARTS, lambda event: f'sh "{LAUNCHER}" hook {event} --parts {parts}'
    )
    assert all(is_our_hook(item) for items in found.values() for item in items)


class Installed:
    """A home with some programs on the PATH, each of which says what it was started with."""

    def __init__(self, home: Path, **programs: int) -> None:
        """By each program's name (`_` for `-`) its exit code."""
        self.home, self.bin = home, home / "bin"
        self.bin.mkdir()
        for name, code in programs.items():
            path = self.bin / name.replace("_", "-")
            path.write_text(f'#!/bin/sh\necho "{name} $*"\ncat\nexit {code}\n')
            path.chmod(0o755)

    def start(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(PLUGIN / "mcp-smalltools"), *arguments],
            env={"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home)},
            input="told",
            capture_output=True,
            text=True,
            check=False,
        )


not_on_windows = pytest.mark.skipif(
    sys.platform == "win32" or any(Path(folder, "mcp-smalltools").exists() for folder in SYSTEMS),
    reason="needs a shell, and a system without the program",
)


@not_on_windows
def test_the_plugin_starts_the_program_that_is_installed(tmp_path: Path) -> None:
    installed = Installed(tmp_path, mcp_smalltools=7, uvx=0)
    done = installed.start("serve", "--root", "a b")
    assert (done.stdout, done.returncode) == ("mcp_smalltools serve --root a b\ntold", 7)


@not_on_windows
def test_without_it_uv_fetches_the_plugins_version_but_not_for_a_hook(tmp_path: Path) -> None:
    installed = Installed(tmp_path, uvx=0)
    from_version = f"--from mcp-smalltools=={__version__} mcp-smalltools"
    assert installed.start("serve").stdout == f"uvx --quiet {from_version} serve\ntold"
    said = installed.start("hook", "PostToolUse", "--parts", "tell").stdout
    assert said == f"uvx --quiet --offline {from_version} hook PostToolUse --parts tell\ntold"


@not_on_windows
def test_a_hook_of_a_plugin_alone_refuses_nothing_and_says_once_what_is_missing(tmp_path: Path) -> None:
    alone = Installed(tmp_path)
    done = alone.start("serve")
    assert done.returncode == 127 and "uv tool install mcp-smalltools" in done.stderr
    assert done.stderr.count("\n") == 1
    done = alone.start("hook", "PreToolUse", "--parts", "guard")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = alone.start("hook", "SessionStart", "--parts", "guard")
    assert done.returncode == 0 and "not installed" in json.loads(done.stdout)["systemMessage"]


@not_on_windows
def test_a_hook_that_uv_can_not_start_yet_refuses_nothing(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    fetching = Installed(tmp_path / "home", uvx=2)
    done = fetching.start("hook", "PreToolUse", "--parts", "guard")
    assert done.returncode == 0


def test_the_plugin_for_codex_is_the_same_with_what_codex_can_do() -> None:
    folder = REPOSITORY / "integrations" / "codex"
    manifest = read(folder / ".codex-plugin" / "plugin.json")
    other = read(PLUGIN / ".claude-plugin" / "plugin.json")
    assert {name: manifest[name] for name in other} == other
    assert all((folder / manifest[name]).exists() for name in ("skills", "mcpServers", "hooks"))
    hooks = CLIENT_HOOKS["codex"]
    assert read(folder / "hooks" / "hooks.json")["hooks"] == {
        event: [group]
        for event, group in hooks.groups(
            ["guard"], lambda event: f"mcp-smalltools hook {event} --parts guard --client codex"
        ).items()
    }
    assert read(folder / ".mcp.json")["mcpServers"]["smalltools"] == CLIENTS["codex"].stdio(
        ["mcp-smalltools", "serve"]
    )
    skill = Path("skills") / "smalltools" / "SKILL.md"
    assert (folder / skill).read_text() == (PLUGIN / skill).read_text()
    (entry,) = read(REPOSITORY / ".agents" / "plugins" / "marketplace.json")["plugins"]
    assert (REPOSITORY / entry["source"]["path"]).resolve() == folder and entry["name"] == manifest["name"]


def test_the_marketplace_points_to_the_plugin() -> None:
    (entry,) = read(REPOSITORY / ".claude-plugin" / "marketplace.json")["plugins"]
    assert (REPOSITORY / entry["source"]).resolve() == PLUGIN.resolve()
    assert entry["name"] == read(PLUGIN / ".claude-plugin" / "plugin.json")["name"]


def test_the_subagent_is_the_one_of_the_examples_with_the_plugins_names() -> None:
    fields, body = front_matter(PLUGIN / "agents" / "log-reader.md")
    names = fields.pop("tools").split(", ")
    example, same_body = front_matter(REPOSITORY / "examples" / "claude-code" / "agents" / "log-reader.md")
    assert [name.removeprefix(PREFIX) for name in names] == [
        name.removeprefix("mcp__smalltools__") for name in example.pop("tools").split(", ")
    ]
    assert (fields, body) == (example, same_body)
    assert all(name.startswith(PREFIX) for name in names)


def test_skill_and_command_name_tools_and_subagents_that_there_are() -> None:
    fields, body = front_matter(PLUGIN / "skills" / "smalltools" / "SKILL.md")
    assert fields["name"] == "smalltools" and len(fields["description"]) <= 1024
    assert tools_in(body) - {"baseline_path"} <= set(built_in_tools())
    _, command = front_matter(PLUGIN / "commands" / "triage.md")
    assert "$ARGUMENTS" in command and "`log-reader`" in command


# The bundle


def test_the_bundle_asks_for_what_its_command_needs() -> None:
    manifest = read(BUNDLE / "manifest.json")
    command = manifest["server"]["mcp_config"]
    asked = set(re.findall(r"\$\{user_config\.(\w+)\}", " ".join(command["args"])))
    assert asked == set(manifest["user_config"])
    assert manifest["user_config"]["privacy"]["default"] in set(PrivacyLevel)
    assert (BUNDLE / manifest["server"]["entry_point"]).is_file()
    after = command["args"][command["args"].index(manifest["server"]["entry_point"]) + 1 :]
    assert serve_arguments(after).transport == "stdio"


@pytest.mark.anyio
async def test_what_the_bundle_starts_is_the_server(tmp_path: Path) -> None:
    args = [str(BUNDLE / "server.py"), "--root", f"{tmp_path}:sealed"]
    async with Client(
        StdioServerParameters(command=sys.executable, args=args, env=environment(tmp_path))
    ) as agent:
        assert {tool.name for tool in (await agent.list_tools()).tools} == set(built_in_tools())


# The entry for the registry: its published schema, in our words


def test_the_entry_has_what_the_registry_asks_for() -> None:
    entry = read(REPOSITORY / "server.json")
    assert re.fullmatch(r"https://[\w.]+/schemas/\d{4}-\d\d-\d\d/server\.schema\.json", entry["$schema"])
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", entry["name"])
    assert 1 <= len(entry["description"]) <= 100 and 1 <= len(entry["title"]) <= 100
    assert set(entry) <= {"$schema", "name", "title", "description", "version", "packages", "repository"}
    for package in entry["packages"]:
        assert package["registryType"] == "pypi" and package["identifier"] == "mcp-smalltools"
        assert package["transport"] == {"type": "stdio"}
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])


def test_what_the_entry_lets_a_client_ask_has_the_registrys_fields() -> None:
    """Its schema lets unknown fields through, and a client would not know them."""
    inputs = {"description", "isRequired", "format", "value", "isSecret", "default", "placeholder", "choices"}
    (package,) = read(REPOSITORY / "server.json")["packages"]
    for argument in package["packageArguments"]:
        assert set(argument) <= inputs | {"type", "name", "isRepeated", "valueHint", "variables"}
        assert argument["type"] == "named" or argument.keys() & {"value", "valueHint"}
    for one in package["environmentVariables"]:
        assert set(one) <= inputs | {"name", "variables"} and isinstance(one["default"], str)
        assert one.get("format", "string") in {"string", "number", "boolean", "filepath"}
    assert set(package) <= {
        *("registryType", "registryBaseUrl", "identifier", "version", "runtimeHint", "transport"),
        *("packageArguments", "runtimeArguments", "environmentVariables", "fileSha256"),
    }


def test_its_arguments_and_variables_are_the_programs() -> None:
    (package,) = read(REPOSITORY / "server.json")["packages"]
    first, *named = package["packageArguments"]
    assert first == {"type": "positional", "value": "serve"}
    for argument in named:
        assert argument["type"] == "named"
        assert serve_arguments([argument["name"], "DIR"])
    for variable in package["environmentVariables"]:
        field = Settings.model_fields[variable["name"].removeprefix(ENV_PREFIX).lower()]
        default = str(getattr(field.default, "value", field.default)).lower()
        assert variable["default"] == default
        assert set(variable.get("choices", [])) <= set(PrivacyLevel)
