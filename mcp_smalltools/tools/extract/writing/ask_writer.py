"""What the writer is asked, the form that holds its answer, and what of an answer can be read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.errors import DeadlineExceeded
from mcp_smalltools.tools.extract.document import Document, Window
from mcp_smalltools.tools.extract.schema import Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp_smalltools.engine.api import Engine, Prompt

MAX_TEXT: Final = 9_000
"""Characters of a text that the writer reads: about 2,500 tokens, ten seconds of two cores at 0.5B."""
MAX_WRITTEN: Final = 1_200
"""Tokens of an answer."""
TOKENS_OF_FIELD: Final = 48
WRITTEN_TOGETHER: Final = 10
"""Fields up to which one object is written."""
GROUP: Final = 5
MOST_GROUPS: Final = 8
"""Of more fields: in each object, and objects that are written at the same time."""
MAX_DESCRIBED: Final = 240
"""Characters of a field's description in the prompt."""
RESERVE_S: Final = 1.5
"""Seconds of a call that the writer leaves for what comes after it."""
LEAST_S: Final = 2.0
"""Below this it isn't asked: it could not even read the text."""
SYSTEM: Final = (
    "You read values out of a text into JSON. Copy each value exactly as the text has it. "
    "Write null for what the text does not say."
)
GAP: Final = "\n[...]\n"


@dataclass(frozen=True, slots=True)
class WrittenValues:
    """What the writer wrote: `values` by the field's name, None for null. `parts`: what it read of the text,
    `left_out` characters not. `unread`: fields that it had no time for.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    parts: Sequence[Window] = ()
    unread: Sequence[str] = ()
    left_out: int = 0


async def ask_writer(
    engine: Engine,
    model: str,
    fields: Sequence[Field],
    document: Document,
    seconds: Callable[[], float],
) -> WrittenValues:
    """The values of all fields, from one reading of the text; many fields are written in groups, at the same
    time. Raises as the engine does, except for time that is over: then the fields are `unread`.
    """
    from mcp_smalltools.engine.api import CallOptions, Sampling

    parts = readable_parts(fields, document)
    left_out = max(0, len(document.text) - sum(len(part.text) for part in parts))
    nothing = WrittenValues({}, parts, [item.name for item in fields], left_out)
    limit = seconds() - RESERVE_S
    if limit < LEAST_S:
        return nothing
    text = GAP.join(part.text for part in parts)
    groups = groups_of(fields)
    most = min(MAX_WRITTEN, 16 + TOKENS_OF_FIELD * max(map(len, groups)))
    prompts = [prompt_of(group, text) for group in groups]
    options = CallOptions(model=model, deadline_s=limit)
    try:
        answers = await engine.generate(prompts, Sampling(max_tokens=most), options)
    except DeadlineExceeded:
        return nothing
    values = {name: value for answer in answers for name, value in read_object(answer.text).items()}
    return replace(nothing, values=values, unread=[name for name in nothing.unread if name not in values])


def groups_of(fields: Sequence[Field]) -> list[Sequence[Field]]:
    """What is written at the same time: all of a few fields, of many about as many in each group."""
    if len(fields) <= WRITTEN_TOGETHER:
        return [fields]
    number = min(MOST_GROUPS, -(-len(fields) // GROUP))
    size = -(-len(fields) // number)
    return [fields[start : start + size] for start in range(0, len(fields), size)]


def prompt_of(fields: Sequence[Field], text: str) -> Prompt:
    """The text once for all fields, what each field is, and the form of the answer."""
    from mcp_smalltools.engine.api import ChatMessage, Prompt

    asked = "\n".join(_line_of(item) for item in fields)
    messages = ChatMessage("system", SYSTEM), ChatMessage("user", f"Text:\n{text}\n\nFields:\n{asked}")
    return Prompt(messages, shared=1, schema=form_of(fields))


def _line_of(item: Field) -> str:
    kind = item.type
    if item.members is not None:
        kind = "one of " + ", ".join(json.dumps(member) for member in item.members[:40])
    elif item.date_form:
        kind = f"date {item.date_form}"
    elif item.items.get("format"):
        kind = str(item.items["format"])
    if item.listed:
        kind = f"list of {kind}"
    optional = "" if item.required else ", optional"
    described = f": {item.description[:MAX_DESCRIBED]}" if item.description else ""
    return f"- {item.name} ({kind}{optional}){described}"


def form_of(fields: Sequence[Field]) -> dict[str, Any]:
    """The JSON schema of the answer. Only optional fields may be null: small models write null too readily,
    and what the text doesn't say is found by code.
    """
    properties: dict[str, Any] = {}
    for item in fields:
        one: dict[str, Any] = {"type": item.type}
        if item.members is not None:
            one = {"enum": list(item.members)}
        if item.listed:
            one = {"type": "array", "items": one}
        properties[item.name] = one if item.required else {"anyOf": [one, {"type": "null"}]}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def readable_parts(fields: Sequence[Field], document: Document) -> list[Window]:
    """The text; of a long one the parts in which the fields are looked for, each field's best first."""
    if len(document.text) <= MAX_TEXT:
        return [Window(0, document.text)]
    chosen: dict[int, Window] = {}
    room = MAX_TEXT
    ranked = [document.windows(item) for item in fields]
    for rank in range(max((len(windows) for windows in ranked), default=0)):
        for window in (windows[rank] for windows in ranked if rank < len(windows)):
            if window.start not in chosen and len(window.text) <= room:
                chosen[window.start] = window
                room -= len(window.text)
    return [chosen[start] for start in sorted(chosen)]


def read_object(text: str) -> Mapping[str, Any]:
    """The members of a JSON object, also of one that breaks off: those that are whole."""
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, dict) else {}
    except ValueError:
        return _members_of_start(text)


def _members_of_start(text: str) -> dict[str, Any]:
    decoder = json.JSONDecoder()
    found: dict[str, Any] = {}
    at = text.find("{") + 1
    while at > 0:
        try:
            name, at = decoder.raw_decode(text, _skip(text, at, " ,\n"))
            value, at = decoder.raw_decode(text, _skip(text, at, " :\n"))
        except ValueError:
            break
        if at >= len(text) or not isinstance(name, str):
            break  # a number at the very end may go on
        found[name] = value
    return found


def _skip(text: str, at: int, what: str) -> int:
    while at < len(text) and text[at] in what:
        at += 1
    return at
