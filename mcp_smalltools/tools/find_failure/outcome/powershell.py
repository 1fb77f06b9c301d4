"""What Windows PowerShell makes of a program's error output that is redirected: undone.

It takes the first line that a program writes to standard error for an error of its own, and puts a record with
the command and a category after it, in the user's language; then it breaks what follows at the width of the
console. None of this says that anything failed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_CATEGORY = re.compile(r" {2,6}\+ CategoryInfo\b")
_NATIVE = "NativeCommandError"
_MOST_ABOVE, _MOST_BELOW = 24, 16
"""Lines of a record before and after its category, where the console is narrow."""
_AT = re.compile(r"^.{0,300}?[^\d\s]\s?\d{1,6}\s?\S{0,3}\s.{0,24}?[:：]\s?\d{1,6}$")
"""`At line:1 char:1` in any language."""
_COMMAND = re.compile(r"(?:\S.{0,120}?[/\\])?[\w.+-]{1,40} : ?")
"""The command before its first line."""
_NARROW, _WIDE = 16, 130
"""Widths at which a console is believed to break lines."""
_FILLED = 0.5
"""Share of the width from which a line may have been broken because the next word had no room."""
_SLACK = 2
"""Characters by which the console may be wider than the longest line of the record."""


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """The places (from 0) of a record: the head is the line before it that the program wrote, `start` to before
    `stop` are PowerShell's own; `width` is the console's, if it broke the record.
    """

    head: int
    start: int
    stop: int
    width: int | None


def records_in(contents: Sequence[str]) -> list[ErrorRecord]:
    """The records that are about a program's error output. Errors of PowerShell's own commands are none."""
    found: list[ErrorRecord] = []
    for place, content in enumerate(contents):
        if "CategoryInfo" in content and _CATEGORY.match(content):
            record = _record_at(contents, place, found[-1].stop if found else 0)
            if record is not None:
                found.append(record)
    return found


def _record_at(contents: Sequence[str], category: int, least: int) -> ErrorRecord | None:
    stop = _end_of(contents, category)
    if stop is None:
        return None
    command = next(
        (p for p in range(category - 1, max(category - _MOST_ABOVE, least) - 1, -1) if _is_at(contents, p)),
        None,
    )
    if command is None:
        return None
    head = command
    while head > least and category - head < 2 * _MOST_ABOVE and not _COMMAND.match(contents[head]):
        head -= 1
    if not _COMMAND.match(contents[head]):
        head = max(command - 1, least)
    return ErrorRecord(head, command, stop, _width(contents[command:stop]))


def _is_at(contents: Sequence[str], place: int) -> bool:
    """Whether the line tells where, and the command follows."""
    return contents[place + 1].startswith("+ ") and _AT.match(contents[place].rstrip()) is not None


def _end_of(contents: Sequence[str], category: int) -> int | None:
    """The place after the record; None if it isn't about a program's output."""
    told = ""
    for place in range(category, min(category + _MOST_BELOW, len(contents))):
        told += "".join(contents[place].split())
        if _NATIVE in told:
            after = place + 1
            return after + (after < len(contents) and contents[after] == " ")
    return None


def _width(record: Sequence[str]) -> int | None:
    """The width at which the record is broken; None if it isn't."""
    broken = any(not re.match(r"\+ | {2,6}\+ [A-Z]| ?$", line) for line in record[1:])
    width = max(len(line) for line in record[1:])
    return width if broken and _NARROW <= width <= _WIDE else None


def undone(
    contents: Sequence[str], numbers: Sequence[int], records: Sequence[ErrorRecord]
) -> tuple[list[str], set[int]]:
    """The contents as the program wrote them, as far as that can be told, and the places that are PowerShell's.

    A broken line is whole at its first place; the further ones stay, indented.
    """
    own = {place for record in records for place in range(record.start, record.stop)}
    result = list(contents)
    for record in records:
        result[record.head] = _COMMAND.sub("", contents[record.head], count=1)
    widths = [record.width for record in records if record.width is not None]
    if widths:
        _join(result, contents, numbers, own, max(widths))
    return result, own


def _join(
    result: list[str], contents: Sequence[str], numbers: Sequence[int], own: set[int], width: int
) -> None:
    first = 0
    for place in range(1, len(contents)):
        here, before = contents[place], contents[place - 1]
        follows = numbers[place] == numbers[place - 1] + 1 and place not in own and place - 1 not in own
        if not follows or not here.strip() or not _is_broken(before, here, width):
            first = place
            continue
        glue = "" if len(before) >= width or before.endswith(" ") or here.startswith(" ") else " "
        result[first] += glue + here
        result[place] = "    " + here


def _is_broken(line: str, after: str, width: int) -> bool:
    """Whether a line goes on in the next: it is as long as the console is wide, or the next word had no room."""
    length = len(line)
    if length > width + _SLACK or not line.strip():
        return False
    if length >= width - 1:
        return True
    if length < width * _FILLED or after[:1].isspace():
        return False
    return length + len(after.split(" ", 1)[0]) + 1 > width
