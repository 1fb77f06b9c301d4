"""The reference pages say what the code does, and what the pages point to is there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("examples/**/*.md")]
)


def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", REPOSITORY / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("name", ["settings.md", "tools.md", "commands.md"])
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    page = (REPOSITORY / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert page == generated()[name], "stale: run python docs/generate.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_names_every_tool_and_every_command_it_shows_exists() -> None:
    from mcp_smalltools.cli import COMMANDS
    from mcp_smalltools.tools.registry import built_in_tools

    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert [name for name in built_in_tools() if f"`{name}`" not in readme] == []
    shown = set(re.findall(r"(?:^|`|bin/|\" )mcp-smalltools\"? ([a-z]+)", readme, re.MULTILINE)) - {"is"}
    assert shown <= set(COMMANDS)
