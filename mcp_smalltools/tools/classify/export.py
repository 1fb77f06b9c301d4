"""All results as JSON lines, for the agent's own scripts: one object for each item, in their order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def write_lines(rows: Iterable[Mapping[str, Any]], target: Path) -> None:
    """The file appears whole or not at all. Raises OSError."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", errors="surrogatepass", newline="\n") as out:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
