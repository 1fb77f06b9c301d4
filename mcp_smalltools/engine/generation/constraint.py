"""Constrained answers: by a JSON schema, a regular expression or a list of choices (llguidance)."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Final

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from numpy.typing import NDArray

from mcp_smalltools.engine.api import Sampling
from mcp_smalltools.engine.llama.bindings import Model
from mcp_smalltools.errors import UsageError

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

_KEPT: Final = 64
"""Compiled constraints that are kept for each model."""
_AS_WRITTEN: Final[JsonCompileOptions] = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
}
"""How models write JSON. Without the blanks the next token after a key is another than they have learned:
that alone cost Qwen2.5-Coder-0.5B 15 of 100 right answers (models/LOG.md).
"""


class Constraints:
    """Compiles constraints for one model, and keeps the latest compiled ones."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._compiled = functools.lru_cache(maxsize=_KEPT)(self._compile)

    def of(self, sampling: Sampling) -> Constraint | None:
        """Raises UsageError naming what isn't supported: nothing in a schema is silently dropped."""
        grammar = _grammar(sampling)
        if grammar is None:
            return None
        return Constraint(self._compiled(grammar).deep_copy(), self._model)

    @functools.cached_property
    def _tokenizer(self) -> LLTokenizer:
        # Takes about a second, so only when the first constraint is compiled.
        return self._model.guided_tokenizer()

    def _compile(self, grammar: str) -> LLMatcher:
        matcher = LLMatcher(self._tokenizer, grammar)
        if problem := matcher.get_error() or "; ".join(matcher.get_grammar_warnings()):
            raise UsageError(
                f"The answer can't be constrained like this: {problem.splitlines()[0]}.",
                remedy="Remove that part of the schema, or express it more simply.",
            )
        return matcher


class Constraint:
    """How far one answer has got in its constraint."""

    def __init__(self, matcher: LLMatcher, model: Model) -> None:
        self._matcher = matcher
        self._end = model.end_tokens
        self._size = model.vocab_size
        self._mask = np.zeros((self._size + 31) // 32, dtype=np.int32)

    @property
    def complete(self) -> bool:
        """Nothing may follow."""
        return bool(self._matcher.is_stopped())

    def take(self, token: int) -> bool:
        """Advance by a token; False, and no advance, if it isn't allowed here."""
        if token in self._end and self._matcher.is_accepting():
            return True
        return bool(self._matcher.try_consume_tokens([token]) == 1)

    def allowed(self) -> NDArray[np.bool_]:
        """Which tokens may come next, shape (vocabulary,)."""
        self._matcher.unsafe_compute_mask_ptr(self._mask.ctypes.data, self._mask.nbytes)
        bits = np.unpackbits(self._mask.view(np.uint8), bitorder="little", count=self._size)
        return bits.astype(np.bool_)

    def forced(self) -> list[int]:
        """Tokens that must come next: they need no step of the model. Advances by them."""
        tokens = list(self._matcher.compute_ff_tokens())
        return tokens[: self._matcher.try_consume_tokens(tokens)] if tokens else []


def _grammar(sampling: Sampling) -> str | None:
    constraints = (sampling.schema, sampling.regex, sampling.choices)
    given = [constraint for constraint in constraints if constraint is not None]
    if len(given) > 1:
        raise UsageError(
            "An answer can have only one constraint.", remedy="Give one of schema, regex and choices."
        )
    if sampling.schema is not None:
        return _schema_grammar(json.dumps(sampling.schema))
    if sampling.regex is not None:
        return str(LLMatcher.grammar_from_regex(sampling.regex))
    if sampling.choices is not None:
        if not sampling.choices:
            raise UsageError("The list of choices is empty.", remedy="Give at least one choice.")
        options = " | ".join(json.dumps(choice) for choice in sampling.choices)
        return str(LLMatcher.grammar_from_lark(f"start: {options}"))
    return None


def _schema_grammar(schema: str) -> str:
    try:
        return str(LLMatcher.grammar_from_json_schema(schema, overrides=_AS_WRITTEN))
    except ValueError as error:
        raise UsageError(
            f"The schema can't be used: {str(error).splitlines()[0]}.",
            remedy="Remove that part, or express it more simply.",
        ) from None
