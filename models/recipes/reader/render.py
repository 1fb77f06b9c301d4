"""Sentences with known values, from the schemas in requests.txt: what the reader learns from."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pools import Value, draw

from mcp_smalltools.tools.extraction.reading import question_of

HERE: Final = Path(__file__).parent
TYPES: Final = {"s": "string", "i": "integer", "n": "number", "b": "boolean", "e": "string", "l": "array"}
_HOLE = re.compile(r"\{(\w+)\}")
_OPTION = re.compile(r"\[([^\[\]]*\{\w+\}[^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str  # one letter, see requests.txt
    optional: bool
    description: str
    pool: str


@dataclass(slots=True)
class Spec:
    name: str
    description: str
    fields: list[Field] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)

    def schema(self) -> dict[str, Any]:
        """The JSON schema that an agent would give."""
        required = [f.name for f in self.fields if not f.optional]
        return {
            "type": "object",
            "properties": {f.name: _property(f) for f in self.fields},
            "required": required,
        }


@dataclass(frozen=True, slots=True)
class Filled:
    """A text and, for each field that is in it, where (characters) and what."""

    text: str
    spans: dict[str, tuple[int, int]]
    values: dict[str, Any]


def read_specs(path: Path = HERE / "requests.txt") -> list[Spec]:
    specs: list[Spec] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name, _, description = line[3:].partition(": ")
            specs.append(Spec(name, description))
        elif line.startswith("> "):
            specs[-1].sentences.append(line[2:])
        elif line and not line.startswith("#"):
            head, _, pool = line.rpartition(" =")
            name, kind, description = head.split(" ", 2)
            specs[-1].fields.append(Field(name, kind[0], kind.endswith("?"), description, pool))
    return specs


def _property(f: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"type": TYPES[f.type], "description": f.description}
    if f.type == "e":
        found["enum"] = [part.split("~")[0] for part in f.pool.split("|")]
    if f.type == "l":
        found["items"] = {"type": "number" if f.pool == "number+" else "string"}
    return found


def value_of(f: Field, rng: random.Random) -> Value:
    if f.type == "b":
        yes, _, no = f.pool.removeprefix("+").partition("-")
        if "-" in yes or " -" in f.pool:
            yes, _, no = f.pool.removeprefix("+").rpartition("-")
        told = rng.random() < 0.6
        return Value(rng.choice((yes if told else no).split("|")), told)
    if f.type == "e":
        member, *ways = rng.choice(f.pool.split("|")).split("~")
        return Value(rng.choice(ways or [member]), member)
    return draw(f.pool, rng, whole=f.type == "i")


def fill(spec: Spec, rng: random.Random) -> Filled:
    """One sentence of the spec with its optional parts drawn and its values put in."""
    sentence = rng.choice(spec.sentences)
    while match := _OPTION.search(sentence):
        inside = match[1] if rng.random() < 0.55 else ""
        sentence = sentence[: match.start()] + inside + sentence[match.end() :]
    by_name = {f.name: f for f in spec.fields}
    parts: list[str] = []
    spans: dict[str, tuple[int, int]] = {}
    values: dict[str, Any] = {}
    at = length = 0
    for match in _HOLE.finditer(sentence):
        before = sentence[at : match.start()]
        parts.append(before)
        length += len(before)
        value = value_of(by_name[match[1]], rng)
        spans[match[1]] = (length, length + len(value.text))
        values[match[1]] = value.value
        parts.append(value.text)
        length += len(value.text)
        at = match.end()
    return Filled("".join(parts) + sentence[at:], spans, values)


_BEFORE: Final = (
    *("Please ", "Hi, ", "Hello! ", "Could you help me? ", "I have a question. ", "Ok, next: ", "Quickly: "),
    *("For my homework: ", "Our client writes: ", "As discussed, ", "I wonder: ", "Sorry, one more thing. "),
)
_AFTER: Final = (
    " Thanks!",
    " Thank you.",
    " As soon as possible.",
    " Let me know.",
    " Cheers",
    " please",
    "",
)


def dressed(filled: Filled, rng: random.Random) -> Filled:
    """With the small talk that people put around, in small letters now and then."""
    before = rng.choice(_BEFORE) if rng.random() < 0.25 else ""
    after = rng.choice(_AFTER) if rng.random() < 0.2 else ""
    text = before + filled.text + after
    if rng.random() < 0.12:
        text = text.lower()
    spans = {name: (a + len(before), b + len(before)) for name, (a, b) in filled.spans.items()}
    return Filled(text, spans, filled.values)


def as_record(spec: Spec, rng: random.Random) -> Filled:
    """The values as a form, a list or a mail's lines: "Name of the restaurant: Casa Verde"."""
    chosen = [f for f in spec.fields if not f.optional or rng.random() < 0.6]
    rng.shuffle(chosen)
    mark = rng.choice((": ", ": ", ": ", " = ", " - ", "\t"))
    gap = rng.choice(("\n", "\n", "\n", "; ", ", "))
    parts, spans, values, length = [], {}, {}, 0
    for f in chosen:
        value = value_of(f, rng)
        words = f.name.replace("_", " ")
        label = rng.choice((words, words.capitalize(), f.name, f.description.split(",")[0].capitalize()))
        if f.type in "be":
            value = Value(str(value.value).lower() if f.type == "b" else value.text, value.value)
        start = length + len(label) + len(mark)
        parts.append(f"{label}{mark}{value.text}{gap}")
        spans[f.name], values[f.name] = (start, start + len(value.text)), value.value
        length += len(parts[-1])
    return Filled("".join(parts), spans, values)


def joined(first: Filled, second: Filled, gap: str) -> Filled:
    """Two texts one after the other, with the spans of the first; the second is there to distract."""
    return Filled(first.text + gap + second.text, first.spans, first.values)


def moved(first: Filled, second: Filled, gap: str) -> Filled:
    """Like `joined`, with the spans of the second."""
    by = len(first.text) + len(gap)
    spans = {name: (a + by, b + by) for name, (a, b) in second.spans.items()}
    return Filled(first.text + gap + second.text, spans, second.values)


def described(f: Field, rng: random.Random) -> tuple[str, str]:
    """Name and description of a field as some schema would have them."""
    words = f.name.split("_")
    name = rng.choice((f.name, f.name, words[0] + "".join(w.capitalize() for w in words[1:])))
    description = f.description
    style = rng.random()
    if style < 0.12:
        return name, ""
    if style < 0.3:
        return "", rng.choice(
            ("what is the {}?", "which is the {}?", "what {} is given?", "tell me the {}")
        ).format(description.removeprefix("the ").split(",")[0])
    if style < 0.55:
        description = rng.choice(
            ("The {}.", "{}.", "The {} to use.", "The {} in question.", "The {} for this request.")
        ).format(description.removeprefix("the "))
    if f.type == "e" and rng.random() < 0.5:
        members = [part.split("~")[0] for part in f.pool.split("|")]
        description += f" ({', '.join(members)})"
    if f.optional and rng.random() < 0.2:
        description += rng.choice((" Optional.", " (optional)", " Default is none.", ", if given"))
    return name, description


@dataclass(frozen=True, slots=True)
class Example:
    """A question to the reader: the words of a field, a text, and the span that answers (None: not in it).

    `yes` tells, for a yes/no field that is in the text, which of the two.
    """

    question: str
    text: str
    span: tuple[int, int] | None
    yes: bool | None


def examples(specs: Sequence[Spec], rng: random.Random) -> Iterator[Example]:
    """Without end."""
    while True:
        spec, other = rng.sample(list(specs), 2)
        record = rng.random() < 0.2
        filled = as_record(spec, rng) if record else dressed(fill(spec, rng), rng)
        if rng.random() < 0.2:
            extra = as_record(other, rng) if record else dressed(fill(other, rng), rng)
            gap = rng.choice(("\n", "\n\n")) if record else rng.choice((" ", " ", "\n", " Then: "))
            filled = joined(filled, extra, gap) if rng.random() < 0.5 else moved(extra, filled, gap)
        asked = list(spec.fields)
        if rng.random() < 0.35 and not {f.name for f in other.fields} & {f.name for f in spec.fields}:
            asked.append(rng.choice(other.fields))  # of something else: mostly not in the text
            if asked[-1].pool in {f.pool for f in spec.fields} or len(filled.spans) == 0:
                asked.pop()
        for f in asked:
            span = filled.spans.get(f.name)
            yes = filled.values.get(f.name) if f.type == "b" and span else None
            yield Example(question_of(*described(f, rng)), filled.text, span, yes)
