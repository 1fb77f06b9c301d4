"""Transcripts of Claude Code: `projects/PROJECT/SESSION.jsonl` in its folder (read with 2.1.330)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mcp_smalltools.discovery.transcript import (
    AgentCall,
    Chain,
    ModelRequest,
    Transcript,
    objects_of,
    text_of,
)
from mcp_smalltools.hooks.fields import count_of_field, object_of_field, text_of_field

CLIENT: Final = "claude-code"
OURS: Final = "smalltools "
"""How what our hooks add begins."""
_EXIT_CODE: Final = re.compile(r"\A(?:Error: )?Exit code (\d{1,3})(?:\n|\Z)")


def read_claude_code(descriptor: int, seen: set[str]) -> Transcript:
    """A session. What stands in `seen` (requests, calls) was in another transcript: a session that was
    resumed or forked begins with a copy of the one before.
    """
    reader = _SessionReader(seen)
    for told in objects_of(descriptor, reader.transcript.lines):
        reader.take(told)
    return reader.transcript


class _SessionReader:
    def __init__(self, seen: set[str]) -> None:
        self.transcript = Transcript(CLIENT)
        self._seen = seen
        self._requests: dict[str, tuple[Chain, int]] = {}
        self._calls: dict[str, AgentCall] = {}

    def take(self, told: Mapping[str, Any]) -> None:
        transcript, kind = self.transcript, told.get("type")
        transcript.session = transcript.session or text_of_field(told, "sessionId")
        transcript.cwd = transcript.cwd or text_of_field(told, "cwd")
        side = text_of_field(told, "agentId") or "side" if told.get("isSidechain") is True else "main"
        if kind == "assistant":
            self._assistant(told, transcript.chain(side))
        elif kind == "user":
            self._user(told, transcript.chain(side))
        elif kind == "attachment":
            self._attachment(object_of_field(told, "attachment"))
        elif kind == "system" and told.get("subtype") == "compact_boundary":
            chain = transcript.chain(side)
            chain.ends.append(len(chain.requests) - 1)
        else:
            transcript.lines.other += 1

    def _assistant(self, told: Mapping[str, Any], chain: Chain) -> None:
        message = object_of_field(told, "message")
        name = text_of_field(message, "id")
        model = text_of_field(message, "model")
        if not name or model.startswith("<") or (name in self._seen and name not in self._requests):
            return
        if name not in self._requests:
            self._seen.add(name)
            self._requests[name] = (chain, len(chain.requests))
            chain.requests.append(ModelRequest(model))
        chain, number = self._requests[name]
        _note_usage(chain.requests[number], object_of_field(message, "usage"))
        for block in _blocks(message):
            call_id = text_of_field(block, "id")
            if block.get("type") == "tool_use" and call_id and call_id not in self._calls:
                arguments = object_of_field(block, "input")
                asked = len(str(arguments))
                call = AgentCall(call_id, text_of_field(block, "name"), arguments, number, asked)
                self._calls[call_id] = call
                chain.calls.append(call)

    def _user(self, told: Mapping[str, Any], chain: Chain) -> None:
        message = object_of_field(told, "message")
        content = message.get("content")
        results = [block for block in _blocks(message) if block.get("type") == "tool_result"]
        for block in results:
            call = self._calls.get(text_of_field(block, "tool_use_id"))
            if call is not None and not call.answered:
                _note_result(call, block, told.get("toolUseResult"))
        if not results and told.get("isMeta") is not True and (said := text_of(content)):
            chain.prompts.append(said)

    def _attachment(self, attached: Mapping[str, Any]) -> None:
        call = self._calls.get(text_of_field(attached, "toolUseID"))
        content = attached.get("content")
        if call is None or attached.get("type") != "hook_additional_context":
            self.transcript.lines.other += 1
            return
        for said in content if isinstance(content, list) else [content]:
            if isinstance(said, str) and said.startswith(OURS):
                call.told.append(said)


def _blocks(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = message.get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _note_usage(request: ModelRequest, usage: Mapping[str, Any]) -> None:
    """Lines of one answer repeat its usage; output grows from line to line."""
    created = count_of_field(usage, "cache_creation_input_tokens")
    hour = min(created, count_of_field(object_of_field(usage, "cache_creation"), "ephemeral_1h_input_tokens"))
    request.input = max(request.input, count_of_field(usage, "input_tokens"))
    request.cache_write = max(request.cache_write, created - hour)
    request.cache_write_1h = max(request.cache_write_1h, hour)
    request.cache_read = max(request.cache_read, count_of_field(usage, "cache_read_input_tokens"))
    request.output = max(request.output, count_of_field(usage, "output_tokens"))


def _note_result(call: AgentCall, block: Mapping[str, Any], response: Any) -> None:
    call.answered = True
    call.shown = text_of(block.get("content"))
    call.failed = block.get("is_error") is True
    call.response = response if isinstance(response, dict) else {}
    if found := _EXIT_CODE.match(call.shown) if call.failed else None:
        call.exit_code = int(found[1])
    elif call.tool == "Bash" and not call.failed:
        call.exit_code = 0
