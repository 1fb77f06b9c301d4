"""JSON Schemas of a tool's arguments and answer, as short as they can be: an agent pays for each word."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


def input_schema(arguments: type[BaseModel]) -> Schema:
    """Flat: records inside are written out in place, for clients that don't follow references."""
    schema = _lean(arguments.model_json_schema())
    definitions = schema.pop("$defs", {})
    return {key: _inlined(value, definitions) for key, value in schema.items()}


def output_schema(answer: type[BaseModel]) -> Schema:
    """Of the JSON that `Answer.structured` gives: fields without a value are absent, never null."""
    return _lean(answer.model_json_schema())


def _lean(schema: Schema) -> Schema:
    """Without titles, null defaults, `null` as a type, and the docstrings of records."""
    is_record = "properties" in schema
    lean: Schema = {}
    for key, value in schema.items():
        match key:
            case "properties" | "$defs":
                lean[key] = {name: _lean(part) for name, part in value.items()}
            case "anyOf" | "oneOf":
                parts = [_lean(part) for part in value if part.get("type") != "null"]
                lean = {**(parts[0] if len(parts) == 1 else {key: parts}), **lean}
            case "title":
                pass
            case "description" if is_record:
                pass
            case "default" if value is None:
                pass
            case _:
                lean[key] = _lean(value) if isinstance(value, dict) else value
    return lean


def _inlined(part: Any, definitions: dict[str, Schema], inside: tuple[str, ...] = ()) -> Any:
    """Replace references by what they refer to; one that holds itself becomes any object."""
    if isinstance(part, list):
        return [_inlined(item, definitions, inside) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = str(part["$ref"]).rpartition("/")[2]
        rest = {key: value for key, value in part.items() if key != "$ref"}
        if name in inside:
            return {"type": "object", **rest}
        return {**_inlined(definitions[name], definitions, (*inside, name)), **rest}
    return {key: _inlined(value, definitions, inside) for key, value in part.items()}
