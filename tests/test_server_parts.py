"""Parts of the server by themselves: progress that only rises, schemas that are short and true."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any

import anyio
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from mcp_smalltools import result
from mcp_smalltools.server.progress import ProgressRelay
from mcp_smalltools.server.tool_schema import input_schema, output_schema
from mcp_smalltools.tools import base
from mcp_smalltools.tools.built_in import built_in_tools

REPORTS = st.lists(
    st.tuples(
        st.floats(0, 1e9),
        st.none() | st.floats(0, 1e9),
        st.sampled_from(["reading", "embedding", "fetching"]),
    ),
    max_size=12,
)


@given(REPORTS)
def test_whatever_a_tool_reports_the_client_hears_a_number_that_rises_and_stays_below_its_total(
    reports: list[tuple[float, float | None, str]],
) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def main() -> None:
        async def send(done: float, total: float | None, message: str | None) -> None:
            heard.append((done, total, message))

        relay = ProgressRelay(send, interval_s=0)
        async with anyio.create_task_group() as group:
            group.start_soon(relay.run)
            for report in reports:
                relay.report(*report)
                for _ in range(3):
                    await anyio.sleep(0)
            group.cancel_scope.cancel()

    anyio.run(main)
    numbers = [done for done, _, _ in heard]
    assert numbers == sorted(set(numbers))
    assert all(total is None or done <= total for done, total, _ in heard)
    if reports and (reports[0][1] or 0) > 0:
        assert heard


class Inner(result.Record):
    """Doc."""

    title: str
    more: Inner | None = None


class Example(result.Answer):
    title: Annotated[str, Field(description="the title")]
    inner: list[Inner] = Field(default_factory=list)
    maybe: int | None = Field(None, description="a number")


class ExampleArguments(base.Arguments):
    title: str | None = Field(None, description="a field may be called title")
    one: str | int = Field("", description="two kinds")
    inner: Inner | None = None


def test_a_schema_keeps_fields_that_are_called_title_and_drops_titles_and_nulls() -> None:
    schema = output_schema(Example)
    assert schema["properties"]["title"] == {"description": "the title", "type": "string"}
    assert schema["properties"]["maybe"] == {"description": "a number", "type": "integer"}
    assert "Doc." not in str(schema) and "'title': 'Example'" not in str(schema)


def test_arguments_are_written_out_in_place_even_where_they_hold_themselves() -> None:
    schema = input_schema(ExampleArguments)
    assert "$ref" not in str(schema) and "$defs" not in schema
    assert schema["properties"]["inner"]["properties"]["more"]["type"] == "object"
    assert {part["type"] for part in schema["properties"]["one"]["anyOf"]} == {"string", "integer"}


@given(
    st.builds(
        Example,
        title=st.text(),
        maybe=st.none() | st.integers(),
        inner=st.just([Inner(title="x", more=Inner(title="y"))]),
    )
)
def test_an_answer_fits_its_schema(answer: Example) -> None:
    jsonschema.validate(answer.structured(), output_schema(Example))


@pytest.mark.parametrize("name", built_in_tools())
def test_the_schemas_of_each_tool_are_valid_json_schema(name: str) -> None:
    tool: Any = built_in_tools()[name]
    records: list[type[BaseModel]] = [tool.Arguments, tool.Answer]
    jsonschema.Draft202012Validator.check_schema(input_schema(records[0]))
    jsonschema.Draft202012Validator.check_schema(output_schema(records[1]))


def test_deferred_packages_of_the_sdk_still_give_every_name() -> None:
    code = (
        "import sys\n"
        "from mcp_smalltools.server.sdk import defer_packages\n"
        "defer_packages()\n"
        "import mcp.server.lowlevel.server as lowlevel\n"
        "assert 'mcp.client' not in sys.modules\n"
        "import mcp, mcp.server\n"
        "from mcp import Client, MCPError\n"
        "from mcp.server import MCPServer, Server\n"
        "assert Server is lowlevel.Server and Client.__module__ == 'mcp.client.client'\n"
        "assert set(mcp.__all__) <= set(dir(mcp))\n"
        "try: mcp.no_such_name\n"
        "except AttributeError: print('as ever')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "as ever", done.stderr
