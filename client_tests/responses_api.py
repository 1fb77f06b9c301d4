"""A stand-in for the Responses API on loopback: the model that Codex talks to. It makes given calls."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from loopback import StandInHandler, listening


@dataclass
class CodexModel:
    """Runs these commands, one after the other."""

    commands: Sequence[str]
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def told(self) -> str:
        return json.dumps(self.requests, ensure_ascii=False)

    @property
    def outputs(self) -> list[str]:
        """What the model reads of each command."""
        items = self.requests[-1]["input"]
        return [str(item["output"]) for item in items if item.get("type") == "function_call_output"]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        done = len(self.outputs)
        if done >= len(self.commands):
            text = {"type": "output_text", "text": "done"}
            return {"type": "message", "role": "assistant", "id": "msg", "content": [text]}
        arguments = json.dumps({"cmd": self.commands[done]})
        call = {"type": "function_call", "name": "exec_command", "arguments": arguments}
        return {**call, "id": f"fc_{done}", "call_id": f"call_{done}"}


@contextlib.contextmanager
def responses_api(model: CodexModel) -> Iterator[str]:
    """The address of a server that answers as the model does, while the block runs."""

    class Handler(StandInHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            self.send_body(_events(model.answer(request)), "text/event-stream")

        def do_GET(self) -> None:
            self.send_body(b'{"models": [], "data": []}', "application/json")

    with listening(Handler) as address:
        yield f"{address}/v1"


def _events(item: dict[str, Any]) -> bytes:
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    details = {"input_tokens_details": None, "output_tokens_details": None}
    events = [
        {"type": "response.created", "response": {"id": "r"}},
        {"type": "response.output_item.done", "item": item},
        {"type": "response.completed", "response": {"id": "r", "usage": usage | details}},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
