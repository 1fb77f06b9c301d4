"""What an agent reads after a command: a few lines, never more than MOST_CHARS characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp_smalltools.hooks.kept.outputs import KeptOutput
from mcp_smalltools.hooks.tell.telling_lines import fitting_lines
from mcp_smalltools.text.truncate import cut

MOST_CHARS: Final = 1_200
WHOLE_CHARS: Final = 700
"""The same where the agent sees the whole output: then it is a pointer into it."""
_LINE_CHARS: Final = 240


def failure_message(
    answer: Mapping[str, Any],
    kept: KeptOutput,
    *,
    exit_code: int | None,
    sealed: bool = False,
    most_chars: int = MOST_CHARS,
) -> str:
    """What failed and why, with line numbers, and where the whole output is; of `find_failure`'s answer."""
    spans: Sequence[Mapping[str, Any]] = answer.get("evidence") or []
    if not spans:
        return ""
    head = _head(answer, kept, exit_code)
    foot = _foot(answer, kept)
    if sealed:
        places = ", ".join(_place(span) for span in spans)
        return cut(f"{head} lines {places}.", most_chars - len(foot) - 1) + f"\n{foot}"
    room = most_chars - len(head) - len(foot) - 2
    return "\n".join([head, *map(str, fitting_lines(spans, room)), foot])


def no_cause_message(answer: Mapping[str, Any], kept: KeptOutput) -> str:
    """Where the client has cut an output in which nothing says why the command failed: where the rest is."""
    return f"smalltools: no line of the output says why it failed. {_foot(answer, kept)}"


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


def _place(span: Mapping[str, Any]) -> str:
    return f"{span['start']}" if span["start"] == span["end"] else f"{span['start']}-{span['end']}"
