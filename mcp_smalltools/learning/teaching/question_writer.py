"""Asks a teacher for questions to texts of a repository.

What a file says is not addressed to it, and a question counts only if the tool finds the text again by it, so
a file that talks to its reader gains nothing. A server on another machine has to be allowed, is sent masked
text, and none of a sealed folder; a model on this machine reads every folder, as the tools do.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.api import CallOptions, ChatMessage, Prompt, Sampling
from mcp_smalltools.errors import FileError
from mcp_smalltools.learning.improve.teacher import Teacher
from mcp_smalltools.learning.repositories.files import RepositoryFiles
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Call, Service
from mcp_smalltools.text.words import content_stems

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

COPIED: Final = 0.6
"""The share of a question's stems that its text may have: more is a copy."""
_FEWEST_STEMS: Final = 3
_AT_ONCE: Final = 8
"""Texts that are asked about in one call."""
_TOKENS: Final = 90
_TEXT_CHARS: Final = 1_600
_SECONDS: Final = 900.0
_LONGEST: Final = 200
_NUMBERED: Final = re.compile(r"^\s*(?:[-*]|\d{1,2}[.)]|Q\d*:|Question:)?\s*[\"'`]?")


@dataclass(frozen=True, slots=True)
class TextToAsk:
    """Some text of a file, by the file's path in the repository."""

    path: str
    text: str


class QuestionWriter:
    """The teacher, with the repository whose texts it may read."""

    def __init__(
        self, teacher: Teacher, files: RepositoryFiles, settings: Settings, engine: Engine | None
    ) -> None:
        """`engine` runs a teacher without an address. Raises NotAllowed for a server that isn't allowed."""
        roots = (RootSpec(path=files.folder.root, level=files.level), *files.inner)
        own = settings.model_copy(update={"roots": roots})
        if teacher.url:
            own = own.model_copy(update={"engine_urls": (teacher.url,)})
        self._teacher, self._files = teacher, files
        self._service = Service(own, None if teacher.url else engine)

    async def questions(
        self, texts: Sequence[TextToAsk], task: str, say: Callable[[str], None]
    ) -> list[tuple[TextToAsk, str]]:
        """Questions that say enough and don't copy their text. Raises NotAllowed, and as the engine does."""
        found = []
        for first in range(0, len(texts), _AT_ONCE):
            batch = texts[first : first + _AT_ONCE]
            for text, answer in await self._answers(batch, task):
                asked = [one for one in _questions_in(answer) if _asks(one, text, task)]
                found += [(text, question) for question in asked]
            done = min(len(texts), first + _AT_ONCE)
            say(f"{done} of {len(texts)} texts asked about: {len(found)} questions")
        return found

    async def close(self) -> None:
        """Let the teacher go; an engine that was given stays."""
        if self._teacher.url:
            await self._service.close()

    async def _answers(self, batch: Sequence[TextToAsk], task: str) -> list[tuple[TextToAsk, str]]:
        """By the pipeline of a call, which decides what may leave: the files are opened for it, and what
        can't be opened any more isn't asked about.
        """
        call = Call(ToolRequest("ask_file", {}, deadline_s=_SECONDS), self._service, lambda *_: None)
        try:
            context = call.context()
            there = []
            for text in batch:
                with contextlib.suppress(FileError):
                    context.open(str(self._files.folder.root / text.path))
                    there.append(text)
            prompts = [_prompt(task, text) for text in there]
            options = CallOptions(model=self._teacher.model or None, deadline_s=_SECONDS)
            written = await context.engine.generate(prompts, Sampling(max_tokens=_TOKENS), options)
            return [(text, one.text) for text, one in zip(there, written, strict=True)]
        finally:
            await call.close()


def _prompt(task: str, text: TextToAsk) -> Prompt:
    shown = f"{text.path}\n\n{text.text[:_TEXT_CHARS]}"
    return Prompt((ChatMessage("system", task), ChatMessage("user", shown)), shared=1)


def _questions_in(answer: str) -> list[str]:
    """The lines of an answer that can be questions, without numbers and quotation marks."""
    lines = (_NUMBERED.sub("", line).strip(" \"'`") for line in answer.splitlines())
    return [line for line in dict.fromkeys(lines) if 10 <= len(line) <= _LONGEST][:3]


def _asks(question: str, text: TextToAsk, task: str) -> bool:
    """Whether it says enough beside the words of the task, which small models repeat, and of the file's name,
    and is no copy of the text.
    """
    stems = set(content_stems(question))
    own = stems - set(content_stems(task)) - set(content_stems(text.path))
    copied = stems & set(content_stems(text.text))
    return len(own) >= _FEWEST_STEMS and len(copied) <= COPIED * len(stems)
