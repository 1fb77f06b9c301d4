"""Texts that repeat one thing, and calls that read them, to try how time grows with length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import anyio

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

SIGNS: Final = (
    *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    *("a", "A", "1", "0", " ", "\t", "\r", "\n", "\0", "\x1b", "\u0661", "\u2028", "é", "👍"),
)
PAIRS: Final = (
    *(
        "- ",
        ". A",
        "A. ",
        "1,",
        "| ",
        "|a",
        "<a",
        '="',
        "\\\\",
        '\\"',
        "a ",
        "a.",
        "a-",
        "a_",
        "a:",
    ),
    *(
        "a=",
        "1 ",
        "1.",
        "1-",
        "1:",
        "A ",
        "Aa",
        "a1",
        "('",
        "[a",
        "((",
        "()",
        "[]",
        "{}",
        "<>",
    ),
    *(
        "<!--",
        "-->",
        "<a>",
        "</a>",
        "&#",
        "&#9",
        "&a;",
        "a,",
        "a, ",
        "a: ",
        "a/",
        "../",
        "//",
        "/*",
    ),
    *(
        "*/",
        "# ",
        "* ",
        "**",
        "~~",
        "``",
        "a\n",
        "\n\n",
        " \n",
        "-\n",
        "|\n",
        "a=1 ",
        "one ",
        "one-",
    ),
    *(
        "and ",
        "a@",
        "a@a.",
        "1.1",
        "12:",
        "12:30 ",
        "2020-",
        "Jan ",
        "a b ",
        "a(",
        "a)",
        "\x1b[",
    ),
    *(
        "\x1b[1;",
        "\x1b]",
        "$a",
        "${",
        "%s",
        "%(",
        "0x",
        "at a",
        'File "',
        "[1]",
        "a\t",
        "\t ",
        "--",
    ),
    *(
        "---\n",
        "A: ",
        "Error",
        "error: ",
        "aA",
        "A/",
        " a",
        "  a",
        "\r\n",
        "a\r",
        "\r ",
        "password",
    ),
    *(
        "token ",
        "password = ",
        "login a password ",
        "mysql -p ",
        "curl -u ",
        "e-",
        "A-",
        "[\n",
        "{\n",
    ),
    *(
        "# a\n",
        "- a\n",
        "a: 1\n",
        "a:\n",
        "a=1\n",
        "|a|b|\n",
        "a,b\n",
        "[a]\n",
        '"',
        '""',
        '",',
    ),
    *(
        "'a',",
        "a\n===\n",
        "<h1>",
        "<p>a",
        "def a():\n",
        "a(\n",
        "1+",
        "if a:\n ",
        "&&",
        "at a.b(c)\n",
    ),
    *(
        "x: y: ",
        "Aa. ",
        "{'a':",
        '{"a":',
        "[[",
        "[[a]]\n",
        "a.a",
        "<li>",
        "<div",
        "  a\n",
        "a  b\n",
    ),
    *(
        "a\tb\n",
        "+-",
        "|-",
        ":-",
        " -",
    ),
)
BEFORE: Final = ("|", "1 ", '"', "a: ", "# ", "2024-01-01 10:00:00 ERROR ")

LOGS: Final = ("parse_log", "find_failure")
SUFFIXES: Final = {
    "parse_log": (".log",),
    "find_failure": (".log",),
    "read_redacted": (".txt",),
    "classify": (".txt",),
    "find_files": (".txt", ".md", ".py", ".c"),
    "extract": (".txt", ".csv", ".yaml", ".toml", ".json", ".ini", ".text"),
    "ask_file": (".txt", ".md", ".py", ".yaml", ".csv", ".toml", ".sh", ".js", ".json"),
    "summarize_file": (
        *(
            ".txt",
            ".md",
            ".rst",
            ".html",
            ".ipynb",
            ".csv",
            ".tsv",
            ".json",
            ".jsonl",
            ".yaml",
            ".toml",
            ".ini",
        ),
        *(".py", ".c", ".cpp", ".js", ".ts", ".go", ".rs", ".java", ".rb", ".sh", ".mk", ".dockerfile"),
    ),
}


def texts(size: int) -> Iterator[tuple[str, str]]:
    """A name and a text of about so many characters: each sign and pair on one line, on many, and behind
    other text.
    """
    for each in dict.fromkeys((*SIGNS, *PAIRS)):
        yield f"{each!r}", each * (size // len(each))
        line = each * (60 // len(each)) + "\n"
        yield f"lines of {each!r}", line * (size // len(line))
        for before in BEFORE:
            yield f"{before!r} and {each!r}", before + each * (size // len(each)) + "!\n"


def arguments(tool: str, path: str) -> dict[str, Any]:
    """What a tool is called with."""
    if tool == "extract":
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "size": {"type": "integer"},
                "when": {"format": "date"},
            },
        }
        if path.endswith(".text"):
            schema = {"type": "array", "items": schema}
        schema["properties" if "properties" in schema else "items"]
        return {"path": path, "schema": schema}
    return {
        "parse_log": {"path": path},
        "find_failure": {"path": path},
        "read_redacted": {"path": path, "start": 1, "end": 20},
        "classify": {"paths": [path], "labels": ["bug", "question"]},
        "ask_file": {"paths": [path], "question": "Which port does it listen on?"},
        "find_files": {"query": "which port", "path": str(Path(path).parent)},
        "summarize_file": {"path": path},
    }[tool]


def call(folder: Path, tool: str, suffix: str, text: str, level: PrivacyLevel = PrivacyLevel.OPEN) -> str:
    """The outcome of one call: "answer", or the code of its error. An exception of another kind passes."""

    async def run() -> str:
        settings = Settings(
            roots=(RootSpec(path=folder / "root", level=level),),
            state_dir=folder / "state",
            runtime_dir=folder / "run",
            skills_dir=folder / "skills",
            cache=False,
            deadline_s=600,
        )
        service = Service(settings, FakeEngine())
        try:
            await service.call(ToolRequest(tool, arguments(tool, str(folder / "root" / f"f{suffix}"))))
        except SmallToolsError as error:
            return error.code
        finally:
            await service.close()
        return "answer"

    (folder / "root").mkdir(exist_ok=True)
    (folder / "root" / f"f{suffix}").write_text(text, encoding="utf-8", newline="")
    return anyio.run(run)
