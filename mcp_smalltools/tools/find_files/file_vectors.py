"""Vectors of files: a short digest of each, embedded in the background."""

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
    from mcp_smalltools.tools.find_files.index_updates import Keeper

_STEP: Final = 32
"""Files at once: few, so that a command that ends soon keeps what it has done."""
_LAST: Final = 9
"""Priority in the engine: everything else goes first."""
_DEADLINE_S: Final = 120.0


async def embed_rest(keeper: Keeper, engine: Engine, model: str) -> str | None:
    """Give each file of an index that has none its vector. Returns why it stopped, None if all have one."""
    try:
        await anyio.to_thread.run_sync(_use_model, keeper, model)
        while texts := await anyio.to_thread.run_sync(_digests, keeper):
            options = CallOptions(model=model, priority=_LAST, deadline_s=_DEADLINE_S)
            found = await engine.embed(list(texts.values()), options)
            await anyio.to_thread.run_sync(keeper.index.put_vectors, list(texts), found.vectors)
    except SmallToolsError as error:
        return error.code
    except sqlite3.Error:
        return "index"
    return None


def _use_model(keeper: Keeper, model: str) -> None:
    """Vectors of another model say nothing to this one."""
    if keeper.index.fact("model") != model:
        keeper.index.forget_vectors()
        keeper.index.set_fact("model", model)


def _digests(keeper: Keeper) -> dict[int, str]:
    """What to embed next, by id."""
    texts = {}
    for number, path in keeper.index.without_vector(_STEP):
        try:
            with keeper.opened(path) as source:
                texts[number] = digest_of(path, source.text(MAX_BYTES))
        except FileError:  # gone meanwhile: the next look at the folder takes it out
            texts[number] = path
    return texts
