"""Calls of any tool, made from its own schema: each argument in each form, and what is wrong in each way.

Tools that come later are covered without a line of their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from mcp_smalltools.server.tool_schema import input_schema
from mcp_smalltools.tools.base import Tool

Call = dict[str, Any]

JSON_SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "id": {"type": "integer"},
        "values": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": {"type": "string"},
}
BY_NAME: dict[str, list[Any]] = {
    "labels": [["bug", "question"], ["bug: it fails", "other"], ["a", "b", "c"], ["one"], []],
    "examples": [[], [{"text": "it fails", "label": "bug"}, {"text": "how?", "label": "question"}]],
    "items": [["it fails", "how do I start it?"], [""]],
    "schema": [JSON_SCHEMA, {"type": "array"}, {"type": 3}],
    "json_schema": [JSON_SCHEMA],
    "since": ["last", "3", 5, "2026-01-01 00:00:10", "2026-01-01T00:00:30Z", "no time", "999999"],
    "glob": ["*", "*.log", "**/*.py", "[", "no-such-*"],
    "verdict": ["right", "wrong"],
    "call_id": ["000000000000", ""],
}
"""What an argument of this name is given; others are given what their type allows."""


ONE_OF = ("question", "labels")
"""The first is given in place of the second."""


def takes_path(name: str) -> bool:
    return (name in ("path", "paths") or name.endswith(("_path", "_paths"))) and not name.startswith("export")


def forms(tool: Tool, paths: Sequence[str], bad_paths: Sequence[str] = ()) -> Iterator[Call]:
    """Right calls on each path, each other argument in each form; if there are bad paths, wrong calls too."""
    schema = input_schema(tool.Arguments)
    properties: dict[str, Any] = schema["properties"]
    required = set(schema.get("required", []))
    path_names = [name for name in properties if takes_path(name)]
    main_path = next(iter([n for n in path_names if n in required] or path_names), None)
    needed = required | {"labels"}  # what classify needs, if it isn't asked a question
    base = {name: _some(name, spec, paths)[0] for name, spec in properties.items() if name in needed}

    def on(path: str) -> Call:
        return base | ({main_path: _shaped(properties[main_path], path)} if main_path else {})

    turn = itertools.cycle(paths)
    yield from map(on, paths)
    for name, spec in properties.items():
        if name != main_path:
            for value in _some(name, spec, paths):
                others = {key: given for key, given in on(next(turn)).items() if (name, key) != ONE_OF}
                yield others | {name: value}
    if not bad_paths:
        return
    yield from map(on, bad_paths)
    good = on(paths[0])
    yield {}
    yield good | {"no_such_argument": 1}
    for name in properties:
        yield {key: value for key, value in good.items() if key != name}
        for wrong in (None, 3.5, {"a": 1}, [[1]], "x" * 3000):
            yield good | {name: wrong}


def _some(name: str, spec: dict[str, Any], paths: Sequence[str]) -> list[Any]:
    if takes_path(name):
        return [_shaped(spec, path) for path in paths[:4]]
    if name in BY_NAME:
        return BY_NAME[name]
    if "enum" in spec:
        return list(spec["enum"])
    if "anyOf" in spec:
        return [value for part in spec["anyOf"] for value in _some("", part, paths)]
    match spec.get("type"):
        case "integer":
            low, high = spec.get("minimum", 0), spec.get("maximum", 10**6)
            return [low, high, (low + min(high, 1000)) // 2, low - 1]
        case "number":
            return [0, 0.5, -1]
        case "boolean":
            return [True, False]
        case "array":
            return [[], _some("", spec.get("items", {}), paths)[:2]]
        case "object":
            return [{}, JSON_SCHEMA]
    if name.startswith("export"):
        return ["out.jsonl", "../out", "/etc/out"]
    return ["what failed and who is it?", "error name secret", "", "(unclosed"]


def _shaped(spec: dict[str, Any], path: str) -> Any:
    return [path] if spec.get("type") == "array" else path
