"""Vectors of files: a digest of each is embedded in the background."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.errors import FileError, SmallToolsError
from mcp_smalltools.tools.find_files.encoder_text import digest_of
from mcp_smalltools.tools.find_files.indexing import MAX_BYTES

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine
    from mcp_smalltools.tools.find_files.index_updates import IndexUpdater

_BATCH: Final = 32
"""Files at once: few, so that a command that ends soon keeps what it has done."""
_PRIORITY: Final = 9
"""Of the engine's jobs: everything else goes first."""
_DEADLINE_S: Final = 120.0
"""Seconds for one batch."""


async def embed_rest(updater: IndexUpdater, engine: Engine, model: str) -> str | None:
    """Embed all files of an index that have no vector. Returns the code of an error that ended it."""
    try:
        await anyio.to_thread.run_sync(_use_model, updater, model)
        while texts := await anyio.to_thread.run_sync(_digests, updater):
            options = CallOptions(model=model, priority=_PRIORITY, deadline_s=_DEADLINE_S)
            found = await engine.embed(list(texts.values()), options)
            await anyio.to_thread.run_sync(updater.index.put_vectors, list(texts), found.vectors)
    except SmallToolsError as error:
        return error.code
    except sqlite3.Error:
        return "index"
    return None


def _use_model(updater: IndexUpdater, model: str) -> None:
    """Forget vectors that another model made: they can't be compared with those of this one."""
    if updater.index.fact("model") != model:
        updater.index.forget_vectors()
        updater.index.set_fact("model", model)


def _digests(updater: IndexUpdater) -> dict[int, str]:
    """The digests to embed next, by the id of their file."""
    texts = {}
    for number, path in updater.index.without_vector(_BATCH):
        try:
            with updater.opened(path) as source:
                texts[number] = digest_of(path, source.text(MAX_BYTES))
        except FileError:  # deleted meanwhile: the next refresh takes it out of the index
            texts[number] = path
    return texts
