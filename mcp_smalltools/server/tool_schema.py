"""JSON Schemas of a tool's arguments and answer, as short as possible: an agent pays for each word."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


def input_schema(arguments: type[BaseModel]) -> Schema:
    """Nested records are written out in place, for clients that don't follow references."""
    schema = _simplify(arguments.model_json_schema())
    definitions = schema.pop("$defs", {})
    return {key: _inline(value, definitions) for key, value in schema.items()}


def output_schema(answer: type[BaseModel]) -> Schema:
    """The schema of `Answer.structured`: fields without a value are absent, never null."""
    return _simplify(answer.model_json_schema())


def _simplify(schema: Schema) -> Schema:
    """Without titles, null defaults, `null` as a type, and the docstrings of records."""
    is_record = "properties" in schema
    simple: Schema = {}
    for key, value in schema.items():
        match key:
            case "properties" | "$defs":
                simple[key] = {name: _simplify(part) for name, part in value.items()}
            case "anyOf" | "oneOf":
                parts = [_simplify(part) for part in value if part.get("type") != "null"]
                simple = {**(parts[0] if len(parts) == 1 else {key: parts}), **simple}
            case "title":
                pass
            case "description" if is_record:
                pass
            case "default" if value is None:
                pass
            case _:
                simple[key] = _simplify(value) if isinstance(value, dict) else value
    return simple


def _inline(part: Any, definitions: dict[str, Schema], inside: tuple[str, ...] = ()) -> Any:
    """Replace references by what they refer to. A record inside itself becomes `{"type": "object"}`."""
    if isinstance(part, list):
        return [_inline(item, definitions, inside) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = str(part["$ref"]).rpartition("/")[2]
        rest = {key: value for key, value in part.items() if key != "$ref"}
        if name in inside:
            return {"type": "object", **rest}
        return {**_inline(definitions[name], definitions, (*inside, name)), **rest}
    return {key: _inline(value, definitions, inside) for key, value in part.items()}
