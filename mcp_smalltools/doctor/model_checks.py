"""Checks of the models: the encoder, which the tools use, and the writers that read along with it."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.doctor.writers import check_writers
from mcp_smalltools.errors import ModelError


def check_models(settings: Settings) -> Iterator[Check]:
    yield from _check_encoder(settings)
    yield from check_writers(settings)


def _check_encoder(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifest_of

    model_id = settings.embed_model
    if settings.engine_urls:
        yield Check("encoder", CheckState.OK, f"{model_id}, on the servers of engine_urls")
        return
    try:
        store = ModelStore(manifest_of(model_id, settings), settings)
        ready = store.ready()
    except ModelError as error:
        yield Check("encoder", CheckState.WRONG, error.message, error.remedy)
        return
    if ready is not None:
        yield Check("encoder", CheckState.OK, f"{model_id} {store.layout}".rstrip() + f" ({ready.path})")
        if store.layout and not store.tuned:
            remedy = f"`mcp-smalltools models tune {model_id}` finds the fastest layout on this machine."
            yield Check("encoder", CheckState.NOTE, "the speed of its layouts was not measured here", remedy)
    elif settings.offline:
        remedy = "Allow the download once: `MCP_SMALLTOOLS_OFFLINE=0 mcp-smalltools models pull`."
        yield Check("encoder", CheckState.WRONG, f"{model_id} is not here, and offline is set", remedy)
    else:
        remedy = "`mcp-smalltools models pull` fetches it now."
        yield Check("encoder", CheckState.NOTE, f"{model_id} is fetched when a tool first needs it", remedy)
