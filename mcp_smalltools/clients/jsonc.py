"""Sets or removes entries of a JSON file that people edit, and items of its lists. Comments, trailing commas,
order and layout of everything else are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

_TRIVIA = re.compile(r"(?:\s|\ufeff|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(r"[^\s,\]}/]+")


@dataclass(slots=True)
class _Node:
    """A value and its position, text[start:end]; an object with its members, a list with its items."""

    value: Any
    start: int
    end: int
    members: dict[str, _Member] = field(default_factory=dict)
    items: list[_Node] = field(default_factory=list)


@dataclass(slots=True)
class _Member:
    key_start: int
    node: _Node


def loads(text: str) -> Any:
    """The value of JSON with comments and trailing commas; {} if the text has no value. Raises ValueError."""
    root = _root(text)
    return root.value if root else {}


def with_entry(text: str, keys: Sequence[str], value: Any) -> str:
    """The text with `value` at the path `keys`; objects on the way are created. Raises ValueError if
    something other than an object is in the way.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    root = _root(text)
    if root is None:
        lead = text if not text or text.endswith("\n") else text + newline
        return lead + json.dumps(_nest(keys, value), indent=2).replace("\n", newline) + newline
    node, depth = root, 0
    while isinstance(node.value, dict) and depth < len(keys) and keys[depth] in node.members:
        node = node.members[keys[depth]].node
        depth += 1
    if depth == len(keys):
        return text[: node.start] + _format(value, _indent_at(text, node.start), newline) + text[node.end :]
    if not isinstance(node.value, dict):
        raise ValueError(f"{'.'.join(keys[:depth]) or 'the file'} is not an object")
    return _insert_member(text, node, keys[depth], _nest(keys[depth + 1 :], value), newline)


def without_entry(text: str, keys: Sequence[str]) -> str:
    """The text without the member at the path `keys`, or as it is if there is none."""
    node = _root(text)
    for key in keys[:-1]:
        if node is None or key not in node.members:
            return text
        node = node.members[key].node
    if node is None or keys[-1] not in node.members:
        return text
    member = node.members[keys[-1]]
    names = list(node.members)
    place = names.index(keys[-1])
    end = member.node.end
    following = _skip(text, end)
    comma: int | None = None
    if text[following] == ",":
        comma = following
    elif place:
        comma = text.index(",", _skip(text, node.members[names[place - 1]].node.end))
    start = len(text[: member.key_start].rstrip(" \t"))
    rest = text[end : following + 1] if comma == following else text[end:]
    if rest.lstrip(" \t,")[:1] in ("\r", "\n"):  # the line holds nothing else: remove it as a whole
        start = len(text[:start].removesuffix("\n").removesuffix("\r"))
    cuts = [(start, end)] if comma is None else sorted([(start, end), (comma, comma + 1)])
    for first, last in reversed(cuts):
        text = text[:first] + text[last:]
    return text


def with_items(text: str, keys: Sequence[str], items: Sequence[Any]) -> str:
    """The text with the items at the end of the list at the path `keys`, which is made where it is missing.

    Raises ValueError if something other than a list is there.
    """
    node = _at(text, keys)
    if node is None:
        return with_entry(text, keys, list(items)) if items else text
    if not isinstance(node.value, list):
        raise ValueError(f"{'.'.join(keys)} is not a list")
    if not items:
        return text
    if not node.items:
        return with_entry(text, keys, list(items))
    newline = "\r\n" if "\r\n" in text else "\n"
    last = node.items[-1].end
    indent = _indent_at(text, node.items[0].start)
    one_line = "\n" not in text[node.start : node.items[0].start]
    lead = " " if one_line else newline + indent
    added = "".join(f",{lead}{_format(item, indent, newline)}" for item in items)
    after = _skip(text, last)
    if text[after] == ",":  # a trailing comma: ours takes its place
        return text[:last] + added + text[last:after] + text[after:]
    return text[:last] + added + text[last:]


def without_items(text: str, keys: Sequence[str], is_ours: Callable[[Any], bool]) -> str:
    """The text without those items of the list at the path `keys`. A list that gets empty goes, and so do
    objects that hold nothing else.
    """
    node = _at(text, keys)
    if node is None or not isinstance(node.value, list):
        return text
    ours = [number for number, item in enumerate(node.items) if is_ours(item.value)]
    if not ours:
        return text
    if len(ours) == len(node.items):
        return _without_empty(text, keys)
    for number in reversed(ours):
        text = _without_item(text, node.items, number)
    return text


def _without_item(text: str, items: Sequence[_Node], number: int) -> str:
    """The text without one of several items. Items before it are where they were."""
    item = items[number]
    following = _skip(text, item.end)
    if text[following] == ",":
        return text[: item.start] + text[_skip_blanks(text, following + 1) :]
    before = items[number - 1].end if number else item.start
    return text[:before] + text[item.end :]


def _skip_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in {" ", "\t", "\r", "\n"}:
        at += 1
    return at


def _without_empty(text: str, keys: Sequence[str]) -> str:
    while keys:
        text = without_entry(text, keys)
        keys = keys[:-1]
        parent = _at(text, keys)
        if not keys or parent is None or parent.members:
            break
    return text


def _at(text: str, keys: Sequence[str]) -> _Node | None:
    """The value at the path `keys`. Raises ValueError if something other than an object is on the way."""
    node = _root(text)
    for depth, key in enumerate(keys):
        if node is None:
            return None
        if not isinstance(node.value, dict):
            raise ValueError(f"{'.'.join(keys[:depth]) or 'the file'} is not an object")
        node = node.members[key].node if key in node.members else None
    return node


def _insert_member(text: str, node: _Node, key: str, value: Any, newline: str) -> str:
    """The text with one more member at the end of an object."""
    close = node.end - 1
    outer = _indent_at(text, node.start)
    members = list(node.members.values())
    inner = _indent_at(text, members[0].key_start) if members else ""
    if len(inner) <= len(outer):
        inner = outer + "  "
    member = f"{newline}{inner}{json.dumps(key)}: {_format(value, inner, newline)}"
    if not members:
        rest = text[node.start + 1 :]
        gap = "" if "\n" in text[node.start : close] else newline + outer
        return text[: node.start + 1] + member + gap + rest
    last = members[-1].node.end
    after = _skip(text, last)
    comma = "" if text[after] == "," else ","
    content_end = len(text[:close].rstrip())
    gap = "" if "\n" in text[content_end:close] else newline + outer
    return text[:last] + comma + text[last:content_end] + member + gap + text[content_end:]


def _nest(keys: Sequence[str], value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def _format(value: Any, indent: str, newline: str) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", newline + indent)


def _indent_at(text: str, position: int) -> str:
    """The indentation of the line at this position."""
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _root(text: str) -> _Node | None:
    start = _skip(text, 0)
    if start == len(text):
        return None
    root = _value(text, start)
    if _skip(text, root.end) != len(text):
        raise ValueError(f"something follows the value in line {_line(text, root.end)}")
    return root


def _value(text: str, at: int) -> _Node:
    match text[at : at + 1]:
        case "{":
            return _object(text, at)
        case "[":
            return _array(text, at)
        case _:
            found = (_STRING if text[at : at + 1] == '"' else _SCALAR).match(text, at)
            if found is None:
                raise ValueError(f"a value is missing in line {_line(text, at)}")
            return _Node(json.loads(found[0]), at, found.end())


def _object(text: str, start: int) -> _Node:
    node = _Node({}, start, start)
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        found = _STRING.match(text, at)
        if found is None:
            raise ValueError(f"a name is missing in line {_line(text, at)}")
        colon = _skip(text, found.end())
        _expect(text, colon, ":")
        key, child = json.loads(found[0]), _value(text, _skip(text, colon + 1))
        if key in node.members:
            raise ValueError(f"{key!r} comes twice, in line {_line(text, at)} again")
        node.members[key] = _Member(at, child)
        node.value[key] = child.value
        at = _past_comma(text, child.end, "}")
    node.end = at + 1
    return node


def _array(text: str, start: int) -> _Node:
    items = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        child = _value(text, at)
        items.append(child)
        at = _past_comma(text, child.end, "]")
    return _Node([item.value for item in items], start, at + 1, items=items)


def _past_comma(text: str, end: int, close: str) -> int:
    at = _skip(text, end)
    if text[at : at + 1] == close:
        return at
    _expect(text, at, ",")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _TRIVIA.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, char: str) -> None:
    if text[at : at + 1] != char:
        raise ValueError(f"{char!r} is missing in line {_line(text, at)}")


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
