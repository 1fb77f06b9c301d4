"""Arguments in another form than the tool asks for, where there is no doubt what is meant.

Clients send lists and objects as JSON texts, and agents one path where several may be given.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from typing import Any, Final

from pydantic.fields import FieldInfo

_ONE_FOR_SEVERAL: Final = {"path": "paths"}
_MAY_BE_ONE: Final = frozenset(("paths", "items"))
"""Lists of which one alone makes sense: one label doesn't, so `a, b` is not taken for one."""


def as_meant(given: Mapping[str, Any], known: Mapping[str, FieldInfo]) -> dict[str, Any]:
    """The arguments with lists and objects in place of their JSON, a list of one in place of its text, and
    `paths` for a tool that takes no `path`.
    """
    meant = dict(given)
    for one, several in _ONE_FOR_SEVERAL.items():
        if one in meant and one not in known and several in known and several not in meant:
            meant[several] = [meant.pop(one)]
    for name, value in meant.items():
        if isinstance(value, str) and name in known:
            meant[name] = _as_structure(value, _types_of(known[name].annotation), alone=name in _MAY_BE_ONE)
    return meant


def _types_of(annotation: Any) -> set[Any]:
    """The types of an annotation: those of a union each, without their parameters."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return {kind for part in typing.get_args(annotation) for kind in _types_of(part)}
    if typing.get_origin(annotation) is typing.Annotated:
        return _types_of(typing.get_args(annotation)[0])
    return {typing.get_origin(annotation) or annotation}


def _as_structure(value: str, wanted: set[Any], *, alone: bool) -> Any:
    if str in wanted or not wanted & {list, dict, tuple}:
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, list | dict) and type(read) in wanted:
        return read
    return [value] if alone and value else value
