"""All fields and lists of a schema from the tree of a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.tools.extract.mapping.conversion import Converted, person_parts, to_value
from mcp_smalltools.tools.extract.mapping.derived import currency_of, time_of_event
from mcp_smalltools.tools.extract.mapping.field_matches import (
    ANOTHER_NAME,
    NEAR,
    FieldMatches,
    Leaf,
    Match,
    asked_of,
    drop_of_others,
    find_object,
    find_objects,
    is_clean,
    leaves_of,
    match_fields,
    name_of,
    open_field,
    phrases_of,
    value_of,
)
from mcp_smalltools.tools.extract.mapping.found import (
    FieldValue,
    FilledRecords,
    Mapped,
    OpenField,
    RenamedField,
)
from mcp_smalltools.tools.extract.mapping.more_leaves import doubt_of, may_mean, more_leaves
from mcp_smalltools.tools.extract.mapping.names import SAID_TOGETHER, SURE, NameOfField, same, words
from mcp_smalltools.tools.extract.mapping.rows import (
    ANOTHER_COLUMN,
    KEY,
    RowsCandidate,
    candidates,
    choose_rows,
    may_have_rows,
    open_columns,
    read_rows,
    shown,
)
from mcp_smalltools.tools.extract.schema import Field, Plan
from mcp_smalltools.tools.extract.structure.node import Node, Structure, leaves

Path = tuple[str, ...]
NAMED_ROWS: Final = 0.65
MOST_OPEN: Final = 40
"""Fields without a value for which keys are looked for that may mean them."""


@dataclass(slots=True)
class ObjectContext:
    """The object that the fields of an object of the schema are looked for in. `rest`: the names of its path
    that no object of the text has.
    """

    node: Node
    rest: Path
    found: bool


def map_plan(plan: Plan, structure: Structure, check: Callable[[], None]) -> Mapped:
    """What the tree gives for each field and list. Raises what `check` raises."""
    mapped = Mapped()
    root = structure.root
    contexts = _contexts(plan, root, check)
    by_prefix: dict[Path, list[Field]] = {}
    for item in plan.fields:
        by_prefix.setdefault(item.path[:-1], []).append(item)
    for prefix, fields in by_prefix.items():
        _map_object(prefix, fields, contexts[prefix], structure, mapped, check=check)
    _map_lists(plan, contexts, structure, mapped, check)
    return mapped


def _contexts(plan: Plan, root: Node, check: Callable[[], None]) -> dict[Path, ObjectContext]:
    """For each object of the schema the object of the text that has its name."""
    prefixes = {item.path[:-1] for item in plan.fields} | {group.path[:-1] for group in plan.records}
    every = sorted({p[:k] for p in prefixes for k in range(len(p) + 1)} | {()}, key=len)
    contexts: dict[Path, ObjectContext] = {(): ObjectContext(_inside_only(root), (), True)}
    for prefix in every[1:]:
        above = contexts[prefix[:-1]]
        name = NameOfField((*above.rest, prefix[-1]), "", counts=False)
        found = _best_object(prefix, plan, find_objects(above.node, name, check), check)
        if found is None:
            contexts[prefix] = ObjectContext(above.node, (*above.rest, prefix[-1]), False)
        else:
            contexts[prefix] = ObjectContext(found, (), True)
    return contexts


def _best_object(
    prefix: Path, plan: Plan, found: Sequence[tuple[Node, float]], check: Callable[[], None]
) -> Node | None:
    """The object that has most of the fields; of equals the first."""
    inside = [item for item in plan.fields if item.path[:-1] == prefix]
    best: tuple[int, Node] | None = None
    for node, score in found[:20]:
        if node.kind == "value":
            count = len(inside) if person_parts(str(node.value)) else 0
        else:
            given = leaves_of(node, check)
            names = [name_of(item, item.path[-1:]) for item in inside]
            count = sum(any(name.fit(leaf.path[-1:]) >= SURE for leaf in given[:500]) for name in names)
        if not inside:
            count = int(score >= 0.7)
        if count and (best is None or count > best[0]):
            best = (count, node)
    return best[1] if best else None


def _inside_only(root: Node) -> Node:
    """Of a text that is one list of one object, that object."""
    for _ in range(4):
        if root.kind == "object" and len(root.inner) == 1 and root.value is None:
            only = root.inner[0]
            if (
                only.kind == "list"
                and not only.name
                and len(only.inner) == 1
                and only.inner[0].kind == "object"
            ):
                root = Node("", "object", root.start, root.end, inner=only.inner[0].inner)
                continue
        break
    return root


def _map_object(
    prefix: Path,
    fields: Sequence[Field],
    context: ObjectContext,
    structure: Structure,
    mapped: Mapped,
    *,
    check: Callable[[], None],
) -> None:
    if context.node.kind == "value":
        _map_person(fields, context.node, mapped)
        return
    given = leaves_of(context.node, check)
    names = [(item, name_of(item, (*context.rest, item.path[-1]), context.rest)) for item in fields]
    if context.rest:
        names = [(item, _whole_name(item, context.rest)) for item in fields]
    scalars = [(item, name) for item, name in names if not item.listed]
    lists = [(item, name) for item, name in names if item.listed]
    matches = match_fields(scalars, [leaf for leaf in given if _is_scalar(leaf)], check)
    if not prefix or not context.found:
        drop_of_others(matches)
    in_rows = _match_in_lists(scalars, context.node, matches, check)
    done = {id(match.item) for match in matches.found}
    for item, name in lists:
        match = _match_list(item, name, given, context.node, check, matches=matches)
        if match is not None:
            matches.found.append(match)
            done.add(id(item))
    _keep(matches, mapped)
    if structure.complete:
        mapped.doubts += matches.near
    for item in fields:
        if id(item) not in done:
            _without_value(item, context, structure, matches, mapped=mapped, check=check)
    named = {found.field for found in mapped.found}
    left = [item for item in fields if item.name not in named][:MOST_OPEN]
    mapped.open += _open_fields(left, matches, (given, in_rows), complete=structure.complete)


def _match_in_lists(
    fields: Sequence[tuple[Field, NameOfField]],
    node: Node,
    matches: FieldMatches,
    check: Callable[[], None],
) -> list[Leaf]:
    """Values in the rows of lists for the fields that nothing else is named like; all such values."""
    done = {id(match.item) for match in matches.found} | set(map(id, matches.empty))
    left = [(item, name) for item, name in fields if id(item) not in done]
    if not left:
        return []
    given = more_leaves(node, check)
    for item, name in left:
        about = [leaf for leaf in given if _is_scalar(leaf) and may_mean(item, leaf)]
        found = match_fields([(item, name)], about, check)
        if len(found.found) != 1 or found.found[0].score < SURE or item.listed:
            continue
        match = found.found[0]
        doubt = doubt_of(match)
        matches.found.append(match)
        matches.doubts += found.doubts or ([doubt] if doubt else [])
        matches.near = [near for near in matches.near if not near.startswith(f"{item.name} (")]
    return given


def _without_value(
    item: Field,
    context: ObjectContext,
    structure: Structure,
    matches: FieldMatches,
    *,
    mapped: Mapped,
    check: Callable[[], None],
) -> None:
    """A field that no name leads to: what is said of it elsewhere, else it is absent, or left to prose."""
    if structure.form == "page" and item not in matches.empty and _derive(item, structure, mapped, check):
        return
    if item in matches.empty or structure.complete or (item.path[:-1] and context.found):
        mapped.absent.append(item)
        if structure.complete and item not in matches.empty:
            _doubt_rows(item, context, mapped, check)
    else:
        mapped.left.append(item)


def _open_fields(
    left: Sequence[Field],
    matches: FieldMatches,
    given: tuple[Sequence[Leaf], Sequence[Leaf]],
    *,
    complete: bool,
) -> list[OpenField]:
    """The fields without a value that the text doesn't leave out by name. `given`: named values, and those in
    the rows of lists, which are only pointed at.
    """
    used = {id(match.leaf.node) for match in matches.found}
    doubtful = {doubt.split(" (")[0] for doubt in matches.doubts}
    near = {doubt.split(" (")[0]: doubt for doubt in matches.near} if complete else {}
    free = [(leaf.path, leaf.node) for leaf in given[0] if id(leaf.node) not in used]
    rows = [(leaf.path[1:], leaf.node) for leaf in given[1] if id(leaf.node) not in used]
    return [
        open_field(item.name, item, free, doubt=near.get(item.name, ""), in_rows=rows)
        for item in left
        if item not in matches.empty and item.name not in doubtful
    ]


def _derive(item: Field, structure: Structure, mapped: Mapped, check: Callable[[], None]) -> bool:
    """Fill in what only one place of the text can mean; whether there is such a place."""
    found = currency_of(item, structure.root)
    if found is None and (event := time_of_event(item, candidates(structure.root, check), check)) is not None:
        found = event[0]
        mapped.doubts.append(event[1])
    if found is not None:
        mapped.found.append(found)
    return found is not None


def _whole_name(item: Field, rest: Path) -> NameOfField:
    """Of a field whose object the text doesn't have: all of its path, as `db_port`."""
    name = name_of(item, (*rest, item.path[-1]))
    name.own = name.whole
    return name


def _is_scalar(leaf: Leaf) -> bool:
    return leaf.node.kind != "list" or (len(leaf.node.inner) == 1 and leaf.node.inner[0].kind == "value")


def _map_person(fields: Sequence[Field], node: Node, mapped: Mapped) -> None:
    """The parts of `Ada <ada@example.org>` for an object with a name and an address."""
    parts = person_parts(str(node.value))
    for item in fields:
        own = set(words(item.path[-1]))
        key = next((k for k in parts if own & set(words(k))), None)
        if key is None:
            mapped.absent.append(item)
            continue
        mapped.found.append(FieldValue(item.name, parts[key], node.start, node.end, True, {"named": 1.0}))


def _match_list(
    item: Field,
    name: NameOfField,
    given: Sequence[Leaf],
    node: Node,
    check: Callable[[], None],
    *,
    matches: FieldMatches,
) -> Match | None:
    """A list of plain values: a list of that name, a value to take apart, an object's keys, or a column."""
    best, near = _list_of_name(item, name, given)
    if best is None or best.score < SURE:
        column = _column(item, name, node, check)
        if column is not None and (best is None or column.score > best.score):
            best = column
    if best is None or best.score < SURE or best.leaf.depth:
        keys = _keys(item, name, node, check)
        if keys is not None and (best is None or best.score < SURE or _is_nearer(keys, best, node)):
            best = keys
    if best is None and near is not None:
        matches.near.append(f"{item.name} (may be on line {near.node.start})")
    if best is not None and (best.score < SURE or best.converted.doubt):
        matches.doubts.append(f"{item.name} ({best.converted.doubt or 'under another name'})")
    return best


def _list_of_name(item: Field, name: NameOfField, given: Sequence[Leaf]) -> tuple[Match | None, Leaf | None]:
    """The list of a field's name that is nearest to the top, and a value that nearly has its name."""
    best: Match | None = None
    near: Leaf | None = None
    rival: Leaf | None = None
    for leaf in given:
        score = name.fit(leaf.path)
        if score < NEAR or (leaf.node.kind == "list" and leaf.node.is_table):
            continue
        converted = to_value(leaf.node, item)
        if score < NAMED_ROWS:
            near = near or (leaf if converted.value is not None else None)
            continue
        if converted.value is None:
            converted = _names_of_entries(leaf.node, item)
        if converted.value is None:
            continue
        match = Match(item, leaf, score, converted)
        if best is None or _rank(match) > _rank(best):
            best, rival = match, None
        elif (leaf.depth, score) == (best.leaf.depth, best.score) and converted.value != best.converted.value:
            rival = rival or leaf
    if best is not None and rival is not None and not best.converted.doubt:
        doubt = f"line {best.leaf.node.start} or line {rival.node.start}"
        best.converted = Converted(best.converted.value, doubt)
    return best, near


def _rank(match: Match) -> tuple[bool, int, float, bool]:
    return match.score >= SURE, -match.leaf.depth, match.score, match.leaf.node.kind == "list"


def _names_of_entries(node: Node, item: Field) -> Converted:
    """For a list of objects, the name of each."""
    if node.kind != "list" or not node.inner or item.type != "string":
        return Converted()
    names = []
    for entry in node.inner:
        values = [i for i in entry.inner if i.kind == "value"]
        own = next((i for i in values if i.name.lower() in ("name", "id", "title")), None)
        own = own or (values[0] if len(values) == 1 else None)
        if own is None or own.value is None:
            return Converted()
        names.append(str(own.value))
    return Converted(names, "the names of its entries")


def _column(item: Field, name: NameOfField, node: Node, check: Callable[[], None]) -> Match | None:
    """The values of one column over the rows of a table or list, each once."""
    best: Match | None = None
    for candidate in candidates(node, check):
        if candidate.kind not in ("table", "list", "keyed"):
            continue
        held: dict[Path, list[Node]] = {}
        for row in candidate.rows:
            for path, leaf in leaves(row):
                if path != (KEY,) and leaf.kind == "value":
                    held.setdefault(tuple(n for n in path if n), []).append(leaf)
        for path, nodes in held.items():
            if not path:
                continue
            score = name.fit(path)
            if score < NAMED_ROWS:
                score = name.fit((*candidate.path[-1:], *path))
            if score < NAMED_ROWS or (best is not None and score <= best.score):
                continue
            values = [to_value(one, item.of_item) for one in nodes]
            plain = [one.value for one in values if one.value is not None]
            if not plain or any(one.value is None and not one.empty for one in values):
                continue
            once = list(dict.fromkeys(plain))
            doubt = "repeated values are given once" if len(once) < len(plain) else ""
            whole = Node(path[-1], "list", nodes[0].start, nodes[-1].end)
            leaf_of = Leaf((*candidate.path, *path), whole, 1, 0)
            best = Match(item, leaf_of, max(score, 0.7), Converted(once, doubt))
    return best


def _keys(item: Field, name: NameOfField, node: Node, check: Callable[[], None]) -> Match | None:
    """The keys of an object of that name."""
    found = find_object(node, name, check)
    if found is None or found[0].kind != "object" or item.type != "string" or found[1] < SURE:
        return None
    target = found[0]
    lists = [inner for inner in target.inner if inner.kind == "list" and not inner.is_table]
    if len(lists) == 1 and len(lists) == len(target.inner):
        converted = to_value(lists[0], item)
        if converted.value is not None:
            return Match(item, Leaf((target.name,), lists[0], 0, 0), found[1], converted)
    keys = [inner.name for inner in target.inner if inner.name]
    if not keys:
        return None
    return Match(item, Leaf((target.name,), target, 0, 0), found[1], Converted(list(dict.fromkeys(keys))))


def _is_nearer(keys: Match, best: Match, node: Node) -> bool:
    """Whether an object whose keys are asked for stands at the top, where the list of its name doesn't."""
    return best.leaf.depth > 0 and keys.score >= best.score and keys.leaf.node in node.inner


def _keep(matches: FieldMatches, mapped: Mapped) -> None:
    doubts = {doubt.split(" (")[0]: doubt for doubt in matches.doubts}
    for match in matches.found:
        node, item, path = match.leaf.node, match.item, match.leaf.path
        score = 1.0 if match.score >= SURE else match.score
        mapped.found.append(value_of(item, node, match.converted.value, score))
        if same(words(path[-1]), words(item.path[-1])):
            continue
        mapped.names[item.name] = match.leaf.shown
        doubt = doubts.get(item.name, "")
        if (not doubt and match.score < SAID_TOGETHER) or doubt.endswith(ANOTHER_NAME):
            clean = is_clean(node) and not match.converted.doubt
            says_more = len(set(words(path[-1])) - set(words(item.path[-1]))) > 1
            mapped.renamed.append(
                RenamedField(item.name, asked_of(item), phrases_of(path), node.start, doubt, clean, says_more)
            )
    mapped.doubts += matches.doubts


def _doubt_rows(item: Field, context: ObjectContext, mapped: Mapped, check: Callable[[], None]) -> None:
    """A doubt for a value that stands several times, in the rows of a list."""
    name = name_of(item, (*context.rest, item.path[-1]))
    for candidate in candidates(context.node, check)[:50]:
        if candidate.kind not in ("table", "list") or len(candidate.rows) < 2:
            continue
        for path, _ in leaves(candidate.rows[0]):
            named = tuple(n for n in path if n)
            if named and name.fit(named) >= 0.95:
                mapped.doubts.append(f"{item.name} (stands in each of {len(candidate.rows)} rows)")
                return


def _map_lists(
    plan: Plan,
    contexts: dict[Path, ObjectContext],
    structure: Structure,
    mapped: Mapped,
    check: Callable[[], None],
) -> None:
    """A table or list for each list of objects, the best fitting first; none is given twice."""
    open_groups = list(range(len(plan.records)))
    taken: set[int] = set()
    held: dict[Path, list[RowsCandidate]] = {}
    while open_groups:
        choices = []
        for number in open_groups:
            group = plan.records[number]
            prefix = group.path[:-1]
            node = contexts[prefix].node if prefix else structure.root
            if prefix not in held:
                held[prefix] = candidates(node, check) if node.kind != "value" else []
            choice = choose_rows(group, held[prefix], taken, check)
            if choice is not None:
                choices.append((choice.named >= 0.7, choice.score, -number, number, choice))
        if not choices:
            break
        _, _, _, number, choice = max(choices, key=lambda c: c[:3])
        group = plan.records[number]
        rows, doubts = read_rows(group, choice, check)
        if len(plan.records) > 1 and choice.named < 0.5 and not choice.alone:
            doubts.append(f"{'.'.join(group.path)} (no heading says which table it is)")
        mapped.tables[number] = rows
        mapped.doubts += doubts
        mapped.open += open_columns(group, choice, check)
        title = ".".join(group.path) or "rows"
        for field_number, (path, _) in choice.columns.of.items():
            item = group.fields[field_number]
            if same(words(path[-1]), words(item.path[-1])):
                continue
            name = f"{title}[].{item.name}"
            mapped.names[name] = shown(path)
            doubt = f"{name} ({ANOTHER_COLUMN})"
            if doubt in doubts and path[-1] not in ("", KEY):
                line = choice.candidate.rows[0].start
                mapped.renamed.append(RenamedField(name, asked_of(item), phrases_of(path), line, doubt, True))
        taken |= {id(row) for row in choice.candidate.rows}
        taken.add(id(choice.candidate.rows[0]))
        open_groups.remove(number)
    for number in open_groups:
        if structure.complete and structure.form != "page":
            mapped.tables[number] = FilledRecords(absent=True)
            if may_have_rows(plan.records[number], [one for given in held.values() for one in given], check):
                mapped.doubts.append(f"{'.'.join(plan.records[number].path) or 'rows'} (no list fits it)")
