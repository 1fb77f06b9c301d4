"""The documentation is true of what is there: generated pages, links, paths, commands, configurations."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from documentation import (
    REPOSITORY,
    Block,
    Command,
    blocks,
    commands,
    name_of,
    pages,
    script_commands,
    text_of,
)

from mcp_smalltools import __version__
from mcp_smalltools.calibration.scores import read_quality
from mcp_smalltools.cli import COMMANDS, command_parser
from mcp_smalltools.config import Settings
from mcp_smalltools.economics.prices import PriceFile
from mcp_smalltools.skills.manifest import parse_skill
from mcp_smalltools.tools.built_in import built_in_tools

each_page = pytest.mark.parametrize("page", pages(), ids=name_of)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HELD_BY_OTHER_PROGRAMS = (".github/", "integrations/claude-code/", "examples/claude-code/")
"""Where Markdown is read by its place: templates of the forge, parts of a plugin, files to be copied."""


def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", REPOSITORY / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("name", ["settings.md", "tools.md", "commands.md", "specialists.md"])
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    page = text_of(REPOSITORY / "docs" / "reference" / name)
    assert page == generated()[name], "stale: run python docs/generate.py"


def links_of(page: Path) -> list[tuple[Path, str]]:
    """The pages and files that a page points to, and the heading there ("" for the page as a whole)."""
    found = [link.partition("#") for link in LINK.findall(text_of(page)) if ":" not in link]
    return [((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in found]


def anchors_of(page: Path) -> set[str]:
    """Headings as a forge makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@each_page
def test_a_link_leads_somewhere(page: Path) -> None:
    links = links_of(page)
    assert [path for path, _ in links if not path.exists()] == []
    assert [(path, anchor) for path, anchor in links if anchor and anchor not in anchors_of(path)] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, todo = set(), [REPOSITORY / "README.md"]
    while todo:
        page = todo.pop()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            todo += [path for path, _ in links_of(page)]
    own = [page for page in pages() if not name_of(page).startswith(HELD_BY_OTHER_PROGRAMS)]
    assert [name_of(page) for page in own if page not in seen] == []


def paths_in(page: Path) -> set[str]:
    """Paths of this repository that a page names in code style: with a known folder or ending."""
    code = re.findall(r"`([^`\n]+)`", text_of(page))
    inside = "models|tests|docs|examples|benchmarks|integrations|client_tests|mcp_smalltools"
    packages = "|".join(path.name for path in (REPOSITORY / "mcp_smalltools").iterdir() if path.is_dir())
    path = re.compile(rf"(?:{inside}|{packages})/[\w./-]*|[\w/]+/\w+\.py|test_\w+\.py")
    return {text for text in code if path.fullmatch(text)}


@each_page
def test_a_path_that_a_page_names_exists(page: Path) -> None:
    if page.name == "LOG.md":
        pytest.skip("names files as they were")
    bases = [REPOSITORY, REPOSITORY / "mcp_smalltools", REPOSITORY / "tests", page.parent]
    named = {path for path in paths_in(page) if "NAME" not in path}
    assert [path for path in named if not any((base / path).exists() for base in bases)] == []


def test_the_readme_names_every_tool() -> None:
    readme = text_of(REPOSITORY / "README.md")
    assert [name for name in built_in_tools() if f"`{name}`" not in readme] == []


@cache
def parser_of(command: str) -> argparse.ArgumentParser:
    return command_parser(command, importlib.import_module(f"mcp_smalltools.commands.{command}"))


def unknown_in(words: tuple[str, ...]) -> list[str]:
    """Actions and flags of a command line that its parser doesn't have."""
    unknown, parser = [], parser_of(words[0])
    flags = set(parser._option_string_actions)
    for word in words[1:]:
        branches = [item for item in parser._actions if isinstance(item, argparse._SubParsersAction)]
        if word == "--":
            break  # what follows is another program's
        if word.startswith("--"):
            unknown += [word] if word.partition("=")[0] not in flags else []
        elif branches and word in branches[0].choices:
            parser = branches[0].choices[word]
            flags |= set(parser._option_string_actions)
        elif branches and word.isupper():
            break  # stands for any of them
        elif branches:
            unknown.append(word)
    return unknown


@pytest.mark.parametrize("command", dict.fromkeys(commands()), ids=str)
def test_a_command_that_is_shown_exists(command: Command) -> None:
    assert command.words[0] in COMMANDS
    assert unknown_in(command.words) == []
    if command.whole:
        parser_of(command.words[0]).parse_args(command.words[1:])  # exits where it can't be parsed


def test_a_script_that_is_shown_exists_and_knows_its_flags() -> None:
    shown = list(script_commands())
    assert len(shown) > 20
    for page, path, flags in shown:
        script = REPOSITORY / path
        assert script.exists(), f"{page}: {path}"
        source = text_of(script)
        assert [flag for flag in flags if f'"{flag}"' not in source] == [], f"{page}: {path}"


def test_a_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(REPOSITORY / "Makefile"), re.MULTILINE))
    shown = {
        target
        for page in pages()
        for target in re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text_of(page), re.MULTILINE)
    }
    assert "quick" in shown
    assert shown <= targets


def configurations(language: str) -> list[Block]:
    return [block for block in blocks() if block.language == language and block.text.strip()]


@pytest.mark.parametrize("block", configurations("toml"), ids=lambda block: block.page)
def test_a_configuration_that_is_shown_is_valid(block: Block) -> None:
    content = tomllib.loads(block.text)
    if "kind" in content:
        files = {
            "skill.toml": block.text.encode(),
            content["examples"]: b"billing\tI was charged twice\nbug\tIt crashes\n",
            content["eval"]: b'{"text": "Where is my refund?", "label": "billing"}\n',
        }
        assert parse_skill(Path(content["name"]), files).file.kind == content["kind"]
    elif "models" in content:
        assert PriceFile.model_validate(content).models
    else:
        assert Settings.model_validate(content)
        assert content.keys() <= Settings.model_fields.keys()


def test_the_scores_that_are_shown_can_be_read(tmp_path: Path) -> None:
    shown = configurations("json")
    assert [block.page for block in shown] == ["models/skills/README.md"]
    (tmp_path / "scores.json").write_text(shown[0].text, encoding="utf-8")
    quality = read_quality(tmp_path / "scores.json")
    assert quality.evaluation and quality.speed
    assert json.loads(shown[0].text).keys() == {"evaluation", "speed"}


@pytest.mark.parametrize("block", configurations("python"), ids=lambda block: block.page)
def test_what_shown_python_imports_from_here_exists(block: Block) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("mcp_smalltools"):
            module = importlib.import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def test_the_changelog_has_each_kind_once_in_a_version_and_each_change_once() -> None:
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    first, *versions = text_of(REPOSITORY / "CHANGELOG.md").split("\n## ")
    assert first.startswith("# Changelog")
    assert versions[0].startswith("Unreleased\n")
    assert versions[1].startswith(__version__ + " - 20")
    for version in versions:
        headings = re.findall(r"^### (.+)$", version, re.MULTILINE)
        assert set(headings) <= kinds and len(set(headings)) == len(headings)
        changes = re.findall(r"^- (.+)$", version, re.MULTILINE)
        assert len({change[:60] for change in changes}) == len(changes)


def test_the_written_questions_to_files_of_this_repository_find_their_lines() -> None:
    """`ask_file` is fitted and measured on them; one whose line is gone would drop out unnoticed."""
    questions = text_of(REPOSITORY / "models" / "recipes" / "ask_file" / "questions.txt")
    asked, lost = 0, []
    for block in re.findall(r"^== \w+ repo:(.*\n(?:(?!== ).*\n)*)", questions, re.MULTILINE):
        name, *rows = block.splitlines()
        content = text_of(REPOSITORY / name)
        for row in filter(None, rows):
            question, words = row.split(" =>")
            wanted = [word.strip() for word in words.split(" || ") if word.strip()]
            asked += 1
            if wanted and not any(word in content for word in wanted):
                lost.append(f"{name}: {question}")
    assert asked > 50
    assert lost == []
