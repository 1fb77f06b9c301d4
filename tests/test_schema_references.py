"""A caller's schema makes `extract` fetch nothing, and no pattern of it takes long."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import referencing.exceptions

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.extract.schema import MAX_NODES, plan_of, problems

pytestmark = pytest.mark.anyio


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """An address on this machine, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


def places(reference: str) -> dict[str, dict]:
    """Schemas that hold the reference at each kind of place."""
    bad = {"$ref": reference}
    fine = {"type": "string"}
    return {
        "property": {"type": "object", "properties": {"name": bad}},
        "null branch": {
            "type": "object",
            "properties": {"name": {"anyOf": [{"type": "null", **bad}, fine]}},
        },
        "one of": {"type": "object", "properties": {"name": {"oneOf": [{"type": "null", **bad}, fine]}}},
        "items": {"type": "object", "properties": {"name": {"type": "array", "items": bad}}},
        "top": {**bad, "type": "object", "properties": {"name": fine}},
        "definitions": {"type": "object", "properties": {"name": fine}, "$defs": {"x": {"allOf": [bad]}}},
        "additional": {"type": "object", "properties": {"name": fine}, "additionalProperties": bad},
        "dynamic": {"type": "object", "properties": {"name": {**fine, "$dynamicRef": reference}}},
        "itself": {
            "type": "object",
            "properties": {"name": {"anyOf": [{"type": "null", "$ref": "#"}, fine]}},
        },
    }


@pytest.mark.parametrize("place", places(""))
def test_a_reference_is_refused_by_name_wherever_it_is(place: str, listener: tuple[str, list[str]]) -> None:
    address, asked = listener
    with pytest.raises(UsageError, match=r"\$(dynamicR|r)ef"):
        plan_of(places(f"{address}/x")[place])
    assert asked == []


@pytest.mark.parametrize(
    "reference", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,{}", "#/$defs/x", "x"]
)
def test_references_of_every_kind_are_refused(reference: str) -> None:
    with pytest.raises(UsageError, match="is not supported"):
        plan_of(places(reference)["null branch"])


def test_a_property_may_be_called_ref() -> None:
    plan = plan_of({"type": "object", "properties": {"$ref": {"type": "string"}}})
    assert [field.name for field in plan.fields] == ["$ref"]


def test_the_validator_itself_fetches_nothing(listener: tuple[str, list[str]], tmp_path: Path) -> None:
    """Even where a reference gets past the refusal."""
    address, asked = listener
    for reference in (f"{address}/x", tmp_path.as_uri()):
        with pytest.raises(referencing.exceptions.Unresolvable):
            list(problems({}, {"$ref": reference}))
    assert asked == []


async def test_a_pattern_that_backtracks_is_matched_at_once(settings: Settings) -> None:
    service = Service(settings)
    schema = {"type": "object", "properties": {"name": {"type": "string", "pattern": "^(a+)+$"}}}
    started = time.monotonic()
    arguments = {"text": "name: " + "a" * 40 + "!", "schema": schema}
    answer = await service.call(ToolRequest(tool="extract", arguments=arguments))
    await service.close()
    assert time.monotonic() - started < 30
    assert answer.data == {"name": None} or answer.unverified or answer.escalate


def test_a_pattern_that_takes_more_than_linear_time_is_refused_with_the_remedy() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string", "pattern": r"(?=a)b"}}}
    with pytest.raises(UsageError, match="can't be used") as raised:
        plan_of(schema)
    assert "look-around" in raised.value.remedy


def test_patterns_match_as_json_schema_says() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string", "pattern": "b+"}}}
    assert list(problems({"name": "abba"}, schema)) == []
    assert list(problems({"name": "aa"}, schema)) == [(("name",), "'aa' does not match 'b+'")]
    validator = jsonschema.Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors({"name": "aa"})] == ["'aa' does not match 'b+'"]


def test_a_schema_of_too_many_values_is_refused() -> None:
    examples = list(range(MAX_NODES))
    schema = {"type": "object", "properties": {"name": {"type": "string", "examples": examples}}}
    with pytest.raises(UsageError, match="more than 20,000 values"):
        plan_of(schema)
