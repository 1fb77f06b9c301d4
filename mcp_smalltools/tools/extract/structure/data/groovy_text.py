"""Scripts that are mostly settings: pipelines of Jenkins, builds of Gradle in Groovy and Kotlin.

Blocks are objects under their names, `stage('Build')` under Build; calls with a text are values. A line of
program is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.data.settings import join_repeated
from mcp_smalltools.tools.extract.structure.node import MAX_DEPTH, Budget, Node, NotOfForm

_TEXT: Final = r"(?:'[^'\n]*+'|\"[^\"\n]*+\")"
_PLAIN: Final = rf"(?:{_TEXT}|-?\d[\w.]*+|true|false|[A-Za-z_][\w.]*+)"
_BLOCK: Final = re.compile(
    r"\s*+(?P<name>[A-Za-z_][\w.]{0,80})\s?(?:\(\s?(?P<of>[^(){}\n]{0,200})\s?\))?\s?"
    r"\{\s*+(?:[\w, ]{1,60}->)?\s*+"
)
_MAP: Final = re.compile(rf"(?P<key>[A-Za-z_]\w{{0,60}}):\s?(?P<value>{_PLAIN})(?:,\s?|$)")
_CALL: Final = re.compile(r"\s*+(?P<name>[A-Za-z_][\w.]{0,80})(?:\s?=\s?|\s++|(?=\())(?P<rest>\S.*+)")
_ONE: Final = re.compile(
    rf"\(?\s?(?P<value>{_PLAIN})\s?\)?(?P<more>(?:\s(?:version|apply)\s?\(?{_PLAIN}\)?)*+)\s?"
)
_MORE: Final = re.compile(rf"(?P<name>version|apply)\s?\(?(?P<value>{_PLAIN})\)?")
_COMMENT: Final = re.compile(r"(?<![:\w'\"])//(?!/).*+")
_LONGEST: Final = 2_000
_LEAST_SHARE: Final = 0.6
"""Share of the lines that are blocks or settings; below, the text is a program."""
_MOST_JOINED: Final = 40
_SAYS_NOTHING: Final = frozenset(
    (
        "if",
        "else",
        "for",
        "while",
        "try",
        "catch",
        "def",
        "return",
        "import",
        "new",
        "val",
        "var",
        "package",
        "fun",
        "class",
    )
)


def read_groovy(lines: Sequence[str]) -> Node:
    """Raises NotOfForm where most of the lines are a program, or a block isn't closed."""
    root = Node("", "object", 1, max(1, len(lines)))
    opened: list[Node] = [root]
    known = unknown = 0
    budget = Budget()
    for number, line in _whole_lines(lines):
        budget.take()
        bare = line.strip()
        if bare.startswith("}"):
            if len(opened) == 1:
                raise NotOfForm("a block that nothing opens")
            opened.pop().end = number
            bare = bare[1:].strip()
            if not bare or bare.strip("})") == "":
                for _ in range(bare.count("}")):
                    if len(opened) == 1:
                        raise NotOfForm("a block that nothing opens")
                    opened.pop().end = number
                continue
        if match := _BLOCK.fullmatch(bare):
            if len(opened) >= MAX_DEPTH:
                raise NotOfForm("nested too deeply")
            name = _plain(match["of"]) if match["of"] and match["of"][:1] in "'\"" else match["name"]
            block = Node(name, "object", number, number)
            opened[-1].inner.append(block)
            opened.append(block)
            known += 1
        elif values := _values(bare, number):
            opened[-1].inner += values
            known += 1
        else:
            unknown += 1
            for _ in range(bare.count("{") - bare.count("}")):
                block = Node("", "object", number, number)
                opened[-1].inner.append(block)
                opened.append(block)
    if len(opened) != 1 or not known or known < _LEAST_SHARE * (known + unknown):
        raise NotOfForm("a program")
    _join(root)
    return root


def looks_like_groovy(name: str, lines: Sequence[str]) -> bool:
    """By the name of the file, or by the first line of a pipeline."""
    return (
        name.lower().startswith("jenkinsfile")
        or name.endswith((".gradle", ".gradle.kts", ".groovy"))
        or any(line.strip() == "pipeline {" for line in lines[:20])
    )


def _whole_lines(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Lines without comments; one that ends with a comma or an open bracket goes on in the next."""
    found: list[tuple[int, str]] = []
    in_comment = False
    held, first, count = "", 0, 0
    for number, line in enumerate(lines, 1):
        text = line[:_LONGEST]
        if in_comment or text.lstrip().startswith("/*"):
            in_comment = "*/" not in text
            continue
        text = _COMMENT.sub("", text).strip()
        if not text:
            continue
        held, first = (f"{held} {text}", first) if held else (text, number)
        count += 1
        is_open = text.endswith((",", "(", "[")) or held.count("(") > held.count(")")
        if is_open and count < _MOST_JOINED and not text.endswith("{"):
            continue
        found.append((first, held))
        held, count = "", 0
    return [*found, (first, held)] if held else found


def _values(text: str, number: int) -> list[Node]:
    """What a line sets: `image 'maven:3'`, `version = "1.0"`, `git branch: 'main', url: '...'`."""
    match = _CALL.fullmatch(text)
    if match is None or match["name"] in _SAYS_NOTHING:
        return []
    rest = match["rest"].strip()
    given = rest[1:-1].strip() if rest.startswith("(") and rest.endswith(")") else rest
    pairs = list(_MAP.finditer(given))
    if pairs and "".join(pair[0] for pair in pairs).strip() == given:
        inner = [
            Node(pair["key"], "value", number, number, _plain(pair["value"]), literal=True) for pair in pairs
        ]
        return [Node(match["name"], "object", number, number, inner=inner)]
    one = _ONE.fullmatch(rest)
    if one is None:
        return []
    value = Node(match["name"], "value", number, number, _plain(one["value"]), literal=True)
    more = [
        Node(part["name"], "value", number, number, _plain(part["value"]), literal=True)
        for part in _MORE.finditer(one["more"])
    ]
    if not more:
        return [value]
    return [Node(_plain(one["value"]), "object", number, number, inner=[value, *more])]


def _plain(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _join(node: Node) -> None:
    for item in node.inner:
        if item.kind == "object":
            _join(item)
    node.inner = [item for item in node.inner if item.kind != "object" or item.inner or item.name]
    join_repeated(node)
    node.end = max([node.end, *(item.end for item in node.inner)])
