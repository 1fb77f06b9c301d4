"""Structured texts under schemas of other names: what is given is right, and surely so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcp_smalltools.tools.extract.mapping.found import Mapped, put
from mcp_smalltools.tools.extract.mapping.map_plan import map_plan
from mcp_smalltools.tools.extract.mapping.names import SURE, NameOfField
from mcp_smalltools.tools.extract.schema import Plan, plan_of
from mcp_smalltools.tools.extract.structure.text_forms import read_structure

TYPES = {"s": "string", "i": "integer", "n": "number", "b": "boolean"}
FORMS = ("date", "date-time", "email", "uri")


def schema_of(short: Any) -> dict[str, Any]:
    """`{"port": "i"}` as a schema; a pair has a description."""
    if isinstance(short, list | tuple) and len(short) == 2:
        return {**schema_of(short[0]), "description": short[1]}
    if isinstance(short, list):
        return {"type": "array", "items": schema_of(short[0])}
    if isinstance(short, str):
        return {"type": "string", "format": short} if short in FORMS else {"type": TYPES[short]}
    if short.get("type") == "string":
        return dict(short)
    return {"type": "object", "properties": {name: schema_of(inner) for name, inner in short.items()}}


def read(text: str, schema: Any, path: str = "") -> tuple[dict[str, Any], Mapped]:
    plan: Plan = plan_of(schema_of(schema))
    mapped = map_plan(plan, read_structure(path, text.split("\n")), lambda: None)
    data: dict[str, Any] = {}
    values = {found.field: found.value for found in mapped.found}
    for field in plan.fields:
        put(data, field, values.get(field.name))
    for number, table in mapped.tables.items():
        if table.rows:
            data[plan.records[number].path[-1]] = table.rows
    return data, mapped


CASES = {
    row["name"]: (row["text"], row["schema"], row["data"])
    for row in map(
        json.loads, (Path(__file__).parent / "extract_cases.jsonl").read_text("utf-8").splitlines()
    )
}


@pytest.mark.parametrize("name", CASES)
def test_each_field_has_the_value_that_its_name_and_place_say(name: str) -> None:
    text, schema, right = CASES[name]
    data, mapped = read(text, schema)
    assert data == right
    assert mapped.doubts == []
    assert mapped.left == []


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("name,name,qty\nx,y,1\n", {"rows": [{"name": "s", "qty": "i"}]}),
        ("name,qty\ncup,two\npot,3\n", {"rows": [{"name": "s", "qty": "i"}]}),
        ("when,what\n02/03/2024,a\n", {"rows": [{"when": "date", "what": "s"}]}),
        ("name,qty\ncup,2\n", {"customer_name": "s", "qty": "i"}),
        (
            '{"id": 5, "user": {"email": "a@b.org"}, "shop": {"email": "s@b.org"}}',
            {"id": "i", "email": "email"},
        ),
        ("rate,amount\n1%,3.00\n2%,4.00\n", {"taxes": [{"share": "n", "amount": "n"}]}),
    ],
    ids=["two columns", "no number", "day or month", "general word", "two places", "column left"],
)
def test_what_can_be_read_in_two_ways_is_doubtful(text: str, schema: Any) -> None:
    assert read(text, schema)[1].doubts


def test_the_answer_says_which_column_a_field_was_read_from() -> None:
    mapped = read("code,day\na,2024-01-02\n", {"steps": [{"id": ("s", "code"), "date": ("date", "day")}]})[1]
    assert mapped.names == {"steps[].id": "code", "steps[].date": "day"}


def test_doubts_hold_no_text_of_the_file() -> None:
    mapped = read("secretword,qty\nhush,hush\nhush,3\n", {"rows": [{"qty": "i", "secret_word_x": "i"}]})[1]
    assert mapped.doubts
    assert not any("hush" in doubt or "secretword" in doubt for doubt in mapped.doubts)


def test_totals_are_counted_and_are_no_rows() -> None:
    text = "| item | qty |\n|---|---|\n| cup | 2 |\n| Total | 2 |\n"
    data, mapped = read(text, {"items": [{"item": "s", "qty": "i"}]}, "a.md")
    assert data == {"items": [{"item": "cup", "qty": 2}]}
    assert [(lines.start, lines.why) for lines in mapped.tables[0].unread] == [(4, "a total")]


@pytest.mark.parametrize(
    ("key", "field"), [("minversion", "min_version"), ("pass", "passed"), ("maxFileSize", "max_file_size")]
)
def test_a_name_in_one_word_or_another_form_of_it_leaves_no_doubt(key: str, field: str) -> None:
    assert NameOfField((field,), "", counts=False).fit((key,)) >= SURE
