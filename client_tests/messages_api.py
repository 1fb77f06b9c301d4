"""A stand-in for the Messages API on loopback: it plays the model that an agent would talk to.

It calls one tool as soon as it is told of it, and ends the turn when it has the result. What the agent sends
is kept: the tools that it has found, and the result of the call as the model would read it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from loopback import StandInHandler, listening

CALL_ID = "toolu_call"
MAX_REQUESTS = 40
_ANSWERS = itertools.count(1)


class _EveryModel:
    """What models have in common."""

    def usage_of(self, request: dict[str, Any]) -> dict[str, int]:
        """Tokens of a request by class, as the API would note them."""
        return {"input_tokens": 1, "output_tokens": 1}


@dataclass
class Model(_EveryModel):
    """What the model wants to call, and what it was told."""

    tool: str
    arguments: dict[str, Any]
    meanwhile: str  # a file that it reads while the agent's servers are starting
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results of its call, once for each request that held it."""
        return [
            block
            for request in self.requests
            for message in request["messages"]
            if isinstance(message["content"], list)
            for block in message["content"]
            if block.get("type") == "tool_result" and block["tool_use_id"] == CALL_ID
        ]

    @property
    def result_text(self) -> str:
        """Text of the last result, as the model reads it."""
        content = self.results[-1]["content"]
        return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)

    @property
    def told(self) -> str:
        """All that the agent has sent, as one text."""
        return json.dumps(self.requests, ensure_ascii=False)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        if self.results or not request.get("tools"):
            return {"type": "text", "text": "done"}
        if self.tool in json.dumps(request):
            return {"type": "tool_use", "id": CALL_ID, "name": self.tool, "input": self.arguments}
        # The agent doesn't wait for its servers: keep it busy until it knows of the tool.
        if len(self.requests) > MAX_REQUESTS:
            return {"type": "text", "text": f"nobody has told me of {self.tool}"}
        time.sleep(0.5)
        waiting = {"file_path": self.meanwhile, "limit": 1}
        return {"type": "tool_use", "id": f"toolu_w{len(self.requests)}", "name": "Read", "input": waiting}


class ScriptedModel(_EveryModel):
    """Makes the calls that it is given, one after the other, whatever comes back."""

    def __init__(self, steps: Sequence[tuple[str, dict[str, Any]]]) -> None:
        self._steps = list(steps)
        self._made = 0
        self.requests: list[dict[str, Any]] = []
        self.printed = ""

    @property
    def told(self) -> str:
        """All that the agent has sent, as one text."""
        return json.dumps(self.requests, ensure_ascii=False)

    @property
    def results_by_call(self) -> dict[str, tuple[bool, str]]:
        """Of each call, in their order: whether it failed, and what the model reads."""
        found = {}
        for message in self.requests[-1]["messages"]:
            for block in message["content"] if isinstance(message["content"], list) else ():
                if block.get("type") == "tool_result":
                    content = block["content"]
                    text = (
                        content if isinstance(content, str) else "".join(c.get("text", "") for c in content)
                    )
                    found[block["tool_use_id"]] = (bool(block.get("is_error")), text)
        return found

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if not request.get("tools"):
            return {"type": "text", "text": "done"}
        self.requests.append(request)
        if self._made >= len(self._steps):
            return {"type": "text", "text": "done"}
        name, arguments = self._steps[self._made]
        self._made += 1
        return {"type": "tool_use", "id": f"toolu_{self._made:04d}", "name": name, "input": arguments}


@contextlib.contextmanager
def messages_api(model: Model | ScriptedModel) -> Iterator[str]:
    """The address of a server that answers as the model does, while the block runs."""

    class Handler(StandInHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            if not self.path.startswith("/v1/messages") or "count_tokens" in self.path:
                self.send_body(b'{"input_tokens": 1}', "application/json")
                return
            block = model.answer(request)
            usage = model.usage_of(request)
            if request.get("stream"):
                self.send_body(_events(block, request["model"], usage), "text/event-stream")
            else:
                message = _message(block, request["model"], usage)
                self.send_body(json.dumps(message).encode(), "application/json")

        def do_GET(self) -> None:
            self.send_body(b"{}", "application/json")

        def do_HEAD(self) -> None:
            self.send_body(b"", "application/json")

    with listening(Handler) as address:
        yield address


def _message(block: dict[str, Any], model: str, usage: dict[str, int]) -> dict[str, Any]:
    return {
        "id": f"msg_{next(_ANSWERS):06d}",  # the client joins messages of one id
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [block],
        "stop_reason": "tool_use" if block["type"] == "tool_use" else "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }


def _events(block: dict[str, Any], model: str, usage: dict[str, int]) -> bytes:
    message = _message(block, model, usage)
    if block["type"] == "tool_use":
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        start = {**block, "input": {}}
    else:
        delta = {"type": "text_delta", "text": block["text"]}
        start = {"type": "text", "text": ""}
    begun = {**message, "content": [], "stop_reason": None}
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None},
            "usage": {"output_tokens": usage["output_tokens"]},
        },
        {"type": "message_stop"},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
