"""Applies the privacy level and the size cap to an answer before it leaves."""

from __future__ import annotations

import functools
import json
import typing
from collections.abc import Callable, Hashable
from typing import Any, cast

from pydantic.fields import FieldInfo

from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.result import Answer, Record, TextOfFile
from mcp_smalltools.text.visible import escaped_name

Scrub = Callable[[str], str]


def apply_privacy(
    answer: Answer, level: PrivacyLevel, scrub: Scrub, scrub_name: Scrub = escaped_name
) -> None:
    """Change the answer's marked strings in place: scrub them or, under `sealed`, remove and count them.

    `scrub` masks what the level forbids; it is called for every marked string that may leave. `scrub_name` is
    called for names of files, which leave under `sealed` too: a tool that gives them is asked for them.
    """
    withheld = _walk(answer, level, scrub, scrub_name)
    if withheld:
        answer.dropped["sealed_texts"] = withheld


def _walk(record: Record, level: PrivacyLevel, scrub: Scrub, scrub_name: Scrub) -> int:
    withheld = 0
    for name, field in type(record).model_fields.items():
        value = getattr(record, name)
        for nested in _records_in(value):
            withheld += _walk(nested, level, scrub, scrub_name)
        marker = _marker(field)
        if marker is None or not value:
            continue
        if marker.name:
            setattr(record, name, _map_strings(value, scrub_name))
        elif level is PrivacyLevel.SEALED and not marker.masked:
            setattr(record, name, _empty_of(value))
            withheld += 1
        else:
            setattr(record, name, _map_strings(value, scrub))
    return withheld


def _records_in(value: Any) -> list[Record]:
    if isinstance(value, Record):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [nested for item in value for nested in _records_in(item)]
    return []


@functools.cache
def _marker_in(annotation: Hashable) -> TextOfFile | None:
    for part in getattr(annotation, "__metadata__", ()):
        if isinstance(part, TextOfFile):
            return part
    return next((found for arg in typing.get_args(annotation) if (found := _marker_in(arg))), None)


def _marker(field: FieldInfo) -> TextOfFile | None:
    direct = next((part for part in field.metadata if isinstance(part, TextOfFile)), None)
    return direct or _marker_in(cast(Hashable, field.annotation))


def scrub_named(name: str, value: str, scrub: Scrub) -> str:
    """The value, masked as in `name: "value"`: often only the name shows that it is a secret."""
    head = f'{name}: "'
    masked = scrub(f'{head}{value}"')
    if masked.startswith(head) and masked.endswith('"'):
        return masked[len(head) : -1]
    return scrub(value)


def _map_strings(value: Any, change: Scrub, name: str = "") -> Any:
    """The value with its strings changed, keys too, each judged by the name of its key or of the list that it
    is in; a number whose digits are masked becomes a string.
    """
    if isinstance(value, str):
        return scrub_named(name, value, change) if name else change(value)
    if isinstance(value, dict):
        return {
            _map_strings(key, change): _map_strings(item, change, str(key)) for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_map_strings(item, change, name) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        written = str(value)
        masked = scrub_named(name, written, change) if name else change(written)
        return value if masked == written else masked
    return value


def _empty_of(value: Any) -> Any:
    if isinstance(value, str):
        return ""
    if isinstance(value, dict):
        return {}
    if isinstance(value, (list, tuple)) and not any(isinstance(item, Record) for item in value):
        return []
    return value


def shrink_to_fit(answer: Answer, max_chars: int) -> None:
    """Cut the answer's shrinkable lists from their ends until its JSON fits; say in `dropped` what was cut.

    Raises SmallToolsError if it can't be made to fit: the answer has a field without a bound.
    """
    for name in (*type(answer).shrinkable, None):
        excess = len(as_json(answer)) - max_chars
        if excess <= 0:
            return
        if name is not None:
            _shrink(answer, name, excess)
    raise SmallToolsError(
        f"The answer would be larger than max_answer_chars ({max_chars}).",
        remedy="Ask for less: a lower limit, a narrower question, or a part of the file.",
    )


def as_json(answer: Answer) -> str:
    """The compact JSON text that is sent."""
    return json.dumps(answer.structured(), ensure_ascii=False, separators=(",", ":"))


def _shrink(answer: Answer, name: str, excess: int) -> None:
    items = list(getattr(answer, name) or ())
    if not items:
        return
    kept, freed = len(items), 0
    # The new count in `dropped` takes a few characters itself.
    while kept and freed < excess + len(name) + 16:
        kept -= 1
        item = items[kept]
        text = item.model_dump(mode="json") if isinstance(item, Record) else item
        freed += len(json.dumps(text, ensure_ascii=False, separators=(",", ":"))) + 1
    setattr(answer, name, items[:kept])
    answer.dropped[name] = answer.dropped.get(name, 0) + len(items) - kept
