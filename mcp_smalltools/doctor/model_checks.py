"""Checks of the models' files: the encoder, which the tools use, and the generator, which none does."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.errors import ModelError


def check_models(settings: Settings) -> Iterator[Check]:
    yield from _check_encoder(settings)
    yield _check_generator(settings)


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
            remedy = f"mcp-smalltools models tune {model_id} finds the fastest layout on this machine."
            yield Check("encoder", CheckState.NOTE, "the speed of its layouts was not measured here", remedy)
    elif settings.offline:
        remedy = "Allow the download once: MCP_SMALLTOOLS_OFFLINE=0 mcp-smalltools models pull."
        yield Check("encoder", CheckState.WRONG, f"{model_id} is not here, and offline is set", remedy)
    else:
        remedy = "mcp-smalltools models pull fetches it now."
        yield Check("encoder", CheckState.NOTE, f"{model_id} is fetched when a tool first needs it", remedy)


def _check_generator(settings: Settings) -> Check:
    """Never wrong: no built-in tool uses one."""
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifest_of

    model_id = settings.generate_model
    if settings.engine_urls:
        where = "on the servers of engine_urls"
    else:
        try:
            ready = ModelStore(manifest_of(model_id, settings), settings).ready()
            where = str(ready.path) if ready else "not here"
        except ModelError as error:
            return Check("generator", CheckState.NOTE, error.message, error.remedy)
    return Check("generator", CheckState.OK, f"{model_id} ({where}); no built-in tool uses it yet")
