"""Files that are on this machine already, in the stores of Ollama, LM Studio and the hub; found by hash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mcp_smalltools.models.hashing import Stamps
from mcp_smalltools.models.manifest import HubSource, LocalSource, ManifestFile


def find_present(file: ManifestFile, stamps: Stamps) -> Path | None:
    """A file on this machine with the manifest's hash; it is used where it is."""
    for path in _candidates(file):
        if not path.is_file() or (file.bytes is not None and path.stat().st_size != file.bytes):
            continue
        if file.sha256 is None or stamps.hash(path) == file.sha256:
            return path
    return None


def _candidates(file: ManifestFile) -> Iterator[Path]:
    for source in file.sources:
        if isinstance(source, LocalSource):
            yield source.path.expanduser()
    if file.sha256 is not None:
        for store in _ollama_stores():
            yield store / "blobs" / f"sha256-{file.sha256}"
    for source in file.sources:
        if isinstance(source, HubSource):
            repo = _hub_cache() / f"models--{source.repo.replace('/', '--')}"
            if file.sha256 is not None:
                yield repo / "blobs" / file.sha256
            yield from sorted(repo.glob(f"snapshots/*/{source.file}"))
            for store in _lm_studio_stores():
                yield store / source.repo / source.file
    if file.bytes is not None:
        for store in _lm_studio_stores():
            yield from sorted(store.glob(f"*/*/{file.name}"))


def _ollama_stores() -> list[Path]:
    named = os.environ.get("OLLAMA_MODELS")
    return (
        [Path(named)]
        if named
        else [Path.home() / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models")]
    )


def _lm_studio_stores() -> list[Path]:
    return [Path.home() / ".lmstudio" / "models", Path.home() / ".cache" / "lm-studio" / "models"]


def _hub_cache() -> Path:
    named = os.environ.get("HF_HUB_CACHE")
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    return Path(named) if named else home / "hub"
