"""How OpenAI-compatible servers differ, in one table. What a server can't do is an error that names it.

llama-server is tested here. The others follow their documentation: vLLM 0.11 (structured outputs,
LoRA, tokenize), SGLang 0.5 (constrained decoding, LoRA), Ollama 0.12 and LM Studio 0.3 (structured output),
Ray Serve LLM 2.50 (serves vLLM).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcp_smalltools.engine.api import Sampling
from mcp_smalltools.errors import ConfigError, UsageError
from mcp_smalltools.suggest import did_you_mean

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server. A field that is None is something that it can't do."""

    name: str
    schema: Callable[[Mapping[str, Any]], Body] | None
    """Fields of a request whose answer must be valid by a JSON schema."""
    regex: Callable[[str], Body] | None = None
    choices: Callable[[tuple[str, ...]], Body] | None = None
    adapter: str | None = None
    """Where an adapter's name goes: "model", or "lora": an id that the server lists."""
    continuation: Body | None = None
    """Fields that make the answer continue the assistant's last message."""
    top_logprobs: int = 0
    """How many alternatives of a token the server gives probabilities for, at most; 0: none."""
    tokenize: Callable[[str, str], Body] | None = None
    """Body of a request to /tokenize for (model, text), whose reply has the tokens as texts. (vLLM's has them
    as the vocabulary spells them, which differs from the spelling in its logprobs.)"""
    extra: tuple[str, ...] = ()
    """Fields of `api.Sampling` that it takes beyond OpenAI's."""
    names: Mapping[str, str] | None = None
    """Its names of those fields, where they differ."""
    embeddings: str = "/v1/embeddings"
    token_vectors: str | None = None
    """Path that gives a vector for each token, from a server that is started without pooling."""
    embed_body: Body | None = None
    """Fields that keep the server from silently truncating a text that is too long."""

    def sampling(self, sampling: Sampling) -> Body:
        """Fields for how tokens are chosen. Raises UsageError for a setting that the server doesn't have."""
        body: Body = {"max_tokens": sampling.max_tokens, "temperature": sampling.temperature}
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if sampling.temperature > 0:
            body |= {"top_p": sampling.top_p, "seed": sampling.seed}
        for name in ("top_k", "min_p", "repeat_penalty"):
            value = getattr(sampling, name)
            if name in self.extra:
                body[(self.names or {}).get(name, name)] = value
            elif value != getattr(Sampling(), name) and (
                sampling.temperature > 0 or name == "repeat_penalty"
            ):
                raise self.unsupported(name)
        return body | self.constraint(sampling)

    def constraint(self, sampling: Sampling) -> Body:
        """Fields that constrain the answer."""
        if sampling.schema is not None:
            return self._constraint_fields(self.schema, "JSON schemas", dict(sampling.schema))
        if sampling.regex is not None:
            return self._constraint_fields(self.regex, "regular expressions", sampling.regex)
        if sampling.choices is not None:
            return self._constraint_fields(self.choices, "a choice of answers", sampling.choices)
        return {}

    def unsupported(self, what: str) -> UsageError:
        return UsageError(
            f"The engine ({self.name}) doesn't support {what}.",
            remedy="Use the engine on this machine, or another server (docs/scaling.md compares them).",
        )

    def _constraint_fields(self, make: Callable[[Any], Body] | None, what: str, value: Any) -> Body:
        if make is None:
            raise self.unsupported(what)
        return make(value)


def _response_format(schema: Mapping[str, Any]) -> Body:
    form = {"name": "answer", "strict": True, "schema": dict(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _choices_grammar(choices: tuple[str, ...]) -> Body:
    return {"grammar": "root ::= " + " | ".join(json.dumps(choice) for choice in choices)}


def _choices_regex(choices: tuple[str, ...]) -> str:
    return "(" + "|".join(re.escape(choice) for choice in choices) + ")"


_VLLM: Final = Dialect(
    "vllm",
    schema=lambda schema: {"structured_outputs": {"json": schema}},
    regex=lambda regex: {"structured_outputs": {"regex": regex}},
    choices=lambda choices: {"structured_outputs": {"choice": list(choices)}},
    adapter="model",
    continuation={"continue_final_message": True, "add_generation_prompt": False},
    top_logprobs=20,
    extra=("top_k", "min_p", "repeat_penalty"),
    names={"repeat_penalty": "repetition_penalty"},
)

DIALECTS: Final[Mapping[str, Dialect]] = {
    dialect.name: dialect
    for dialect in (
        _VLLM,
        Dialect(
            "ray-serve",
            schema=_VLLM.schema,
            regex=_VLLM.regex,
            choices=_VLLM.choices,
            adapter="model",
            continuation=_VLLM.continuation,
            top_logprobs=_VLLM.top_logprobs,
            extra=_VLLM.extra,
            names=_VLLM.names,
        ),
        Dialect(
            "sglang",
            schema=_response_format,
            regex=lambda regex: {"regex": regex},
            choices=lambda choices: {"regex": _choices_regex(choices)},
            adapter="model",
            continuation={"continue_final_message": True},
            extra=("top_k", "min_p", "repeat_penalty"),
            names={"repeat_penalty": "repetition_penalty"},
        ),
        Dialect(
            "llama-server",
            schema=_response_format,
            choices=_choices_grammar,
            adapter="lora",
            continuation={},
            top_logprobs=200,
            tokenize=lambda model, text: {"content": text, "add_special": False, "with_pieces": True},
            extra=("top_k", "min_p", "repeat_penalty"),
            token_vectors="/embeddings",
        ),
        Dialect("ollama", schema=_response_format, adapter="model", embed_body={"truncate": False}),
        Dialect("lm-studio", schema=_response_format, adapter="model"),
        Dialect("openai", schema=_response_format, adapter="model", top_logprobs=20),
    )
}


def dialect_of(name: str) -> Dialect:
    """Raises ConfigError naming the closest one."""
    if name not in DIALECTS:
        raise ConfigError(
            f"engine_dialect: there is no {name!r}{did_you_mean(name, DIALECTS)}.",
            remedy=f"They are: {', '.join(DIALECTS)}.",
        )
    return DIALECTS[name]
