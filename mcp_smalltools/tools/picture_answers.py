"""What an answer says of pictures: where its lines are on them, and how sure their reading is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mcp_smalltools.pictures.probabilities import span_probability
from mcp_smalltools.pictures.reading import PictureLine, ReadPicture, bounding_box
from mcp_smalltools.result import Answer, Record

_SURE: Final = 0.9
"""Probability that what an answer rests on was read right, and that the answer is, below which the agent
is told to look itself. Tools that are sure from less on were measured on texts.
"""
_MOST_NAMED: Final = 5


def note_pictures(answer: Answer, pictures: Mapping[str, ReadPicture]) -> None:
    """Give each of the answer's spans its place on the picture, and lower confidences to the reading's."""
    unsure: list[int] = []
    lowest: float | None = None
    for record, first in _spans(answer):
        picture = _picture_of(record, pictures)
        if picture is None:
            continue
        lines = picture.lines[record.start - 1 : record.end]
        if not lines:
            continue
        value = _value_of(record, answer)
        sure, box = _reading_of(lines, value)
        record.box = box
        is_value = "confidence" in type(record).model_fields
        if is_value:
            record.confidence = _lower(record.confidence, sure)
        if is_value or first:
            lowest = sure if lowest is None else min(lowest, sure)
            if sure < _SURE:
                unsure.append(record.start)
    if lowest is None:
        characters = [
            p for picture in pictures.values() for line in picture.lines for p in line.probabilities()
        ]
        lowest = sum(characters) / len(characters) if characters else 0.0
    if answer.confidence is not None:
        answer.confidence = _lower(answer.confidence, lowest)
    if unsure:
        named = ", ".join(map(str, sorted(set(unsure))[:_MOST_NAMED]))
        _doubt(answer, f"characters of line {named} were hard to read on the picture: look at it there")
    elif not answer.escalate and answer.confidence is not None and answer.confidence < _SURE:
        _doubt(answer, "from a picture it would have to be surer: look at it there")
    skipped = sum(picture.skipped_pages for picture in pictures.values())
    if skipped:
        answer.dropped["pages_not_read"] = skipped


def _doubt(answer: Answer, told: str) -> None:
    answer.escalate = True
    answer.reason = f"{answer.reason.rstrip('.')}; {told}" if answer.reason else told


def _lower(given: float | None, sure: float) -> float:
    return round(sure if given is None else min(given, sure), 3)


def _spans(answer: Answer) -> Iterator[tuple[Any, bool]]:
    """The records that name lines, each with whether the answer rests on it: the first of its evidence."""
    for name in type(answer).model_fields:
        value = getattr(answer, name)
        records = value if isinstance(value, list) else [value]
        for number, record in enumerate(records):
            has_place = (
                isinstance(record, Record) and {"start", "end", "box"} <= type(record).model_fields.keys()
            )
            if has_place and record.start is not None:
                yield record, name == "evidence" and number == 0


def _picture_of(record: Any, pictures: Mapping[str, ReadPicture]) -> ReadPicture | None:
    path = getattr(record, "path", None)
    if path is not None:
        return pictures.get(path)
    return next(iter(pictures.values())) if len(pictures) == 1 else None


def _value_of(record: Any, answer: Answer) -> Any:
    """The value of the field that a record is the evidence of, by its name (`total`, `items[2].price`)."""
    field, value = getattr(record, "field", None), getattr(answer, "data", None)
    if field is None:
        return None
    for step in re.findall(r"[^.\[\]]+", field):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _reading_of(lines: Sequence[PictureLine], value: Any) -> tuple[float, list[int] | None]:
    """How sure these lines were read, and where they are; of a value that is among them, the same of it."""
    for line in lines:
        if (found := _find(line.text, value)) is not None:
            start, end = found
            return span_probability(line.probabilities()[start:end]), _boxed([line], start, end)
    return min(span_probability(line.probabilities()) for line in lines), _boxed(lines)


def _boxed(lines: Sequence[PictureLine], start: int = 0, end: int | None = None) -> list[int] | None:
    page = lines[0].page
    quads = [quad for line in lines if line.page == page for quad in line.quads(start, end)]
    box = bounding_box(quads)
    return [page, *box] if box else None


def _find(text: str, value: Any) -> tuple[int, int] | None:
    """Where a line has a value; a number in any of the ways to write it."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if isinstance(value, str):
        at = text.casefold().find(value.casefold())
        if at >= 0 and value:
            return at, at + len(value)
    digits = re.sub(r"\D", "", f"{value:.2f}" if isinstance(value, float) else str(value)).lstrip("0")
    if not digits:
        return None
    for match in re.finditer(r"\d(?:[\d.,'’ -]*\d)?", text):
        here = re.sub(r"\D", "", match[0]).lstrip("0")
        if here == digits or here + "0" == digits or here + "00" == digits:
            return match.span()
    return None
