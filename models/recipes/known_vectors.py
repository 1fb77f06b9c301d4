"""Make models/known_vectors.json: one text and its vectors by the encoder here, bare and with each adapter.

    python models/recipes/known_vectors.py

To be run when an adapter that ships was replaced; `tests/test_http_engine.py` says when.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.models.catalog import adapter_entry
from mcp_smalltools.models.known_vectors import FILE, adapter_version

MODELS = Path(__file__).resolve().parents[1]
MODEL = "all-minilm-l6-v2"
TEXT = (
    "Invoice no. 2024-0173: the Café Zürich in Malmö ordered 12 boxes of Ceylon tea (250 g each) on 3 May, "
    "paid €348.60 by bank transfer, and asks whether the pump_timeout of the espresso machine can be raised."
)
"""Accents, digits, signs and an identifier: a server that splits texts otherwise gives another vector."""


async def vectors() -> list[dict[str, Any]]:
    settings = load_settings()
    names = sorted(path.parent.name for path in (MODELS / "skills").glob("*/adapter.gguf"))
    engine = EngineClient(settings)
    rows = []
    for name in ("", *(name for name in names if adapter_entry(name, settings).get("base") == MODEL)):
        options = CallOptions(model=MODEL, adapter=name or None)
        vector = (await engine.embed([TEXT], options)).vectors[0]
        made_of = adapter_version(name, settings) if name else []
        rows.append(
            {
                "model": MODEL,
                "adapter": name,
                "made_of": made_of,
                "vector": [round(float(part), 6) for part in vector],
            }
        )
    await engine.close()
    return rows


def main() -> None:
    content = {"text": TEXT, "vectors": asyncio.run(vectors())}
    (MODELS / FILE).write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
