"""What the replies of OpenAI-compatible servers say. Each function raises EngineError for another form."""

from __future__ import annotations

import math
from typing import Any, Literal

from mcp_smalltools.engine.api import Generation
from mcp_smalltools.errors import EngineError


def vectors_of(reply: Any, count: int) -> list[Any]:
    """The vectors of an embeddings reply, in the order of the texts."""
    found = sorted(items_of(reply, "data"), key=lambda item: int(item.get("index", 0)))
    if len(found) != count:
        raise unexpected_reply()
    return [item["embedding"] for item in found]


def token_vectors_of(reply: Any, count: int) -> list[Any]:
    """The vectors of each text's tokens, from llama-server without pooling, in the order of the texts."""
    try:
        found = sorted(reply, key=lambda item: int(item["index"]))
        vectors = [item["embedding"] for item in found]
        if len(vectors) != count or not all(isinstance(rows[0], list) for rows in vectors):
            raise unexpected_reply()
    except (KeyError, IndexError, TypeError, ValueError):
        raise unexpected_reply() from None
    return vectors


def tokens_of(reply: Any) -> tuple[list[int], list[str]]:
    """The tokens of a reply to /tokenize with pieces, and their texts."""
    try:
        tokens = [int(token["id"]) for token in reply["tokens"]]
    except (KeyError, TypeError, ValueError):
        raise unexpected_reply() from None
    return tokens, list(token_texts(reply))


def generation_of(reply: Any) -> Generation:
    try:
        choice = reply["choices"][0]
        text = choice["message"].get("content") or ""
        usage = reply.get("usage") or {}
        details = usage.get("prompt_tokens_details") or {}
        logprobs = (choice.get("logprobs") or {}).get("content") or []
        finish: Literal["stop", "length"] = "length" if choice.get("finish_reason") == "length" else "stop"
    except (KeyError, IndexError, TypeError, AttributeError):
        raise unexpected_reply() from None
    values = [float(entry["logprob"]) for entry in logprobs]
    return Generation(
        text=text,
        finish=finish,
        prompt_tokens=int(usage.get("prompt_tokens", 0)),
        cached_tokens=int(details.get("cached_tokens") or 0),
        tokens=int(usage.get("completion_tokens", 0)),
        logprob=sum(values) / len(values) if values else math.nan,
    )


def next_logprobs(reply: Any) -> dict[str, float]:
    """Log probabilities of the likeliest first tokens of the answer, by the tokens' text."""
    found: dict[str, float] = {}
    try:
        for entry in reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
            text, logprob = entry["token"], entry["logprob"]
            # Several tokens may have one text: their probabilities add up.
            found[text] = float(logprob if text not in found else _log_sum(found[text], logprob))
    except (KeyError, IndexError, TypeError):
        raise unexpected_reply() from None
    return found


def token_texts(reply: Any) -> tuple[str, ...]:
    """The texts of the tokens of a reply to /tokenize."""
    try:
        return tuple(_token_text(token["piece"]) for token in reply["tokens"])
    except (KeyError, TypeError):
        raise unexpected_reply() from None


def items_of(reply: Any, name: str) -> list[dict[str, Any]]:
    found = reply.get(name) if isinstance(reply, dict) else None
    if not isinstance(found, list):
        raise unexpected_reply()
    return found


def unexpected_reply() -> EngineError:
    return EngineError(
        "The engine's reply doesn't have the form of its dialect.", remedy="Check engine_dialect."
    )


def _token_text(piece: Any) -> str:
    return piece if isinstance(piece, str) else bytes(piece).decode("utf-8", errors="replace")


def _log_sum(one: float, other: float) -> float:
    """log(exp(one) + exp(other))."""
    high, low = max(one, other), min(one, other)
    return high + math.log1p(math.exp(low - high))
