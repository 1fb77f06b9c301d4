"""Chats to tokens, by the model's chat template, which the contents of messages can't break out of."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcp_smalltools.engine.api import ChatMessage, Prompt
from mcp_smalltools.engine.llama.bindings import Model, Tokens

# Placeholder of a message's content while the template is applied; made of a private-use character, which no
# template trims or rewrites.
_MARK = "\ue000{}\ue000"
_MARKS = re.compile("\ue000([0-9]+)\ue000")


@dataclass(frozen=True, slots=True)
class EncodedPrompt:
    """A prompt in tokens: `prefix` is the same in every call of the tool (empty if nothing is shared)."""

    prefix: Tokens
    own: Tokens

    @property
    def size(self) -> int:
        return len(self.prefix) + len(self.own)


class ChatTemplate:
    """Encodes chats for one model.

    Contents are tokenized without special tokens: `<|im_end|>` in a file's text stays text.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._prefix = functools.lru_cache(maxsize=64)(self._prefix_tokens)
        self._frame = functools.lru_cache(maxsize=64)(self._template_pieces)

    def encode(self, prompt: Prompt) -> EncodedPrompt:
        messages = prompt.messages
        whole = self._frame(tuple(message.role for message in messages), answer=True)
        shared = self._shared_frame(messages[: prompt.shared], whole)
        k = len(shared) - 1
        own = self._join(
            (whole[k].removeprefix(shared[k]), *whole[k + 1 :]), [message.content for message in messages[k:]]
        )
        if prompt.start:
            own = np.concatenate([own, self._model.tokenize(prompt.start)])
        return EncodedPrompt(prefix=self._prefix(messages[:k]), own=own)

    def texts(self, prompt: Prompt) -> list[tuple[str, bool]]:
        """The template's text and the messages' contents by turns, each with whether it is the template's,
        whose special tokens count; then what the answer starts with.
        """
        pieces = self._frame(tuple(message.role for message in prompt.messages), answer=True)
        found = [(pieces[0], True)]
        for message, piece in zip(prompt.messages, pieces[1:], strict=True):
            found += [(message.content, False), (piece, True)]
        return [*found, (prompt.start, False)]

    def _shared_frame(self, messages: tuple[ChatMessage, ...], whole: tuple[str, ...]) -> tuple[str, ...]:
        """The template's text around the shared messages.

        A single empty text if the template writes them differently when other messages follow.
        """
        if messages:
            pieces = self._frame(tuple(message.role for message in messages), answer=False)
            k = len(messages)
            if pieces[:k] == whole[:k] and whole[k].startswith(pieces[k]):
                return pieces
        return ("",)

    def _prefix_tokens(self, messages: tuple[ChatMessage, ...]) -> Tokens:
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
