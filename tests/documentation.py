"""What the documentation shows: its pages, code blocks, commands and configurations."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```|((?:^    \S.*\n)+)", re.MULTILINE | re.DOTALL)
_OURS = re.compile(r"(?:^|[ /(\"])mcp-smalltools\"?\s+(?=[a-z])")
_SCRIPT = re.compile(r"(?:^|[\s`])(?:\S*/)?python3? ((?:docs|benchmarks|examples|models|tests)/[\w/]+\.py)")


@dataclass(frozen=True)
class Block:
    """A code block of a page; `language` is empty where the page names none."""

    page: str
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command that a page shows; `whole` is False for one in running text, which may lack arguments."""

    page: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)[:60]}"


@cache
def pages() -> tuple[Path, ...]:
    """The Markdown pages that are for readers: not the training texts, nor reports that are examples."""
    folders = (".github", "docs", "examples", "integrations", "models")
    found = [
        *REPOSITORY.glob("*.md"),
        *(path for name in folders for path in (REPOSITORY / name).rglob("*.md")),
    ]
    data = ("models/recipes/", "examples/skills/incident_report/reports/")
    return tuple(sorted(page for page in found if not name_of(page).startswith(data)))


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def blocks() -> Iterator[Block]:
    for page in pages():
        for language, fenced, indented in _BLOCK.findall(text_of(page)):
            yield Block(name_of(page), language, fenced or indented)


def _shell_lines(text: str) -> Iterator[str]:
    """The lines of a block, continued ones joined: after a backslash, and inside quotes."""
    held = ""
    for line in text.splitlines():
        held += line
        if held.endswith("\\"):
            held = held[:-1]
        elif held.count("'") % 2 and "'{" in held:
            held += " "
        else:
            yield held.strip().removeprefix("$ ")
            held = ""


def _words(line: str) -> tuple[str, ...] | None:
    """The words after `mcp-smalltools`, brackets of a synopsis taken away; None if it isn't in the line."""
    found = _OURS.search(line)
    if not found:
        return None
    rest = line[found.end() :]
    if "'{" not in rest:
        rest = re.sub(r"\$\([^)]*\)", "X", rest.split(";")[0])
        rest = re.sub(r"[\[\])]|\.\.\.", " ", re.sub(r"\|\S+", "", rest))
    return tuple(shlex.split(rest, comments=True))


def commands() -> Iterator[Command]:
    """The `mcp-smalltools` commands of all pages and of the docstrings of scripts."""
    for block in blocks():
        if block.language in {"", "sh"} and not block.page.startswith("docs/reference/"):
            for line in _shell_lines(block.text):
                if words := _words(line):
                    yield Command(block.page, words, whole="'{" in line or not re.search(r"\[|\.\.\.", line))
    for page in pages():
        text = _BLOCK.sub("", text_of(page))
        for inline in re.findall(r"`([^`\n]+)`", text):
            if inline.startswith("mcp-smalltools ") and (words := _words(inline)):
                yield Command(name_of(page), words, whole=False)
    for source in scripts():
        docstring = ast.get_docstring(ast.parse(text_of(REPOSITORY / source))) or ""
        for line in docstring.splitlines():
            if line.lstrip().startswith("mcp-smalltools ") and (words := _words(line)):
                yield Command(source, words, whole=True)


def scripts() -> list[str]:
    """Scripts that a developer runs by their path."""
    folders = ("benchmarks", "docs", "examples", "models/recipes")
    return [name_of(path) for folder in folders for path in sorted((REPOSITORY / folder).rglob("*.py"))]


def script_commands() -> Iterator[tuple[str, str, list[str]]]:
    """Where it is shown, the script's path, and the flags given to it."""
    # The log of experiments names scripts as they were.
    texts = {name_of(page): text_of(page) for page in pages() if page.name != "LOG.md"}
    texts |= {name: text_of(REPOSITORY / name) for name in scripts()}
    for shown_in, text in texts.items():
        for found in _SCRIPT.finditer(text):
            line = re.split(r"[`\"'\n;]", text[found.end() :], maxsplit=1)[0]
            yield shown_in, found[1], re.findall(r"(?<=[ \[])--[a-z-]+", line)
