"""Values that a field may mean though they stand in the rows of a list: the latest release of a changelog,
the row of a table that the field names, what one entry of a list alone has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from mcp_smalltools.text.words import words_of
from mcp_smalltools.tools.extract.mapping.field_matches import Leaf, Match
from mcp_smalltools.tools.extract.mapping.names import words
from mcp_smalltools.tools.extract.mapping.rows import RowsCandidate, candidates
from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.extract.structure.node import ALSO, Node, leaves

_NEWEST: Final = frozenset(words("latest newest current recent last"))
_OF_RELEASE: Final = frozenset(words("release released version date"))
_LATEST: Final = "latest release"
_LABEL: Final = "label"
_LEAST_RELEASES: Final = 2
_MOST_ROWS: Final = 300
"""Rows of a table under whose labels fields are looked for."""
_LABEL_WORDS: Final = 4
_MOST_LABEL_COLUMNS: Final = 3
_LABELS: Final = frozenset(("name", "id", "key", "title", "label"))
"""Names of what the entries of a list are called by."""
_VALUE_COLUMNS: Final = frozenset(["value", "val", "res", "result", "results", "setting", "content", "data"])
"""Names of columns that say nothing besides the row's label."""
_MOST_LISTS: Final = 200


def more_leaves(root: Node, check: Callable[[], None]) -> list[Leaf]:
    """All such values, each with the names that lead to it."""
    given = candidates(root, check)
    found = [*_of_latest(given), *_of_labels(given, check), *_of_entries(root, check)]
    return [Leaf(path, node, len(path), order) for order, (path, node) in enumerate(found)]


def doubt_of(match: Match) -> str:
    """What is doubtful about a value that was found so; "" where the field asks for the very thing."""
    item, path = match.item, match.leaf.path
    if path[0] == _LATEST:
        return (
            ""
            if _asked(item) & _NEWEST
            else f"{item.name} (line {match.leaf.node.start}, of the latest release)"
        )
    if path[0] == _LABEL:
        return ""
    return f"{item.name} (line {match.leaf.node.start}, in one entry of a list)"


def may_mean(item: Field, leaf: Leaf) -> bool:
    """Whether a field may be about such a value; about what a release holds only if it speaks of releases."""
    if leaf.path[0] != _LATEST:
        return True
    return bool(_asked(item) & (_NEWEST | _OF_RELEASE))


def _asked(item: Field) -> set[str]:
    """The stems of what a field's name and description say."""
    return {stem for word in words_of(f"{item.path[-1]} {item.description}") for stem in words(word)}


def _of_latest(given: Sequence[RowsCandidate]) -> Iterator[tuple[tuple[str, ...], Node]]:
    """The parts of the latest release: the one of the latest date, of those without dates the first."""
    for candidate in given:
        if candidate.kind != "keyed" or len(candidate.rows) < _LEAST_RELEASES:
            continue
        released = [row for row in candidate.rows if _part(row, "version") or _part(row, "date")]
        if len(released) < 0.6 * len(candidate.rows):
            continue
        released = [row for row in released if (_part(row, "version") or row).value != "Unreleased"]
        dated = [row for row in released if _part(row, "date")]
        if not released:
            continue
        latest = max(dated, key=lambda row: str(_part(row, "date").value)) if dated else released[0]  # type: ignore[union-attr]
        for part in latest.inner:
            if part.name in ("version", "date"):
                names = [
                    part.name,
                    f"latest {part.name}",
                    f"release {part.name}",
                    f"latest release {part.name}",
                ]
                names += (
                    ["latest", "latest release"]
                    if part.name == "version" or not _part(latest, "version")
                    else ["released"]
                )
                yield (
                    (_LATEST, ALSO.join(names)),
                    Node(ALSO.join(names), "value", part.start, part.end, part.value),
                )
            elif part.name and part.name[0] != "\0":
                yield (_LATEST, part.name), part
        if (change := _only_change(latest)) is not None:
            names_of_change = ALSO.join(("change", "latest change", "last change"))
            yield (
                (_LATEST, names_of_change),
                Node(names_of_change, "value", change.start, change.end, change.value),
            )
        return


def _only_change(release: Node) -> Node | None:
    """The text of the only entry of a release."""
    lists = [part for part in release.inner if part.kind == "list"]
    lists += [
        inner
        for part in release.inner
        if part.kind == "object"
        for inner in part.inner
        if inner.kind == "list"
    ]
    entries = [entry for part in lists for entry in part.inner]
    return entries[0] if len(entries) == 1 and entries[0].value is not None and not entries[0].inner else None


def _part(row: Node, name: str) -> Node | None:
    return next((part for part in row.inner if part.name == name and part.value), None)


def _of_labels(
    given: Sequence[RowsCandidate], check: Callable[[], None]
) -> Iterator[tuple[tuple[str, ...], Node]]:
    """The cells of tables and the values of entries, each under the label of its row and its own name."""
    for candidate in given:
        if candidate.kind not in ("table", "list") or not 1 < len(candidate.rows) <= _MOST_ROWS:
            continue
        check()
        for at in _label_columns(candidate.rows) if candidate.kind == "table" else ():
            for row in candidate.rows:
                yield from _cells(str(row.inner[at].value), row.inner[at + 1 :])
        for row in candidate.rows if candidate.kind == "list" else ():
            label = next((part for part in row.inner if part.name.split(ALSO)[0].lower() in _LABELS), None)
            if label is not None and label.kind == "value" and label.value:
                yield from _cells(str(label.value), [part for part in row.inner if part is not label])


def _cells(label: str, cells: Sequence[Node]) -> Iterator[tuple[tuple[str, ...], Node]]:
    for cell in cells:
        if cell.kind == "value" and cell.value not in (None, ""):
            says_nothing = cell.name.lower() in _VALUE_COLUMNS
            path = (_LABEL, label) if says_nothing else (_LABEL, label, cell.name)
            yield path, Node(path[-1], "value", cell.start, cell.end, cell.value, exact=cell.exact)


def _label_columns(rows: Sequence[Node]) -> Iterator[int]:
    """The columns among the first whose cells all differ and are words."""
    width = min(len(row.inner) for row in rows)
    for at in range(min(_MOST_LABEL_COLUMNS, max(0, width - 1))):
        cells = [row.inner[at] for row in rows]
        texts = [str(cell.value) for cell in cells]
        if (
            len(set(texts)) == len(texts)
            and all(cell.kind == "value" and cell.value for cell in cells)
            and all(any(c.isalpha() for c in text) and len(words_of(text)) <= _LABEL_WORDS for text in texts)
        ):
            yield at


def _of_entries(root: Node, check: Callable[[], None]) -> Iterator[tuple[tuple[str, ...], Node]]:
    """What the entries of a list have under one path, where it is the same wherever it stands."""
    waiting: list[tuple[Node, tuple[str, ...]]] = [(root, ())]
    seen = 0
    while waiting and seen < _MOST_LISTS:
        node, path = waiting.pop(0)
        check()
        for item in node.inner:
            here = (*path, item.name) if item.name else path
            if item.kind == "list" and not item.is_table and len(item.inner) > 1:
                seen += 1
                yield from _same_in_all(item, here)
            if item.kind == "object" or (item.kind == "list" and len(item.inner) == 1):
                waiting.append((item, here))


def _same_in_all(entries: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    held: dict[tuple[str, ...], list[Node]] = {}
    for entry in entries.inner[:_MOST_ROWS]:
        if entry.kind != "object":
            continue
        for names, node in leaves(entry):
            if node.kind == "value" and node.value is not None and names[-1]:
                held.setdefault(names, []).append(node)
    for names, nodes in held.items():
        if len({str(node.value) for node in nodes}) == 1:
            yield ("entry", *path, *(name for name in names if name)), nodes[0]
