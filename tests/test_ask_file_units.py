"""What counts as a whole unit of a file, in every common format."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.ask_file.question import parse_question
from mcp_smalltools.tools.ask_file.short_answer import short_answer
from mcp_smalltools.tools.ask_file.units.of_file import units_of
from mcp_smalltools.tools.ask_file.units.unit import Unit


def unit_at(path: str, text: str, holds: Callable[[Unit], bool]) -> Unit:
    return next(unit for unit in units_of(path, text.split("\n")) if holds(unit))


WHOLE = {
    "a setting with the comment above it": (
        "app.ini",
        "[mail]\n; Seconds until a mail is sent again.\nretry_after = 40\n\nport = 25\n",
        "retry_after",
        (2, 3),
        1,
    ),
    "a block of a pipeline": (
        "ci.yml",
        "on:\n  push:\n    paths-ignore:\n      - '*.md'\n      - docs/**\njobs:\n  a:\n    runs-on: x\n",
        "paths-ignore",
        (3, 5),
        2,
    ),
    "a rule of a makefile with its commands": (
        "Makefile",
        "ARCH ?= amd64 arm64\n\ncheck-rules: build\n\t@echo checking\n\t./check rules\n\nall: x\n",
        "check-rules",
        (3, 5),
        0,
    ),
    "a variable of a makefile with a default": (
        "Makefile",
        "ARCH ?= amd64 arm64\n\nall:\n\tx\n",
        "ARCH",
        (1, 1),
        0,
    ),
    "a macro of a C header with what is said of it": (
        "lamp.h",
        "#ifndef LAMP_H\n\n/* burns all the time */\n#define LAMP_ALWAYS 2\n\n#define LAMP_OFF 0\n",
        "LAMP_ALWAYS",
        (3, 4),
        0,
    ),
    "a constant of C# with its modifiers": (
        "Lamp.cs",
        "namespace Shop\n{\n    public class Lamp\n    {\n"
        "        private const int OP_RESET =\t0xf2;\n    }\n}\n",
        "OP_RESET",
        (5, 5),
        3,
    ),
    "a constant of Swift with its type": (
        "Lamp.swift",
        "final class Lamp {\n    private static let maxCharacters: Int = 200_000\n}\n",
        "maxCharacters",
        (2, 2),
        1,
    ),
    "an element of XML with the comment above it": (
        "agent.xml",
        "<config>\n  <check>\n    <!-- every 20 hours -->\n    <frequency>72000</frequency>\n"
        "    <a>1</a>\n    <b>1</b>\n    <c>1</c>\n    <d>1</d>\n    <e>1</e>\n"
        "    <f>1</f>\n  </check>\n</config>\n",
        "frequency",
        (3, 4),
        2,
    ),
    "an option of a manual page with all that is said of it": (
        "kettle.1",
        ".TH KETTLE 1\n.SH OPTIONS\n.TP\n.B \\-\\-limit\nHow often it tries.\n.br\nDefault is 3.\n"
        ".TP\n.B \\-q\nQuiet.\n",
        "--limit",
        (3, 7),
        2,
    ),
    "a row of a table under the names of its columns": (
        "codes.csv",
        "Country,M49 Code\nBhutan,064\nIceland,352\n",
        "",
        (3, 3),
        1,
    ),
    "a short function with its body": (
        "pool.kt",
        "// keeps connections\nclass Pool {\n    /** closes idle ones */\n    fun evict(now: Long) {\n"
        "        idle.clear()\n    }\n}\n",
        "evict",
        (3, 6),
        0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WHOLE)
def test_a_whole_unit_is_shown(case: str) -> None:
    path, text, name, shown, under = WHOLE[case]
    unit = unit_at(
        path,
        text,
        lambda u: u.name == name and u.kind not in ("doc", "header") and u.start <= shown[1] <= u.shown[1],
    )
    assert (unit.shown, unit.under) == (shown, under)


PAGE = """# Tool

## How do I export it?

Run the exporter:

```
tool export --csv
```

## Limits

It takes files of up to 20 MB. Larger ones are refused.

| option | default |
|---|---|
| wait | 30 s |
"""


def test_a_heading_that_asks_is_shown_with_its_answer() -> None:
    unit = unit_at("README.md", PAGE, lambda u: u.kind == "section" and u.name.startswith("How"))
    assert unit.shown == (3, 9)


def test_an_example_is_found_by_the_sentence_before_it_and_shown_with_it() -> None:
    unit = unit_at("README.md", PAGE, lambda u: u.text == "tool export --csv")
    assert "Run the exporter" in unit.context
    assert unit.shown == (5, 9)


def test_a_row_of_a_page_is_under_its_columns_and_a_header_is_no_row() -> None:
    unit = unit_at("README.md", PAGE, lambda u: u.kind == "row")
    assert (unit.start, unit.under) == (17, 15)
    assert unit_at("README.md", PAGE, lambda u: u.kind == "header").start == 15


def test_a_list_without_marks_is_no_sentence_of_many_lines() -> None:
    text = "\n".join(f"word{n} another thing" for n in range(30))
    assert max(unit.end - unit.start for unit in units_of("notes.txt", text.split("\n"))) == 0


FORMS = (
    *("a.py", "a.cs", "a.swift", "a.sql", "a.pl", "a.xml", "a.html", "a.1", "a.md", "a.rst", "Makefile"),
    *("a.yml", "a.tf", "a.toml", "a.csv", "a.h", "a.txt"),
)
PIECES = (
    *(".TP", ".SH A", ".TH A 1", "<a>", "</a>", "<b c='d'>e</b>", "<!-- a", "-->", "/*", "*/", "// a b"),
    *("# a", "```", "    a = 1", "\ta b", "a: b", "a ?= 1", "- a", "| a | b |", "|---|---|", "a b. C d."),
    *("{", "}", ""),
    *("[a]", "'''", '"""x', "def a():", "class A {", "=====", "a,b", "--a"),
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.sampled_from(FORMS))
def test_units_of_every_form_are_inside_of_the_file_and_leave_no_line_out(
    lines: list[str], path: str
) -> None:
    covered: set[int] = set()
    for unit in units_of(path, lines):
        first, last = unit.shown
        assert 1 <= first <= unit.start <= unit.end <= max(1, len(lines))
        assert unit.end <= last or unit.whole is None or last <= len(lines)
        assert 0 <= unit.under <= len(lines)
        covered |= set(range(unit.start, unit.end + 1))
    said = {number for number, line in enumerate(lines, 1) if any(sign.isalnum() for sign in line)}
    assert said <= covered


ANSWERS = [
    ("What is the timeout?", "entry", "timeout = 30  # seconds", None),
    ("What is the timeout?", "entry", 'timeout: "30s"', "30s"),
    ("How big may an upload be?", "entry", "client_max_body_size 4G;", "4G"),
    ("What is the version set to?", "entry", "VERSION ?= 2.30.0", "2.30.0"),
    ("What coverage is demanded?", "number", "", None),
    ("Which ratio is set?", "entry", "<ratio>0.97</ratio>", "0.97"),
    ("What value is the mode?", "entry", "#define MODE 2", "2"),
    ("What is x set to?", "entry", "x = compute(3)", None),
    ("What is x set to?", "entry", "x = [1, 2,", None),
    ("What is the limit set to?", "entry", "private static let limit: Int = 200_000", "200_000"),
    ("How long are logs kept?", "sentence", "Logs are kept for 30 days on disk.", "30 days"),
    ("How long are logs kept?", "sentence", "Set it to 30 or so.", None),
    ("How many workers run?", "sentence", "It runs 4 workers.", "4 workers"),
]


@pytest.mark.parametrize(("question", "kind", "text", "answer"), ANSWERS)
def test_an_answer_is_the_whole_value_with_its_unit_or_none(
    question: str, kind: str, text: str, answer: str | None
) -> None:
    assert short_answer(parse_question(question), Unit(1, 1, text, kind=kind)) == answer


def test_the_cell_of_the_column_that_is_asked_for_is_the_answer() -> None:
    row = Unit(2, 2, "Bhutan,064,BT", kind="row")
    question = parse_question("What is the M49 code of Bhutan?")
    assert short_answer(question, row, "Country,M49 Code,ISO") == "064"
    assert short_answer(parse_question("Where is Bhutan?"), row, "Country,M49 Code,ISO") is None


CHANGES = """# Changelog

## [2.7.0] - 2031-05-20

### Added
- Note the `[steam]` attribute in the manual

## [2.6.0] - 2031-03-11

### Added
- Add `[steam]` attribute to heat pots together
"""


def test_a_change_is_under_its_release_whatever_heading_is_between() -> None:
    unit = unit_at("CHANGELOG.md", CHANGES, lambda u: "heat pots" in u.text)
    assert unit.under == 8
    assert "2.6.0" in unit.context
    question = parse_question("In which version was the [steam] attribute introduced?")
    assert short_answer(question, unit, "## [2.6.0] - 2031-03-11") == "2.6.0"


def test_files_and_flags_that_a_question_names_are_names() -> None:
    assert ".env" in parse_question("Does it look for .env in parent directories?").names
    assert "--quiet" in parse_question("what does --quiet do?").names
    assert parse_question("Is it on by default?").names == ()


BOARD = """module Board where

-- | What a piece is worth.
value :: Kind -> Int
value King = 20000
value Queen = 900

plies = 4

search depth board
  | null moves = 0
  | otherwise = maximum moves
  where
    moves = movesOf board
"""


@pytest.mark.parametrize(
    ("line", "owner", "whole"),
    [
        ("value Queen = 900", "value", (3, 6)),
        ("plies = 4", "plies", (8, 8)),
        ("moves = movesOf board", "search", (10, 14)),
    ],
)
def test_what_a_function_is_equal_to_is_part_of_it_though_its_type_stands_above_or_nowhere(
    line: str, owner: str, whole: tuple[int, int]
) -> None:
    of_line = unit_at("Board.hs", BOARD, lambda unit: unit.text == line and unit.kind != "definition")
    assert of_line.context.split()[0] == owner
    assert unit_at("Board.hs", BOARD, lambda unit: unit.name == owner).whole == whole


def test_a_literate_program_is_code_with_remarks() -> None:
    text = "A cup holds five litres.\n\n> cup :: Int\n> cup = 5\n\nPots are larger.\n"
    found = {(unit.kind, unit.start) for unit in units_of("Tea.lhs", text.split("\n"))}
    assert {("sentence", 1), ("definition", 3), ("sentence", 6)} <= found


def test_what_an_item_of_a_list_says_is_under_its_first_key() -> None:
    drafts = "- name: Drafts\n  about: >-\n    Shows posts\n    that aren't out.\n  flag: --drafts\n"
    text = f"{drafts}- name: Future\n  flag: --future\n"
    flags = [unit for unit in units_of("options.yml", text.split("\n")) if unit.name == "flag"]
    assert [(unit.start, unit.context) for unit in flags] == [(5, "name: Drafts"), (7, "name: Future")]
    assert unit_at("options.yml", text, lambda unit: unit.start == 3).context == "name: Drafts about"
