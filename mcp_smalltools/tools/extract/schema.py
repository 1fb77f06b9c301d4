"""The JSON schemas that `extract` takes, as fields; what it can't honour is refused by name."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.errors import UsageError
from mcp_smalltools.text.facts import fold
from mcp_smalltools.text.linear_patterns import PatternError, linear_pattern
from mcp_smalltools.text.words import spaced_name

if TYPE_CHECKING:
    import re2

MAX_FIELDS: Final = 60
MAX_DEPTH: Final = 4
MAX_NODES: Final = 20_000
"""Values of a schema at any depth; a larger one takes seconds to check."""
MAX_SCHEMA_DEPTH: Final = 40
"""Objects and lists of a schema inside each other."""
MAX_SCHEMA_CHARS: Final = 200_000
"""Characters of all names and texts of a schema together."""
MAX_DESCRIPTION: Final = 4_000
"""Characters of one text of a schema: a description, a pattern, a member of an enum."""
MAX_NAME: Final = 200
"""Characters of a field's name."""
MAX_MEMBERS: Final = 1_000
"""Values of an enum."""
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_SCALARS: Final = ("string", "integer", "number", "boolean")
_HONOURED: Final = frozenset(
    (
        *("type", "properties", "required", "items", "enum", "const", "format", "pattern", "description"),
        *("title", "default", "examples", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "nullable"),
        *("additionalProperties", "$schema", "$id", "$comment", "deprecated", "readOnly", "writeOnly"),
    )
)
_DATE_FORM = re.compile(r"\b(?:y{4}|d{1,2}|m{1,2})([-/. ]?)(?:m{1,4}|d{1,2})\1(?:y{2,4}|d{1,2})\b", re.I)
_LISTED = re.compile(
    r"(?:options?(?: are)?|one of|either|can be|possible values(?: are)?|choose from|such as|e\.g\.,?)"
    r"\s*:?\s*([A-Za-z][\w -]*(?:(?:,|/| or | and )\s*(?:or |and )?[A-Za-z][\w -]*)+)",
    re.I,
)
_CHOICES = re.compile(r"['\"‘“`]([^'\"’”`]{1,40})['\"’”`]")


@dataclass(frozen=True)
class Field:
    """A scalar, or a list of scalars, somewhere in the schema. `path` holds the names that lead to it.

    What follows from the schema is worked out once: values are compared with it by the thousand.
    """

    path: tuple[str, ...]
    type: str  # string, integer, number, boolean
    schema: Mapping[str, Any]
    required: bool
    listed: bool = False  # a list of such values

    @functools.cached_property
    def name(self) -> str:
        return ".".join(self.path)

    @functools.cached_property
    def words(self) -> str:
        """The name in words, with that of the object it is in."""
        return " ".join(spaced_name(part) for part in self.path[-2:])

    @functools.cached_property
    def description(self) -> str:
        of_items = self.schema.get("items") if self.listed else None
        inner = str(of_items.get("description", "")) if isinstance(of_items, Mapping) else ""
        return " ".join(str(self.schema.get("description") or self.schema.get("title") or inner).split())

    @functools.cached_property
    def items(self) -> Mapping[str, Any]:
        """The schema of one value."""
        return (
            self.schema["items"]
            if self.listed and isinstance(self.schema.get("items"), Mapping)
            else self.schema
        )

    @functools.cached_property
    def members(self) -> list[Any] | None:
        """The values that an enum allows, or the one of a const."""
        if "const" in self.items:
            return [self.items["const"]]
        allowed = self.items.get("enum")
        return [member for member in allowed if member is not None] if allowed is not None else None

    @functools.cached_property
    def folded_members(self) -> dict[str, Any]:
        """The members by their text without case, accents and punctuation; of equal ones the first."""
        return {fold(str(member)): member for member in reversed(self.members or ())}

    @functools.cached_property
    def of_item(self) -> Field:
        """The field of one item of a list; itself, if it is no list."""
        return Field(self.path, self.type, self.items, self.required) if self.listed else self

    @functools.cached_property
    def choices(self) -> list[str]:
        """Values that the description quotes: hints, not limits."""
        quoted = _CHOICES.findall(self.description)
        listed = _LISTED.search(self.description)
        plain = re.split(r"\s*(?:,|/|\bor\b|\band\b)\s*", listed[1]) if listed and not quoted else []
        return list(dict.fromkeys([*quoted, *(word for word in plain if 1 < len(word) < 25)]))

    @functools.cached_property
    def date_form(self) -> str | None:
        """`YYYY-MM-DD` and the like, if the values are dates in a stated form."""
        if self.items.get("format") in ("date", "date-time"):
            return "YYYY-MM-DD"
        match = _DATE_FORM.search(self.description)
        return match[0].upper() if match and re.search("y", match[0], re.I) else None

    @functools.cached_property
    def is_time(self) -> bool:
        return self.items.get("format") == "time" or bool(re.search(r"\bHH:?MM\b", self.description, re.I))


@dataclass(frozen=True, slots=True)
class Records:
    """A list of objects: each a row of a table or an entry of a list. `path` () is the whole answer."""

    path: tuple[str, ...]
    fields: tuple[Field, ...]
    required: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the schema asks for."""

    fields: tuple[Field, ...]
    records: tuple[Records, ...]


def plan_of(schema: Mapping[str, Any]) -> Plan:
    """The fields of a schema. Raises UsageError naming the place and what is not supported there."""
    if not isinstance(schema, Mapping) or not schema:
        raise UsageError("The schema is empty.", remedy='Give an object schema, with "properties".')
    _well_formed(schema)
    schema = _one_type(schema, "the schema")
    if schema["type"] == "array":
        plan = Plan((), (_records((), schema, required=True),))
    elif schema["type"] == "object":
        fields: list[Field] = []
        records: list[Records] = []
        _walk((), schema, True, fields, records)
        plan = Plan(tuple(fields), tuple(records))
    else:
        raise UsageError("The schema is no object.", remedy='Give {"type": "object", "properties": …}.')
    count = len(plan.fields) + sum(len(group.fields) for group in plan.records)
    if not count:
        raise UsageError("The schema has no properties.", remedy="Name the fields to extract in properties.")
    if count > MAX_FIELDS:
        raise UsageError(
            f"The schema has {count} fields; the limit is {MAX_FIELDS}.", remedy="Extract in several calls."
        )
    return plan


def _walk(
    path: tuple[str, ...],
    schema: Mapping[str, Any],
    needed: bool,
    fields: list[Field],
    records: list[Records],
) -> None:
    if len(path) >= MAX_DEPTH:
        raise UsageError(f"{'.'.join(path)} is nested deeper than {MAX_DEPTH}.", remedy="Flatten the schema.")
    required = schema.get("required", ())
    for name, given in schema.get("properties", {}).items():
        here = (*path, name)
        inner = _one_type(given, ".".join(here))
        wanted = needed and name in required
        if inner["type"] == "object":
            _walk(here, inner, wanted, fields, records)
        elif inner["type"] == "array" and _is_record(inner, here):
            records.append(_records(here, inner, required=wanted))
        else:
            fields.append(_field(here, inner, wanted))


def _field(path: tuple[str, ...], schema: Mapping[str, Any], required: bool) -> Field:
    if schema["type"] != "array":
        return Field(path, schema["type"], schema, required)
    items = _one_type(schema.get("items") or {"type": "string"}, f"{'.'.join(path)}[]")
    if items["type"] not in _SCALARS:
        raise _refusal(path, f"a list of {items['type']}s")
    return Field(path, items["type"], {**schema, "items": items}, required, listed=True)


def _is_record(schema: Mapping[str, Any], path: Sequence[str]) -> bool:
    items = schema.get("items") or {"type": "string"}
    if not isinstance(items, Mapping):
        raise _refusal(path, "items that are no schema")
    return bool(_one_type(items, ".".join(path))["type"] == "object")


def _records(path: tuple[str, ...], schema: Mapping[str, Any], *, required: bool) -> Records:
    items = _one_type(schema.get("items") or {}, f"{'.'.join(path) or 'the schema'}[]")
    if items["type"] != "object":
        raise UsageError(
            "The schema is a list of plain values.",
            remedy='Wrap it: {"type": "object", "properties": {"values": …}}.',
        )
    fields: list[Field] = []
    inner: list[Records] = []
    _walk((), items, True, fields, inner)
    if inner:
        raise _refusal((*path, *inner[0].path), "a list of objects inside a list of objects")
    return Records(path, tuple(fields), required, str(schema.get("description") or ""))


def _one_type(schema: Any, where: str) -> dict[str, Any]:
    """With a single `type`; a null alternative, however it is written, is taken out."""
    if not isinstance(schema, Mapping):
        raise UsageError(f"{where}: its schema is no object.", remedy='Give {"type": …}.')
    found = dict(schema)
    for word in ("anyOf", "oneOf"):
        branches = [
            b for b in found.get(word, ()) if not (isinstance(b, Mapping) and b.get("type") == "null")
        ]
        if word in found and len(branches) == 1 and isinstance(branches[0], Mapping):
            found = {**{k: v for k, v in found.items() if k != word}, **branches[0]}
    for word in found:
        if word not in _HONOURED:
            raise _refusal((where,), word)
    if "pattern" in found:
        compiled(str(found["pattern"]))
    kind = found.get("type")
    if isinstance(kind, (list, tuple)):
        kinds = [k for k in kind if k != "null"]
        if set(kinds) == {"integer", "number"}:
            kinds = ["number"]
        if len(kinds) != 1:
            raise _refusal((where,), f"type {list(kind)}")
        kind = kinds[0]
    if kind is None:
        kind = "object" if "properties" in found else "array" if "items" in found else _kind_of_members(found)
    if kind not in (*_SCALARS, "object", "array"):
        raise _refusal((where,), f"type {kind!r}")
    return {**found, "type": kind}


def _kind_of_members(schema: Mapping[str, Any]) -> str:
    members = [m for m in schema.get("enum", [schema.get("const", "")]) if m is not None]
    kinds = {bool: "boolean", int: "integer", float: "number"}
    found = {kinds.get(type(member), "string") for member in members}
    return found.pop() if len(found) == 1 else "string"


def _refusal(path: Sequence[str], what: str) -> UsageError:
    return UsageError(
        f"{'.'.join(path)}: {what} is not supported in a schema for extract.",
        remedy="Use type, properties, items, enum, format, pattern, limits and description.",
    )


def _well_formed(schema: Mapping[str, Any]) -> None:
    import jsonschema

    _refuse_references(schema)
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = ".".join(map(str, error.absolute_path)) or "the schema"
        raise UsageError(
            f"The schema is not valid at {where}: {error.message}.", remedy="Correct it."
        ) from None
    except RecursionError:
        raise UsageError("The schema is nested too deeply.", remedy="Flatten it.") from None


def _refuse_references(schema: Mapping[str, Any]) -> None:
    """Refuse `$ref` at any depth, by its place: nothing is fetched, and nothing is followed.

    Also in branches that are dropped later: validators follow references wherever they are.
    """
    waiting: list[tuple[Any, tuple[str, ...]]] = [(schema, ())]
    chars = 0
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node, path = waiting.pop()
        if len(path) > MAX_SCHEMA_DEPTH:
            raise UsageError("The schema is nested too deeply.", remedy="Flatten it.")
        texts = [node] if isinstance(node, str) else [*node] if isinstance(node, Mapping) else []
        chars += sum(map(len, texts))
        for text in texts:
            most = MAX_DESCRIPTION if isinstance(node, str) else MAX_NAME
            if len(text) > most:
                raise _too_long(
                    path, f"a {'text' if isinstance(node, str) else 'name'} of {len(text):,}", most
                )
        if chars > MAX_SCHEMA_CHARS:
            raise _too_long((), "more", MAX_SCHEMA_CHARS)
        if isinstance(node, Mapping):
            if isinstance(members := node.get("enum"), list | tuple) and len(members) > MAX_MEMBERS:
                raise UsageError(
                    f"{_place(path)}: an enum has {len(members):,} values; the limit is {MAX_MEMBERS:,}.",
                    remedy="Give the type instead, and check the value yourself.",
                )
            for word in _REFERENCES:
                if isinstance(node.get(word), str):
                    raise _refusal(path or ("the schema",), f"{word} ({str(node[word])[:80]})")
            waiting += [(value, (*path, str(key))) for key, value in node.items()]
        elif isinstance(node, list | tuple):
            waiting += [(value, (*path, "[]")) for value in node]
    raise UsageError(
        f"The schema has more than {MAX_NODES:,} values.", remedy="Name fewer fields and enum members."
    )


def _place(path: Sequence[str]) -> str:
    return ".".join(part[:MAX_NAME] for part in path) or "the schema"


def _too_long(path: Sequence[str], what: str, most: int) -> UsageError:
    return UsageError(
        f"{_place(path)}: {what} characters; the limit is {most:,}.", remedy="Shorten names and descriptions."
    )


FORMATS: Final[Mapping[str, str]] = {
    "email": r"[^@\s<>,;]+@[^@\s<>,;.]+(?:\.[^@\s<>,;.]+)*",
    "date-time": r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?",
    "time": r"\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?",
    "duration": r"P(?:\d+[YMWD])*(?:T(?:\d+(?:\.\d+)?[HMS])+)?",
    "uri": r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+",
    "hostname": r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*\.?",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
}
"""Patterns of whole values of a format. Times may be without a zone, as texts mostly write them."""


def has_format(value: object, form: str) -> bool:
    """Whether a text has a format of JSON schema; what is no text, or of a format that isn't known, has."""
    if not isinstance(value, str):
        return True
    if form in FORMATS:
        return len(value) <= MAX_DESCRIPTION and compiled(f"^(?:{FORMATS[form]})$").search(value) is not None
    if form in ("ipv4", "ipv6", "date"):
        import jsonschema

        return bool(jsonschema.FormatChecker((form,)).conforms(value, form))
    return True


def has_pattern(value: str, schema: Mapping[str, Any]) -> bool:
    """Whether a text keeps the pattern and the lengths of its schema."""
    pattern = schema.get("pattern")
    if pattern is not None and compiled(str(pattern)).search(value) is None:
        return False
    return int(schema.get("minLength", 0)) <= len(value) <= int(schema.get("maxLength", len(value)))


def problems(
    value: Any, schema: Mapping[str, Any], check: Callable[[], None] = lambda: None
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Path and message of each place where a value breaks a schema. Raises what `check` raises."""
    for error in _validator(schema, check).iter_errors(value):
        yield tuple(map(str, error.absolute_path)), error.message


def _validator(schema: Mapping[str, Any], check: Callable[[], None]) -> Any:
    """A validator that can fetch nothing, that can be stopped, and that takes linear time."""
    import jsonschema
    import referencing

    draft = jsonschema.Draft202012Validator
    allowed: dict[int, frozenset[Any]] = {}

    def properties(validator: Any, given: Any, value: Any, schema: Any) -> Iterator[Any]:
        check()
        return draft.VALIDATORS["properties"](validator, given, value, schema)  # type: ignore[no-any-return]

    def is_member(validator: Any, members: Sequence[Any], value: Any, schema: Any) -> Iterator[Any]:
        """jsonschema's compares with each member, and shows all of them for each value."""
        if id(members) not in allowed:
            allowed[id(members)] = frozenset(map(_comparable, members))
        if _comparable(value) not in allowed[id(members)]:
            yield jsonschema.ValidationError(f"{str(value)[:MAX_NAME]!r} is not one of the enum")

    replaced = {
        "pattern": _matches,
        "uniqueItems": _has_unique_items,
        "enum": is_member,
        "properties": properties,
    }
    checker = jsonschema.FormatChecker(("date", "ipv4", "ipv6"))
    for name in FORMATS:
        checker.checks(name)(functools.partial(has_format, form=name))
    linear = jsonschema.validators.extend(draft, replaced)
    return linear(schema, format_checker=checker, registry=referencing.Registry())


def _has_unique_items(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
    """jsonschema's compares each item with each."""
    import jsonschema

    if wanted is True and isinstance(value, list) and len(set(map(_comparable, value))) < len(value):
        yield jsonschema.ValidationError("the items are not unique")


def _comparable(value: Any) -> Any:
    """Equal for what JSON schema takes for equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, dict):
        return "object", frozenset((key, _comparable(item)) for key, item in value.items())
    if isinstance(value, list):
        return "array", tuple(map(_comparable, value))
    return isinstance(value, bool), value


def _matches(validator: Any, pattern: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    import jsonschema

    if isinstance(value, str) and compiled(pattern).search(value) is None:
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


def compiled(pattern: str) -> re2.Pattern[str]:
    """Raises UsageError for what RE2 doesn't know."""
    try:
        return linear_pattern(pattern)
    except PatternError as error:
        raise UsageError(
            f"The pattern {pattern[:80]!r} can't be used: {error}.",
            remedy="Write it without look-around and back-references (RE2's syntax).",
        ) from None
