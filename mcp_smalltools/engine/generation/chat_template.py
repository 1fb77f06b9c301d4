"""Chats to tokens: the model's own template around contents that can't break out of it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcp_smalltools.engine.api import Message, Prompt
from mcp_smalltools.engine.llama.bindings import Model, Tokens

# Stands for a message's content while the template is applied; of a private-use character, so that no
# template trims or rewrites it.
_MARK = "\ue000{}\ue000"
_MARKS = re.compile("\ue000([0-9]+)\ue000")


@dataclass(frozen=True, slots=True)
class Laid:
    """A prompt in tokens: `prefix` is the same in every call of the tool (empty if nothing is shared)."""

    prefix: Tokens
    own: Tokens

    @property
    def size(self) -> int:
        return len(self.prefix) + len(self.own)


class Layout:
    """Lays chats out for one model.

    Contents are tokenized without special tokens: text of a file that holds `<|im_end|>` stays text.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._prefix = functools.lru_cache(maxsize=64)(self._prefix_tokens)
        self._frame = functools.lru_cache(maxsize=64)(self._template_pieces)

    def lay_out(self, prompt: Prompt) -> Laid:
        messages = prompt.messages
        whole = self._frame(tuple(message.role for message in messages), answer=True)
        shared = self._shared_frame(messages[: prompt.shared], whole)
        k = len(shared) - 1
        own = self._join(
            (whole[k].removeprefix(shared[k]), *whole[k + 1 :]), [message.content for message in messages[k:]]
        )
        if prompt.start:
            own = np.concatenate([own, self._model.tokenize(prompt.start)])
        return Laid(prefix=self._prefix(messages[:k]), own=own)

    def _shared_frame(self, messages: tuple[Message, ...], whole: tuple[str, ...]) -> tuple[str, ...]:
        """The pieces around the shared messages; a single empty one if the template lays them out differently
        when others follow."""
        if messages:
            pieces = self._frame(tuple(message.role for message in messages), answer=False)
            k = len(messages)
            if pieces[:k] == whole[:k] and whole[k].startswith(pieces[k]):
                return pieces
        return ("",)

    def _prefix_tokens(self, messages: tuple[Message, ...]) -> Tokens:
        if not messages:
            return np.empty(0, dtype=np.int32)
        pieces = self._frame(tuple(message.role for message in messages), answer=False)
        return self._join(pieces, [message.content for message in messages])

    def _join(self, pieces: Sequence[str], contents: Sequence[str]) -> Tokens:
        """Tokens of piece, content, piece, …, piece."""
        parts = [self._model.tokenize(pieces[0], parse_special=True)]
        for content, piece in zip(contents, pieces[1:], strict=True):
            parts += [self._model.tokenize(content), self._model.tokenize(piece, parse_special=True)]
        return np.concatenate(parts)

    def _template_pieces(self, roles: Sequence[str], *, answer: bool) -> tuple[str, ...]:
        """The template's text before, between and after the contents: one piece more than messages."""
        chat = [(role, _MARK.format(index)) for index, role in enumerate(roles)]
        return tuple(_MARKS.split(self._model.chat(chat, answer=answer))[::2])
