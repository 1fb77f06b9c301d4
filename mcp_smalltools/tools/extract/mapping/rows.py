"""The rows of a list of objects: which table or list of a tree it is, and which column is whose."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_smalltools.text.facts import dates
from mcp_smalltools.text.words import stem
from mcp_smalltools.tools.extract.mapping.conversion import Converted, day_first_of, to_value
from mcp_smalltools.tools.extract.mapping.field_matches import name_of, open_field
from mcp_smalltools.tools.extract.mapping.found import FilledRecords, OpenField, put
from mcp_smalltools.tools.extract.mapping.names import SURE, WRAPPERS, NameOfField, same, unit_of_name, words
from mcp_smalltools.tools.extract.schema import Field, Records
from mcp_smalltools.tools.extract.structure.node import MAX_ROWS, Node, Unread, leaves
from mcp_smalltools.tools.extract.structure.tables.aligned import TOTALS

COLUMN_TAKEN: Final = 0.5
_SAMPLE: Final = 200
_MANY_FREE: Final = 5
"""Columns that no field has, of which a field without a column could be any."""
_LOOKED_INTO: Final = 40
"""Rows of a list that are looked into for lists inside them."""
_MAX_CANDIDATES: Final = 5_000
_VERSION: Final = re.compile(
    r"(?<![\w.])[vV]?(\d+(?:\.\d+){1,4}(?:[-.+]?[A-Za-z][\w.+-]{0,40})?)(?![\w.]*\w@)"
)
_CODE: Final = re.compile(r"[A-Z]{2,3}")
_PERSON: Final = re.compile(r"([^\W\d_][^<>@]{1,80})<?\b([\w.+-]{1,60}@[\w.-]{1,100})>?")
_UNRELEASED: Final = re.compile(r"\bunreleased\b", re.IGNORECASE)

Path = tuple[str, ...]
_MOST_RELEASES: Final = 1_000
_TELLS_APART: Final = frozenset(word for one in ("name", "id", "title") for word in words(one))
"""Words of a field that says which entry of a list it is."""
ANOTHER_COLUMN: Final = "its column has another name"
KEY: Final = "\0key"
"""The column of the names under which objects stand."""


@dataclass(slots=True)
class RowsCandidate:
    """Rows that may be those of a list. `path`: the names that lead to them."""

    path: Path
    rows: list[Node]
    kind: str  # table, list, keyed, pairs, items, one
    depth: int
    unread: list[Unread] = field(default_factory=list)


@dataclass(slots=True)
class Columns:
    """The column of each field, by its number, with how well it fits."""

    of: dict[int, tuple[Path, float]] = field(default_factory=dict)
    rivals: dict[int, Path] = field(default_factory=dict)
    free: list[Path] = field(default_factory=list)

    def total(self) -> float:
        return sum(score for _, score in self.of.values())


@dataclass(slots=True)
class RowsChoice:
    """The rows for a list, and their columns."""

    candidate: RowsCandidate
    columns: Columns
    named: float
    score: float
    doubts: list[str] = field(default_factory=list)
    alone: bool = True
    """No other rows have as many of the columns."""


def candidates(root: Node, check: Callable[[], None]) -> list[RowsCandidate]:
    """All that may be a list of objects in a tree, from the top down."""
    found: list[RowsCandidate] = []
    level: list[tuple[Node, Path, int]] = [(root, (), 0)]
    while level and len(found) < _MAX_CANDIDATES:
        following: list[tuple[Node, Path, int]] = []
        for node, path, depth in level:
            check()
            found += _in_node(node, path, depth)
            for item in node.inner[: _LOOKED_INTO if node.kind == "list" else MAX_ROWS]:
                if item.kind != "value":
                    following.append((item, (*path, item.name) if item.name else path, depth + 1))
        level = following
    return found


def _in_node(node: Node, path: Path, depth: int) -> Iterator[RowsCandidate]:
    if node.kind == "list":
        if (releases := _releases(node)) is not None:
            yield RowsCandidate(path, releases, "keyed", depth)
        objects = [item for item in node.inner if item.kind == "object"]
        if objects and len(objects) >= 0.5 * len(node.inner):
            yield RowsCandidate(path, objects, "table" if node.is_table else "list", depth, list(node.unread))
        elif (parts := [item for item in node.inner if item.inner]) and len(parts) >= 0.8 * len(node.inner):
            rows = [Node("", "object", i.start, i.end, inner=i.inner) for i in parts]
            yield RowsCandidate(path, rows, "items", depth)
        if node.inner and all(item.kind == "value" or item.value is not None for item in node.inner):
            rows = [
                Node(
                    "",
                    "object",
                    i.start,
                    i.end,
                    inner=[Node("", "value", i.start, i.end, i.value, link=i.link, literal=i.literal)],
                )
                for i in node.inner
            ]
            yield RowsCandidate(path, rows, "texts", depth)
        return
    inner = [item for item in node.inner if item.kind == "object" and item.name]
    lists = [item for item in node.inner if item.kind == "list" and item.name]
    if inner:
        yield RowsCandidate(path, [_keyed(item) for item in inner], "keyed", depth)
        if path:
            yield RowsCandidate(path, [node], "one", depth)
    elif node.inner and path and not lists:
        yield RowsCandidate(path, [node], "one", depth)
    values = [item for item in node.inner if item.kind == "value" and item.name]
    if values and len(values) == len(node.inner) and path:
        yield RowsCandidate(path, [_pair(item) for item in values], "pairs", depth)
    elif inner and values and path and len(inner) + len(values) == len(node.inner):
        yield RowsCandidate(
            path,
            [_keyed(item) if item.kind == "object" else _pair(item) for item in node.inner],
            "pairs",
            depth,
        )


def _releases(node: Node) -> list[Node] | None:
    """The entries of a list of which each begins with a version and a date, as the rows of a changelog."""
    texts = [str(item.value) for item in node.inner[:_MOST_RELEASES] if item.value is not None]
    if len(texts) < 2 or len(texts) < len(node.inner):
        return None
    if not all(len(text) < 80 and dates(text) and _VERSION.search(text) for text in texts):
        return None
    return [
        _keyed(Node(text, "object", item.start, item.end, inner=item.inner))
        for item, text in zip(node.inner, texts, strict=True)
    ]


def _pair(item: Node) -> Node:
    return Node(
        "",
        "object",
        item.start,
        item.end,
        inner=[
            Node("name", "value", item.start, item.end, item.name, literal=True),
            Node("", "value", item.start, item.end, item.value, link=item.link, literal=item.literal),
        ],
    )


def _keyed(item: Node) -> Node:
    """An object under its name as a row: the name, and what the name holds (a version, a date)."""
    parts = [Node(KEY, "value", item.start, item.start, item.name, literal=True, link=item.link)]
    inner = item.inner
    if item.value is not None:
        parts.append(Node("", "value", item.start, item.end, item.value))
    days = dates(item.name[:200])
    named = {i.name.lower() for i in inner}
    if len(days) == 1 and "date" not in named:
        parts.append(Node("date", "value", item.start, item.start, days[0].iso, exact=False))
    rest = item.name[:200]
    for day in reversed(days):
        rest = rest[: day.start] + " " + rest[day.end :]
    if (person := _PERSON.search(rest)) is not None:
        parts.append(Node("author", "value", item.start, item.start, person[1].strip(), exact=False))
        parts.append(Node("email", "value", item.start, item.start, person[2], exact=False))
    version = _VERSION.search(rest)
    if version and "version" not in named:
        parts.append(Node("version", "value", item.start, item.start, version[1], exact=False))
    elif _UNRELEASED.search(rest) and "version" not in named:
        parts.append(Node("version", "value", item.start, item.start, "Unreleased", exact=False))
    return Node("", "object", item.start, item.end, inner=[*parts, *inner])


def choose_rows(
    group: Records, given: Sequence[RowsCandidate], taken: set[int], check: Callable[[], None]
) -> RowsChoice | None:
    """The candidate that fits a list best, by its name, its heading and its columns; None if none does."""
    target = NameOfField(group.path or ("rows",), group.description, counts=False)
    context = frozenset(words(group.path[-1])) if group.path else frozenset()
    names = [name_of(item, item.path, context, of_column=True) for item in group.fields]
    choices: list[RowsChoice] = []
    for candidate in given:
        check()
        if id(candidate.rows[0]) in taken:
            continue
        named = _named(target, candidate.path)
        columns = columns_of(group.fields, names, candidate, named, check)
        if _is_enough(group, columns, named, candidate):
            choices.append(RowsChoice(candidate, columns, named, _score(group, columns, named, candidate)))
    if not choices:
        return None
    best = max(choices, key=lambda choice: choice.score)
    count = len(best.columns.of)
    best.alone = not any(
        len(other.columns.of) >= count and other.candidate.kind == best.candidate.kind
        for other in choices
        if other is not best
    )
    _join_equals(best, choices)
    return best


def may_have_rows(group: Records, given: Sequence[RowsCandidate], check: Callable[[], None]) -> bool:
    """Whether a list for which no rows were chosen may still be one of these: it shares a word with the name
    or a column, or the text is this one table.
    """
    target = NameOfField(group.path or ("rows",), group.description, counts=False)
    names = [name_of(item, item.path, of_column=True) for item in group.fields]
    for candidate in given:
        if candidate.kind not in ("table", "list", "keyed"):
            continue
        named = _named(target, candidate.path)
        is_all = not candidate.path and candidate.kind == "table"
        columns = columns_of(group.fields, names, candidate, named, check)
        if is_all or named >= COLUMN_TAKEN or any(path != (KEY,) for path, _ in columns.of.values()):
            return True
    return False


def _named(target: NameOfField, path: Path) -> float:
    best = target.fit(path)
    for count, name in enumerate(reversed(path[:-1]), 1):
        best = max(best, target.fit((name,)) - 0.05 * count)
    said = set(target.said) | set(target.own)
    heading = {word for name in path[-2:] for word in words(name)}
    if heading and best < 0.6:
        best = max(best, 0.6 * len(said & heading) / len(heading))
    return max(0.0, best)


def _is_enough(group: Records, columns: Columns, named: float, candidate: RowsCandidate) -> bool:
    if not columns.of:
        return False
    strong = sum(score >= SURE for _, score in columns.of.values())
    share = len(columns.of) / len(group.fields)
    needed = [n for n, item in enumerate(group.fields) if item.required]
    if candidate.kind in ("pairs", "one", "texts"):
        return named >= 0.7 and share >= 0.5
    if candidate.kind == "keyed" and named < 0.7 and len(candidate.rows) < 2:
        return False
    if named >= 0.7:
        return strong >= 1 or share >= 0.5
    return (strong >= 1 and share >= 0.5) or (strong >= 2 and all(n in columns.of for n in needed))


def _score(group: Records, columns: Columns, named: float, candidate: RowsCandidate) -> float:
    kinds = {
        "table": 0.06,
        "list": 0.06,
        "keyed": 0.03,
        "items": 0.02,
        "pairs": 0.0,
        "texts": -0.05,
        "one": -0.12,
    }
    return (
        columns.total() / len(group.fields)
        + 0.6 * named
        + kinds[candidate.kind]
        + min(len(candidate.rows), 100) / 2_000
        - 0.01 * min(candidate.depth, 10)
    )


def _join_equals(best: RowsChoice, choices: Sequence[RowsChoice]) -> None:
    """Tables with the same columns and an equally good heading are one list: parts of it."""
    paths = {number: path for number, (path, _) in best.columns.of.items()}
    equals = [
        choice
        for choice in choices
        if choice is not best
        and choice.candidate.kind == best.candidate.kind == "table"
        and {number: path for number, (path, _) in choice.columns.of.items()} == paths
        and abs(choice.named - best.named) < 0.15
    ]
    if not equals:
        rivals = [
            c
            for c in choices
            if c is not best
            and c.score > best.score - 0.03
            and c.candidate.kind == best.candidate.kind
            and c.candidate.rows[0] is not best.candidate.rows[0]
        ]
        if rivals and (best.named < 0.7 or best.candidate.kind == "one"):
            best.doubts.append("another table fits as well")
        return
    parts = sorted([best, *equals], key=lambda choice: choice.candidate.rows[0].start)
    best.candidate = RowsCandidate(
        best.candidate.path,
        [row for part in parts for row in part.candidate.rows],
        "table",
        best.candidate.depth,
        [unread for part in parts for unread in part.candidate.unread],
    )
    if best.named < 0.7:
        best.doubts.append(f"rows of {len(parts)} tables")


def columns_of(
    fields: Sequence[Field],
    names: Sequence[NameOfField],
    candidate: RowsCandidate,
    named: float,
    check: Callable[[], None],
) -> Columns:
    """Each field's column by name, then by what only one column holds."""
    sample = candidate.rows[:_SAMPLE]
    held: dict[Path, list[Node]] = {}
    for row in sample:
        for path, node in leaves(row):
            held.setdefault(tuple(n for n in path if n) or ("",), []).append(node)
    check()
    pairs: list[tuple[float, int, int, int]] = []
    paths = list(held)
    for place, path in enumerate(paths):
        depth = sum(name.lower() not in WRAPPERS for name in path[:-1])
        for number, name in enumerate(names):
            score = (
                _fit_of_key(fields[number], name)
                if path == (KEY,)
                else name.fit(path)
                if path != ("",)
                else 0.0
            )
            if depth and 0 < score < 0.95:
                score -= 0.02 * depth
            if score >= COLUMN_TAKEN and _converts(held[path], fields[number]):
                pairs.append((-round(score, 3), depth, place, number))
    columns = Columns()
    pairs.sort()
    used: set[int] = set()
    for less, _, place, number in pairs:
        if number not in columns.of and place not in used:
            columns.of[number] = (paths[place], -less)
            used.add(place)
        elif number in columns.of and place not in used and -less > columns.of[number][1] - 0.02:
            columns.rivals.setdefault(number, paths[place])
    columns.rivals = {
        n: path
        for n, path in columns.rivals.items()
        if path not in [p for p, _ in columns.of.values()] and _depth(path) == _depth(columns.of[n][0])
    }
    _by_values(fields, paths, held, columns, candidate, named=named)
    columns.free = [path for path in paths if path not in [p for p, _ in columns.of.values()]]
    return columns


def _depth(path: Path) -> int:
    return sum(name.lower() not in WRAPPERS for name in path[:-1])


def _fit_of_key(item: Field, name: NameOfField) -> float:
    """Whether the name under which an object stands is a field: its name, key or title."""
    own = set(name.own)
    if item.listed or item.type != "string" or item.date_form:
        return 0.0
    if own <= {stem(w) for w in ("name", "key", "title", "heading", "section")}:
        return 0.94
    if own == {stem("id")} or (name.context and own <= name.context):
        return 0.9
    if name.context and own - name.context <= {stem(w) for w in ("name", "key", "id", "title")}:
        return 0.92
    return 0.0


def _by_values(
    fields: Sequence[Field],
    paths: Sequence[Path],
    held: dict[Path, list[Node]],
    columns: Columns,
    candidate: RowsCandidate,
    *,
    named: float,
) -> None:
    """Columns of fields without one, where types leave no choice: a date, an address, members of an enum,
    the text of an item, the value beside a key.
    """
    used = {path for path, _ in columns.of.values()}
    free = [path for path in paths if path not in used]
    _by_type(fields, free, held, columns, 0.86 if len(candidate.rows) > 1 else 0.7)
    left = [n for n in range(len(fields)) if n not in columns.of]
    if candidate.kind == "pairs" and named >= 0.7:
        _key_and_value(fields, left, free, columns)
        left = [n for n in left if n not in columns.of]
    texts = [n for n in left if not fields[n].listed]
    if ("",) in free and len(texts) == 1 and _converts(held[("",)], fields[texts[0]]):
        certain = named >= 0.7 or len(columns.of) == len(fields) - 1
        columns.of[texts[0]] = (("",), 0.86 if certain and columns.of else 0.7)
    elif len(texts) == 1 and columns.of and (path := _telling(free, named)) is not None:
        item = fields[texts[0]]
        if _is_plain_text(item) and (item.required or set(words(item.path[-1])) & _KEYS):
            columns.of[texts[0]] = (path, 0.7)
    lists = [n for n in range(len(fields)) if n not in columns.of and fields[n].listed]
    whole = [
        path
        for path in free
        if all(node.kind == "list" for node in held[path]) and any(node.inner for node in held[path])
    ]
    if len(lists) == 1 and len(whole) == 1 and candidate.kind == "keyed":
        columns.of[lists[0]] = (whole[0], 0.86)


def _by_type(
    fields: Sequence[Field], free: list[Path], held: dict[Path, list[Node]], columns: Columns, score: float
) -> None:
    """The only column of dates for the only field of a date, and so on; taken out of `free`."""
    left = [n for n in range(len(fields)) if n not in columns.of]
    for number in list(left):
        item = fields[number]
        form = item.items.get("format")
        is_typed = item.members is not None or item.date_form or form in ("email", "uri", "ipv4", "uuid")
        if not is_typed or item.listed:
            continue
        fitting = [path for path in free if _all_convert(held[path], item)]
        if len(fitting) > 1:
            fitting = [path for path in fitting if path not in ((KEY,), ("",))]
        alike = [
            n for n in left if fields[n].items.get("format") == form and fields[n].members == item.members
        ]
        if len(fitting) == 1 and alike == [number]:
            columns.of[number] = (fitting[0], score)
            free.remove(fitting[0])
            left.remove(number)


def _is_plain_text(item: Field) -> bool:
    return item.type == "string" and not (item.members or item.date_form or item.items.get("format"))


def _telling(free: Sequence[Path], named: float) -> Path | None:
    """The column that tells rows apart, if no field has it: the key that an object stands under, its name."""
    if (KEY,) in free and named >= 0.7:
        return (KEY,)
    named_so = [path for path in free if path[-1].lower() in ("name", "id", "title")]
    return named_so[0] if len(named_so) == 1 and len(named_so[0]) == 1 else None


_KEY_WORDS: Final = (
    "package module key id variable setting option dependency library plugin parameter property "
    "header field script command feature address host domain device interface account user repository "
    "project file path service container volume image symbol label product"
)
_KEYS: Final = frozenset(stem(word) for word in _KEY_WORDS.split())


def _key_and_value(fields: Sequence[Field], left: list[int], free: list[Path], columns: Columns) -> None:
    """Of the pairs of an object, the field that its keys are: `package` and `range` of dependencies."""
    keys = [n for n in left if set(words(fields[n].path[-1])) & _KEYS and fields[n].type == "string"]
    if len(keys) == 1 and ("name",) in free and len(fields) == 2:
        columns.of[keys[0]] = (("name",), 0.88)
        free.remove(("name",))


def _converts(nodes: Sequence[Node], item: Field) -> bool:
    """Whether most of the values of a column are of a field's type."""
    results = [to_value(node, item) for node in nodes[:40]]
    filled = [one for one in results if not one.empty]
    return not filled or sum(one.value is not None for one in filled) >= 0.5 * len(filled)


def _all_convert(nodes: Sequence[Node], item: Field) -> bool:
    results = [to_value(node, item) for node in nodes[:40] if node.kind == "value"]
    filled = [one for one in results if not one.empty]
    return bool(filled) and all(one.value is not None and not one.doubt for one in filled)


def read_rows(
    group: Records, choice: RowsChoice, check: Callable[[], None]
) -> tuple[FilledRecords, list[str]]:
    """A record for each row, and what is doubtful about them."""
    result = FilledRecords(unread=list(choice.candidate.unread))
    doubts = list(choice.doubts)
    open_rows = [
        row.start for row in choice.candidate.rows if any(i.value == "Unreleased" for i in row.inner)
    ]
    if choice.candidate.kind == "keyed" and open_rows:
        doubts.append(f"{'.'.join(group.path) or 'rows'} (line {open_rows[0]} is not released yet)")
    title = ".".join(group.path) or "rows"
    how = {
        number: (_dates_of(choice, path, group.fields[number]), unit_of_name(path[-1]))
        for number, (path, _) in choice.columns.of.items()
    }
    _keep_codes(choice, group.fields)
    wrong: dict[str, tuple[int, str]] = {}
    for at, row in enumerate(choice.candidate.rows[:MAX_ROWS]):
        if at % 500 == 0:
            check()
        nodes: dict[Path, Node] = {}
        for path, node in leaves(row):
            nodes.setdefault(tuple(n for n in path if n) or ("",), node)
        if choice.candidate.kind == "table" and _is_total(row, choice):
            result.unread.append(Unread(row.start, row.end, "a total"))
            continue
        record, empty = _record(group, choice, nodes, how, wrong)
        if len(empty) < len(group.fields):
            result.rows.append(record)
            result.places.append((row.start, row.end))
            result.missing.update(empty)
        else:
            result.unread.append(Unread(row.start, row.end, "none of the fields"))
    doubts += [f"{title}[].{name} (line {line}: {why})" for name, (line, why) in wrong.items()]
    for number, (path, score) in choice.columns.of.items():
        item = group.fields[number]
        if _is_name_of_several(item, path, result.rows):
            doubts.append(f"{title}[].{item.name} (values of its column come again)")
        if score < SURE:
            doubts.append(f"{title}[].{item.name} ({ANOTHER_COLUMN})")
        elif number in choice.columns.rivals:
            doubts.append(f"{title}[].{item.name} (two columns may be meant)")
    doubts += _doubt_missing(group, choice, title)
    return result, doubts


def _is_name_of_several(item: Field, path: Path, rows: Sequence[dict[str, Any]]) -> bool:
    """Whether what should tell rows apart stands under another name, and doesn't: `name` of teams in a table
    of players that has a column Team.
    """
    if (
        item.listed
        or not set(words(item.path[-1])) <= _TELLS_APART
        or same(words(path[-1]), words(item.path[-1]))
    ):
        return False
    values = [str(row[item.name]) for row in rows[:_SAMPLE] if row.get(item.name) is not None]
    return len(set(values)) < len(values)


def shown(path: Path) -> str:
    names = ["its name" if name == KEY else name for name in path if name]
    return ".".join(names) or "its text"


def _may_be(item: Field, path: Path, choice: RowsChoice, free: int) -> bool:
    """Whether a column that no field has may be that of a field without one, by what is in it."""
    kinds = ("table", "list", "one")
    if _is_plain_text(item) and (choice.candidate.kind not in kinds or free > _MANY_FREE):
        return False
    nodes = [
        node
        for row in choice.candidate.rows[:40]
        for p, node in leaves(row)
        if tuple(n for n in p if n) == path and node.kind == "value"
    ]
    return _all_convert(nodes, item)


def _record(
    group: Records,
    choice: RowsChoice,
    nodes: dict[Path, Node],
    how: dict[int, tuple[bool | None, str]],
    wrong: dict[str, tuple[int, str]],
) -> tuple[dict[str, Any], list[str]]:
    record: dict[str, Any] = {}
    empty = []
    for number, item in enumerate(group.fields):
        path = choice.columns.of.get(number, (None, 0.0))[0]
        node = nodes.get(path) if path is not None else None
        one = Converted(empty=True)
        if node is not None:
            day_first, unit = how[number]
            one = to_value(node, item, day_first=day_first, unit=unit)
            if one.doubt:
                wrong.setdefault(item.name, (node.start, one.doubt))
        if one.value is None:
            empty.append(item.name)
        put(record, item, one.value)
    return record, empty


def _keep_codes(choice: RowsChoice, fields: Sequence[Field]) -> None:
    """ "NA" among codes of two capitals is a code (Namibia), not "not available"."""
    for number, (path, _) in choice.columns.of.items():
        if fields[number].type != "string" or fields[number].listed:
            continue
        cells = [
            node
            for row in choice.candidate.rows
            for p, node in leaves(row)
            if tuple(n for n in p if n) == path and node.kind == "value" and node.value
        ]
        codes = [node for node in cells if _CODE.fullmatch(str(node.value))]
        if len(codes) > 0.9 * len(cells) and len(codes) > 5:
            for node in codes:
                node.literal = True


def _dates_of(choice: RowsChoice, path: Path, item: Field) -> bool | None:
    if not item.date_form:
        return None
    texts = []
    for row in choice.candidate.rows[:1_000]:
        texts += [
            str(node.value) for p, node in leaves(row) if tuple(n for n in p if n) == path and node.value
        ]
    return day_first_of(texts)


def _is_total(row: Node, choice: RowsChoice) -> bool:
    first = next((item for item in row.inner if str(item.value or "").strip()), None)
    if first is None or (
        not TOTALS.fullmatch(str(first.value).strip(" :*").lower())
        and not re.fullmatch(
            r"(?:grand |sub-?\s?)?totals?\b.{0,30}", str(first.value).strip(" *"), re.IGNORECASE
        )
    ):
        return False
    return (
        row is choice.candidate.rows[-1]
        or any(not str(item.value or "").strip() for item in row.inner)
        or row in choice.candidate.rows[-3:]
    )


def open_columns(group: Records, choice: RowsChoice, check: Callable[[], None]) -> list[OpenField]:
    """The fields for which no column was found, with the columns that are left."""
    left = [n for n in range(len(group.fields)) if n not in choice.columns.of]
    free = {path for path in choice.columns.free if path[-1] not in ("", KEY)}
    if not left or not free:
        return []
    held: dict[Path, Node] = {}
    for row in choice.candidate.rows[:_LOOKED_INTO]:
        check()
        for path, node in leaves(row):
            named = tuple(n for n in path if n)
            if named in free and node.kind == "value" and node.value is not None:
                held.setdefault(named, node)
    title = ".".join(group.path) or "rows"
    fields = [(f"{title}[].{group.fields[n].name}", group.fields[n]) for n in left]
    return [open_field(name, item, held.items()) for name, item in fields]


def _doubt_missing(group: Records, choice: RowsChoice, title: str) -> list[str]:
    """A field that no column was found for, while columns are left that could be its."""
    left = [n for n in range(len(group.fields)) if n not in choice.columns.of]
    free = [path for path in choice.columns.free if path[-1] not in ("", KEY)]
    doubts = []
    for number in left:
        item = group.fields[number]
        name = name_of(item, item.path, words(group.path[-1]) if group.path else ())
        near = next(
            (path for path in free if name.fit(path) >= 0.3 or _may_be(item, path, choice, len(free))), None
        )
        if near is None and _is_plain_text(item) and len(left) == 1:
            near = _telling(choice.columns.free, choice.named)
        if near is not None or item.required:
            doubts.append(f"{title}[].{item.name} (no column has its name)")
    return doubts
