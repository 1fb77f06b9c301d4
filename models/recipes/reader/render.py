"""Sentences with known values, from the schemas in requests.txt: what the reader learns from."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pools import Value, draw

from mcp_smalltools.text.facts import numbers
from mcp_smalltools.tools.span_reader import question_of

HERE: Final = Path(__file__).parent
TYPES: Final = {"s": "string", "i": "integer", "n": "number", "b": "boolean", "e": "string", "l": "array"}
FILES: Final = ("requests.txt", "calls.txt", "pages.txt")
_HOLE = re.compile(r"\{([\w.]+)\}")
_OPTION = re.compile(r"\[([^\[\]]*\{[\w.]+\}[^\[\]]*)\]")
_LIST_IN_BRACKETS = re.compile(r"\[(\{[\w.]+\})\]")
_OPENED, _CLOSED = "\x01", "\x02"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str  # one letter, see requests.txt
    optional: bool
    description: str
    pool: str
    names: tuple[str, ...] = ()  # others that it may have
    descriptions: tuple[str, ...] = ()


@dataclass(slots=True)
class Spec:
    name: str
    description: str
    fields: list[Field] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)

    def schema(self) -> dict[str, Any]:
        """The JSON schema that an agent would give."""
        whole: dict[str, Any] = _object()
        for f in self.fields:
            *above, name = f.name.split(".")
            inside = whole
            for part in above:
                if part not in inside["required"]:
                    inside["required"].append(part)
                inside = inside["properties"].setdefault(part, _object())
            inside["properties"][name] = _property(f)
            if not f.optional:
                inside["required"].append(name)
        return whole


@dataclass(frozen=True, slots=True)
class Filled:
    """A text and, for each field that is in it, where (characters) and what."""

    text: str
    spans: dict[str, tuple[int, int]]
    values: dict[str, Any]


def read_specs(*files: str) -> list[Spec]:
    """Those of all files, or of the named ones."""
    specs: list[Spec] = []
    lines = [line for file in files or FILES for line in (HERE / file).read_text("utf-8").splitlines()]
    for line in lines:
        if line.startswith("## "):
            name, _, description = line[3:].partition(": ")
            specs.append(Spec(name, description))
        elif line.startswith("> "):
            specs[-1].sentences.append(line[2:].replace("\\n", "\n"))
        elif line and not line.startswith("#"):
            head, _, pool = line.rpartition(" =")
            names, kind, said = head.split(" ", 2)
            (name, *names), (description, *said) = names.split("/"), said.split(" // ")
            found = Field(name, kind[0], kind.endswith("?"), description, pool, (*names,), (*said,))
            specs[-1].fields.append(found)
    return specs


def _object() -> dict[str, Any]:
    return {"type": "object", "properties": {}, "required": []}


def _property(f: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"type": TYPES[f.type], "description": f.description}
    if f.type == "e":
        found["enum"] = [part.split("~")[0] for part in f.pool.split("|")]
    if f.type == "l":
        found["items"] = {"type": "number" if f.pool == "number+" or ".." in f.pool else "string"}
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
    value = draw(f.pool, rng, whole=f.type == "i")
    if f.pool.startswith("@") and f.type in "in":
        return Value(value.text, numbers(value.text)[0].value)
    return value


def fill(spec: Spec, rng: random.Random) -> Filled:
    """One sentence of the spec with its optional parts drawn and its values put in."""
    sentence = _LIST_IN_BRACKETS.sub(rf"{_OPENED}\1{_CLOSED}", rng.choice(spec.sentences))
    while match := _OPTION.search(sentence):
        inside = match[1] if rng.random() < 0.55 else ""
        sentence = sentence[: match.start()] + inside + sentence[match.end() :]
    sentence = sentence.replace(_OPENED, "[").replace(_CLOSED, "]")
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
        words = rng.choice((f.name, *f.names)).replace("_", " ").replace(".", " ")
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


def as_document(spec: Spec, others: Sequence[Spec], rng: random.Random) -> Filled:
    """A page on which one part speaks of the spec and the parts around it of others."""
    gap = rng.choice(("\n", "\n\n", " "))
    parts = [_part(other, rng) for other in others]
    at = rng.randint(0, len(parts))
    page = _part(spec, rng)
    if at:
        page = moved(Filled(gap.join(part.text for part in parts[:at]), {}, {}), page, gap)
    if at < len(parts):
        page = joined(page, Filled(gap.join(part.text for part in parts[at:]), {}, {}), gap)
    return page


def _part(spec: Spec, rng: random.Random) -> Filled:
    """A sentence or a form, now and then under a heading."""
    part = as_record(spec, rng) if rng.random() < 0.35 else fill(spec, rng)
    if rng.random() < 0.25:
        heading = spec.description if rng.random() < 0.5 else spec.name.replace("_", " ").upper()
        part = moved(Filled(rng.choice(("# ", "## ", "")) + heading, {}, {}), part, "\n")
    return part


def described(f: Field, rng: random.Random) -> tuple[str, str]:
    """Name and description of a field as some schema would have them."""
    name = rng.choice(f.names) if f.names and rng.random() < 0.45 else f.name
    words = name.split("_")
    if rng.random() < 0.25 and len(words) > 1:
        name = words[0] + "".join(w.capitalize() for w in words[1:])
    description = rng.choice((f.description, *f.descriptions))
    style = rng.random()
    if style < 0.1:
        return name, ""
    bare = description.removeprefix("the ").rstrip(".").split(",")[0]
    if style < 0.24:
        return "", rng.choice(_QUESTIONS).format(bare[0].lower() + bare[1:])
    if style < 0.5:
        description = rng.choice(_WORDINGS).format(bare[0].lower() + bare[1:])
    if f.type == "e" and rng.random() < 0.5:
        members = [part.split("~")[0] for part in f.pool.split("|")]
        description += f" ({', '.join(members)})"
    elif rng.random() < 0.3:
        description = description.rstrip(".") + _example(f, rng)
    if f.optional and rng.random() < 0.35:
        description = description.rstrip(".") + _default(f, rng)
    elif rng.random() < 0.08:
        description = description.rstrip(".") + rng.choice(_REMARKS)
    return name, description


_QUESTIONS: Final = ("what is the {}?", "which is the {}?", "what {} is given?", "tell me the {}")
_WORDINGS: Final = (
    *(
        "The {}.",
        "{}.",
        "The {} to use.",
        "The {} in question.",
        "The {} for this request.",
        "Specify the {}.",
    ),
    *("{} for which to compute the result", "The desired {}", "The {} of the call.", "The given {}"),
)
_REMARKS: Final = (
    *(
        ". Must be a valid value.",
        ". Must be positive.",
        ". Can be left out.",
        ". Used to narrow the result.",
    ),
    *(
        ". If it is not given, all are taken.",
        ". This field is case insensitive.",
        " (required)",
        " to process.",
    ),
)


def _example(f: Field, rng: random.Random) -> str:
    """`, e.g. Lisbon`: values that are not those of the text."""
    if f.type == "b":
        return rng.choice((" (true/false)", ". True or false.", ". Set to true to enable it."))
    if f.pool == "date":
        return rng.choice((" in the format YYYY-MM-DD", " (YYYY-MM-DD)", ", for example 2021-04-30"))
    if f.pool == "time":
        return rng.choice((" in the format HH:MM", " (24 hour clock, HH:MM)", ", for example 18:30"))
    shown = [value_of(f, rng) for _ in range(2)]
    one, two = (v.text if f.type in "sl" else str(v.value) for v in shown)
    return rng.choice((f", e.g. {one}", f", such as '{one}' or '{two}'", f" (e.g. '{one}')", f", like {one}"))


def _default(f: Field, rng: random.Random) -> str:
    if f.type == "b":
        value = rng.choice(("true", "false", "False"))
    else:
        drawn = value_of(f, rng)
        value = str(drawn.value) if f.type in "ine" else f"'{drawn.text}'"
    return rng.choice(
        (
            *(" (optional)", ". Optional.", ". Default is none.", ", if given", f". Default is {value}."),
            *(f" (default: {value})", f". Optional, default is {value}", f". Defaults to {value}."),
        )
    )


@dataclass(frozen=True, slots=True)
class Example:
    """A question to the reader: the words of a field, a text, and the span that answers (None: not in it).

    `yes` tells, for a yes/no field that is in the text, which of the two.
    """

    question: str
    text: str
    span: tuple[int, int] | None
    yes: bool | None


def examples(specs: Sequence[Spec], rng: random.Random, pages: float = 0.1) -> Iterator[Example]:
    """Without end; a share of the texts are pages."""
    while True:
        spec, other = rng.sample(list(specs), 2)
        if rng.random() < pages:
            yield from _of_page(spec, specs, rng)
            continue
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
        yield from _asked(filled, asked, rng)


def _of_page(spec: Spec, specs: Sequence[Spec], rng: random.Random) -> Iterator[Example]:
    """Questions to a page: the spec's own, and of specs that it does not speak of."""
    names = {f.name for f in spec.fields}
    apart = [s for s in rng.sample(list(specs), 12) if not names & {f.name for f in s.fields}]
    around, elsewhere = apart[: rng.randint(2, 4)], apart[4:6]
    page = as_document(spec, around, rng)
    if len(page.text) > 880:
        return
    pools = {f.pool for s in (spec, *around) for f in s.fields}
    said = {f.name for s in (spec, *around) for f in s.fields}
    strange = [f for s in elsewhere for f in s.fields if f.name not in said]
    strange = [f for f in strange if f.type == "b" or f.pool not in pools]
    yield from _asked(page, [*spec.fields, *strange[:3]], rng)


def _asked(filled: Filled, fields: Sequence[Field], rng: random.Random) -> Iterator[Example]:
    for f in fields:
        span = filled.spans.get(f.name)
        yes = filled.values.get(f.name) if f.type == "b" and span else None
        yield Example(question_of(*described(f, rng)), filled.text, span, yes)
