"""What the engine needs to know about a model and an adapter: where the file is, and its hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["generate", "embed"]


@dataclass(frozen=True, slots=True)
class ProjectorFile:
    """A GGUF file that turns pictures into what one model reads in place of tokens (mmproj)."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file on disk that may be loaded: its hash is checked first."""

    id: str
    path: str
    sha256: str
    kind: Kind
    context: int  # tokens of the longest sequence
    layout: str = ""
    projector: ProjectorFile | None = None


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """A LoRA adapter on disk, bound to its base by hash."""

    name: str
    path: str
    sha256: str
    scale: float = 1.0
