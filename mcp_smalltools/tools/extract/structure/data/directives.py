"""Settings of directives: a name and its arguments, in braces and with semicolons (nginx, BIND, dhcpd) or one
a line (sshd_config, OpenVPN, redis.conf).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.tools.extract.structure.data.settings import join_repeated, join_sections
from mcp_smalltools.tools.extract.structure.node import MAX_DEPTH, Budget, Node, NotOfForm

_TOKEN: Final = re.compile(
    r"[ \t\r\f\v]++|(?P<end>\n)|(?P<comment>#[^\n]*+|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)|(?P<sign>[{};])"
    r"|\"(?P<double>(?:[^\"\\]|\\.)*+)\"|'(?P<single>(?:[^'\\]|\\.)*+)'|(?P<word>[^\s{};\"']++)",
    re.DOTALL,
)
_DIRECTIVE: Final = re.compile(r"\s*+(?P<name>[A-Za-z][\w.-]{0,60})(?:[ \t]++(?P<value>[^\s=:].*))?")
_COMMENT: Final = re.compile(r"(?<=\s)[#;](?:\s.*|$)")
_QUOTED: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_OF_A_PREFIX: Final = frozenset(("option", "set"))
"""Directives whose first argument is the name of what they set."""
_NO_NAMES: Final = frozenset(("IN", "~", "~*", "="))
_MOST_CODE: Final = 0.2
"""Share of statements that may look like those of a program."""
_PROSE: Final = re.compile(r"[a-z]{2,}\.\s*$")


@dataclass(slots=True)
class _Statement:
    """Words up to `;`, `{` or `}`; `at`: the line of the first of them."""

    words: list[str]
    at: int
    sign: str
    line: int


def read_braces(text: str) -> Node:
    """Blocks are objects under their first word, the others their `name`; what has no value is true. Raises
    NotOfForm for text without blocks, with braces that are not closed, or that looks like a program.
    """
    root = Node("", "object", 1, text.count("\n") + 1)
    open_nodes, budget = [root], Budget()
    statements = list(_statements(text))
    strange = sum(_is_strange(one) for one in statements)
    if not any(one.sign == "{" for one in statements) or strange > _MOST_CODE * len(statements):
        raise NotOfForm("no blocks")
    for one in statements:
        budget.take()
        if one.sign == "{":
            if not one.words or len(open_nodes) >= MAX_DEPTH:
                raise NotOfForm("a block without a name")
            open_nodes.append(_block(one))
            open_nodes[-2].inner.append(open_nodes[-1])
            continue
        if one.words:
            _put(open_nodes[-1], one)
        if one.sign == "}":
            if len(open_nodes) == 1:
                raise NotOfForm("a brace that nothing opens")
            _close(open_nodes.pop(), one.line)
    if len(open_nodes) > 1:
        raise NotOfForm("a block that is not closed")
    join_sections(root)
    join_repeated(root)
    return root


def _statements(text: str) -> Iterator[_Statement]:
    """A line ends a statement where the text has no semicolons."""
    by_line = re.search(r";[ \t]*$", text, re.MULTILINE) is None
    words: list[str] = []
    line = at = 1
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise NotOfForm("a quote that is not closed")
        place = match.end()
        if match["end"] is not None:
            if by_line and words:
                yield _Statement(words, at, "", line)
                words = []
        elif (sign := match["sign"]) is not None:
            yield _Statement(words, at if words else line, sign, line)
            words = []
        elif match["comment"] is None and not match[0].isspace():
            at = line if not words else at
            given = (match["double"], match["single"], match["word"])
            words.append(next(word for word in given if word is not None))
        line += match[0].count("\n")
    if words:
        yield _Statement(words, at, "", line)


def _is_strange(one: _Statement) -> bool:
    if not one.words:
        return False
    return any(word[:1] == "(" or word == "=" or word.endswith("(") for word in one.words) or (
        "(" in one.words[0] and ")" in one.words[-1]
    )


def _block(one: _Statement) -> Node:
    name, *rest = one.words
    block = Node(name, "object", one.at, one.line)
    rest = [word for word in rest if word not in _NO_NAMES]
    if rest:
        block.inner.append(Node("name", "value", one.at, one.at, rest[0], literal=True))
    for key, value in zip(rest[1::2], rest[2::2], strict=False):  # subnet 10.0.0.0 netmask 255.255.255.0
        block.inner.append(Node(key, "value", one.at, one.at, value, literal=True))
    return block


def _put(block: Node, one: _Statement) -> None:
    name, *rest = one.words
    above = block
    if name.lower() in _OF_A_PREFIX and len(rest) > 1:
        held = next((item for item in block.inner[:50] if item.name == name and item.kind == "object"), None)
        if held is None:
            held = Node(name, "object", one.at, one.line)
            block.inner.append(held)
        above, name, rest = held, rest[0], rest[1:]
        above.end = one.line
    value = " ".join(rest) if rest else True
    above.inner.append(Node(name, "value", one.at, one.line, value, literal=True))


def _close(block: Node, line: int) -> None:
    """A block of words alone is a list of them: `forwarders { 1.1.1.1; 8.8.8.8; };`."""
    block.end = line
    if block.inner and all(item.kind == "value" and item.value is True for item in block.inner):
        block.kind = "list"
        for item in block.inner:
            item.name, item.value = "", item.name
        return
    join_sections(block)
    join_repeated(block)


def read_directives(lines: Sequence[str]) -> Node:
    """A directive a line: its name and its value, all that follows. Lines that are indented are in the block
    of the line above them. Raises NotOfForm where most lines are no such.
    """
    root = Node("", "object", 1, max(1, len(lines)))
    budget, unread, last = Budget(), 0, None
    sections: list[Node] = []
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if not bare or bare[0] in "#;!" or bare.startswith("//"):
            continue
        budget.take()
        match = _DIRECTIVE.fullmatch(line[:4_000])
        if match is None or _PROSE.search(bare):
            unread += 1
            continue
        node = Node(match["name"], "value", number, number, _argument(match["value"]), literal=True)
        if line[:1] in " \t" and last is not None:
            if last.kind == "value":
                _open(last)
                sections.append(last)
            last.inner.append(node)
            last.end = number
        else:
            root.inner.append(node)
            last = node
    count = len(root.inner) + sum(len(section.inner) for section in sections)
    if count < 2 or unread > 0.1 * count:
        raise NotOfForm("no directives")
    for section in sections:
        join_repeated(section)
    join_sections(root)
    join_repeated(root)
    return root


def _open(node: Node) -> None:
    """A directive with others under it is an object; its value is its name."""
    node.kind = "object"
    if isinstance(node.value, str):
        node.inner.append(Node("name", "value", node.start, node.start, node.value, literal=True))
    node.value = None


def _argument(raw: str | None) -> str | bool:
    if raw is None:
        return True
    text = _COMMENT.split(raw, maxsplit=1)[0].strip()
    match = _QUOTED.fullmatch(text)
    return text if match is None else next(part for part in match.groups() if part is not None)
