"""A file as units: runs of lines that say one thing, each of which could be the answer to a question.

Definitions with their first words, settings and constants, rows of tables, sentences of running text, and
else single lines. Every line that is not blank is in at least one unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final

from mcp_smalltools.text.outline import Outline, language_of, outline

MAX_UNITS: Final = 200_000
MOST_BESIDE: Final = 6
"""Lines of a comment or docstring beside a constant that belong to it, at most."""
_ENTRY: Final = re.compile(r"^\s*(?:[-*]\s+)?(?:export\s+|const\s+|let\s+|var\s+|#define\s+)?[\"']?(?P<key>[\w.\-/ ]{1,60}?)[\"']?\s*(?::\s*[\w\[\], .|]+\s*=|=(?!=)|:(?!:)|\s(?=\S+$))\s*(?P<value>\S.*)$")  # fmt: skip
_PLAIN_ENTRY: Final = re.compile(r"[\w.\-]+\s*=\s*\S|[A-Z][A-Z0-9_]+\s+\S+$")
_MID_END: Final = re.compile(r"(?<=[a-z0-9)\]\"'`])[.!?][\"')]*\s+(?=[A-Z\"'(`*\[])")
_BULLET: Final = re.compile(r"^\s*(?:[-*+•o]|\d+[.)]|\(?[a-z]\))\s+")
_SWITCHED_OFF: Final = re.compile(r"(?:#|;)\s?(?P<key>[A-Za-z][\w.\-]*)\s*=\s*(?=[\w\"'/$*^~(+.\-{\[])\S")
"""A setting in a comment, which says the default as a rule."""
_BESIDE_COLUMN: Final = 16
"""A comment that begins so far to the right goes on with the one beside the setting above it."""
_LABELLED: Final = re.compile(r"[A-Z][\w-]*(?: [\w-]+)?:\s+\S")
_CAPITALS: Final = re.compile(r"[A-Z][A-Z0-9 /&-]{2,40}$")
_OWN_LINE: Final = re.compile(
    r"^\W*(?:copyright|\(c\)\s|©|authors?:|spdx-|licen[sc]e:|version:|maintainer:)", re.I
)
_TIMESTAMP: Final = re.compile(
    r"^\W{0,2}(?:\d{4}[-/]\d\d[-/]\d\d|\d\d:\d\d:\d\d|[A-Z][a-z]{2}\s+\d+\s\d\d:\d\d)"
)
_DATA: Final = frozenset((".csv", ".tsv", ".jsonl", ".ndjson"))
_SETTINGS: Final = frozenset(
    (
        ".toml",
        ".yaml",
        ".yml",
        ".ini",
        ".cfg",
        ".conf",
        ".json",
        ".env",
        ".properties",
        ".list",
        ".rules",
        ".service",
        ".cnf",
        ".desktop",
        ".sample",
    )
)
_BY_LINES: Final = frozenset(
    (".sql", ".tf", ".hcl", ".mk", ".proto", ".gradle", ".pl", ".pm", ".lua", ".cmake")
)
"""Code without an outline: a line is a unit, under the lines that it is indented below."""
_NAMED_BY_LINES: Final = re.compile(
    r"(?:Docker|Container|Make|Jenkins|Vagrant|Proc)file(?:\..+)?$|\.\w*(?:rc|profile|aliases|logout)$"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Lines `start` to `end` of a file, 1-based. `context` says where they stand and counts for the search.

    `kind`: definition, doc, entry, row, sentence, section, line.
    """

    start: int
    end: int
    text: str
    context: str = ""
    kind: str = "line"
    name: str = ""
    """The name that a definition or an entry gives."""


def units_of(path: str, lines: Sequence[str], check: Callable[[], None] = lambda: None) -> list[Unit]:
    """The units of a file, in the order of its lines."""
    suffix = PurePath(path).suffix.lower()
    language = language_of(path, lines[0] if lines else "")
    check()
    if language is not None:
        found = list(_of_code(lines, outline("\n".join(lines), language)))
    elif suffix in _DATA:
        found = list(_of_table(lines, suffix))
    elif (
        suffix in _SETTINGS
        or suffix in _BY_LINES
        or _NAMED_BY_LINES.match(PurePath(path).name)
        or _looks_like_settings(lines)
    ):
        found = list(_of_settings(lines, suffix))
    elif suffix == ".log" or _looks_like_log(lines):
        found = [Unit(n, n, line.strip()) for n, line in enumerate(lines, 1) if line.strip()]
    else:
        found = list(_of_text(lines))
    check()
    return sorted(found, key=lambda unit: (unit.start, unit.end))[:MAX_UNITS]


def _looks_like_settings(lines: Sequence[str]) -> bool:
    told = [
        line.strip() for line in lines[:400] if line.strip() and not line.strip().startswith(("#", ";", "["))
    ]
    return len(told) > 3 and sum(bool(_PLAIN_ENTRY.match(line)) for line in told) > 0.5 * len(told)


def _looks_like_log(lines: Sequence[str]) -> bool:
    return sum(bool(_TIMESTAMP.match(line)) for line in lines[:50]) > min(20, len(lines) // 3)


def _of_code(lines: Sequence[str], found: Outline) -> Iterator[Unit]:
    owner = [""] * (len(lines) + 1)
    names: list[str] = []
    documented: set[int] = set()
    if found.doc:
        documented |= set(range(found.doc_line, found.doc_end + 1))
        yield Unit(found.doc_line, found.doc_end, found.doc, "module file", "doc")
    for symbol in found.symbols:
        del names[symbol.depth :]
        names.append(symbol.name)
        path = ".".join(names)
        for number in range(symbol.first, min(symbol.last, len(lines)) + 1):
            owner[number] = path
        first = _definition_line(lines, symbol.first, symbol.name)
        outer = ".".join(names[:-1])
        if symbol.doc:
            documented |= set(range(symbol.doc_line, symbol.doc_end + 1))
            yield Unit(
                symbol.doc_line,
                symbol.doc_end,
                symbol.doc,
                f"{outer} {symbol.kind} {symbol.name}",
                "doc",
                symbol.name,
            )
        after = symbol.doc_end if symbol.doc and symbol.doc_line > first else first
        text = f"{symbol.signature} {symbol.doc}".strip()
        yield Unit(
            first,
            max(first, min(after, first + 8)),
            text,
            f"{outer} {symbol.kind}",
            "definition",
            symbol.name,
        )
    inside = False
    prose: list[int] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        quotes = line.count('"""') + line.count("'''")
        commented = text.startswith(("#", "//", "*", "/*"))
        if (inside or commented) and text and not quotes:
            prose.append(number)
        else:
            above = _comment_above(lines, prose, number)
            yield from _paragraph(lines, prose, owner, documented)
            prose = []
            if text and not quotes:
                unit = _code_line(lines, number, owner[number], above)
                documented |= set(range(number + 1, unit.end + 1))
                yield unit
            elif (said := text.strip("\"' ")) and number not in documented:
                yield Unit(number, number, said, owner[number], "sentence")
        inside ^= quotes % 2 == 1
    yield from _paragraph(lines, prose, owner, documented)


def _definition_line(lines: Sequence[str], first: int, name: str) -> int:
    """Past decorators, to the line that has the name."""
    for number in range(first, min(first + 12, len(lines)) + 1):
        if re.search(rf"\b{re.escape(name)}\b", lines[number - 1]) and not lines[
            number - 1
        ].lstrip().startswith("@"):
            return number
    return first


def _code_line(lines: Sequence[str], number: int, owner: str, above: str) -> Unit:
    """A line of code; a constant or a setting with the comment above it and the docstring below it."""
    text = lines[number - 1].strip()
    match = _ENTRY.match(text)
    if match and re.fullmatch(r"[\w.]+(?:\s*:\s*[\w\[\], .|]+)?", match["key"].strip()):
        end, below = _docstring_below(lines, number)
        where = f"{owner} {above}".strip()
        return Unit(number, end, f"{text}\n{below}".strip(), where, "entry", match["key"].strip())
    return Unit(number, number, text, f"{owner} {above}".strip(), "line")


def _comment_above(lines: Sequence[str], numbers: Sequence[int], number: int) -> str:
    """What the comment says that ends on the line before."""
    if not numbers or numbers[-1] != number - 1 or len(numbers) > MOST_BESIDE:
        return ""
    return " ".join(lines[n - 1].strip().lstrip("#/*; ") for n in numbers)


def _docstring_below(lines: Sequence[str], number: int) -> tuple[int, str]:
    """The last line and the text of the string that stands below a constant; the constant's line without one."""
    indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
    below = lines[number] if number < len(lines) else ""
    quote = below.strip()[:3]
    if quote not in ('"""', "'''") or len(below) - len(below.lstrip()) != indent:
        return number, ""
    for end in range(number + 1, min(number + MOST_BESIDE, len(lines)) + 1):
        text = " ".join(line.strip() for line in lines[number:end])
        if len(text) > 5 and text.endswith(quote):
            return end, text.strip(quote[0] + " ")
    return number, ""


def _paragraph(
    lines: Sequence[str], numbers: Sequence[int], owner: Sequence[str], skip: set[int]
) -> Iterator[Unit]:
    """Sentences of a comment or docstring that go on over lines."""
    if not numbers:
        return
    run = [number for number in numbers if number not in skip]
    stripped = {number: lines[number - 1].strip().lstrip("#/*; ").strip() for number in run}
    yield from _sentences(
        [(number, stripped[number]) for number in run if stripped[number]], owner[numbers[0]]
    )


def _sentences(numbered: Sequence[tuple[int, str]], context: str) -> Iterator[Unit]:
    """Sentences with the lines that they stand on; a bullet or a gap begins a new one."""
    held: list[tuple[int, str]] = []
    for number, line in numbered:
        apart = _BULLET.match(line) or _OWN_LINE.match(line) or (held and _OWN_LINE.match(held[-1][1]))
        apart = apart or (held and _LABELLED.match(line) and _LABELLED.match(held[-1][1]))
        if held and (number != held[-1][0] + 1 or apart):
            yield from _cut(held, context)
            held = []
        held.append((number, line))
        if len(held) >= 40:
            yield from _cut(held, context)
            held = []
    yield from _cut(held, context)


def _cut(held: Sequence[tuple[int, str]], context: str) -> Iterator[Unit]:
    if not held:
        return
    whole, starts = "", []
    for _, line in held:
        starts.append(len(whole))
        whole += line.strip() + " "
    at = 0
    bounds = [match.end() for match in _MID_END.finditer(whole)]
    for bound in [*bounds, len(whole)]:
        text = whole[at:bound].strip()
        if text:
            first = sum(start <= at for start in starts) - 1
            last = sum(start < bound - 1 for start in starts) - 1
            yield Unit(held[first][0], held[max(first, last)][0], text, context, "sentence")
        at = bound


def _of_table(lines: Sequence[str], suffix: str) -> Iterator[Unit]:
    names = ""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not names and suffix in (".csv", ".tsv"):
            names = line.strip()
            yield Unit(number, number, names, "columns header", "line")
            continue
        yield Unit(number, number, line.strip(), "", "row")


def _of_settings(lines: Sequence[str], suffix: str) -> Iterator[Unit]:
    """Each line with the names of the tables, keys or blocks above it; comments are sentences."""
    above: list[tuple[int, str]] = []
    section = ""
    comment: list[tuple[int, str]] = []
    last: Unit | None = None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        indent = len(line.expandtabs()) - len(line.expandtabs().lstrip())
        if last and indent >= _BESIDE_COLUMN and text.startswith("#") and last.end == number - 1:
            last = replace(last, end=number, text=f"{last.text} {text.lstrip('# ')}")
            continue
        if last:
            yield last
        last = None
        switched_off = _SWITCHED_OFF.match(text)
        if text.startswith(_COMMENTS) and not switched_off:
            comment.append((number, text.lstrip("#;/- ")))
            continue
        said = _said_above(comment, number)
        yield from _sentences(comment, section)
        comment = []
        if (match := re.match(r"\[\[?([^\]]+)\]\]?$", text)) and suffix != ".json":
            section, above = match[1], []
            yield Unit(number, number, text, "section table", "line", match[1])
            continue
        above = [(depth, key) for depth, key in above if depth < indent]
        context = f"{section} {' '.join(key for _, key in above)}".strip()
        match = switched_off or (None if suffix in _BY_LINES and "=" not in text else _ENTRY.match(text))
        name = match["key"].strip() if match else ""
        last = Unit(number, number, text, f"{context} {said}".strip(), "entry" if match else "line", name)
        if key := _opened(text):
            above.append((indent, key))
    if last:
        yield last
    yield from _sentences(comment, section)


_COMMENTS: Final = ("#", ";", "//", "--")


def _said_above(comment: Sequence[tuple[int, str]], number: int) -> str:
    """What a comment says that ends on the line before."""
    if not comment or comment[-1][0] != number - 1 or len(comment) > MOST_BESIDE:
        return ""
    return " ".join(told for _, told in comment)


def _opened(text: str) -> str:
    """What a line names that others are indented below: a key without a value, or the head of a block."""
    key = re.match(r"[\"']?([\w.\-/ ]+?)[\"']?\s*(?::\s*[\[{]?|=\s*[\[{])\s*$", text.removeprefix("- "))
    if key:
        return key[1]
    head = re.match(r"(.{2,80}?)\s*(?:[{(]|\bAS|\bas|:|\\)$", text)
    return head[1] if head else ""


def _of_text(lines: Sequence[str]) -> Iterator[Unit]:
    """Sentences under their headings, rows of tables, and for each heading what it begins with."""
    heading = ""
    prose: list[tuple[int, str]] = []
    columns = ""
    fenced = False
    for number, line in enumerate([*lines, ""], 1):
        text = line.strip()
        below = lines[number].strip() if number < len(lines) else ""
        fenced ^= text.startswith(("```", "~~~"))
        title = "" if fenced else _title(line, below) or _capitals(lines, number)
        if fenced and text:
            yield from _sentences(prose, heading)
            prose = []
            yield Unit(number, number, text, heading)
            continue
        if text and not title and not _rule(text) and not text.startswith("|"):
            prose.append((number, text))
            columns = ""
            continue
        yield from _sentences(prose, heading)
        prose = []
        if title:
            heading = title
            end = _first_paragraph(lines, number)
            yield Unit(number, end, title, "section chapter heading", "section", title)
        elif text.startswith("|") and not _rule(text):
            columns = columns or text
            yield Unit(number, number, text, f"{heading} {columns if columns != text else ''}".strip(), "row")


def _title(line: str, below: str) -> str:
    if match := re.match(r"#{1,6}\s+(.*?)\s*#*$", line):
        return match[1]
    if line.strip() and _rule(below) and abs(len(below) - len(line.strip())) <= 3 and not _rule(line.strip()):
        return line.strip()
    return ""


def _capitals(lines: Sequence[str], number: int) -> str:
    """A heading as manual pages have them: capitals at the margin, above what is indented."""
    line = lines[number - 1] if number <= len(lines) else ""
    below = next((other for other in lines[number : number + 2] if other.strip()), "")
    return line if _CAPITALS.match(line) and below.startswith(("  ", "\t")) else ""


def _rule(text: str) -> bool:
    return bool(re.fullmatch(r"([=\-~^\"'*+#_])\1{2,}|\|?[\s:|+-]{3,}\|?", text)) and len(text) > 2


def _first_paragraph(lines: Sequence[str], heading: int) -> int:
    """The last line of the paragraph below a heading."""
    at = heading + 1
    while at <= len(lines) and (not lines[at - 1].strip() or _rule(lines[at - 1].strip())):
        at += 1
    while (
        at <= len(lines)
        and lines[at - 1].strip()
        and not _title(lines[at - 1], lines[at] if at < len(lines) else "")
    ):
        at += 1
    return min(max(heading, at - 1), heading + 12)
