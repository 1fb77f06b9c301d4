"""SQL that makes tables: each with its columns, keys and options, and the database that they are in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Budget, Node, NotOfForm

_TOKEN: Final = re.compile(
    r"--[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|"
    r"'(?:[^']|'')*+'|\"[^\"]*+\"|`[^`]*+`|\[[A-Za-z_][\w ]*+\]|[\w$.]++|\s++|.",
    re.DOTALL,
)
_QUOTES: Final = "'\"`[]"
_OPEN_A_CONSTRAINT: Final = "constraint primary foreign unique index key check fulltext spatial exclude like"
_CONSTRAINTS: Final = frozenset(_OPEN_A_CONSTRAINT.split())
_FOLLOW_A_TYPE: Final = (
    "not null default primary unique references check auto_increment autoincrement identity generated "
    "comment "
    "collate on constraint as stored virtual character key first after"
)
_AFTER_TYPE: Final = frozenset(_FOLLOW_A_TYPE.split())
_CREATE: Final = re.compile(
    r"(?i)\bcreate\s+(?:(?:global|local|temp|temporary|unlogged|or|replace)\s+)*table\b"
)
_MOST_CHARS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int

    @property
    def word(self) -> str:
        return self.text.lower()

    @property
    def bare(self) -> str:
        return self.text.strip(_QUOTES)


def looks_like_sql(text: str) -> bool:
    return _CREATE.search(text[:200_000]) is not None


def read_sql(text: str) -> Node:
    """The tables that the text makes. Raises NotOfForm where there are none."""
    if len(text) > _MOST_CHARS:
        raise NotOfForm("too long")
    tokens = _tokens(text)
    budget = Budget()
    root = Node("", "object", 1, text.count("\n") + 1)
    tables = []
    at = 0
    while at < len(tokens):
        end = next((k for k in range(at, len(tokens)) if tokens[k].text == ";"), len(tokens))
        words = [token.word for token in tokens[at : min(end, at + 12)]]
        if words[:1] == ["create"] and "table" in words:
            table = _table(tokens[at:end], budget)
            if table is not None:
                tables.append(table)
        elif words[:1] in (["create"], ["use"]) and (
            words[0] == "use" or "database" in words[:2] or "schema" in words[:2]
        ):
            _add_database(tokens[at:end], root)
        at = end + 1
    if not tables:
        raise NotOfForm("no tables are made")
    root.inner.append(
        tables[0]
        if len(tables) == 1
        else Node("tables", "list", tables[0].start, tables[-1].end, inner=tables)
    )
    return root


def _tokens(text: str) -> list[_Token]:
    found, line = [], 1
    for match in _TOKEN.finditer(text):
        token = match[0]
        if not token.isspace() and not token.startswith(("--", "/*")):
            found.append(_Token(token, line))
        line += token.count("\n")
    return found


def _after_exists(tokens: Sequence[_Token], at: int) -> int:
    return at + 3 if [token.word for token in tokens[at : at + 3]] == ["if", "not", "exists"] else at


def _add_database(tokens: Sequence[_Token], root: Node) -> None:
    at = _after_exists(tokens, 1 if tokens[0].word == "use" else 2)
    if at < len(tokens) and not any(item.name.startswith("database") for item in root.inner):
        name = tokens[at]
        root.inner.append(
            Node(ALSO.join(("database", "database name")), "value", name.line, name.line, name.bare)
        )


def _table(tokens: Sequence[_Token], budget: Budget) -> Node | None:
    start = next(k for k, token in enumerate(tokens) if token.word == "table")
    at = _after_exists(tokens, start + 1)
    opening = next((k for k in range(at, len(tokens)) if tokens[k].text == "("), None)
    if opening is None or opening == at:
        return None
    closing = _closing(tokens, opening)
    name = "".join(token.bare if token.text != "." else "." for token in tokens[at:opening])
    line = tokens[at].line
    inner = [Node(ALSO.join(("table", "table name", "name")), "value", line, line, name)]
    columns, keys = [], []
    for part in _parts(tokens[opening + 1 : closing]):
        budget.take(6)
        if part[0].word in _CONSTRAINTS and part[0].text == part[0].bare:
            keys += _primary(part)
        else:
            columns.append(_column(part))
    primary = keys or [c.inner[0].value for c in columns if any(i.name == "primary key" for i in c.inner)]
    if primary:
        inner.append(Node("primary key", "value", line, tokens[closing - 1].line, ", ".join(primary)))
    if columns:  # not as a table: its row `total` is no sum
        names = ALSO.join(("columns", "fields"))
        inner.append(Node(names, "list", columns[0].start, columns[-1].end, inner=columns))
    inner += _options(tokens[closing + 1 :])
    inner += [_values_of(column) for column in columns if column.inner[-1].kind == "list"]
    return Node(name, "object", tokens[0].line, tokens[-1].line, inner=inner)


def _closing(tokens: Sequence[_Token], opening: int) -> int:
    depth = 0
    for k in range(opening, len(tokens)):
        depth += (tokens[k].text == "(") - (tokens[k].text == ")")
        if not depth:
            return k
    raise NotOfForm("a bracket that is not closed")


def _parts(tokens: Sequence[_Token]) -> list[list[_Token]]:
    parts: list[list[_Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _column(part: Sequence[_Token]) -> Node:
    line, last = part[0].line, part[-1].line
    end = 1
    while end < len(part) and (part[end].word not in _AFTER_TYPE or part[end - 1].text == "("):
        end = _closing(part, end) + 1 if part[end].text == "(" else end + 1
    words = [token.word for token in part]
    inner = [
        Node(ALSO.join(("name", "column", "column name", "field")), "value", line, line, part[0].bare),
        Node(ALSO.join(("type", "data type", "column type")), "value", line, line, _written(part[1:end])),
        Node(
            "nullable",
            "value",
            line,
            last,
            not _has(words, "not", "null") and not _has(words, "primary", "key"),
        ),
    ]
    if _has(words, "primary", "key"):
        inner.append(Node("primary key", "value", line, last, True))
    if "unique" in words:
        inner.append(Node("unique", "value", line, last, True))
    if "default" in words[:-1]:
        at = words.index("default") + 1
        value = part[at].bare + ("()" if [t.text for t in part[at + 1 : at + 3]] == ["(", ")"] else "")
        inner.append(Node(ALSO.join(("default", "default value")), "value", line, last, value))
    if "references" in words[:-1]:
        inner.append(
            Node(
                ALSO.join(("references", "referenced table")),
                "value",
                line,
                last,
                part[words.index("references") + 1].bare,
            )
        )
    if words[1:2] in (["enum"], ["set"]) and len(part) > 2 and part[2].text == "(":
        inner.append(_members(part, line, last))
    return Node(part[0].bare, "object", line, last, inner=inner)


def _values_of(column: Node) -> Node:
    """The values that a column may have, under its name too."""
    values = column.inner[-1]
    name = str(column.inner[0].value)
    names = ALSO.join((f"{name}s", f"{name} values", f"allowed {name}s"))
    return Node(names, "list", values.start, values.end, inner=values.inner)


def _members(part: Sequence[_Token], line: int, last: int) -> Node:
    members = [t.bare for t in part[3 : _closing(part, 2)] if t.text.startswith("'")]
    values = [Node("", "value", line, last, member) for member in members]
    return Node(ALSO.join(("values", "members")), "list", line, last, inner=values)


def _written(tokens: Sequence[_Token]) -> str:
    text = ""
    for token in tokens:
        glued = token.text in "(),[]" or text.endswith(("(", ",", "[")) or not text
        text += token.text if glued else f" {token.text}"
    return text


def _has(words: Sequence[str], first: str, second: str) -> bool:
    return any(words[k : k + 2] == [first, second] for k in range(len(words) - 1))


def _primary(part: Sequence[_Token]) -> list[str]:
    words = [token.word for token in part]
    if not _has(words, "primary", "key"):
        return []
    return [token.bare for token in part[words.index("key") + 1 :] if token.text not in "(),"]


def _options(tokens: Sequence[_Token]) -> list[Node]:
    """`ENGINE=InnoDB DEFAULT CHARSET=utf8mb4` after the columns."""
    found = []
    names = {
        "engine": ("engine", "storage engine"),
        "charset": ("charset", "character set"),
        "collate": ("collate", "collation"),
    }
    for k, token in enumerate(tokens[:-2]):
        if tokens[k + 1].text == "=":
            name = ALSO.join(names.get(token.word, (token.word,)))
            found.append(Node(name, "value", token.line, token.line, tokens[k + 2].bare))
    return found
