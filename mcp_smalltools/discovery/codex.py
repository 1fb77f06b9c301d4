"""Transcripts of Codex: `sessions/YEAR/MONTH/DAY/rollout-….jsonl` in its folder (read with 0.171)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from mcp_smalltools.discovery.transcript import AgentCall, ModelRequest, Transcript, objects_of, text_of
from mcp_smalltools.hooks.fields import count_of_field, object_of_field, text_of_field

CLIENT: Final = "codex"
_SHELLS: Final = frozenset(("exec_command", "shell", "shell_command", "local_shell", "container.exec"))
_EXITED: Final = re.compile(r"^(?:Process exited with code|Exit code:?) (-?\d{1,3})$", re.MULTILINE)
_HEAD: Final = re.compile(r"\A(?:[^\n]{0,200}\n){0,8}?Output:\n")
"""What Codex writes before a command's own output."""


def read_codex(descriptor: int, seen: set[str]) -> Transcript:
    """A session. Calls that stand in `seen` were in another transcript."""
    reader = _Rollout(seen)
    for told in objects_of(descriptor, reader.transcript.lines):
        reader.take(text_of_field(told, "type"), object_of_field(told, "payload"))
    return reader.finished()


class _Rollout:
    """Requests are noted after the calls of their answers: by records of their own or, in older versions, by
    counts of tokens.
    """

    def __init__(self, seen: set[str]) -> None:
        self.transcript = Transcript(CLIENT)
        self._chain = self.transcript.chain("main")
        self._seen = seen
        self._model = ""
        self._calls: dict[str, AgentCall] = {}
        self._counted: list[ModelRequest] = []
        self._has_records = False

    def take(self, kind: str, payload: Mapping[str, Any]) -> None:
        transcript, what = self.transcript, text_of_field(payload, "type")
        if kind == "session_meta":
            transcript.session = transcript.session or text_of_field(payload, "id")
            transcript.cwd = transcript.cwd or text_of_field(payload, "cwd")
        elif kind == "turn_context":
            self._model = text_of_field(payload, "model") or self._model
        elif kind == "compacted":
            self._chain.ends.append(len(self._requests) - 1)
        elif kind == "token_usage_record":
            self._has_records = True
            self._chain.requests.append(self._request(object_of_field(payload, "usage")))
        elif kind == "response_item":
            self._item(what, payload)
        elif kind == "event_msg" and what == "token_count":
            if usage := object_of_field(object_of_field(payload, "info"), "last_token_usage"):
                self._counted.append(self._request(usage))
        elif kind == "event_msg":
            self._event(what, payload)
        else:
            transcript.lines.other += 1

    def finished(self) -> Transcript:
        self._chain.requests = self._requests
        return self.transcript

    @property
    def _requests(self) -> list[ModelRequest]:
        return self._chain.requests if self._has_records else self._counted

    def _request(self, usage: Mapping[str, Any]) -> ModelRequest:
        """Here `input_tokens` has the cached ones in it."""
        cached = count_of_field(usage, "cached_input_tokens")
        written = count_of_field(usage, "cache_write_input_tokens")
        fresh = max(0, count_of_field(usage, "input_tokens") - cached - written)
        return ModelRequest(self._model, fresh, written, 0, cached, count_of_field(usage, "output_tokens"))

    def _item(self, what: str, payload: Mapping[str, Any]) -> None:
        if what in ("function_call", "custom_tool_call", "local_shell_call"):
            self._call(payload)
        elif what in ("function_call_output", "custom_tool_call_output"):
            call = self._calls.get(text_of_field(payload, "call_id"))
            if call is not None and not call.answered:
                _note_output(call, payload.get("output"))
        elif what == "message" and payload.get("role") == "user":
            said = text_of(payload.get("content"))
            if said and not said.startswith("<"):  # the client's own notes on the environment
                self._chain.prompts.append(said)

    def _call(self, payload: Mapping[str, Any]) -> None:
        call_id, name = text_of_field(payload, "call_id"), text_of_field(payload, "name")
        if not call_id or call_id in self._calls or f"{self.transcript.session} {call_id}" in self._seen:
            return
        self._seen.add(f"{self.transcript.session} {call_id}")
        given = text_of_field(payload, "arguments") or text_of_field(payload, "input")
        tool, arguments = _as_ours(name, given, object_of_field(payload, "action"))
        call = AgentCall(call_id, tool, arguments, len(self._requests), len(given))
        self._calls[call_id] = call
        self._chain.calls.append(call)

    def _event(self, what: str, payload: Mapping[str, Any]) -> None:
        """The end of a command, with all of its output."""
        item = object_of_field(payload, "item") if what == "item_completed" else payload
        call = self._calls.get(text_of_field(item, "id") or text_of_field(item, "call_id"))
        if call is None or (what != "exec_command_end" and item.get("type") != "CommandExecution"):
            self.transcript.lines.other += 1
            return
        call.whole = text_of_field(item, "aggregated_output")
        code = item.get("exit_code")
        if isinstance(code, int):
            call.exit_code, call.failed = code, code != 0


def _as_ours(name: str, given: str, action: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A tool and its arguments, as Claude Code calls them."""
    if name == "apply_patch":
        return "Write", {"file_path": "", "content": given}
    try:
        told = json.loads(given) if given else action
    except (ValueError, RecursionError):
        told = {}
    arguments: Mapping[str, Any] = told if isinstance(told, dict) else {}
    command = arguments.get("cmd") or arguments.get("command")
    if name in _SHELLS or action:
        if isinstance(command, list):
            words = [word for word in command if isinstance(word, str)]
            command = words[-1] if words[:2] in (["bash", "-lc"], ["/bin/bash", "-lc"]) else " ".join(words)
        return "Bash", {"command": command if isinstance(command, str) else ""}
    return name, arguments


def _note_output(call: AgentCall, output: Any) -> None:
    call.answered = True
    shown = text_of(output) if not isinstance(output, dict) else text_of_field(output, "content")
    if shown.startswith('{"output"'):  # versions before 0.60
        try:
            told = json.loads(shown)
        except (ValueError, RecursionError):
            told = {}
        if isinstance(told, dict):
            shown = text_of_field(told, "output") or shown
            code = object_of_field(told, "metadata").get("exit_code")
            call.exit_code = code if isinstance(code, int) else call.exit_code
    if (found := _EXITED.search(shown[:2000])) and call.exit_code is None:
        call.exit_code = int(found[1])
    call.failed = call.failed or bool(call.exit_code)
    call.shown = shown[head.end() :] if (head := _HEAD.match(shown)) else shown
