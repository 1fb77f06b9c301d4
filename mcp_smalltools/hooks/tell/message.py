"""What an agent reads after a command: a few lines, never more than MOST_CHARS characters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mcp_smalltools.hooks.kept.outputs import KeptOutput
from mcp_smalltools.text.truncate import cut

MOST_CHARS: Final = 1_200
_LINE_CHARS: Final = 240
_FIRST_SHARE: Final = 0.6
"""Part of the room that the first span may take while others wait."""


def failure_message(
    answer: Mapping[str, Any], kept: KeptOutput, *, exit_code: int | None, sealed: bool = False
) -> str:
    """What failed and why, with line numbers, and where the whole output is; of `find_failure`'s answer."""
    spans: Sequence[Mapping[str, Any]] = answer.get("evidence") or []
    if not spans:
        return ""
    head = _head(answer, kept, exit_code)
    foot = _foot(answer, kept)
    if sealed:
        places = ", ".join(_place(span) for span in spans)
        return cut(f"{head} lines {places}.", MOST_CHARS - len(foot) - 1) + f"\n{foot}"
    room = MOST_CHARS - len(head) - len(foot) - 2
    return "\n".join([head, *_fitting(spans, room), foot])


def success_message(answer: Mapping[str, Any]) -> str:
    """One line: the run's own word that it went well."""
    said = [span["text"].strip() for span in answer.get("context") or [] if span.get("text", "").strip()]
    if not said:
        return ""
    number = answer["context"][0]["start"]
    return f"smalltools: the run says that it went well, in line {number:,}: {cut(said[0], _LINE_CHARS)}"


def _head(answer: Mapping[str, Any], kept: KeptOutput, exit_code: int | None) -> str:
    named = ", ".join(filter(None, (answer.get("kind"), answer.get("tool"))))
    code = "" if exit_code is None else f"exit code {exit_code}"
    why = "no line says clearly why; the likeliest" if answer.get("escalate") else "why it failed"
    lines = (answer.get("source") or [{}])[0].get("lines")
    of = f"{lines:,} lines of output" if lines else "output"
    about = "; ".join(filter(None, (code, named)))
    return f"smalltools read the {of}" + (f" ({about})" if about else "") + f": {why}:"


def _foot(answer: Mapping[str, Any], kept: KeptOutput) -> str:
    dropped = answer.get("dropped") or {}
    others = dropped.get("failures", 0)
    more = f"{others:,} more failures are not shown. " if others else ""
    left_out = f" without its first {kept.left_out:,} bytes" if kept.left_out else ""
    return f"{more}Whole output{left_out}: {kept.path}"


def _fitting(spans: Sequence[Mapping[str, Any]], room: int) -> list[str]:
    """Lines of the spans, the first one's most, as many as fit, in the order of the spans."""
    shown: list[list[str]] = []
    for number, span in enumerate(spans):
        limit = room * _FIRST_SHARE if number == 0 and len(spans) > 1 else room
        taken: list[str] = []
        for line in _lines(span):
            if len(line) + 1 > limit:
                break
            taken.append(line)
            limit -= len(line) + 1
            room -= len(line) + 1
        shown.append(taken)
    return [line for taken in shown for line in taken]


def _lines(span: Mapping[str, Any]) -> Iterator[str]:
    for number, text in enumerate(span.get("text", "").split("\n"), span["start"]):
        if text.strip():
            yield f"{number}: {cut(text.rstrip(), _LINE_CHARS)}"


def _place(span: Mapping[str, Any]) -> str:
    return f"{span['start']}" if span["start"] == span["end"] else f"{span['start']}-{span['end']}"
