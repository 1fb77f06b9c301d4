"""No file makes a call take more than linear time: what once did, and what replaced it."""

from __future__ import annotations

import io
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from repeated import call

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import UsageError
from mcp_smalltools.files.compressed import decompress_stream
from mcp_smalltools.files.roots import Folder
from mcp_smalltools.files.tree import MAX_DEPTH, Walk
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.logs.headers import tail
from mcp_smalltools.logs.keys.terminal import strip_terminal_codes
from mcp_smalltools.logs.message import masking
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.text.facts import numbers
from mcp_smalltools.text.next_line import NextLine
from mcp_smalltools.text.outline import outline
from mcp_smalltools.text.outlines.heading import Heading
from mcp_smalltools.text.outlines.markup import headings_of
from mcp_smalltools.text.toml import TOMLRefused, load_toml
from mcp_smalltools.tools.ask_file.units import settings_units
from mcp_smalltools.tools.classify import chunks
from mcp_smalltools.tools.extract.schema import plan_of, problems
from mcp_smalltools.tools.extract.structure import key_values
from mcp_smalltools.tools.extract.structure.text_forms import read_structure
from mcp_smalltools.tools.parse_log.sessions import values_in
from mcp_smalltools.tools.summarize_file import data, documents

LIMIT_S = 20
"""Far above what the calls take (below a second), far below what they took (minutes, most of them years)."""
REPEATED = ["-", ".", "/", ":", "_", "a", "1", "+", "~", "%", " ", "-1", "a-", "1+", "./", "1:", "\u0661"]
VALUE = re.compile(r"(?<![\w+~%])[\w./:-]*\d[\w./:-]*(?![+~%])")


@given(st.text("ab1\u0661-./:_+~% ", max_size=30), st.integers(0, 8))
def test_values_of_a_line_are_those_of_the_pattern_that_took_quadratic_time(line: str, start: int) -> None:
    assert list(values_in(line, start)) == [match.span() for match in VALUE.finditer(line, start)]


WRITTEN_OVER = re.compile(rb"[^\n\r]*\r+(?=[^\n\r])")


@given(st.text("ab\r\n", max_size=40))
def test_lines_written_over_are_those_of_the_pattern_that_took_quadratic_time(text: str) -> None:
    encoded = text.encode()
    assert strip_terminal_codes(encoded) == WRITTEN_OVER.sub(b"", encoded)


@pytest.mark.parametrize("text", [b"a", b"\ra", b"a\r", b"\r\r", b"-"])
def test_a_line_of_a_megabyte_is_shown_in_a_moment(text: bytes) -> None:
    line = b"10%\r" + text * 1_000_000
    started = time.monotonic()
    assert strip_terminal_codes(line + b"\nend\n").endswith(b"\nend\n")
    assert time.monotonic() - started < LIMIT_S


@pytest.mark.parametrize("text", REPEATED)
def test_values_of_a_line_of_a_megabyte_are_found_in_a_moment(text: str) -> None:
    line = text * (1_000_000 // len(text))
    started = time.monotonic()
    for _ in values_in(line, 0):
        pass
    assert time.monotonic() - started < LIMIT_S


# What a replaced pattern finds is what the old one found.

PAIR_LINE = re.compile(
    r"^\s*(?:[-*+•]\s+)?(?:export\s+)?(?P<key>\*{0,2}[\w\"'`][\w ./()#%&'\"`*-]{0,60}?)\*{0,2}"
    r"\s*(?::\*{0,2}\s+|\s*=\s*|\t+|\s{3,}|:(?=\S)(?!//))(?P<value>\S.*?)\s*$"
)
PAIR_ROW = re.compile(r"^\s*\|\s*(?P<key>[^|]+?)\s*\|\s*(?P<value>[^|]+?)\s*\|\s*$")


@given(st.text("ab1 \t\u2028*-:=|'/#", max_size=16))
def test_named_values_are_those_of_the_patterns_that_took_cubic_time(line: str) -> None:
    match = PAIR_ROW.match(line) or PAIR_LINE.match(line)
    assert key_values._pair_in(line) == ((match["key"], match["value"]) if match else ("", ""))


AFTER_LEVEL = re.compile(
    r"(?:[\w$-]+\.){1,}[\w$*/-]+(?:[\w$.@/-]*)?(?:[:(]\d+\)?)?(?: -|:| :| \|)"
    r"|[A-Za-z][\w$./-]*(?:\[\d+\]|(?::<?\w+>?)?:\d+|\(\d+\)) ?(?:-|:|\|)"
)
IN_HEADER = ["a", "A", "1", ".", "*", "/", "-", "$", "@", ":", "(", " -", " |", "[", "]"]


@given(st.lists(st.sampled_from(IN_HEADER), max_size=10).map("".join))
def test_loggers_are_those_of_the_pattern_that_took_cubic_time(text: str) -> None:
    old, new = AFTER_LEVEL.match(text), tail._AFTER_LEVEL.match(text)
    assert old is None or (new is not None and new.end() >= old.end())


SETTING = re.compile(
    r"^\s*(?:[-*]\s+)?(?:export\s+|const\s+|let\s+|var\s+|#define\s+)?"
    r"[\"']?(?P<key>[\w.\-/ ]{1,60}?)[\"']?\s*"
    r"(?::\s*[\w\[\], .|]+\s*=|[?+:]{0,2}=(?!=)|:(?![:=])|\s(?=\S+$))"
    r"\s*(?P<value>\S.*)$"
)
IN_SETTING = ["a", " ", "\t", ":", "=", "|", "[", "x", "export ", "'", "- "]


@given(st.lists(st.sampled_from(IN_SETTING), max_size=12).map("".join))
def test_settings_are_those_of_the_pattern_that_took_cubic_time(line: str) -> None:
    old, new = SETTING.match(line), settings_units.ENTRY.match(line)
    assert (old and old.groupdict()) == (new and new.groupdict())


PATH = r"(?<![\w])[\w.@+-]*\d[\w.@+-]*(?:/[\w.@+-]+)+(?![\w])"
VERSION = r"(?<![\w])v?\d+\.\d+\.\d+[0-9A-Za-z]*(?:[.+-][0-9A-Za-z]+)*(?![\w])"


@given(st.sampled_from([PATH, VERSION]), st.text("a1\u0661-./@+_v", max_size=16))
def test_values_that_a_replaced_form_described_are_masked_whole(form: str, text: str) -> None:
    for match in re.finditer(form, text):
        value = match[0]
        assert any(re.fullmatch(each, value) for _, each in masking._FORMS)


HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
IN_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")
CLAUSES = re.compile(r"(?<=[.!?;])\s+|\n+|,?\s+(?:and|but|also|plus|moreover)\s+", re.IGNORECASE)


@given(st.text("# a\t", max_size=12))
def test_headings_are_those_of_the_pattern_that_took_cubic_time(line: str) -> None:
    match = HEADING.match(line)
    found = [(heading.depth + 1, heading.text) for heading in headings_of([line], "a.md", frozenset())]
    assert found == ([(len(match[1]), match[2])] if match and match[2] else [])


@given(st.text("a #/()[] \t", max_size=16))
def test_brackets_of_names_are_those_of_the_pattern_that_took_quadratic_time(text: str) -> None:
    assert key_values._IN_BRACKETS.sub("", text) == IN_BRACKETS.sub("", text)


@given(st.text("1.eE+-a", max_size=10))
def test_floats_are_those_of_the_pattern_that_took_quadratic_time(text: str) -> None:
    assert bool(dict(data._TYPES)["float"].match(text)) == bool(FLOAT.match(text))


@given(st.lists(st.sampled_from([" ", "\n", ",", ".", "and", "a", "but", "\t"]), max_size=14))
def test_clauses_are_those_of_the_pattern_that_took_cubic_time(parts: list[str]) -> None:
    def clauses(pattern: re.Pattern[str]) -> list[str]:
        return [part for part in (one.strip(" ,.!?;:") for one in pattern.split("".join(parts))) if part]

    assert clauses(chunks._BETWEEN_CLAUSES) == clauses(CLAUSES)


@given(st.lists(st.integers(0, 4), max_size=20))
def test_sections_end_where_those_do_that_were_looked_for_in_quadratic_time(depths: list[int]) -> None:
    headings = [Heading(2 * n + 1, 2 * n + 1, depth, "") for n, depth in enumerate(depths)]
    ends = [
        max(h.line, next((o.line - 1 for o in headings[n + 1 :] if o.depth <= h.depth), 99))
        for n, h in enumerate(headings)
    ]
    assert [heading.end for heading in documents._closed(headings, 99)] == ends


@given(st.lists(st.sampled_from([". ", "A", "e.g", " b", "No", "! ", '"']), max_size=14))
def test_sentences_are_those_that_were_looked_for_in_quadratic_time(parts: list[str]) -> None:
    text, found, start = "".join(parts), [], 0
    for end in documents._ENDS.finditer(text):
        if not documents._ABBREVIATION.search(text[start : end.start()]):
            found.append(text[start : end.end(1)].strip())
            start = end.end()
    assert list(documents._pieces(text)) == found + ([text[start:].strip()] if text[start:].strip() else [])


# Whole calls.

SLOW = [
    ("extract", ".txt", "|" + " " * 100_000),
    (
        "extract",
        ".eml",
        "Subject: a\nFrom: b\nContent-Type: a/b; "
        + "".join(f"x*{n}*=c; " for n in range(20_000))
        + "\n\nname: d",
    ),
    ("extract", ".md", "|" + " " * 5_000),
    ("extract", ".txt", "a" + "\t" * 100_000 + "="),
    ("extract", ".text", " " * 100_000),
    ("extract", ".text", "-\t" * 50_000 + "x"),
    ("extract", ".text", "- a\n" + "  b\n" * 100_000),
    ("extract", ".text", "# " + " " * 100_000),
    ("extract", ".text", '{"a":[' + ",".join('{"a":1e5}' for _ in range(20_000)) + "]}"),
    ("extract", ".json", "{" + ",".join(f'"k{n}":{n}' for n in range(60_000)) + "}"),
    ("extract", ".json", "{\n" + ",\n".join(f'"\\u0061{n}":{n}' for n in range(30_000)) + "}"),
    ("extract", ".csv", ",".join(f"c{n}" for n in range(200_000)) + "\n" + "1," * 200_000),
    ("extract", ".text", "[" * 500 + "{" + "]" * 500),
    ("extract", ".txt", "9" * 100_000),
    ("extract", ".conf", "a {\n" * 50_000),
    ("extract", ".sql", "CREATE TABLE a (" + "/*" * 50_000),
    ("extract", ".sql", "CREATE TABLE a (b INT" + ", c d((" * 20_000),
    ("extract", ".text", "HTTP/1.1 200 OK\nA: {\n\n{\n" * 10_000),
    ("extract", ".text", "Traceback (most recent call last):\n  File\n" * 20_000),
    ("extract", ".text", "a.b." * 20_000 + "Exception: x\n\tat a.b(c:1)\n"),
    ("extract", ".conf", "a { b c;\n" + "d" * 100_000 + '"' + "\\" * 100_001),
    ("extract", ".conf", "a {\n/*" + "*" * 100_000),
    ("extract", ".conf", "a " * 100_000 + "\nb c\n"),
    ("extract", ".conf", "[a]\nb = 1\n" * 20_000),
    ("extract", ".txt", 'a="' + '\\"' * 100_000 + "\n" + 'b="c" d="e"\n'),
    ("extract", ".txt", "1: a: <" + "A," * 50_000 + ">" + " mtu" * 50_000 + "\n"),
    ("extract", ".txt", "default via " + "1 dev " * 50_000 + "\n"),
    ("extract", ".1", ".TH A 1\n.SH NAME\n" + "\\f[" * 50_000 + "a \\- " * 50_000),
    ("extract", ".1", ".TH A 1\n" + ".B " + '"' * 100_000 + "\n" + ".TP\n.B a\nb\n" * 20_000),
    ("extract", ".txt", "a" + "." * 100_000 + "\n" + "b: c\n" * 3),
    ("extract", ".md", ":::{list-table} a\n" * 20_000),
    ("summarize_file", ".txt", "# " + "#" * 100_000 + "!"),
    ("summarize_file", ".txt", "# a" + " " * 100_000 + "!"),
    ("summarize_file", ".txt", ". A" * 100_000),
    ("summarize_file", ".md", "".join(f"{'#' * (n % 6 + 1)} heading {n}\n" for n in range(100_000))),
    ("summarize_file", ".md", "It says this here.\n" * 100_000),
    ("summarize_file", ".sh", ")" * 100_000),
    ("summarize_file", ".csv", "a\n" + "1" * 100_000 + "x\n"),
    ("summarize_file", ".csv", ",".join(f"c{n}" for n in range(200_000)) + "\n" + "1," * 200_000),
    ("summarize_file", ".toml", "a." * 50_000 + "a = 1"),
    ("summarize_file", ".json", "{" + ",".join(f'"k{n}":{n}' for n in range(60_000)) + "}"),
    ("summarize_file", ".py", "(" * 5_000 + ")" * 5_000),
    ("summarize_file", ".py", "1" + "+1" * 20_000),
    ("summarize_file", ".ipynb", "[" * 100_000),
    ("summarize_file", ".html", "<p>&#" + "9" * 100_000 + ";"),
    ("find_files", ".md", "# " + "a" * 100_000 + "\n\n" + "which port\n\n" * 20_000),
    ("classify", ".txt", "a" + " \n\t" * 2_000 + "b"),
    ("parse_log", ".log", "1-" * 10_000),
    ("parse_log", ".log", "-" * 200_000),
    ("parse_log", ".log", "2020-" * 20_000),
    ("parse_log", ".log", "\n".join(f"{'a.' * 1_900}!{chr(97 + n)}" for n in range(20))),
    ("ask_file", ".csv", ",".join(f"c{n}" for n in range(200_000)) + "\n" + "1," * 200_000),
    ("ask_file", ".yaml", "a: " + " " * 100_000 + "x y"),
    ("ask_file", ".yaml", "port" + " " * 100_000 + "x:"),
    ("ask_file", ".md", "# port" + " " * 100_000 + "#x"),
]


@pytest.mark.parametrize(
    ("tool", "suffix", "text"), SLOW, ids=[f"{tool} {suffix} {text[:12]!r}" for tool, suffix, text in SLOW]
)
def test_a_call_that_took_minutes_is_answered(tool: str, suffix: str, text: str, tmp_path: Path) -> None:
    started = time.process_time()
    assert call(tmp_path, tool, suffix, text) in {"answer", "unreadable"}
    assert time.process_time() - started < LIMIT_S


def test_a_text_that_stands_in_no_line_is_not_looked_for_without_end() -> None:
    lines = ["abcdef"] * 20_000
    found = NextLine(lines)
    started = time.monotonic()
    assert all(found.find("x", 0) is None for _ in range(20_000))
    assert time.monotonic() - started < LIMIT_S
    assert NextLine(lines).find("cd", 5) == 5


# Limits: what is outside of them is refused, or left out and counted.


def test_a_key_of_thousands_of_parts_is_refused_before_it_takes_gigabytes() -> None:
    for text in ("a." * 40_000 + "a=1", "[" + "a . " * 40_000 + "a]", '"b".' * 40_000 + "a=1"):
        with pytest.raises(TOMLRefused, match="more than 32 parts"):
            load_toml(text)
    assert load_toml("[tool.a.b]\nc.'d'.e = 'see a.b.c.d'")["tool"]["a"]["b"]["c"]["d"]["e"] == "see a.b.c.d"


def test_a_small_zstd_file_of_gigabytes_is_read_in_bounded_parts() -> None:
    packed = zstandard.ZstdCompressor(level=19).compress(b"a" * (300 << 20))
    sizes = [len(part) for part in decompress_stream(io.BytesIO(packed), "zst")]
    assert sum(sizes) == 300 << 20
    assert max(sizes) <= 17 << 20


def test_many_small_streams_are_read_as_one() -> None:
    packed = b"".join(zstandard.compress(b"line %d\n" % n) for n in range(5_000))
    found = b"".join(decompress_stream(io.BytesIO(packed), "zst"))
    assert found == b"".join(b"line %d\n" % n for n in range(5_000))


def test_code_nested_at_will_has_an_outline() -> None:
    found = outline(
        "def first():\n  return " + "[" * 5_000 + "]" * 5_000 + "\ndef second(): pass\n", "python"
    )
    assert [symbol.name for symbol in found.symbols] == ["first", "second"]


def test_a_number_of_thousands_of_digits_is_no_number() -> None:
    assert [number.value for number in numbers("9" * 5_000 + " and 7")] == [7]


def schema_of(**of_field: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"name": {"type": "string", **of_field}}}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (schema_of(enum=[str(n) for n in range(1_001)]), "1,001 values; the limit is 1,000"),
        (schema_of(description="a " * 50_000), "100,000 characters; the limit is 4,000"),
        (
            {"type": "object", "properties": {"a" * 201: {"type": "string"}}},
            "201 characters; the limit is 200",
        ),
        (schema_of(examples=["a" * 3_000] * 100), "more characters; the limit is 200,000"),
    ],
)
def test_a_schema_outside_the_limits_is_refused_by_what_is_too_much(schema: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan_of(schema)


def test_items_are_compared_in_linear_time_as_json_schema_says() -> None:
    unique = {"type": "array", "uniqueItems": True}
    rows: list[Any] = [{"a": n, "b": [n]} for n in range(20_000)]
    started = time.monotonic()
    assert list(problems(rows, unique)) == []
    assert time.monotonic() - started < LIMIT_S
    assert list(problems([*rows, {"b": [5], "a": 5.0}], unique)) == [((), "the items are not unique")]
    assert list(problems([1, True, 0, False, "1"], unique)) == []
    assert list(problems([{"a": 1}, {"a": True}], unique)) == []
    assert [message for _, message in problems("c", {"enum": ["a", "b"]})] == ["'c' is not one of the enum"]
    assert list(problems(1.0, {"enum": [1]})) == [] and list(problems(True, {"enum": [1]})) != []


# Names and folders.


@pytest.fixture
def odd_root(tmp_path: Path, settings: Settings) -> Path:
    """A root with a file, a name that is not UTF-8, and folders too deep to be entered."""
    (tmp_path / "good.md").write_text("# Ports\n\nThe server listens on port 8080.\n", encoding="utf-8")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/l\xff.md")).write_text("port", encoding="utf-8")
    except OSError:
        pytest.skip("the file system takes UTF-8 alone")
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(900):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    return tmp_path


def test_what_can_not_be_named_or_entered_is_counted(odd_root: Path) -> None:
    walk = Walk(Folder(odd_root, (), PrivacyLevel.OPEN, frozenset()))
    assert [entry.path for entry in walk] == ["good.md"]
    assert walk.unreachable == 2
    assert MAX_DEPTH < 200  # each takes a handle and some of Python's stack


@pytest.mark.anyio
async def test_one_odd_name_disables_no_root(odd_root: Path, settings: Settings) -> None:
    service = Service(settings, FakeEngine())
    found = await service.call(ToolRequest("find_files", {"query": "port"}))
    assert [file.path for file in found.files] == ["good.md"]
    mapped = await service.call(ToolRequest("summarize_file", {"path": "."}))
    await service.close()
    assert [line.path for line in mapped.map] == ["good.md"]
    assert mapped.dropped["unreachable_names_or_folders"] == 2
    assert found.dropped["unreachable_names_or_folders"] == 2


FORMS = [
    "",
    "a.md",
    "a.rst",
    "a.csv",
    "a.yaml",
    "a.toml",
    "a.ini",
    "a.html",
    "a.json",
    "a.properties",
    "a.xml",
    "a.tf",
    "a.plist",
    "a.tf",
    "a.plist",
]
IN_FORMS = [
    *REPEATED,
    "|",
    "| a ",
    "*",
    "**a",
    "[a](",
    "`a",
    "<td>",
    "<a ",
    "a: ",
    "a = ",
    "{",
    "[",
    '"',
    "#",
    "a  ",
    "\\",
    "&a ",
]


@pytest.mark.parametrize("path", FORMS)
def test_the_structure_of_long_lines_and_of_many_is_read_in_a_moment(path: str) -> None:
    started = time.monotonic()
    for text in IN_FORMS:
        line = text * (60_000 // len(text))
        read_structure(path, [line])
        read_structure(path, ["a  b", *[text * 6] * 4_000])
    assert time.monotonic() - started < 3 * LIMIT_S
