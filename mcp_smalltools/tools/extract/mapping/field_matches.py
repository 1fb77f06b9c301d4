"""The fields of an object: which named value of a tree is whose. Paths decide, nearest to the top first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_smalltools.text.facts import occurs
from mcp_smalltools.text.words import spaced_name
from mcp_smalltools.tools.extract.mapping.conversion import Converted, day_first_of, to_value
from mcp_smalltools.tools.extract.mapping.found import FieldValue, OpenField, UnusedKey
from mcp_smalltools.tools.extract.mapping.names import (
    FILLER,
    MEAN_LITTLE,
    SURE,
    SWITCHING,
    TAKEN,
    WRAPPERS,
    NameOfField,
    like,
    words,
)
from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.extract.structure.node import Node, leaves

NEAR: Final = 0.5
"""Fit of a name from which it may be that of a field for which there is no better one."""
ANOTHER_NAME: Final = "under another name)"
"""The end of a doubt about a value under a key that is called something else."""
_MOST_WORDS: Final = 8
"""Words of a section's text that may be the value of any field."""
_SPEAK_OF_TEXTS: Final = (
    "text description summary body content message note detail about purpose abstract reason cause comment "
    "explanation introduction overview background paragraph statement quote instruction step answer what"
)
_TEXTS: Final = frozenset(word for one in _SPEAK_OF_TEXTS.split() for word in words(one))
_MOST_CHARS: Final = 300
"""Characters of a description that say what a field asks for."""
_MOST_KEYS: Final = 200
_CHECKED_EVERY: Final = 2_000
_MAX_SHOWN: Final = 80
_NAMES_OTHERS: Final = re.compile(
    r"[^\n]*(?:\n|[,;] ?[A-Za-z]\w{0,30}[=:] ?\S)|(?:is|to|from|in|of|are|was|and|for|by|with) "
)
"""A value of several lines, one that names values in turn (`v0.10.6, OS=Mac OS X`) or goes on a sentence."""
_MAX_DATES: Final = 2_000
"""Values by which it is judged whether the day or the month comes first."""


@dataclass(slots=True)
class Leaf:
    """A named value with the names that lead to it. `depth` counts those that say something."""

    path: tuple[str, ...]
    node: Node
    depth: int
    order: int

    @property
    def shown(self) -> str:
        return ".".join(name for name in self.path if name)[:_MAX_SHOWN]


@dataclass(slots=True)
class Match:
    """A value for a field."""

    item: Field
    leaf: Leaf
    score: float
    converted: Converted


@dataclass(slots=True)
class FieldMatches:
    found: list[Match] = field(default_factory=list)
    empty: list[Field] = field(default_factory=list)
    """Fields whose value the text leaves out by name: null, an empty cell."""
    doubts: list[str] = field(default_factory=list)
    near: list[str] = field(default_factory=list)
    """Doubts about fields that were not found."""


def leaves_of(node: Node, budget: Callable[[], None] = lambda: None) -> list[Leaf]:
    found = []
    for order, (path, item) in enumerate(leaves(node)):
        if order % _CHECKED_EVERY == 0:
            budget()
        named = tuple(name for name in path if name)
        if named:
            depth = sum(name.lower() not in WRAPPERS for name in named[:-1])
            found.append(Leaf(named, item, depth, order))
    return found


def name_of(
    item: Field, path: Sequence[str], context: Iterable[str] = (), *, of_column: bool = False
) -> NameOfField:
    """The name of a field for comparing; `path`: what of its path the place of values doesn't stand for."""
    return NameOfField(
        path,
        item.description,
        counts=item.type in ("integer", "number"),
        switches=item.type == "boolean",
        of_column=of_column,
        context=context,
    )


def match_fields(
    fields: Sequence[tuple[Field, NameOfField]], given: Sequence[Leaf], check: Callable[[], None]
) -> FieldMatches:
    """The best value for each field; no value is given twice."""
    result = FieldMatches()
    pairs: list[tuple[int, int, float, int, int]] = []
    near_misses: dict[int, list[Leaf]] = {}
    for number, (item, name) in enumerate(fields):
        near = _prefixes(item, name)
        for place, leaf in enumerate(given):
            if place % _CHECKED_EVERY == 0:
                check()
            if not _may_fit(leaf.path, near):
                continue
            score = _fit_of_leaf(item, name, leaf)
            if NEAR <= score < TAKEN or (score < NEAR and _speaks_of(name, leaf)):
                near_misses.setdefault(number, []).append(leaf)
            if score >= TAKEN:
                pairs.append((-(score >= SURE), leaf.depth, -score, leaf.order, number * len(given) + place))
    pairs.sort()
    _assign(fields, given, pairs, result)
    _doubt_absent(fields, near_misses, result)
    _doubt_rivals(fields, given, pairs, result)
    return result


def _prefixes(item: Field, name: NameOfField) -> frozenset[str]:
    """The first letters of all words that a name of the field may have."""
    every = {*name.own, *name.whole, *name.said, *(w for way in name.quoted for w in way)}
    every |= {other for word in name.own for other in like(word)}
    every |= {word for path in name.paths for word in path}
    every |= {word for member in (item.members or ())[:20] for word in words(str(member))}
    initials = "".join(word[0] for word in name.raw)
    squeezed = {text[:4] for text in ("".join(name.own), "".join(name.whole), "".join(name.raw), initials)}
    return frozenset({word[:4] for word in every} | squeezed)


def _may_fit(path: Sequence[str], near: frozenset[str]) -> bool:
    return any(word[:4] in near for name in path[-2:] for word in words(name))


def _speaks_of(name: NameOfField, leaf: Leaf) -> bool:
    """Whether what a value stands in has a telling word of a field's name: `checksum` of `checksum_file`."""
    if len(leaf.path) < 2:
        return False
    telling = set(name.own) - MEAN_LITTLE - FILLER - SWITCHING
    return bool(telling & set(words(leaf.path[-2])))


def _fit_of_leaf(item: Field, name: NameOfField, leaf: Leaf) -> float:
    score = name.fit(leaf.path)
    members = item.members
    if members is not None and len(members) > 1 and score < SURE:
        said = set(words(leaf.path[-1]))
        if sum(set(words(str(member))) <= said for member in members if words(str(member))) >= 2:
            score = 0.86  # the question names the choices
    return score


def _assign(
    fields: Sequence[tuple[Field, NameOfField]],
    given: Sequence[Leaf],
    pairs: Sequence[tuple[int, int, float, int, int]],
    result: FieldMatches,
) -> None:
    taken: set[int] = set()
    done: set[int] = set()
    refused: dict[int, str] = {}
    day_first = day_first_of([str(leaf.node.value) for leaf in given[:_MAX_DATES] if leaf.node.value])
    for _, _, less, _, code in pairs:
        number, place = divmod(code, len(given))
        item, leaf = fields[number][0], given[place]
        if number in done or place in taken:
            continue
        converted = to_value(leaf.node, item, day_first=day_first)
        if converted.empty and -less >= SURE:
            result.empty.append(item)
            done.add(number)
            continue
        if converted.value is None:
            if converted.doubt and -less >= SURE:
                refused.setdefault(number, f"line {leaf.node.start}: {converted.doubt}")
            continue
        taken.add(place)
        done.add(number)
        result.found.append(Match(item, leaf, -less, converted))
    for number, why in refused.items():
        if number not in done:
            result.doubts.append(f"{fields[number][0].name} ({why})")


def _doubt_absent(
    fields: Sequence[tuple[Field, NameOfField]], near: dict[int, list[Leaf]], result: FieldMatches
) -> None:
    """A doubt for a field that was not found, where an unused value has nearly its name."""
    done = {id(match.item) for match in result.found} | set(map(id, result.empty))
    used = {id(match.leaf.node) for match in result.found}
    for number, leaves_near in near.items():
        item = fields[number][0]
        free = [leaf for leaf in leaves_near if id(leaf.node) not in used]
        if (
            id(item) not in done
            and free
            and any(to_value(leaf.node, item).value is not None for leaf in free[:20])
        ):
            result.near.append(f"{item.name} (may be on line {free[0].node.start})")


def _doubt_rivals(
    fields: Sequence[tuple[Field, NameOfField]],
    given: Sequence[Leaf],
    pairs: Sequence[tuple[int, int, float, int, int]],
    result: FieldMatches,
) -> None:
    """A doubt for each value that another of the same name and depth could be, and for weak names."""
    used = {id(match.leaf.node) for match in result.found}
    by_field = {id(match.item): match for match in result.found}
    rivals: dict[int, Leaf] = {}
    for _, depth, less, _, code in pairs:
        number, place = divmod(code, len(given))
        match = by_field.get(id(fields[number][0]))
        leaf = given[place]
        if match is None or id(leaf.node) in used or match.leaf.depth != depth or -less < match.score - 0.02:
            continue
        other = to_value(leaf.node, match.item)
        if other.value is not None and other.value != match.converted.value:
            rivals.setdefault(id(match.item), leaf)
    for match in result.found:
        rival = rivals.get(id(match.item))
        if rival is not None:
            result.doubts.append(
                f"{match.item.name} (line {match.leaf.node.start} or line {rival.node.start})"
            )
        elif match.score < SURE or (not match.leaf.node.exact and match.score < 0.95):
            result.doubts.append(f"{match.item.name} (line {match.leaf.node.start}, {ANOTHER_NAME}")
        elif _is_of_several(match):
            result.doubts.append(f"{match.item.name} (line {match.leaf.node.start}, the name of several)")
        elif _is_running_text(match):
            result.doubts.append(f"{match.item.name} (line {match.leaf.node.start}, a whole text)")
        elif match.converted.doubt:
            result.doubts.append(f"{match.item.name} ({match.converted.doubt})")


def phrases_of(path: Sequence[str]) -> tuple[str, ...]:
    """A key in words, alone and with the name before it."""
    own = spaced_name(path[-1][:_MAX_SHOWN])
    return tuple(dict.fromkeys((own, " ".join(spaced_name(part[:_MAX_SHOWN]) for part in path[-2:]))))


def asked_of(item: Field) -> tuple[str, ...]:
    """What a field asks for, in words: its name, and with its description."""
    own = spaced_name(item.path[-1])
    return (own, f"{own}: {item.description[:_MOST_CHARS]}") if item.description else (own,)


def open_field(
    name: str,
    item: Field,
    given: Iterable[tuple[Sequence[str], Node]],
    *,
    doubt: str = "",
    in_rows: Iterable[tuple[Sequence[str], Node]] = (),
) -> OpenField:
    """A field without a value, with those of the given keys, with their values, that could be its. What
    stands `in_rows` of a list is not given for it.
    """
    wanted = name_of(item, item.path[-1:])
    keys: dict[tuple[str, ...], UnusedKey] = {}
    for path, node, is_in_row in (*((p, n, False) for p, n in given), *((p, n, True) for p, n in in_rows)):
        if len(keys) >= _MOST_KEYS:
            break
        phrases = phrases_of(path)
        if phrases in keys:
            continue
        converted = to_value(node, item)
        if converted.value is None and not (is_in_row and item.listed):
            continue
        gives = not is_in_row and not converted.doubt and is_clean(node)
        value = value_of(item, node, converted.value, NEAR) if gives else None
        near = wanted.fit(path) >= NEAR
        keys[phrases] = UnusedKey(phrases, node.start, value, ".".join(path)[:_MAX_SHOWN], near)
    return OpenField(name, asked_of(item), list(keys.values()), doubt)


def value_of(item: Field, node: Node, value: Any, score: float) -> FieldValue:
    """A node's value for a field; verified where the text has it in these words."""
    written = str(node.value) if node.value is not None else " ".join(str(i.value) for i in node.inner)
    by_form = isinstance(value, bool) or node.kind != "value" or node.literal
    verified = by_form or (bool(written) and occurs(value, written))
    return FieldValue(item.name, value, node.start, node.end, verified, {"named": score})


def is_clean(node: Node) -> bool:
    """Whether a value stands for itself: one line of a few words that doesn't name others in turn."""
    if not node.exact:
        return False
    texts = [node] if node.value is not None else node.inner
    return all(
        one.kind == "value"
        and len(str(one.value).split()) <= _MOST_WORDS
        and not _NAMES_OTHERS.match(str(one.value)[:_MOST_CHARS].strip())
        for one in texts
    )


def _is_of_several(match: Match) -> bool:
    """Whether a field of one text has the value of a plural: `packages`, for `package`."""
    name, key = match.item.path[-1].lower(), match.leaf.path[-1].lower()
    return match.item.type == "string" and key in (f"{name}s", f"{name}es")


def _is_running_text(match: Match) -> bool:
    """Whether the text of a section stands for a field that doesn't ask for a text."""
    value = match.converted.value
    if match.leaf.node.kind != "object" or not isinstance(value, str) or len(value.split()) <= _MOST_WORDS:
        return False
    return not _TEXTS & {*words(match.item.path[-1]), *words(match.item.description)}


def drop_of_others(result: FieldMatches) -> None:
    """Take out what is said of something else: `version` of `engine`, where the others are the project's own.

    Only for names that everything has (`name`, `version`, `date`), where others stand nearer to the top.
    """
    tops = [match.leaf.depth for match in result.found if match.score >= SURE]
    if not tops:
        return
    top = min(tops)
    own = sum(depth == top for depth in tops)
    for match in list(result.found):
        generic = set(words(match.item.path[-1])) <= MEAN_LITTLE
        if match.leaf.depth > top and generic and own * 2 >= len(tops) and not _names_parent(match):
            result.found.remove(match)
            if match.item.required:
                result.doubts.append(
                    f"{match.item.name} (line {match.leaf.node.start} speaks of something else)"
                )


def _names_parent(match: Match) -> bool:
    """Whether the field's name or description speaks of what the value is in."""
    above = {word for name in match.leaf.path[:-1] if name.lower() not in WRAPPERS for word in words(name)}
    said = {*words(match.item.name), *words(match.item.description)}
    return bool(above & said)


def find_objects(node: Node, name: NameOfField, check: Callable[[], None]) -> list[tuple[Node, float]]:
    """The objects of a name inside another: the nearest to the top first, then those of the better name."""
    found: list[tuple[tuple[int, int, float], Node, float]] = []
    level: list[tuple[Node, tuple[str, ...], int]] = [(node, (), 0)]
    for depth in range(12):
        following: list[tuple[Node, tuple[str, ...], int]] = []
        for parent, path, wrapped in level:
            check()
            for item in parent.inner:
                target = _as_object(item)
                if target is None:
                    continue
                here = (*path, item.name)
                score = name.fit(here) if item.name else 0.0
                if score >= 0.6 and len(found) < 200:
                    found.append(((-(score >= SURE), depth - wrapped, -score), target, score))
                if target.kind == "object" and item.kind != "value":
                    following.append((target, here, wrapped + (item.name.lower() in WRAPPERS)))
        level = following[:20_000]
        if not level:
            break
    return [(target, score) for _, target, score in sorted(found, key=lambda one: one[0])]


def find_object(node: Node, name: NameOfField, check: Callable[[], None]) -> tuple[Node, float] | None:
    """The object of a name inside another, if its name is near enough."""
    return next((one for one in find_objects(node, name, check) if one[1] >= 0.7), None)


def _as_object(item: Node) -> Node | None:
    """An object, the only object of a list, or a value that may have parts."""
    if item.kind == "object":
        return item
    if item.kind == "list" and len(item.inner) == 1 and item.inner[0].kind == "object":
        return item.inner[0]
    if item.kind == "list" and len(item.inner) == 1 and item.inner[0].kind == "value":
        return item.inner[0]
    return item if item.kind == "value" and isinstance(item.value, str) and "<" in item.value else None
