"""The structure of texts: what is written in a form is read back, cell by cell, with its lines."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Sequence

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcp_smalltools.tools.extract.structure.node import Node, leaves
from mcp_smalltools.tools.extract.structure.text_forms import read_structure

Table = tuple[list[str], list[list[str]]]

NAMES = ("NAME", "IMAGE ID", "Size", "Owner", "STATUS", "Last Seen", "Ports", "AGE", "Notes", "Zone")
WORD = st.text(alphabet="abcdefghijkmnopqrstuvwxyzABCDEFG0123456789._/:-", min_size=1, max_size=12).filter(
    lambda word: any(c.isalnum() for c in word) and not word.endswith(":") and word[0].isalnum()
)
CELL = st.lists(WORD, min_size=1, max_size=3).map(" ".join)
ANY_TEXT = (
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")),
        min_size=1,
        max_size=20,
    )
    .map(str.strip)
    .filter(bool)
)


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str], *, empty: bool, least: int = 2) -> Table:
    """Names and rows; the first cell of a row is never empty, and no column is."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True))
    rows = draw(
        st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), min_size=least, max_size=8)
    )
    if empty:
        for row in rows[1:]:
            for column in range(1, len(names)):
                if draw(st.integers(0, 4)) == 0:
                    row[column] = ""
    return names, rows


def table_in(node: Node) -> Node:
    """The first list of objects of a tree."""
    waiting = [node]
    while waiting:
        item = waiting.pop(0)
        if item.kind == "list" and item.inner and all(row.kind == "object" for row in item.inner):
            return item
        waiting += item.inner
    raise AssertionError("no table was read")


def cells_read(path: str, text: str) -> Table:
    structure = read_structure(path, text.split("\n"))
    table = table_in(structure.root)
    assert not table.unread
    names = [cell.name for cell in table.inner[0].inner]
    rows = [[str(cell.value) for cell in row.inner] for row in table.inner]
    return names, rows


def as_csv(names: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([names, *rows])
    return out.getvalue()


def as_markdown(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "# Title\n\n" + "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def as_bare_pipes(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [names, [":--"] * len(names), *rows]
    return "\n".join(" | ".join(cells) for cells in lines) + "\n"


def as_html(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<html><body><table>\n<tr>{head}</tr>\n{body}\n</table></body></html>"


def widths(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(names, *rows, strict=True)]


def as_box(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As mysql prints it."""
    wide = widths(names, rows)
    rule = "+" + "+".join("-" * (width + 2) for width in wide) + "+"
    lines = [
        "|" + "|".join(f" {c:<{w}} " for c, w in zip(cells, wide, strict=True)) + "|"
        for cells in (names, *rows)
    ]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule]) + "\n"


def as_unicode_box(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    signs = str.maketrans("+-|", "┼─│")
    return (
        as_box(names, rows).translate(signs)
        if not any("-" in c or "+" in c for r in rows for c in r)
        else as_box(names, rows)
    )


def as_psql(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    wide = widths(names, rows)
    lines = ["|".join(f" {c:<{w}} " for c, w in zip(cells, wide, strict=True)) for cells in (names, *rows)]
    return "\n".join([lines[0], "+".join("-" * (w + 2) for w in wide), *lines[1:]]) + "\n"


def as_rest_grid(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    wide = widths(names, rows)
    rule = "+" + "+".join("-" * (width + 2) for width in wide) + "+"
    lines = [
        "|" + "|".join(f" {c:<{w}} " for c, w in zip(cells, wide, strict=True)) + "|"
        for cells in (names, *rows)
    ]
    body = "\n".join(line + "\n" + rule for line in lines[1:])
    return f"Title\n=====\n\n{rule}\n{lines[0]}\n{rule.replace('-', '=')}\n{body}\n"


def as_rest_simple(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    wide = widths(names, rows)
    rule = "  ".join("=" * max(2, width) for width in wide)
    lines = [
        "  ".join(f"{c:<{max(2, w)}}" for c, w in zip(cells, wide, strict=True)).rstrip()
        for cells in (names, *rows)
    ]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule]) + "\n"


def as_aligned(names: Sequence[str], rows: Sequence[Sequence[str]], gap: int = 3) -> str:
    """As kubectl prints it."""
    wide = widths(names, rows)
    lines = [
        (" " * gap).join(f"{c:<{w}}" for c, w in zip(cells, wide, strict=True)).rstrip()
        for cells in (names, *rows)
    ]
    return "\n".join(lines) + "\n"


def as_ruled(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As pip list prints it."""
    lines = as_aligned(names, rows, 1).split("\n")
    rule = " ".join("-" * width for width in widths(names, rows))
    return "\n".join([lines[0], rule, *lines[1:]])


def records(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def as_json(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return json.dumps({"rows": records(names, rows)}, indent=2)


def as_json_lines(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(json.dumps(record) for record in records(names, rows)) + "\n"


def as_yaml(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return str(yaml.safe_dump({"rows": records(names, rows)}, sort_keys=False))


def as_toml(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    tables = [
        "[[rows]]\n" + "\n".join(f'"{k}" = {json.dumps(v, ensure_ascii=False)}' for k, v in r.items())
        for r in records(names, rows)
    ]
    return "\n\n".join(tables) + "\n"


def as_xml(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    inner = "\n".join(
        "<row>"
        + "".join(
            f"<{n.replace(' ', '_')}>{html.escape(c)}</{n.replace(' ', '_')}>"
            for n, c in zip(names, row, strict=True)
        )
        + "</row>"
        for row in rows
    )
    return f'<?xml version="1.0"?>\n<rows>\n{inner}\n</rows>'


PLAIN: dict[str, tuple[Callable[[Sequence[str], Sequence[Sequence[str]]], str], str]] = {
    "csv": (as_csv, "t.csv"),
    "csv without a name": (as_csv, ""),
    "semicolons": (lambda n, r: as_csv(n, r, ";"), "t.csv"),
    "tabs": (lambda n, r: as_csv(n, r, "\t"), "t.tsv"),
    "markdown": (as_markdown, "t.md"),
    "bare pipes": (as_bare_pipes, "t.md"),
    "html": (as_html, "t.html"),
    "box": (as_box, "t.txt"),
    "unicode box": (as_unicode_box, "t.txt"),
    "psql": (as_psql, ""),
    "reST grid": (as_rest_grid, "t.rst"),
    "reST simple": (as_rest_simple, "t.rst"),
    "aligned": (as_aligned, ""),
    "aligned in markdown": (lambda n, r: f"Run this:\n\n```\n$ tool ls\n{as_aligned(n, r)}```\n", "t.md"),
    "aligned by two": (lambda n, r: as_aligned(n, r, 2), "t.txt"),
    "ruled": (as_ruled, ""),
    "json": (as_json, "t.json"),
    "json without a name": (as_json, ""),
    "json lines": (as_json_lines, "t.jsonl"),
    "yaml": (as_yaml, "t.yaml"),
    "toml": (as_toml, "t.toml"),
}  # fmt: skip


@pytest.mark.parametrize("form", PLAIN)
@settings(max_examples=25)
@given(table=tables(CELL, empty=False))
def test_each_cell_of_a_table_is_read_back_in_every_form(form: str, table: Table) -> None:
    write, path = PLAIN[form]
    assert cells_read(path, write(*table)) == table


@pytest.mark.parametrize(
    "form",
    [
        "csv",
        "semicolons",
        "markdown",
        "html",
        "box",
        "reST grid",
        "reST simple",
        "aligned",
        "ruled",
        "json",
        "yaml",
    ],
)
@settings(max_examples=25)
@given(table=tables(CELL, empty=True, least=3))
def test_empty_cells_stay_empty_and_shift_no_other(form: str, table: Table) -> None:
    write, path = PLAIN[form]
    if form == "aligned":  # without any line drawn, rows that mostly have one cell are a list
        names, rows = table
        upper = all(name.isupper() for name in names)
        assume(upper or sum(sum(map(bool, row)) >= 2 for row in rows) >= 0.3 * len(rows))
    assert cells_read(path, write(*table)) == table


@pytest.mark.parametrize("form", ["csv", "tabs", "json", "json lines", "yaml", "toml"])
@settings(max_examples=25)
@given(table=tables(ANY_TEXT, empty=False))
def test_any_text_is_read_back_from_forms_that_quote(form: str, table: Table) -> None:
    write, path = PLAIN[form]
    assert cells_read(path, write(*table)) == table


@settings(max_examples=25)
@given(table=tables(CELL, empty=False))
def test_elements_of_xml_are_read_back(table: Table) -> None:
    names, rows = cells_read("t.xml", as_xml(*table))
    assert ([name.replace("_", " ") for name in names], rows) == table


@settings(max_examples=25)
@given(table=tables(WORD, empty=False), numbers=st.lists(st.integers(0, 10**9), min_size=8, max_size=8))
def test_numbers_at_the_right_are_read_back(table: Table, numbers: list[int]) -> None:
    names, rows = table
    rows = [[*row, str(number)] for row, number in zip(rows, numbers, strict=False)]
    names = [*names, "COUNT"]
    wide = widths(names, rows)
    lines = [
        "  ".join(f"{c:>{w}}" if i else f"{c:<{w}}" for i, (c, w) in enumerate(zip(cells, wide, strict=True)))
        for cells in (names, *rows)
    ]
    assert cells_read("", "\n".join(lines)) == (names, rows)


def values_of(path: str, text: str) -> dict[str, object]:
    """Its values by their dotted paths; of lists their items."""
    structure = read_structure(path, text.split("\n"))
    return {
        ".".join(names): [item.value for item in node.inner] if node.kind == "list" else node.value
        for names, node in leaves(structure.root)
    }


HCL = """# the state of everything
terraform {
  required_version = ">= 1.5" // and not older
  required_providers { # by name
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

resource "aws_instance" "web" {
  ami            = data.aws_ami.ubuntu.id
  instance_type  = "t3.micro"
  monitoring     = true
  count          = 2
  security_groups = [
    "web",   # ports 80 and 443
    "a, b",
  ]
  user_data = <<-EOT
    #!/bin/sh
    echo "hi {"
  EOT
  ingress {
    port = 80
  }
  ingress {
    port = 443
  }
  /* not
  used = "any more" */
}
"""


def test_blocks_and_arguments_of_hcl_are_found_under_their_types_and_labels() -> None:
    found = values_of("main.tf", HCL)
    web = "resource.aws_instance.web."
    assert found["terraform.required_version"] == ">= 1.5"
    assert found["terraform.required_providers.aws.source"] == "hashicorp/aws"
    assert found[web + "ami"] == "data.aws_ami.ubuntu.id"
    assert (found[web + "instance_type"], found[web + "monitoring"], found[web + "count"]) == (
        "t3.micro",
        True,
        "2",
    )
    assert found[web + "security_groups"] == ["web", "a, b"]
    assert found[web + "user_data"] == '#!/bin/sh\necho "hi {"'
    assert "used" not in " ".join(found)
    structure = read_structure("main.tf", HCL.split("\n"))
    [ingress] = [node for path, node in leaves(structure.root) if path[-1] == "ingress"]
    assert [[value.value for value in row.inner] for row in ingress.inner] == [["80"], ["443"]]
    assert (ingress.start, ingress.end) == (25, 30)


@pytest.mark.parametrize(
    "text", ["just a sentence", "a {\n b = 1", "}\n", 'x = [1,\n y = "2"', "a = b\nsome words here"]
)
def test_what_is_no_whole_hcl_is_not_read_as_such(text: str) -> None:
    assert read_structure("main.tf", text.split("\n")).form != "hcl"


@given(
    values=st.dictionaries(
        st.text(alphabet="abcdefgh_", min_size=1, max_size=8).filter(lambda name: name.strip("_")),
        ANY_TEXT.map(lambda text: text.replace("\\", "").replace('"', "")).filter(bool),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_strings_of_hcl_are_read_back(values: dict[str, str]) -> None:
    lines = [f'  {name} = "{value}"' for name, value in values.items()]
    found = values_of("a.hcl", "\n".join(['job "one" {', *lines, "}"]))
    assert found == {f"job.one.{name}": value for name, value in values.items()}


PLIST = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>CFBundleName</key>
    <string>Teal</string>
    <key>LSUIElement</key>
    <true/>
    <key>Sandboxed</key>
    <false/>
    <key>Limits</key>
    <dict>
        <key>Windows</key>
        <integer>4</integer>
    </dict>
    <key>Fonts</key>
    <array>
        <string>a.ttf</string>
        <string>b.ttf</string>
    </array>
</dict>
</plist>
"""


def test_a_property_list_is_read_by_its_keys_and_its_version_is_none_of_the_program() -> None:
    assert values_of("Info.plist", PLIST) == {
        "plist.CFBundleName": "Teal",
        "plist.LSUIElement": True,
        "plist.Sandboxed": False,
        "plist.Limits.Windows": "4",
        "plist.Fonts": ["a.ttf", "b.ttf"],
    }


def test_elements_of_xml_that_say_their_name_are_found_by_it_and_stay_a_list() -> None:
    text = """<beans>
  <bean id="source" class="a.b.C">
    <property name="url" value="jdbc:x"/>
    <property name="size" value="5"/>
  </bean>
  <bean class="a.b.D"/>
  <property><name>fs.default</name><value>hdfs://n</value></property>
  <property><name>fs.copies</name><value>3</value></property>
</beans>"""
    found = values_of("beans.xml", text)
    assert (found["beans.source.class"], found["beans.source.url"], found["beans.source.size"]) == (
        "a.b.C",
        "jdbc:x",
        "5",
    )
    assert (found["beans.fs.default"], found["beans.fs.copies"]) == ("hdfs://n", "3")
    assert len(found["beans.bean"]) == len(found["beans.property"]) == 2


def test_two_elements_of_one_name_are_found_by_none() -> None:
    found = values_of("a.xml", '<a><p name="x" value="1"/><p name="x" value="2"/></a>')
    assert "a.x" not in found
