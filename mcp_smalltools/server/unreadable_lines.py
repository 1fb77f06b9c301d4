"""Answers to lines on standard input that are no messages, so that no agent waits for what never comes.

The SDK passes them on as exceptions, and its server drops these. JSON-RPC wants an error back, with the
request's id where it can be told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
from pydantic import ValidationError

_MOST_ANSWERS: Final = 100
"""Errors for one batch at most."""

Id = int | str | None
# The SDK's streams are generic over things that this module doesn't use.
Stream = Any


class AnsweredStream:
    """The SDK's stream of messages from the client, without what is none: that is answered over `write`."""

    def __init__(self, read: Stream, write: Stream) -> None:
        self._read, self._write = read, write

    @property
    def last_context(self) -> Any:
        """The SDK runs a message's handler in the context in which it was received."""
        return self._read.last_context

    async def receive(self) -> Any:
        while isinstance(item := await self._read.receive(), Exception):
            for error in errors_for(item):
                await self._write.send(SessionMessage(error))
        return item

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        import anyio

        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        await self._read.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def errors_for(problem: Exception) -> Iterator[JSONRPCError]:
    """What to answer to a line that the SDK could not read; nothing to an empty one."""
    problems = problem.errors(include_url=False) if isinstance(problem, ValidationError) else []
    if not problems:
        yield _error(None, PARSE_ERROR, "The line can't be read.")
    elif problems[0]["type"] == "json_invalid":
        line = problems[0]["input"]
        if str(line).strip():
            yield _error(_id_in_text(line), PARSE_ERROR, f"The line is no JSON: {problems[0]['msg']}.")
    else:
        found = [item["input"] for item in problems if len(item["loc"]) == 1 or item["type"] == "missing"]
        message = next((item for item in found if isinstance(item, dict | list)), None)
        if isinstance(message, list):
            yield from _errors_of_batch(message)
        else:
            wrong = [item for item in problems if item["loc"][:1] == ("JSONRPCRequest",)]
            sentence = "; ".join(
                f"{'.'.join(map(str, item['loc'][1:]))}: {item['msg']}" for item in wrong[:3]
            )
            sentence = f"The line is no JSON-RPC 2.0 message: {sentence.lstrip(': ')}."
            yield _error(_id_of(message), INVALID_REQUEST, sentence)


def _errors_of_batch(batch: list[Any]) -> Iterator[JSONRPCError]:
    sentence = "Batches are not part of MCP: send each message on a line of its own."
    known = [found for item in batch[:_MOST_ANSWERS] if (found := _id_of(item)) is not None]
    answered: list[Id] = [*known] or [None]
    for request_id in answered:
        yield _error(request_id, INVALID_REQUEST, sentence)


def _error(request_id: Id, code: int, sentence: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=request_id, error=ErrorData(code=code, message=sentence))


def _id_in_text(line: str) -> Id:
    """Python reads some JSON that the SDK doesn't: half a surrogate pair, deep nesting."""
    try:
        return _id_of(json.loads(line))
    except (ValueError, RecursionError):
        return None


def _id_of(message: Any) -> Id:
    """The id of a request; None for anything else, such as the client's answer to a request of ours."""
    if not isinstance(message, dict) or {"result", "error"} & message.keys():
        return None
    found = message.get("id")
    if isinstance(found, str):
        return found.encode("utf-8", "replace").decode()
    return found if isinstance(found, int) and not isinstance(found, bool) else None
