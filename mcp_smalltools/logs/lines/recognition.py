"""How much of a log was understood: records with a known header, time and level, by form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mcp_smalltools.logs.lines.line_types import LineType


@dataclass(slots=True)
class FormRecognition:
    """Records with one form of header ("plain" and "ci": none of their own). `headed`: with a header;
    `timed`: with a time that can be read; `levelled`: with a level that the header says, not one guessed from
    words of the message.
    """

    form: str
    records: int = 0
    headed: int = 0
    timed: int = 0
    levelled: int = 0


def recognition_of(line_types: Iterable[LineType]) -> list[FormRecognition]:
    """One for each form that starts a record, the most frequent first; after `LineType.count`."""
    found: dict[str, FormRecognition] = defaultdict(lambda: FormRecognition(""))
    for item in line_types:
        if not item.records:
            continue
        form = found[item.format]
        form.form = item.format
        form.records += item.records
        form.headed += item.records if item.header.headed else 0
        form.timed += item.records if item.header.calendar is not None else 0
        form.levelled += item.records if item.level_said else 0
    return sorted(found.values(), key=lambda form: -form.records)
