"""Settings by the line: INI and .cfg files, .properties, .env, key = value with or without sections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import Budget, Node, NotOfForm

_SECTION: Final = re.compile(r"\s*+\[\[?+([^\[\]\n]{1,200})\]\]?\s*+(?:[#;].*)?")
_PAIR: Final = re.compile(r"\s*+(?:export\s++)?([\w.$/@*:+-][^=:\n]{0,199}?)\s*+(=>?|:=|:)\s?+(.*)")
_PROPERTY: Final = re.compile(r"\s*+((?:[^\s=:\\#!]|\\.){1,300})(?:\s*+[=:]\s*+|\s++)(.*)")
_OF_KIND: Final = re.compile(r"([A-Za-z][\w.-]{0,60})[:/]\s*+([^:/\s][^:/]{0,150})")
_PATH_KEY: Final = re.compile(r"[a-z0-9_]{1,60}(?:/[a-z0-9_.]{1,60}){1,8}")
_COMMENT: Final = re.compile(r"(?<!\S)[#;](?:\s.*|$)")
_QUOTED: Final = re.compile(r"\s*+(?:\"((?:[^\"\\]|\\.)*+)\"|'([^']*+)')\s*+(?:[#;].*)?")
_UNICODE: Final = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


def read_ini(lines: Sequence[str]) -> Node:
    """Sections with their keys; a value may go on in indented lines. Raises NotOfForm where most lines are
    neither.
    """
    root = Node("", "object", 1, max(1, len(lines)))
    at, last, unread, budget = root, None, 0, Budget()
    depth = 0  # spaces before the last key
    sections: list[Node] = []
    outer: dict[str, Node] = {}
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if not bare or bare[0] in "#;!" or bare.startswith("//"):
            continue
        budget.take()
        indent = len(line) - len(line.lstrip())
        if match := _SECTION.fullmatch(line):
            at = _section(match[1].strip(), number, outer, root)
            sections.append(at)
            last = None
        elif last is not None and indent and _is_more(last, indent > depth, bare):
            _go_on(last, bare, number)
        elif match := _PAIR.fullmatch(line):
            last = Node(_bare_key(match[1]), "value", number, number, _value(match[3]), literal=True)
            at.inner.append(last)
            depth = indent
        else:
            unread += 1
    pairs = sum(len(section.inner) for section in (root, *sections))
    if not pairs or unread > 0.2 * pairs:
        raise NotOfForm("no settings")
    for section in sections:
        section.end = max([section.start, *(item.end for item in section.inner)])
        join_repeated(section)
        _part_keys(section)
    _group_by_kind(root)
    for above in (*outer.values(), root):
        join_sections(above)
        join_repeated(above)
    return root


def _group_by_kind(root: Node) -> None:
    """Sections of one kind, `[program:web]` and `[program:queue]`, as the objects of that kind. Where the
    kind is a section too, as `[testenv]` is, it says what holds for all of them, and they stay as they are.
    """
    kinds: dict[str, list[tuple[Node, str]]] = {}
    sections = {item.name for item in root.inner}
    for item in root.inner:
        match = _OF_KIND.fullmatch(item.name) if item.kind == "object" else None
        if match is not None and match[1] not in sections:
            kinds.setdefault(match[1], []).append((item, match[2]))
    instead: dict[int, Node | None] = {}
    for kind, items in kinds.items():
        if len(items) < 2:
            continue
        outer = Node(kind, "object", items[0][0].start, items[-1][0].end)
        for item, name in items:
            item.name = name
            outer.inner.append(item)
            instead[id(item)] = None
        instead[id(items[0][0])] = outer
    given = [instead.get(id(item), item) for item in root.inner]
    root.inner = [item for item in given if item is not None]


def _part_keys(section: Node) -> None:
    """Keys that are paths (`window/size/width`) as objects inside each other."""
    if not any(_PATH_KEY.fullmatch(item.name) for item in section.inner):
        return
    given, section.inner = section.inner, []
    for item in given:
        names = item.name.split("/") if _PATH_KEY.fullmatch(item.name) else [item.name]
        above = _object_at(section, names[:-1], (item.start, item.end))
        item.name = names[-1]
        above.inner.append(item)


def _is_more(last: Node, is_deeper: bool, bare: str) -> bool:
    """Whether an indented line goes on with the last value: it is deeper than its key, which has nothing on
    its own line or several lines already (`FE80::/10` in a list is no key), or it is no pair itself.
    """
    open_value = last.kind == "list" or last.value == ""
    return (is_deeper and open_value) or not _PAIR.fullmatch(bare[:500])


def _section(name: str, number: int, outer: dict[str, Node], root: Node) -> Node:
    """`[remote "origin"]` is the object origin in the object remote."""
    above = root
    if match := re.fullmatch(r'([\w.-]+)\s+"([^"]*)"', name):
        if match[1] not in outer:
            outer[match[1]] = Node(match[1], "object", number, number)
            root.inner.append(outer[match[1]])
        above, name = outer[match[1]], match[2]
    section = Node(name, "object", number, number)
    above.inner.append(section)
    return section


def join_sections(above: Node) -> None:
    """Sections of one name are one, or, where they have the same keys, as the peers of WireGuard have, a list
    of objects.
    """
    by_name: dict[str, list[Node]] = {}
    for item in above.inner:
        if item.kind == "object":
            by_name.setdefault(item.name, []).append(item)
    joined: dict[int, Node | None] = {}
    for name, items in by_name.items():
        if len(items) < 2:
            continue
        keys = [{inner.name for inner in item.inner} for item in items]
        joined.update({id(item): None for item in items})
        if sum(map(len, keys)) > len(set().union(*keys)):
            for item in items:
                item.name = ""
            listed = Node(name, "list", items[0].start, items[-1].end, inner=items, is_table=True)
            joined[id(items[0])] = listed
        else:
            items[0].inner = [inner for item in items for inner in item.inner]
            items[0].end = items[-1].end
            joined[id(items[0])] = items[0]
    if joined:
        given = [joined.get(id(item), item) for item in above.inner]
        above.inner = [item for item in given if item is not None]


def _go_on(last: Node, text: str, number: int) -> None:
    """A value of several lines is a list of them."""
    if last.kind == "value":
        first = str(last.value)
        items = [Node("", "value", last.start, last.start, first, literal=True)] if first else []
        last.kind, last.inner = "list", items
    last.inner.append(Node("", "value", number, number, _value(text), literal=True))
    last.value, last.end = None, number


def join_repeated(node: Node) -> None:
    """A key that stands several times in a section is a list of its values."""
    by_name: dict[str, Node] = {}
    for item in node.inner:
        held = by_name.get(item.name)
        if held is None or held.kind == "object" or item.kind == "object":
            by_name[item.name if held is None else f"{item.name}\0{item.start}"] = item
        elif held.kind == "value" and item.kind == "value":
            first = Node("", "value", held.start, held.end, held.value, literal=True)
            second = Node("", "value", item.start, item.end, item.value, literal=True)
            joined = Node(item.name, "list", held.start, item.end, inner=[first, second])
            by_name[item.name] = joined
        else:
            held.inner += [Node("", "value", item.start, item.end, item.value, literal=True)]
            held.end = item.end
    node.inner = list(by_name.values())


def _bare_key(key: str) -> str:
    return key.strip().strip("\"'")


def _value(raw: str) -> str:
    if match := _QUOTED.fullmatch(raw):
        return match[1].replace('\\"', '"') if match[1] is not None else match[2]
    return _COMMENT.split(raw, maxsplit=1)[0].strip()


def read_properties(lines: Sequence[str]) -> Node:
    """Java properties: dotted names are objects inside each other; `\\` at the end goes on in the next."""
    root = Node("", "object", 1, max(1, len(lines)))
    budget = Budget()
    number = 0
    while number < len(lines):
        start, line = number, lines[number]
        number += 1
        if not line.strip() or line.lstrip()[0] in "#!":
            continue
        parts = []
        while _goes_on(line) and number < len(lines):
            parts.append(line.rstrip("\r")[:-1])
            line, number = lines[number].lstrip(), number + 1
        whole = "".join([*parts, line])
        match = _PROPERTY.match(whole)
        budget.take(8)
        if match is None:
            if not re.fullmatch(r"\s*[\w.-]+\s*", whole):
                raise NotOfForm("no property")
            continue
        _put(root, _unescaped(match[1]).split("."), _unescaped(match[2].strip()), (start + 1, number))
    if not root.inner:
        raise NotOfForm("no properties")
    return root


def _goes_on(line: str) -> bool:
    stripped = line.rstrip("\r")
    return (len(stripped) - len(stripped.rstrip("\\"))) % 2 == 1


def _put(root: Node, names: Sequence[str], value: str, lines: tuple[int, int]) -> None:
    node = _object_at(root, names[:-1], lines)
    node.inner.append(Node(names[-1], "value", *lines, value, literal=True))


def _object_at(root: Node, names: Sequence[str], lines: tuple[int, int]) -> Node:
    """The object under these names, made where there is none."""
    node = root
    for name in names[:12]:
        held = next((i for i in reversed(node.inner[-50:]) if i.name == name and i.kind == "object"), None)
        if held is None:
            held = Node(name, "object", *lines)
            node.inner.append(held)
        held.end = max(held.end, lines[1])
        node = held
    return node


def _unescaped(text: str) -> str:
    return _UNICODE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2], m[2]), text)
