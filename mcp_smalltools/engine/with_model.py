"""An engine that uses a skill's model and adapter where the caller names none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.forwarding import ForwardingEngine
from mcp_smalltools.models.download_records import Kind

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import CallOptions, Engine


def settings_with(settings: Settings, model_id: str) -> tuple[Settings, Kind]:
    """The settings with this model in place of the configured one of its kind. Raises ModelError."""
    from mcp_smalltools.models.library import manifest_of

    kind = manifest_of(model_id, settings).kind
    field = "embed_model" if kind == "embed" else "generate_model"
    return settings.model_copy(update={field: model_id}), kind


class EngineWithModel(ForwardingEngine):
    """Calls of the model's kind use this model, and this adapter in place of the tool's."""

    def __init__(self, engine: Engine, model: str, kind: Kind, adapter: str | None) -> None:
        super().__init__(engine)
        self._model = model
        self._kind = kind
        self._adapter = adapter

    def _options(self, kind: Kind, options: CallOptions) -> CallOptions:
        if kind != self._kind or options.model is not None:
            return options
        return replace(options, model=self._model, adapter=self._adapter or options.adapter)
