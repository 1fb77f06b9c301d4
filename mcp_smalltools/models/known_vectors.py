"""A text, and its vectors by the encoders here: what shows that a server runs one of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.models.catalog import adapter_entry
from mcp_smalltools.models.shipped import library_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE: Final = "known_vectors.json"


@dataclass(frozen=True, slots=True)
class KnownVector:
    """The vector of `text`, shape (dim,), float32, by a model with an adapter ("" for none)."""

    text: str
    model: str
    adapter: str
    vector: NDArray[np.float32]


def known_vectors(settings: Settings) -> Sequence[KnownVector]:
    """Those that ship, less those of an adapter that has changed since; none where the file is damaged."""
    import numpy as np

    try:
        content = json.loads((library_folder() / FILE).read_text(encoding="utf-8"))
        return [
            KnownVector(content["text"], row["model"], row["adapter"], np.asarray(row["vector"], np.float32))
            for row in content["vectors"]
            if not row["adapter"] or row["made_of"] == adapter_version(row["adapter"], settings)
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def adapter_version(name: str, settings: Settings) -> list[Any]:
    """What its vectors depend on."""
    entry = adapter_entry(name, settings)
    return [entry.get("sha256", ""), float(entry.get("scale", 1.0))]
