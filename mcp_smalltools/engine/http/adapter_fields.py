"""The fields of a request that choose an adapter, for each dialect that can."""

from __future__ import annotations

from typing import Any

from mcp_smalltools.engine.http.dialects import Body, Dialect
from mcp_smalltools.engine.http.endpoints import Endpoints
from mcp_smalltools.engine.http.replies import unexpected_reply
from mcp_smalltools.errors import EngineError, EngineUnavailable


class AdapterFields:
    def __init__(self, dialect: Dialect, endpoints: Endpoints) -> None:
        self._dialect = dialect
        self._endpoints = endpoints
        self._ids: dict[str, int] = {}
        """llama-server's numbers of its adapters, by the names of their files and folders."""

    async def of(self, name: str) -> Body:
        """Raises UsageError if the dialect has no adapters, EngineError if the server lacks this one."""
        if self._dialect.adapter == "model":
            return {"model": name}
        if self._dialect.adapter is None:
            raise self._dialect.unsupported("adapters")
        # llama-server numbers the adapters that it was started with; all its copies are started alike.
        address = self._endpoints.addresses[0]
        if name not in self._ids:
            for entry in await self._list_adapters():
                for part in str(entry.get("path", "")).replace("\\", "/").split("/"):
                    self._ids[part.removesuffix(".gguf")] = int(entry["id"])
        if name not in self._ids:
            raise EngineError(
                f"The engine at {address.host} has no adapter {name!r}.",
                remedy="Start it with --lora and the adapter's file.",
            )
        chosen = self._ids[name]
        return {"lora": [{"id": id, "scale": float(id == chosen)} for id in sorted(set(self._ids.values()))]}

    async def _list_adapters(self) -> list[dict[str, Any]]:
        address = self._endpoints.addresses[0]
        try:
            listed = await self._endpoints.get(address, "/lora-adapters")
        except OSError as error:
            raise EngineUnavailable(
                f"The engine at {address.host} can't be reached ({type(error).__name__}).",
                remedy="Start it, or correct engine_urls.",
            ) from None
        if not isinstance(listed, list):
            raise unexpected_reply()
        return listed
