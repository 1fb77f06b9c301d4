"""What `--help` prints: the line of usage, and the options with what they do, as the rows of a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Node, table_node

_FLAG: Final = r"(?!-[r-][w-][xsS-])(?:--?[A-Za-z][\w-]{1,60}|-[A-Za-z?])"
"""`-v`, `--verbose`, `-classpath`; the permissions of a file (`-rw-r--r--`) are none."""
_ARGUMENT: Final = (
    r"(?:(?:\s?=|[ ]{1,2})(?:<[^<>\n]{1,60}>|\[[^\[\]\n]{1,60}\]"
    r"|[A-Z][A-Z0-9_|]{0,40}|[a-z]{3,20}(?=\s{2}|$)))?"
)
_OPTION: Final = re.compile(
    rf"(?P<margin>\s{{0,12}})(?P<flags>{_FLAG}{_ARGUMENT}(?:(?:,\s?|\s?\|\s?|/|\s){_FLAG}{_ARGUMENT}){{0,3}})"
    r"(?:\s{2,60}(?P<text>\S.{0,600}))?\s{0,80}"
)
_ONE_FLAG: Final = re.compile(rf"(?P<flag>{_FLAG})(?P<argument>{_ARGUMENT})")
_USAGE: Final = re.compile(r"\s{0,8}usage:\s{0,8}(?P<usage>\S.{0,600})", re.IGNORECASE)
_DEFAULT: Final = re.compile(
    r"[(\[](?:def(?:ault)?s?\.?:?(?: is| to)?|default value:?)\s?=?\s?([^()\[\]]{1,80})[)\]]", re.I
)
_LEAST_OPTIONS: Final = 2
_MOST_LINES: Final = 3_000
_LONGEST: Final = 1_000
_NAMES: Final = (
    ALSO.join(("flag", "option", "flags", "name", "switch")),
    "short",
    "long",
    ALSO.join(("argument", "metavar", "value", "arg")),
    ALSO.join(("description", "help", "text", "meaning")),
    "default",
)


def help_in(lines: Sequence[str]) -> list[Node]:
    """The usage and the options of a help text; nothing where fewer than two lines name one."""
    rows: list[tuple[int, int, list[str]]] = []
    open_at = -1
    for number, line in enumerate(lines[:_MOST_LINES], 1):
        if len(line) > _LONGEST or not line.strip():
            open_at = -1
            continue
        match = _OPTION.fullmatch(line)
        if match is not None and (match["text"] or match["margin"]):
            rows.append((number, number, _cells(match["flags"], match["text"] or "")))
            open_at = len(match["margin"])
        elif rows and 0 <= open_at < len(line) - len(line.lstrip()):
            start, _, cells = rows[-1]
            rows[-1] = (start, number, _cells(cells[0], f"{cells[4]} {line.strip()}".strip(), cells))
        else:
            open_at = -1
    usual = [cells for _, _, cells in rows if cells[4] and (cells[1] or cells[2])]
    if len(usual) < max(_LEAST_OPTIONS, len(rows) / 2):  # lines that a diff takes out begin with a dash too
        return []
    found = [table_node("options", list(_NAMES), rows, rows[0][0])]
    for number, line in enumerate(lines[:_MOST_LINES], 1):
        if len(line) <= _LONGEST and (usage := _USAGE.fullmatch(line)) is not None:
            found.append(Node("usage", "value", number, number, usage["usage"].rstrip(), literal=True))
            break
    return found


def _cells(flags: str, text: str, held: Sequence[str] = ()) -> list[str]:
    default = match[1].strip() if (match := _DEFAULT.search(text)) is not None else ""
    if held:
        return [*held[:4], text, default]
    ones = [(one["flag"], one["argument"].strip(" =")) for one in _ONE_FLAG.finditer(flags)]
    short = next((flag for flag, _ in ones if not flag.startswith("--") and len(flag) == 2), "")
    long = next((flag for flag, _ in ones if flag.startswith("--")), "")
    argument = next((given for _, given in ones if given), "")
    return [" ".join(flags.split()), short, long, argument, text, default]
