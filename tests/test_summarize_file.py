"""summarize_file on real files of each kind: what it says is in the file, on the lines that it names."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.text.outline import language_of, outline
from mcp_smalltools.tools.base import StopSignal
from mcp_smalltools.tools.summarize_file.digest import digest_of

if TYPE_CHECKING:
    from mcp_smalltools.engine.client.client import EngineClient

pytestmark = pytest.mark.anyio

SUMMARIZE = Callable[..., Awaitable[dict[str, Any]]]
SERVICE_SOURCE = Path(__file__).parents[1] / "mcp_smalltools" / "service.py"

SOURCES = {
    "python": ("a.py", "import os\n\n\nclass Box:\n    def open(self, key):\n        return key\n"),
    "javascript": ("a.js", "class Box {\n  open(key) { return key; }\n}\n"),
    "typescript": ("a.ts", "export class Box {\n  open(key: string): string { return key; }\n}\n"),
    "go": ("a.go", "package a\n\ntype Box struct{}\n\nfunc (b Box) open(key string) string { return key }\n"),
    "rust": ("a.rs", "pub struct Box {}\nimpl Box {\n    fn open(&self, key: u8) -> u8 { key }\n}\n"),
    "java": ("Box.java", "class Box {\n  String open(String key) { return key; }\n}\n"),
    "c": ("a.c", "struct Box { int n; };\nint open(struct Box *b, int key) { return key; }\n"),
    "cpp": ("a.cpp", "class Box {\n public:\n  int open(int key) { return key; }\n};\n"),
}
DOCUMENT = """# Keeping bees

Bees need little but they need it at the right time. This page says what to do in which month.

## Spring

Look into the hive when the first flowers open. Feed sugar syrup only if the stores are empty.
Change an old comb for a new one each year.

## Autumn

Take the honey before the heather is over. Treat against mites when the brood is small.
A hive that weighs less than twelve kilograms will not live through the winter.

## Winter

Leave the hive alone. Look only whether the entrance is free of snow and of dead bees.
"""


@pytest.fixture
async def summarize(settings: Settings, engine: EngineClient, tmp_path: Path) -> SUMMARIZE:
    async def call(name: str, content: str | bytes, **arguments: Any) -> dict[str, Any]:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        answer = await Service(settings, engine).call(
            ToolRequest("summarize_file", {"path": name, **arguments})
        )
        return answer.structured()

    return call


@pytest.mark.parametrize("language", SOURCES)
async def test_definitions_of_each_language_have_their_lines(summarize: SUMMARIZE, language: str) -> None:
    name, text = SOURCES[language]
    answer = await summarize(name, text)
    assert (answer["kind"], answer["language"]) == ("code", language)
    lines = text.splitlines()
    for word in ("Box", "open"):
        item = next(item for item in answer["outline"] if re.search(rf"\b{word}\b", item["text"]))
        assert word in lines[item["line"] - 1]
        assert item["line"] <= item["end"] <= len(lines)


def test_every_definition_of_this_projects_own_sources_is_in_the_outline() -> None:
    """Beside Python's own parser."""
    import ast

    for path in sorted(SERVICE_SOURCE.parent.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        defined = {
            (node.lineno, node.end_lineno, node.name)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        }
        found = {(symbol.first, symbol.last, symbol.name) for symbol in outline(text, "python").symbols}
        missing = {(last, name) for _, last, name in defined} - {(last, name) for _, last, name in found}
        # What is defined inside of a function is no part of an outline.
        inner = {
            (node.end_lineno, node.name)
            for function in ast.walk(ast.parse(text))
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
            for node in ast.walk(function)
            if node is not function
            and isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        }
        assert missing <= inner, path


async def test_a_source_file_says_its_own_purpose(summarize: SUMMARIZE) -> None:
    answer = await summarize("service.py", SERVICE_SOURCE.read_bytes())
    assert answer["purpose"]["start"] == 1
    assert answer["purpose"]["text"].startswith("The pipeline of one call")
    assert not answer["escalate"]


async def test_code_that_does_not_parse_is_outlined_as_far_as_it_goes_and_says_so(
    summarize: SUMMARIZE,
) -> None:
    answer = await summarize("a.py", "def good():\n    return 1\n\n\ndef bad(:\n    retur 2 +\n")
    assert any("good" in item["text"] for item in answer["outline"])
    assert "syntax errors" in answer["note"]


async def test_a_document_is_outlined_by_its_headings_and_quotes_itself(summarize: SUMMARIZE) -> None:
    answer = await summarize("bees.md", DOCUMENT)
    assert [(item["line"], item["text"].lstrip("# ")) for item in answer["outline"]] == [
        (1, "Keeping bees"),
        (5, "Spring"),
        (10, "Autumn"),
        (15, "Winter"),
    ]
    assert answer["key_points"]
    for span in [answer["purpose"], *answer["key_points"]]:
        assert_is_in(DOCUMENT, span)


def assert_is_in(text: str, span: dict[str, Any]) -> None:
    """The span's words stand in the lines that it names, in this order, with nothing between them."""
    lines = " ".join(text.splitlines()[span["start"] - 1 : span["end"]])
    assert " ".join(span["text"].split()) in " ".join(lines.split())


async def test_a_focus_brings_the_sentence_that_is_about_it(summarize: SUMMARIZE) -> None:
    answer = await summarize("bees.md", DOCUMENT, focus="parasites", max_words=50)
    assert any("mites" in point["text"] for point in answer["key_points"])


async def test_a_longer_answer_is_had_by_asking_and_what_is_left_out_is_counted(summarize: SUMMARIZE) -> None:
    source = SERVICE_SOURCE.read_bytes()
    short = await summarize("a.py", source, max_words=50)
    long = await summarize("a.py", source, max_words=2000)
    assert len(short["outline"]) + short["dropped"]["outline"] == len(long["outline"])
    assert "max_words" in short["note"]


async def test_columns_of_a_table_are_counted_exactly(summarize: SUMMARIZE) -> None:
    text = "id;name;price;paid\n" + "".join(
        f"{i};{'' if i % 4 else f'n{i}'};{i / 2};{'yes' if i % 2 else 'no'}\n" for i in range(200)
    )
    answer = await summarize("orders.csv", text)
    assert answer["rows"] == 200
    columns = {column["name"]: column for column in answer["columns"]}
    assert {name: column["type"] for name, column in columns.items()} == {
        "id": "int",
        "name": "text",
        "price": "float",
        "paid": "bool",
    }
    assert (columns["name"]["filled"], columns["name"]["distinct"]) == (50, 50)
    assert columns["paid"]["distinct"] == 2


ROWS = st.lists(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00")), min_size=3, max_size=3),
    max_size=20,
)


@given(ROWS)
@budget(max_examples=60, deadline=None)
def test_rows_and_filled_cells_are_those_that_a_csv_reader_counts(rows: list[list[str]]) -> None:
    from mcp_smalltools.tools.summarize_file.data import read_table

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["alpha", "beta", "gamma"])
    writer.writerows(rows)
    digest = read_table(buffer.getvalue().split("\n"), "a.csv")
    assert digest.rows == len(rows)
    assert [c.filled for c in digest.columns] == [sum(bool(row[i].strip()) for row in rows) for i in range(3)]


async def test_json_lines_and_json_are_told_by_their_shape(summarize: SUMMARIZE) -> None:
    entries = [{"user": f"u{i}", "ms": i} | ({"error": "x"} if i % 10 == 0 else {}) for i in range(50)]
    answer = await summarize("a.jsonl", "".join(json.dumps(entry) + "\n" for entry in entries))
    assert answer["rows"] == 50
    assert {column["name"]: column["filled"] for column in answer["columns"]} == {
        "user": 50,
        "ms": 50,
        "error": 5,
    }
    answer = await summarize("a.json", json.dumps(entries))
    assert answer["rows"] == 50


async def test_notebook_html_and_settings_are_outlined(summarize: SUMMARIZE) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Load the data\n"]},
        {
            "cell_type": "code",
            "metadata": {},
            "source": ["def load(path):\n", "    return path\n"],
            "outputs": [],
        },
    ]
    notebook = json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}, indent=1)
    answer = await summarize("a.ipynb", notebook)
    assert answer["kind"] == "notebook"
    assert "Load the data" in str(answer["outline"])
    page = "<html><head><title>Bees</title></head><body><h1>Keeping bees</h1><p>Few needs.</p></body></html>"
    answer = await summarize("a.html", page)
    assert "Keeping bees" in str(answer["outline"])
    answer = await summarize("a.toml", '[project]\nname = "x"\n\n[tool.ruff]\nline-length = 1\n')
    assert [item["line"] for item in answer["outline"]] == [1, 4]


async def test_a_pdf_is_read_by_pages_and_one_that_is_none_is_refused(summarize: SUMMARIZE) -> None:
    first = "This guide says what bees need at the right time of the year."
    answer = await summarize("a.pdf", pdf_of([first, "Feed them in autumn.", "Leave them alone in winter."]))
    assert answer["kind"] == "pdf"
    assert answer["purpose"]["text"].startswith("This guide says")
    with pytest.raises(SmallToolsError, match=r"a\.pdf"):
        await summarize("a.pdf", b"%PDF-1.7 this is not one")


def pdf_of(pages: list[str]) -> bytes:
    """A minimal PDF with a line of text on each page."""
    count = len(pages)
    kids = " ".join(f"{3 + 2 * i} 0 R" for i in range(count))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {count}>>"]
    font = 3 + 2 * count
    for i, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {4 + 2 * i} 0 R"
            f"/Resources<</Font<</F1 {font} 0 R>>>>>>"
        )
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    objects.append("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    start = len(out)
    size = len(objects) + 1
    trailer = f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode() + trailer.encode()


@pytest.mark.parametrize(("content", "reason"), [("", "empty"), ("x\n", "read the file yourself")])
async def test_a_file_in_which_nothing_is_found_says_so(
    summarize: SUMMARIZE, content: str, reason: str
) -> None:
    answer = await summarize("a.txt", content)
    assert answer["escalate"]
    assert reason in answer["reason"]


async def test_nothing_of_a_sealed_file_leaves_but_lines_and_counts(
    settings: Settings, engine: EngineClient, tmp_path: Path
) -> None:
    sealed = settings.model_copy(update={"roots": (RootSpec(path=tmp_path, level=PrivacyLevel.SEALED),)})
    for name, text in [("a.py", 'def zebra():\n    """Zebra here."""\n'), ("a.csv", "zebra\nzebra\n")]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        answer = await Service(sealed, engine).call(ToolRequest("summarize_file", {"path": name}))
        assert "zebra" not in json.dumps(answer.structured()).lower()
        assert answer.dropped["sealed_texts"] > 0


SUFFIXES = ["py", "c", "go", "rs", "js", "txt", "md", "html", "pdf"]
SUFFIXES += ["csv", "tsv", "json", "jsonl", "ipynb", "yaml", "toml"]
SYNTAX = st.sampled_from([*"{}[]()<>,;:\"'#=-|\n\t\\/ ", "def ", "class ", "```", "<h1>", "---\n", "null"])


@given(st.sampled_from(SUFFIXES), st.lists(st.one_of(SYNTAX, st.text(max_size=8)), max_size=40).map("".join))
@budget(max_examples=300, deadline=None)
def test_no_text_whatever_breaks_a_reader(suffix: str, text: str) -> None:
    """A clear error or a digest whose lines exist, for any text under any name."""
    with tempfile.TemporaryDirectory() as folder:
        name = f"a.{suffix}"
        (Path(folder) / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        roots = Roots([RootSpec(path=Path(folder), level=PrivacyLevel.OPEN)])
        with roots.open(name) as source:
            try:
                digest = digest_of(source, StopSignal(30))
            except SmallToolsError as error:
                assert error.remedy
                return
            if not digest.pages and source.line_count is not None:
                assert all(1 <= h.line <= h.end <= max(1, source.line_count) for h in digest.headings)


def test_the_language_is_known_by_suffix_or_by_the_first_line() -> None:
    assert language_of("x/y.py", "") == "python"
    assert language_of("tool", "#!/usr/bin/env python3") == "python"
    assert language_of("notes", "Bees") is None


async def test_a_folder_becomes_a_map_with_a_line_for_what_has_room(
    summarize: SUMMARIZE, tmp_path: Path
) -> None:
    for name in ("a/one.py", "a/two.py", "b/c/three.py", "b/c/four.py", "top.py", "build/out.py"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""What {path.stem} is for."""\n', encoding="utf-8")
    (tmp_path / "tree" / "b" / "README.md").write_text("# B\n\nAll that begins with the letter b.\n")
    (tmp_path / "tree" / ".gitignore").write_text("build/\n")
    answer = await summarize("x.txt", "x\n", path="tree", max_words=400)
    lines = {line["path"]: line for line in answer["map"]}
    assert answer["kind"] == "folder"
    assert {"a/one.py", "a/two.py", "b/README.md", "b/c/four.py", "b/c/three.py", "top.py"} <= lines.keys()
    assert not any(path.startswith("build") for path in lines)
    assert lines["a/one.py"]["about"].startswith("What one is for.")
    assert lines["a/one.py"]["lines"] == 1
    assert answer["dropped"]["ignored_by_git"] == 1


async def test_of_a_large_folder_each_file_is_in_a_line_or_counted(
    summarize: SUMMARIZE, tmp_path: Path
) -> None:
    for number in range(120):
        path = tmp_path / "tree" / f"part{number % 10}" / f"file{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""Number {number}."""\n', encoding="utf-8")
    for words in (50, 250, 2000):
        answer = await summarize("x.txt", "x\n", path="tree", max_words=words)
        shown = sum(line.get("files", 1) for line in answer["map"])
        assert shown + answer["dropped"].get("files", 0) == 120
        assert len(answer["map"]) <= max(8, words // 10)


async def test_a_map_follows_its_folder(summarize: SUMMARIZE, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("x = 1\n", encoding="utf-8")
    await summarize("x.txt", "x\n", path="tree")
    (tmp_path / "tree" / "b.py").write_text("y = 1\n", encoding="utf-8")
    answer = await summarize("x.txt", "x\n", path="tree")
    assert [line["path"] for line in answer["map"]] == ["a.py", "b.py"]


async def test_keywords_are_names_of_the_file_and_no_more_than_asked(summarize: SUMMARIZE) -> None:
    text = SERVICE_SOURCE.read_text(encoding="utf-8")
    answer = await summarize("service.py", text, max_words=120)
    names = answer["keywords"].split()
    assert names
    assert len(names) == len(set(names))
    assert all(name in text for name in names)


PROSE = st.lists(
    st.sampled_from(["One", "e.g.", "two.", 'said."', "(A)", " ", "  ", "Dr.", "No", "\n", "\u3000"]),
    max_size=40,
)


@given(PROSE.map(" ".join))
@budget(max_examples=300, deadline=None)
def test_sentences_stand_in_the_lines_that_they_name(text: str) -> None:
    from mcp_smalltools.tools.summarize_file.documents import read_document

    for sentence in read_document(text).sentences:
        assert_is_in(text, {"start": sentence.start, "end": sentence.end, "text": sentence.text})


@given(st.text(max_size=300), st.integers(0, 80))
@budget(max_examples=200, deadline=None)
def test_keywords_of_any_text_stand_in_it_and_keep_to_their_length(text: str, most: int) -> None:
    from mcp_smalltools.tools.summarize_file.keywords import keywords

    found = keywords(text, ("a/path.py",), most)
    assert all(name in text for name in found)
    assert len(" ".join(found)) <= most


async def test_a_file_shorter_than_its_summary_is_to_be_read_instead(summarize: SUMMARIZE) -> None:
    answer = await summarize("a.py", "def good():\n    return 1\n")
    assert answer["escalate"]
    assert "read it yourself" in answer["reason"]


async def test_a_top_level_that_has_no_room_is_named_in_short(summarize: SUMMARIZE) -> None:
    text = "".join(
        f"def function{i}(first: int, second: str, third: float) -> None:\n    pass\n\n\n" for i in range(25)
    )
    answer = await summarize("a.py", text, max_words=80)
    assert len(answer["outline"]) == 25
    assert answer["outline"][0]["text"] == "function0"


async def test_keywords_and_maps_hold_no_secret(
    settings: Settings, engine: EngineClient, tmp_path: Path
) -> None:
    (tmp_path / "tree").mkdir()
    secret = "password = 'hunter2zebra'\ntoken = 'hunter2zebra'\n" * 5
    (tmp_path / "tree" / "a.py").write_text(
        f'"""Use password=hunter2zebra here."""\n{secret}', encoding="utf-8"
    )
    redacted = settings.model_copy(update={"roots": (RootSpec(path=tmp_path),)})
    for path in ("tree", "tree/a.py"):
        answer = await Service(redacted, engine).call(ToolRequest("summarize_file", {"path": path}))
        assert "hunter2" not in json.dumps(answer.structured())


async def test_remarks_of_a_file_of_settings_are_no_headings(summarize: SUMMARIZE) -> None:
    text = "# This is the\n# configuration of\n# the client.\n\nHost *\n    Port 22\n" * 3
    answer = await summarize("client_config", text)
    assert answer["outline"] == []


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"cup{n} 0x{n:04x} {n} -1\n" for n in range(90)),
        "".join(f"cup {n} {{\n  fill;\n}}\n" for n in range(40)),
    ],
)
async def test_a_file_of_an_unknown_form_is_to_be_read(summarize: SUMMARIZE, text: str) -> None:
    assert (await summarize("a.brew", text))["escalate"]


async def test_running_text_without_headings_is_told_by_its_sentences(summarize: SUMMARIZE) -> None:
    text = "The water has to boil before the tea is put in. Then it stands for three minutes.\n\n" * 60
    answer = await summarize("tea.txt", text)
    assert not answer["escalate"]
    assert answer["key_points"]
