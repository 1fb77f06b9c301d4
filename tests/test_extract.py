"""`extract`: valid by the schema, never made up, each value with its line; what is refused by name."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.config import RootSpec
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import ModelError, UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.models.shipped import shipped_file
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.extract.assign import choose
from mcp_smalltools.tools.extract.candidates import candidates, items_of
from mcp_smalltools.tools.extract.coerce import convert
from mcp_smalltools.tools.extract.confidence import FEATURES, Assessment, whole_features
from mcp_smalltools.tools.extract.document import Document
from mcp_smalltools.tools.extract.fill import Absence, Filled
from mcp_smalltools.tools.extract.schema import Field, plan_of
from mcp_smalltools.tools.extract.structure.key_values import named_values
from mcp_smalltools.tools.extract.structure.text_forms import read_structure
from mcp_smalltools.tools.span_reader import head, read_head

pytestmark = pytest.mark.anyio


def schema_of(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


@pytest.fixture
def extract(call_tool):
    async def call(schema, **arguments):
        return await call_tool("extract", schema=schema, **arguments)

    return call


@pytest.fixture
def refused(usage_error_of):
    """The error that a call ends with, as the agent reads it."""

    async def call(**arguments):
        return str(await usage_error_of("extract", **arguments))

    return call


async def test_an_engine_without_token_vectors_leaves_what_code_reads(settings, tmp_path):
    """As a server over HTTP is: its answer is one in part, not an error."""
    (tmp_path / "notes.md").write_text("The server listens on 8080, and Ann owns it.\n")
    engine = FakeEngine()
    engine.fail(UsageError("No vectors for each token."), "embed_tokens")
    service = Service(settings, engine)
    schema = schema_of(port={"type": "integer"}, owner={"type": "string"})
    request = ToolRequest("extract", {"path": "notes.md", "schema": schema})
    answer = (await service.call(request)).structured()
    await service.close()
    assert answer["escalate"] and "may be missing" in answer["note"]
    assert set(answer["missing"]) >= {"owner"}


BOOKING = schema_of(
    ["restaurant", "guests"],
    restaurant={"type": "string"},
    guests={"type": "integer", "description": "number of people"},
    date={"type": "string", "format": "date"},
    time={"type": "string", "description": "HH:MM"},
    phone={"type": "string", "description": "telephone number"},
)


async def test_a_request_becomes_arguments_in_the_form_that_the_schema_asks_for(extract):
    answer = await extract(
        BOOKING, text="Book a table at Casa Verde for 6 people on March 3rd, 2025 at 7:30 pm."
    )
    assert answer.data == {"restaurant": "Casa Verde", "guests": 6, "date": "2025-03-03", "time": "19:30"}
    assert answer.missing == ["phone"]
    assert {item.field for item in answer.evidence} == set(answer.data)
    jsonschema.validate(answer.data, BOOKING)


async def test_a_required_field_that_is_not_there_is_null_and_named_and_escalates(extract):
    schema = schema_of(["due"], due={"type": "string", "format": "date"})
    answer = await extract(schema, text="Nothing here says when.")
    assert answer.data == {"due": None}
    assert answer.missing == ["due"]
    assert answer.escalate
    assert "due" in answer.reason


async def test_settings_are_read_as_data_with_their_lines(extract, tmp_path):
    path = tmp_path / "app.toml"
    path.write_text(
        'title = "Shop"\n\n[server]\nport = 8080\ndebug = true\nhosts = ["a.example", "b.example"]\n'
    )
    schema = schema_of(
        [],
        title={"type": "string"},
        server={"type": "object", "properties": {"port": {"type": "integer"}, "debug": {"type": "boolean"}}},
        hosts={"type": "array", "items": {"type": "string"}},
    )
    answer = await extract(schema, path=str(path))
    assert answer.data == {
        "title": "Shop",
        "server": {"port": 8080, "debug": True},
        "hosts": ["a.example", "b.example"],
    }
    lines = {item.field: (item.start, item.text) for item in answer.evidence}
    assert lines["server.port"] == (4, "port = 8080")
    assert not answer.escalate


async def test_a_data_file_is_not_read_for_a_value_that_has_no_name_in_it(extract, tmp_path):
    path = tmp_path / "server.yaml"
    path.write_text("server:\n  port: 8080\n  host: a.example\n")
    schema = schema_of(
        [], port={"type": "integer"}, owner={"type": "string", "description": "who looks after the server"}
    )
    answer = await extract(schema, path=str(path))
    assert (answer.data, answer.missing) == ({"port": 8080}, ["owner"])
    assert answer.model is None
    assert not answer.escalate


ROWS = {"type": "array", "items": schema_of(["name"], name={"type": "string"}, price={"type": "number"})}
TABLES = {
    "prices.csv": "name,price,stock\nApple,1.25,3\nPear,2,\n",
    "prices.md": "# Prices\n\n| Name | Price |\n|---|---|\n| Apple | 1.25 |\n| Pear | 2 |\n",
    "prices.json": '[{"name": "Apple", "price": 1.25},\n {"name": "Pear", "price": 2}]',
    "prices.txt": "Name     Price\nApple    1.25\nPear     2\n",
    "prices.yaml": "- name: Apple\n  price: 1.25\n- name: Pear\n  price: 2\n",
    "blocks.txt": "name: Apple\nprice: 1.25\n\nname: Pear\nprice: 2\n",
}


@pytest.mark.parametrize("name", TABLES)
async def test_every_row_of_a_table_becomes_a_record(extract, tmp_path, name):
    path = tmp_path / name
    path.write_text(TABLES[name])
    answer = await extract(schema_of([], rows=ROWS), path=str(path))
    assert answer.data == {"rows": [{"name": "Apple", "price": 1.25}, {"name": "Pear", "price": 2}]}
    lines = TABLES[name].split("\n")
    first, last = answer.evidence[0], answer.evidence[-1]
    assert [item.field for item in answer.evidence] in (["rows[0-1]"], ["rows[0]", "rows[1]"])
    assert "Apple" in lines[first.start - 1]
    assert "Pear" in "\n".join(
        lines[last.start : last.end] if first is last else lines[last.start - 1 : last.end]
    )


async def test_a_value_that_breaks_the_schema_is_taken_out_and_said(extract, tmp_path):
    path = tmp_path / "order.txt"
    path.write_text("code: 12\nquantity: 900\n")
    schema = schema_of(
        [], code={"type": "string", "pattern": "^[A-Z]+$"}, quantity={"type": "integer", "maximum": 1000}
    )
    answer = await extract(schema, path=str(path))
    assert answer.data == {"quantity": 900}
    assert "code" in answer.missing
    assert answer.escalate


async def test_rows_that_do_not_fit_into_the_answer_are_counted_with_their_lines(extract, tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("name,qty\n" + "".join(f"thing number {n},{n}\n" for n in range(1, 3_001)))
    fields = {"name": {"type": "string"}, "qty": {"type": "integer"}}
    rows = {"type": "array", "items": {"type": "object", "properties": fields}}
    answer = await extract(schema_of([], rows=rows), path=str(path))
    kept = len(answer.data["rows"])
    assert answer.data["rows"][-1]["qty"] == kept
    assert answer.dropped == {"rows_not_given": 3_000 - kept}
    assert answer.escalate
    assert f"line {kept + 2} on" in answer.reason


async def test_nothing_of_a_sealed_file_leaves_but_line_numbers(settings, engine, tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("name: Marlowe\ncode: 4711\n")
    sealed = settings.model_copy(update={"roots": (RootSpec(path=tmp_path, level=PrivacyLevel.SEALED),)})
    service = Service(sealed, engine)
    schema = schema_of([], name={"type": "string"}, code={"type": "integer"})
    answer = await service.call(ToolRequest("extract", {"path": str(path), "schema": schema}))
    await service.close()
    told = json.dumps(answer.structured())
    assert "Marlowe" not in told
    assert "4711" not in told
    assert [(item.field, item.start) for item in answer.evidence] == [("name", 1), ("code", 2)]


async def test_a_long_file_is_searched_by_its_passages(extract, tmp_path):
    path = tmp_path / "report.md"
    filler = "\n\n".join(f"Paragraph {i} speaks of other things, as reports do." for i in range(400))
    path.write_text(f"{filler}\n\nThe total budget of the project is 48,500 euros.\n\n{filler}\n")
    schema = schema_of([], budget={"type": "number", "description": "total budget of the project"})
    answer = await extract(schema, path=str(path))
    assert answer.data == {"budget": 48500}
    assert "48,500" in answer.evidence[0].text


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"type": "object", "properties": {"a": {"$ref": "#/x"}}}, "$ref"),
        ({"type": "object", "properties": {"a": {"allOf": []}}}, "allOf"),
        ({"type": "object", "properties": {"a": {"type": ["string", "integer"]}}}, "type"),
        (
            {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "array"}}}},
            "list of arrays",
        ),
        ({"type": "string"}, "no object"),
        ({"type": "object", "properties": {}}, "no properties"),
        ({}, "empty"),
        ({"type": "object", "properties": {"a": {"type": "strin"}}}, "not valid"),
    ],
)
async def test_what_a_schema_may_not_hold_is_refused_by_name(refused, schema, named):
    assert named in await refused(text="a", schema=schema)


async def test_path_and_text_together_or_neither_are_refused(refused):
    schema = schema_of([], a={"type": "string"})
    assert "Both" in await refused(path="a", text="b", schema=schema)
    assert "nothing" in await refused(schema=schema)


def test_null_beside_a_type_is_understood_in_its_spellings():
    for given_type in (
        {"type": ["integer", "null"]},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"type": "integer", "nullable": True},
    ):
        assert plan_of(schema_of([], a=given_type)).fields[0].type == "integer"


@pytest.mark.parametrize(
    ("raw", "schema", "value"),
    [
        ("1,200 kg", {"type": "integer"}, 1200),
        ("5%", {"type": "number"}, 0.05),
        ("5%", {"type": "number", "description": "in percent"}, 5),
        ("yes", {"type": "boolean"}, True),
        ("n/a", {"type": "string"}, None),
        ("3 or 4", {"type": "integer"}, None),
        ("March 5, 2024", {"type": "string", "description": "DD/MM/YYYY"}, "05/03/2024"),
        ("HIGH", {"type": "string", "enum": ["low", "high"]}, "high"),
        ("maybe", {"type": "string", "enum": ["low", "high"]}, None),
    ],
)
def test_named_values_become_what_the_schema_asks_for_or_nothing(raw, schema, value):
    assert convert(raw, Field(("a",), schema["type"], schema, True)) == value


@given(st.text(max_size=120))
def test_no_text_breaks_the_finding_of_candidates(text):
    for kind in ("string", "integer", "number"):
        for found in candidates(text, Field(("some name",), kind, {"type": kind}, True)):
            assert 0 <= found.start <= found.end <= len(text)


@given(st.lists(st.text(alphabet="ab:=|,-# \t{}[]\"'", max_size=30), max_size=20))
@example([":\t", ":\t", ":\t"])
def test_no_text_breaks_the_reading_of_names_and_tables(lines):
    for entry in named_values(lines):
        assert 1 <= entry.line <= len(lines)
    for path in (
        "",
        "a.md",
        "a.rst",
        "a.csv",
        "a.yaml",
        "a.toml",
        "a.ini",
        "a.html",
        "a.properties",
        "a.eml",
    ):
        waiting = [read_structure(path, lines).root]
        while waiting:
            node = waiting.pop()
            assert 1 <= node.start <= node.end <= max(1, len(lines))
            waiting += node.inner


@given(
    st.lists(
        st.from_regex(r"[a-z]{2,8}", fullmatch=True).filter(lambda w: w not in ("and", "or")), min_size=1
    )
)
def test_a_list_in_words_is_taken_apart(words):
    assert items_of(", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]) == words


def test_the_shipped_files_of_the_reader_belong_together():
    assert head().weight.shape == (3, 384)


async def test_with_another_encoder_there_is_no_confidence_and_the_answer_says_why(settings, engine):
    service = Service(settings.model_copy(update={"embed_model": "bge-small"}), engine)
    text = "Book a table for 4 people at the Golden Fork tomorrow."
    answer = (await service.call(ToolRequest("extract", {"schema": BOOKING, "text": text}))).structured()
    assert "confidence" not in answer and answer["escalate"]
    assert answer["reason"].startswith("The configured encoder bge-small is not the one that confidences")
    assert answer["data"]["guests"] == 4
    assert answer["evidence"] and all("confidence" not in item for item in answer["evidence"])
    # Where the text names the values, no encoder is asked.
    named = {"schema": schema_of(["port"], port={"type": "integer"}), "text": "port: 8080"}
    answer = (await service.call(ToolRequest("extract", named))).structured()
    assert (answer["data"], answer["escalate"]) == ({"port": 8080}, False)
    await service.close()


def test_a_head_that_was_trained_with_another_adapter_is_refused(tmp_path):
    shipped = shipped_file("reader", "head.json")
    (tmp_path / "skill.toml").write_bytes(shipped.with_name("skill.toml").read_bytes())
    path = tmp_path / "head.json"
    data = json.loads(shipped.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data))
    assert read_head(path).bias.shape == (3,)
    for change in ({"adapter": "0" * 64}, {"encoder": "bge-small"}, {"dimension": 768}):
        path.write_text(json.dumps(data | change))
        with pytest.raises(ModelError, match="was made for another adapter"):
            read_head(path)
    path.write_text(json.dumps({name: data[name] for name in ("start", "end", "yes")}))
    with pytest.raises(ModelError, match="was made for another adapter"):
        read_head(path)
    path.write_text("[]")
    with pytest.raises(ModelError, match="can't be used"):
        read_head(path)


def test_the_models_of_confidence_are_given_the_features_that_they_were_fitted_on():
    field = Field(("count",), "integer", {}, required=False)
    [choice] = choose([field], [[]], "no number")
    assert tuple(choice.features) == FEATURES["found"] == FEATURES["absent_on_page"]
    document, judged = Document("", ["no number"]), Assessment(None, None)
    filled = Filled(absent=[Absence(field, choice.features)])
    features = whole_features(document, filled, judged, load_calibration("extract", FEATURES))
    assert tuple(features) == FEATURES["whole"]


async def test_a_value_has_the_form_that_its_schema_asks_for_or_is_missing(extract):
    schema = schema_of(
        ticket={"type": "string", "format": "uri", "description": "address of the ticket"},
        author={"type": "string", "format": "email", "description": "who wrote the report"},
    )
    text = "# Incident INC-1042\n\nSee https://tickets.example/42 for it. Written by Miriam Okafor."
    answer = await extract(schema, text=text)
    assert answer.data["ticket"] == "https://tickets.example/42"
    assert answer.missing == ["author"]


async def test_a_page_whose_values_all_have_names_is_sure_though_it_lacks_a_field(extract, tmp_path):
    path = tmp_path / "report.md"
    form = (
        "### Version\n\n3.2.1.0\n\n### Operating System\n\nWindows 11\n\n### What happened?\n\nIt crashed!\n"
    )
    schema = schema_of(
        [], version={"type": "string"}, operating_system={"type": "string"}, epoch={"type": "string"}
    )
    for text, sure in ((form, True), (form + "\nThe epoch is 17, the epoch before was 16.\n", False)):
        path.write_text(text)
        answer = await extract(schema, path=str(path))
        assert (answer.data["version"], answer.data["operating_system"]) == ("3.2.1.0", "Windows 11")
        assert answer.escalate is not sure
