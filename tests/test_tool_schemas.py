"""Whatever fits a tool's own input schema is answered, or refused in one sentence: never a crash, a bug's
report, or an answer that its output schema forbids. Arguments are drawn from the schemas that agents see.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.errors import InternalError, SmallToolsError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.server.tool_schema import input_schema, output_schema
from mcp_smalltools.service import Service
from mcp_smalltools.tools.built_in import built_in_tools

FILES = {
    "app.log": "2026-01-02 03:04:05 INFO user 7 logged in\n2026-01-02 03:04:06 ERROR disk is full\n" * 20,
    "table.csv": "name,age\nAnna,31\nBo,\n",
    "code.py": 'def f(x):\n    """Doubles."""\n    return 2 * x\n',
    "empty.txt": "",
    "notes.md": "# Plan\n\nWe ship on Friday, since the tests pass.\n",
}
PATHS = st.sampled_from([*FILES, "missing.log", ".", "../outside.txt", "a\0b", ""]) | st.text(max_size=20)
WORDS = st.sampled_from(["bug", "question", "", "the disk is full", "ß\u200b\x07", "x" * 300]) | st.text(
    max_size=30
)
SCHEMAS = st.sampled_from(
    [
        {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}},
        {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "nothing"}}},
        {},
    ]
)


def values(name: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Of an argument: mostly what its schema allows, at its edges too."""
    if name == "schema":
        return SCHEMAS
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([values(name, part) for part in schema["anyOf"]])
    match schema.get("type"):
        case "string":
            return PATHS if "path" in name and name != "export_path" else WORDS
        case "integer":
            low, high = schema.get("minimum", -5), schema.get("maximum", 1 << 40)
            return st.sampled_from([low, low + 1, high]) | st.integers(low, high)
        case "number":
            return st.floats(schema.get("minimum", -1e9), schema.get("maximum", 1e9), allow_nan=False)
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(values(name, schema.get("items", {})), max_size=6)
        case "object":
            return arguments(schema)
    return st.none() | st.integers() | WORDS


def arguments(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: values(name, part) for name, part in schema.get("properties", {}).items()}
    required = set(schema.get("required", []))
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder.parent / "outside.txt").write_text("outside", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def own(base_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """With an engine of this module's: each example has an event loop of its own, and the run's has one."""
    folder = tmp_path_factory.mktemp("own")
    settings = base_settings.model_copy(
        update={"state_dir": folder / "state", "runtime_dir": folder / "run", "output_dir": folder / "out"}
    )
    yield settings

    async def stop() -> None:
        client = EngineClient(settings)
        await client.shutdown()
        await client.close()

    anyio.run(stop)


@pytest.mark.parametrize("level", [PrivacyLevel.OPEN, PrivacyLevel.SEALED])
@pytest.mark.parametrize("name", built_in_tools())
def test_what_fits_the_schema_is_answered_by_the_schema_or_refused_in_a_sentence(
    name: str, level: PrivacyLevel, folder: Path, own: Settings
) -> None:
    tool: Any = built_in_tools()[name]
    answers = jsonschema.Draft202012Validator(output_schema(tool.Answer))
    rooted = own.model_copy(update={"roots": (RootSpec(path=folder, level=level),)})

    async def main(drawn: list[dict[str, Any]]) -> None:
        service = Service(rooted, EngineClient(rooted))
        try:
            for given_arguments in drawn:
                await one(service, given_arguments)
        finally:
            await service.close()

    async def one(service: Service, given_arguments: dict[str, Any]) -> None:
        try:
            answer = await service.call(ToolRequest(name, given_arguments, deadline_s=60))
        except SmallToolsError as error:
            assert not isinstance(error, InternalError), f"{given_arguments}: {error}"
            assert str(error) and "\n" not in str(error)
        else:
            answers.validate(answer.structured())

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(arguments(input_schema(tool.Arguments)), min_size=5, max_size=5))
    def fuzz(drawn: list[dict[str, Any]]) -> None:
        anyio.run(main, drawn)

    fuzz()
