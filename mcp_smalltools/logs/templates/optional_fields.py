"""Parts `key=value` at the end of a message that some of its lines lack: one event all the same.

A logging statement names its values so, and leaves out those that it does not have; structured logs do it for
every field. Messages with the same words before such parts are one event. The template has the keys that all
of them have; between two of these, a value takes in the parts that only some lines have.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

from mcp_smalltools.logs.message.masking import MARKS

_VALUE = r"(?:\"[^\"]*\"|'[^']*'|\[[^\[\]]*\]|\{[^{}]*\}|\([^()]*\)|[^\s,;=\"'\[\](){}]*)"
_PART = re.compile(rf"(?P<before>[ ,;]{{1,4}})(?P<key>[A-Za-z_@][\w.@/-]*)=(?P<value>{_VALUE})(?=[ ,;]|$)")
_ANY = MARKS["text"]
_FIRST = re.compile(r"[ ,;]{1,4}[A-Za-z_@][\w.@/-]*=")
_WORD = re.compile(r"[^\W\d_]{2,}")
_MOST_ALONE = 2
"""After a single word, which says little, at most this many fields may be missing, and one must be common."""


@dataclass(frozen=True, slots=True)
class MessageField:
    before: str  # what parts it from what comes before
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class FieldedMessage:
    """The words of a message, and the fields after them."""

    body: str
    parts: tuple[MessageField, ...]


def split_fields(text: str) -> FieldedMessage:
    """A message taken apart: its body is as short as the parts that reach to its end allow."""
    place = 0
    for start in _FIRST.finditer(text):
        if start.start() < place:
            continue  # the parts from here on have been tried, with those before them
        parts, place = [], start.start()
        while place < len(text) and (found := _PART.match(text, place)):
            parts.append(MessageField(found["before"], found["key"], found["value"]))
            place = found.end()
        if place == len(text):
            return FieldedMessage(text[: start.start()], tuple(parts))
    return FieldedMessage(text, ())


def optional_field_counts(texts: Sequence[str], records: Sequence[int]) -> dict[str, int]:
    """How many of these records have each key that not all of them have, most first."""
    found: Counter[str] = Counter()
    for text, count in zip(texts, records, strict=True):
        found.update(dict.fromkeys((part.key for part in split_fields(text).parts), count))
    return {key: count for key, count in found.most_common() if 0 < count < sum(records)}


def strip_fields(value: str) -> str:
    """A value of a template without the fields after it that only some lines have."""
    message = split_fields(value)
    return message.body if message.body and message.parts else value


def merge_optional_fields(texts: Sequence[str]) -> list[str]:
    """For each text of a log, one text for all that have the same words and differ in their fields."""
    messages = [split_fields(text) for text in texts]
    by_body: dict[str, list[int]] = defaultdict(list)
    for number, message in enumerate(messages):
        by_body[message.body].append(number)
    joined = list(texts)
    for numbers in by_body.values():
        for group in _events([messages[number] for number in numbers], numbers):
            text = _common([messages[number] for number in group])
            if text is not None:
                for number in group:
                    joined[number] = text
    return joined


def _events(messages: Sequence[FieldedMessage], numbers: Sequence[int]) -> list[list[int]]:
    """Which of these messages, all with one body, are one event, of those that are several."""
    words = len(_WORD.findall(messages[0].body))
    if len(messages) < 2 or not words:
        return []
    if words > 1:
        return [list(numbers)]
    events: list[tuple[set[str], list[int]]] = []
    for message, number in sorted(zip(messages, numbers, strict=True), key=lambda item: len(item[0].parts)):
        keys = {part.key for part in message.parts}
        for known, members in events:
            if known and known <= keys and len(keys - known) <= _MOST_ALONE:
                members.append(number)
                break
        else:
            events.append((keys, [number]))
    return [members for _, members in events if len(members) > 1]


def _common(messages: Sequence[FieldedMessage]) -> str | None:
    """The text with the parts that all have, in their order; None if it can't describe all of them."""
    keys = [part.key for part in messages[0].parts]
    for message in messages[1:]:
        keys = _in_both(keys, [part.key for part in message.parts])
    # The place of each common part among the parts of a message, and the ends of them.
    places = [[-1, *_places(keys, message), len(message.parts)] for message in messages]
    text = messages[0].body
    for number, key in enumerate(["", *keys]):
        others_follow = any(at[number + 1] - at[number] > 1 for at in places)
        if key:
            parts = [message.parts[at[number]] for at, message in zip(places, messages, strict=True)]
            separators = {part.before for part in parts}
            before = _common_end(separators)
            if not before:
                return None
            if len(separators) > 1 and not text.endswith(_ANY):
                text += _ANY
            values = {part.value for part in parts}
            text += f"{before}{key}={_ANY if others_follow or len(values) > 1 else values.pop()}"
        elif others_follow:
            text += _ANY
    return text


def _in_both(one: Sequence[str], two: Sequence[str]) -> list[str]:
    """Keys that both have in this order, as many as are easily found."""
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    return [key for block in matcher.get_matching_blocks() for key in one[block.a : block.a + block.size]]


def _places(keys: Sequence[str], message: FieldedMessage) -> list[int]:
    """Where these keys are among the parts, which have them in this order."""
    places, place = [], -1
    of_parts = [part.key for part in message.parts]
    for key in keys:
        place = of_parts.index(key, place + 1)
        places.append(place)
    return places


def _common_end(texts: Collection[str]) -> str:
    alike = takewhile(
        lambda chars: len(set(chars)) == 1, zip(*[reversed(text) for text in texts], strict=False)
    )
    return "".join(chars[0] for chars in alike)[::-1]
