"""The table of word vectors of `ask_file`.

    PYTHONPATH=. python models/recipes/ask_file/words.py    # a minute

Takes the encoder's vector of each whole word of its vocabulary, and of those common words of source code
(`tools/summarize_file/common.txt`) that the vocabulary lacks, without the mean and the first principal
component, in `DIMENSIONS` dimensions of eight bits. Writes `models/skills/ask_file/words.npz`.
"""

from __future__ import annotations

import asyncio
import re
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np

from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.engine.client.client import EngineClient

DIMENSIONS: Final = 128
OUT: Final = Path(__file__).resolve().parents[2] / "skills" / "ask_file" / "words.npz"


async def vectors_of(words: list[str]) -> np.ndarray:
    engine = EngineClient(load_settings())
    try:
        parts = [
            (await engine.embed(words[at : at + 512], CallOptions(deadline_s=600))).vectors
            for at in range(0, len(words), 512)
        ]
    finally:
        await engine.close()
    return np.concatenate(parts).astype(np.float64)


def reduce(vectors: np.ndarray) -> np.ndarray:
    """Vectors of shape (words, dim) in `DIMENSIONS` dimensions, as 8-bit numbers."""
    middle = vectors - vectors.mean(axis=0)
    directions = np.linalg.svd(middle, full_matrices=False)[2]
    kept = middle @ directions[1 : DIMENSIONS + 1].T
    kept /= np.linalg.norm(kept, axis=1, keepdims=True)
    return np.round(kept / np.abs(kept).max() * 127).astype(np.int8)


def _first(line: str) -> str:
    return line.split(maxsplit=1)[0]


def main() -> None:
    settings = load_settings()
    vocabulary = settings.model_dir.expanduser() / "all-minilm-l6-v2" / "vocab.txt"
    common = resources.files("mcp_smalltools.tools.summarize_file").joinpath("common.txt")
    every = [
        *vocabulary.read_text(encoding="utf-8").split("\n"),
        *map(_first, common.read_text("utf-8").splitlines()),
    ]
    words = list(dict.fromkeys(word for word in every if re.fullmatch(r"[a-z]{2,20}", word)))
    table = reduce(asyncio.run(vectors_of(words)))
    np.savez_compressed(OUT, words=np.frombuffer("\n".join(words).encode(), np.uint8), vectors=table)
    print(f"{len(words)} words, {OUT.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
