"""What stands in a cell or under a key, as the type and form that the schema asks for, or nothing."""

from __future__ import annotations

import email.utils
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from mcp_smalltools.text.facts import dates, fold, times
from mcp_smalltools.text.words import STOP_WORDS, words_of
from mcp_smalltools.tools.extract.candidates import in_form, items_of, speaks_of_percent
from mcp_smalltools.tools.extract.coerce import NOTHING
from mcp_smalltools.tools.extract.enum_synonyms import synonyms_in
from mcp_smalltools.tools.extract.mapping.names import UNITS, unit_of_name
from mcp_smalltools.tools.extract.schema import Field, has_format, has_pattern
from mcp_smalltools.tools.extract.structure.node import Node

_MAX: Final = 4_000
"""Characters of a value that is read as a number, a date or a member of an enum."""
_NUMBER: Final = re.compile(
    r"(?P<open>\()?\s*+(?P<sign>[-+−–])?\s*+(?P<money>[$€£¥₹]|US\$|[A-Z]{3}(?=\s?[\d-]))?\s*+(?P<sign2>[-−])?"
    r"(?P<digits>\d{1,400}(?:[.,'’ \u00a0\u202f_]\d{1,400}){0,40}|\.\d{1,40})(?P<power>[eE][-+]?\d{1,3})?"
    r"\s*+(?P<unit>%|[A-Za-zµ°²³/$€£¥₹]{1,16}\d?(?:/[A-Za-z]{1,10})?|percent|per cent)?\s*+(?P<close>\))?\.?"
)
_SAID_AGAIN: Final = re.compile(r"([^()\[\]]{1,60}?)\s{0,9}(?:\([^()\[\]]{1,60}\)|\[[^()\[\]]{1,60}\])")
"""A number with the same in brackets in another unit, or a remark."""
_ONE_NAME: Final = re.compile(r"[a-z\d][a-z\d_.+:@/-]{0,80}")
_OF_WHOLE: Final = re.compile(r"(\d{1,12}) ?/ ?\d{1,12}(?: \([^()]{1,60}\))?")
"""So many of so many, with a remark."""
_HEX: Final = re.compile(r"0[xX][0-9a-fA-F]{1,16}")
_GROUPED: Final = re.compile(r"\d{1,3}(?:([,'’ \u00a0\u202f_])\d{3})(?:\1\d{3})*(?:\.\d+)?")
_EUROPEAN: Final = re.compile(r"\d{1,3}(?:[. \u00a0\u202f'’]\d{3})+,\d{1,4}|\d+,(?:\d{1,2}|\d{4,})|0,\d+")
_SAYS_YES: Final = "true yes y on 1 enabled x ✓ ✔ ✅ t checked ja oui si required ☑ :white_check_mark:"
_YES: Final = frozenset(_SAYS_YES.split())
_SAYS_NO: Final = "false no n off 0 disabled f ✗ ✘ ❌ unchecked nein non optional ☐ :x: never"
_NO: Final = frozenset(_SAYS_NO.split())
_LINKS: Final = ("url", "link", "href")
_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?"
)
_SLASHED: Final = re.compile(r"(?<!\d)(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)")
_COMPACT: Final = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_PERSON: Final = re.compile(
    r"\s*(?P<name>[^<>(]{1,200}?)?\s*<(?P<email>[^<>\s]{1,200}@[^<>\s]{1,200})>\s*(?:\((?P<url>[^()\s]{1,500})\))?\s*"
)
_VERSIONS: Final = re.compile(
    r"(?<![\w.])[vV]?(\d{1,6}(?:\.\d{1,8}){1,4}(?:[-+._]?[A-Za-z\d]{1,12}){0,3})(?![\w.]\w)"
)
_WORDS_OF_TEXT: Final = 5
_MOST_LINES: Final = 200
_EMAIL: Final = re.compile(r"[\w.+-]{1,100}@[\w-]{1,100}(?:\.[\w-]{1,100}){1,8}")
_ADDRESS_IN_TEXT: Final = re.compile(r"[a-z][a-z+.-]{1,20}://[^\s<>\"')\]]{1,2000}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Converted:
    """`value` None: there is nothing (`empty`), or nothing of the type; then `doubt` says what is there."""

    value: Any = None
    doubt: str = ""
    empty: bool = False


def to_value(node: Node, field: Field, *, day_first: bool | None = None, unit: str = "") -> Converted:
    """The value of a node for a field. `unit`: of its column; `day_first`: how its column writes dates."""
    if field.listed:
        return _list(node, field)
    raw = node.value
    if node.kind == "list":
        if len(node.inner) == 1 and node.inner[0].kind == "value":
            return to_value(node.inner[0], field, day_first=day_first, unit=unit)
        return Converted(None, "a list stands there")
    if raw is None:
        return Converted(empty=True)
    text = raw.strip() if isinstance(raw, str) else json.dumps(raw)
    if not text or (not node.literal and _is_nothing(text, field)):
        return Converted(empty=True)
    if field.type == "boolean" and isinstance(raw, bool):
        return Converted(raw)
    return _scalar(text, node, field, day_first, unit)


def _is_nothing(text: str, field: Field) -> bool:
    """Whether a cell says that there is no value. In a field of text "none" and "unknown" may be one."""
    word = text.lower()
    if field.members is not None and fold(text) in field.folded_members:
        return False
    if word in ("none", "unknown") and field.type == "string" and not field.date_form:
        return False
    return word in NOTHING or word in ("_no response_", "no response")


def _scalar(text: str, node: Node, field: Field, day_first: bool | None, unit: str) -> Converted:
    if field.members is not None:
        return _member(text[:_MAX], field)
    if field.type == "boolean":
        word = text.strip("\"'*` ").lower()
        word = word.split()[0] if word and word.split()[0].strip(".,:;") in ("yes", "no") else word
        word = word.strip(".,:;")
        known = True if word in _YES else False if word in _NO else None
        return Converted(known, "" if known is not None else "it says neither yes nor no")
    if field.type in ("integer", "number"):
        return _number(text[:_MAX], field, unit)
    if field.items.get("format") == "date-time":
        return _date_time(text[:_MAX])
    if field.date_form:
        return _date(text[:_MAX], field, day_first)
    if field.is_time:
        return _time(text[:_MAX], field)
    return _string(text, node, field)


def _string(text: str, node: Node, field: Field) -> Converted:
    wanted = str(field.items.get("format", ""))
    is_address = wanted in ("uri", "url", "uri-reference", "iri") or field.path[-1].lower() in _LINKS
    if is_address and node.link and not _ADDRESS_IN_TEXT.fullmatch(text):
        return Converted(node.link)
    if not wanted and not field.items.get("pattern"):
        return _narrowed(text, field)
    if has_format(text, wanted) and has_pattern(text, field.items):
        return Converted(text)
    found = [
        part for part in _parts(text, wanted) if has_format(part, wanted) and has_pattern(part, field.items)
    ]
    found = list(dict.fromkeys(found))
    if len(found) == 1:
        return Converted(found[0])
    return Converted(None, "it is not of its form" if not found else "several are of its form")


def _narrowed(text: str, field: Field) -> Converted:
    """Of a longer text for a version the version; of the same line again and again that line."""
    lines = {line.strip() for line in text.split("\n")[:_MOST_LINES]}
    if len(lines) == 1 and "\n" in text:
        return Converted(lines.pop())
    if words_of(field.path[-1])[-1:] != ["version"] or len(text.split()) < _WORDS_OF_TEXT or len(text) > _MAX:
        return Converted(text)
    versions = _VERSIONS.findall(text)
    if not versions:
        return Converted(text)
    of = _squeezed("".join(words_of(field.path[-1])[:-1]))
    named = [
        found for found in _VERSIONS.finditer(text) if of and of in _squeezed(text[: found.start()][-60:])
    ]
    version = named[0][1] if named else versions[0]
    return Converted(version, "" if len(set(versions)) == 1 else "one of several versions in a longer text")


def _squeezed(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _parts(text: str, wanted: str) -> list[str]:
    """Parts of a text that may be a value of a stated form."""
    if wanted == "email":
        return _EMAIL.findall(text[:_MAX])
    if wanted in ("uri", "url"):
        return [part.rstrip(".,;") for part in _ADDRESS_IN_TEXT.findall(text[:_MAX])]
    bare = re.split(r"[\s,;()\[\]<>\"'|]+", text[:_MAX])
    return [p for part in bare for p in (part, part.strip(".:"), part.lstrip("vV="), part.lstrip("#")) if p]


def _member(text: str, field: Field) -> Converted:
    if (member := field.folded_members.get(fold(text))) is not None or fold(text) in field.folded_members:
        return Converted(member)
    if all(isinstance(m, (int, float)) and not isinstance(m, bool) for m in field.members or ()):
        number = read_number(text)
        if number is not None and number[0] in (field.members or ()):
            return Converted(number[0])
    folded = f" {fold(text)} "
    said = [m for key, m in field.folded_members.items() if key and f" {key} " in folded]
    said += [member for _, _, member in synonyms_in(text, field.members or ()) if member not in said]
    if len(said) == 1:
        return Converted(said[0], "" if len(text) < 60 else "it is said in a longer text")
    squeezed = folded.replace(" ", "")
    near = [
        m
        for key, m in field.folded_members.items()
        if key.replace(" ", "") == squeezed or _one_is_short(key, folded.strip())
    ]
    if len(near) == 1:
        return Converted(near[0])
    return Converted(None, "it is not in the enum")


def _one_is_short(a: str, b: str) -> bool:
    return min(len(a), len(b)) >= 3 and (a.startswith(b) or b.startswith(a)) and abs(len(a) - len(b)) <= 3


def read_number(text: str) -> tuple[float | int, str] | None:
    """The number that a whole text is, and its unit: "$1,234.50", "1.234,50 €", "12 kg", "(5)"."""
    text = text.strip().strip("*`\"'~").strip()
    if _HEX.fullmatch(text):
        return int(text, 16), ""
    match = _NUMBER.fullmatch(text)
    if match is None or (match["open"] is None) != (match["close"] is None):
        return None
    value = _value_of(match["digits"], match["power"] or "")
    if value is None:
        return None
    if match["open"] or (match["sign"] or match["sign2"]) in ("-", "−", "–"):
        value = -value
    return value, match["unit"] or match["money"] or ""


def _value_of(digits: str, power: str) -> float | int | None:
    if digits.isdigit():
        plain = digits
    elif _GROUPED.fullmatch(digits):
        plain = re.sub(r"[,'’ \u00a0\u202f_]", "", digits)
    elif _EUROPEAN.fullmatch(digits):
        plain = re.sub(r"[.'’ \u00a0\u202f]", "", digits).replace(",", ".")
    elif re.fullmatch(r"\d*\.\d+", digits):
        plain = digits
    else:
        return None
    if power or "." in plain:
        return float(plain + power)
    return int(plain)


def _number(text: str, field: Field, unit: str) -> Converted:
    found = read_number(text)
    if found is None and (bare := _SAID_AGAIN.fullmatch(text)) is not None:
        found = read_number(bare[1])  # 500,107,862,016 bytes [500 GB]
    doubt = ""
    if found is None and (of_both := _OF_WHOLE.fullmatch(text)) is not None and field.type == "integer":
        found, doubt = read_number(of_both[1]), "the first of two numbers"
    if found is None:
        parts = [n for part in re.split(r"[\s,;()]+(?!\d{3})", text) if (n := read_number(part)) is not None]
        if len(parts) != 1 or len(text) > 40:
            return Converted(None, "it is no number")
        found = parts[0]
        doubt = (
            ""
            if re.match(r"[^\w]*\d", text) and not re.match(r"[\d.]+-\w", text)
            else "it is more than a number"
        )
    value, own_unit = found
    if (
        unit_of_name(field.path[-1]) == "percent"
        and UNITS.get(own_unit.lower(), ("percent", 0))[0] != "percent"
    ):
        return Converted(None, "it is no share of a hundred")
    value, unit_doubt = _in_unit(value, own_unit, unit, field)
    if field.type == "integer":
        if not float(value).is_integer():
            return Converted(None, "it is no whole number")
        value = int(value)
    return Converted(value, doubt or unit_doubt)


def _in_unit(value: float | int, own: str, of_column: str, field: Field) -> tuple[float | int, str]:
    """A number in the unit that its field names."""
    wanted = unit_of_name(field.path[-1]) or _unit_said(field)
    if own == "%" or own.lower() in ("percent", "pct"):
        if field.type == "number" and not speaks_of_percent(field) and wanted != "percent":
            high = field.items.get("maximum")
            return (round(value / 100, 12), "") if high == 1 else (value, "")
        return value, ""
    given = own.lower() or of_column
    if not wanted or not given or wanted == given:
        if own and not wanted and UNITS.get(own.lower(), ("", 0))[0] == "size":
            return value, "its unit is not in the field's name"
        return value, ""
    if own in ("M", "K", "G", "T"):
        given = {"M": "mi", "K": "ki", "G": "gi", "T": "ti"}[own]
    there, here = UNITS.get(given), UNITS.get(wanted)
    if there is None or here is None or there[0] != here[0]:
        return value, "its unit is another" if there and here else ""
    factor = _size_factor(given, wanted) if here[0] == "size" else there[1] / here[1]
    if factor == 1.0:
        return value, ""
    converted = value * factor
    rounded = float(f"{converted:.12g}")
    return (int(rounded) if rounded.is_integer() else rounded), ""


def _size_factor(given: str, wanted: str) -> float:
    """From one unit of sizes to another. `4096K` is 4096 for `size_kb`: names say kb for 1000 and for 1024,
    so between K, M, G and T the text's own power is kept.
    """
    powers = "bkmgt"
    steps = powers.index(given[0]) - powers.index(wanted[0])
    if wanted[0] == "b" or given[0] == "b":
        return UNITS[given][1] / UNITS[wanted][1]
    return float((1024 if UNITS[given][1] % 1000 else 1000) ** steps)


def _unit_said(field: Field) -> str:
    match = re.search(r"\bin (\w+)\b", field.description)
    return match[1].lower() if match and match[1].lower() in UNITS and len(match[1]) > 1 else ""


def _date(text: str, field: Field, day_first: bool | None) -> Converted:
    form = field.date_form or "YYYY-MM-DD"
    if match := _COMPACT.fullmatch(text):
        text = f"{match[1]}-{match[2]}-{match[3]}"
    slashed = _SLASHED.search(text)
    doubt = ""
    if slashed and slashed[2] != ".":
        first, second = int(slashed[1]), int(slashed[3])
        if day_first:
            text = text.replace(slashed[0], f"{slashed[4]}-{second:02}-{first:02}")
        elif first <= 12 and second <= 12 and first != second and day_first is None:
            doubt = "day or month may come first"
    found = dates(text)
    values = {moment.iso for moment in found}
    if len(values) != 1:
        return Converted(None, "it is no date" if not values else "it has several dates")
    return Converted(in_form(found[0], form), doubt)


def day_first_of(texts: list[str]) -> bool | None:
    """How a column writes dates with slashes: True for day/month, False for month/day, None if unknown."""
    firsts = seconds = False
    for text in texts:
        if (match := _SLASHED.search(text[:60])) is not None:
            firsts, seconds = firsts or int(match[1]) > 12, seconds or int(match[3]) > 12
    return None if firsts == seconds else firsts


def _date_time(text: str) -> Converted:
    if match := _ISO.search(text):
        zone = {"UTC": "Z", "GMT": "Z"}.get(match[3] or "", match[3] or "")
        zone = f"{zone[:3]}:{zone[3:]}" if len(zone) == 5 else zone
        return Converted(
            f"{match[1]}T{match[2].replace(',', '.')}{zone}", "" if zone else "it has no time zone"
        )
    try:
        parsed = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        parsed = None
    if parsed is not None:
        return Converted(parsed.isoformat().replace("+00:00", "Z"))
    days, hours = dates(text), times(text)
    if len(days) == 1 and len(hours) == 1:
        return Converted(
            f"{days[0].iso}T{hours[0].iso}{':00' if len(hours[0].iso) == 5 else ''}", "it has no time zone"
        )
    return Converted(None, "it is no date with a time")


def _time(text: str, field: Field) -> Converted:
    found = {moment.iso for moment in times(text)}
    if len(found) != 1:
        return Converted(None, "it is no time")
    value = found.pop()
    if re.search(r"\bHH:?MM\b(?!:?SS)", field.description) and len(value) > 5:
        value = value[:5]
    if field.items.get("format") == "time" and len(value) == 5:
        value += ":00"
    return Converted(value)


def _list(node: Node, field: Field) -> Converted:
    by_spaces = False
    if node.kind == "list":
        items = [item if item.kind == "value" or item.value is not None else None for item in node.inner]
        if not items:
            return Converted([], empty=True)
    elif node.value is None:
        return Converted(empty=True)
    elif len(node.inner) > 1 and all(item.kind == "value" and not item.name for item in node.inner):
        items = list(node.inner)
    else:
        text = str(node.value) if not isinstance(node.value, bool) else json.dumps(node.value)
        if not text.strip() or (not node.literal and text.strip().lower() in NOTHING):
            return Converted(empty=True)
        parts = _split(text)
        if len(parts) == 1 and _is_row_of_names(parts[0]):
            parts, by_spaces = parts[0].split(), True
        items = [Node("", "value", node.start, node.end, part, literal=node.literal) for part in parts]
    if any(item is None for item in items):
        return Converted(None, "its entries are no plain values")
    converted = [to_value(item, field.of_item) for item in items if item is not None]
    if any(one.value is None and not one.empty for one in converted):
        return Converted(None, next(one.doubt for one in converted if one.value is None))
    values = [one.value for one in converted if one.value is not None]
    doubt = next((one.doubt for one in converted if one.doubt), "parted at its spaces" if by_spaces else "")
    return Converted(values or None, doubt, empty=not values)


def _is_row_of_names(text: str) -> bool:
    """Whether a text is names beside each other and no sentence: `bridge host macvlan overlay`."""
    parts = text.split()
    return len(parts) > 2 and all(_ONE_NAME.fullmatch(part) and part not in STOP_WORDS for part in parts)


def _split(text: str) -> list[str]:
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        try:
            loaded = json.loads(bare)
            return [str(item) if not isinstance(item, (dict, list)) else json.dumps(item) for item in loaded]
        except ValueError:
            bare = bare[1:-1]
    if "\n" in bare:
        return [line.strip().lstrip("-*• ").rstrip(",") for line in bare.split("\n") if line.strip()]
    for sign in (";", ",", " | ", " / "):
        if sign in bare:
            return [part.strip().strip("\"'`") for part in bare.split(sign) if part.strip()]
    return items_of(bare) if " and " in bare else [bare.strip("\"'`")]


def person_parts(text: str) -> dict[str, str]:
    """Name, address and page of `Ada <ada@example.org> (https://…)`; {} where it is no such text."""
    match = _PERSON.fullmatch(text)
    if match is None:
        return {}
    return {key: value.strip(" \"'") for key, value in match.groupdict().items() if value and value.strip()}
