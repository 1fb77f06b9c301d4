"""A named value of a file, such as the cell of a table, as the type that the schema asks for."""

from __future__ import annotations

import json
from typing import Any, Final

from mcp_smalltools.text.facts import fold
from mcp_smalltools.tools.extract.candidates import candidates, items_of
from mcp_smalltools.tools.extract.schema import Field

_YES: Final = frozenset(("true", "yes", "y", "on", "1", "enabled", "x", "✓", "t"))
_NO: Final = frozenset(("false", "no", "n", "off", "0", "disabled", "f", "✗"))
MAX_SEARCHED: Final = 4_000
"""Characters of a named value in which a number, a date or a member of an enum is looked for."""
NOTHING: Final = frozenset(
    ("", "-", "–", "—", "n/a", "na", "none", "null", "nil", "~", "unknown", "tbd", "?")
)


def convert(raw: Any, field: Field) -> Any:
    """The value, or None if it has no value of that type: nothing is guessed."""
    if field.listed:
        items = raw if isinstance(raw, list) else _items(str(raw))
        values = [_scalar(item, field) for item in items]
        return values if values and all(value is not None for value in values) else None
    if isinstance(raw, list):
        return None
    return _scalar(raw, field)


def _items(raw: str) -> list[Any]:
    if raw.strip().startswith("["):
        try:
            loaded = json.loads(raw)
        except ValueError:
            return items_of(raw.strip().strip("[]"))
        return loaded if isinstance(loaded, list) else [loaded]
    return [part.strip() for part in raw.split(",")] if "," in raw else items_of(raw)


def _scalar(raw: Any, field: Field) -> Any:
    if raw is None or (isinstance(raw, str) and raw.strip().lower() in NOTHING and field.members is None):
        return None
    if field.members is not None:
        return field.folded_members.get(fold(_start_of(raw))) or _only_member(_start_of(raw), field)
    if field.type == "boolean":
        return _boolean(raw)
    if field.type in ("integer", "number"):
        if isinstance(raw, (int, float)) and not isinstance(raw, bool):
            whole = float(raw).is_integer()
            return (int(raw) if whole else None) if field.type == "integer" else raw
        found = candidates(_start_of(raw), _field_of_item(field))
        return found[0].value if len(found) == 1 else None
    text = json.dumps(raw) if isinstance(raw, bool) else str(raw).strip()
    if field.date_form or field.is_time:
        found = candidates(_start_of(text), _field_of_item(field))
        return found[0].value if len(found) == 1 else None
    return _unquote(text)


def _start_of(raw: Any) -> str:
    """As much of a value as is looked through for a number, a date or a member of an enum."""
    return str(raw)[:MAX_SEARCHED]


def _field_of_item(field: Field) -> Field:
    """The field of one item of a list."""
    return field.of_item


def _only_member(raw: str, field: Field) -> Any:
    found = {c.value for c in candidates(raw, _field_of_item(field))}
    return found.pop() if len(found) == 1 else None


def _boolean(raw: Any) -> bool | None:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().strip("\"'").lower()
    return True if word in _YES else False if word in _NO else None


def _unquote(text: str) -> str:
    for quote in ('"', "'", "`", "**"):
        if len(text) > 2 * len(quote) and text.startswith(quote) and text.endswith(quote):
            return text[len(quote) : -len(quote)]
    return text
