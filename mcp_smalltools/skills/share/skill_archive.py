"""One file of a skill: a zip whose `pack.json` names each member with its hash, the base and the scores.

The same skill gives the same bytes: members are in the order of their names, not compressed, and have no
time. Nothing in it is executed, by whoever makes it or installs it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mcp_smalltools.skills.manifest import MAX_FILES, NAME_PATTERN

PACK_NAME: Final = "pack.json"
MAX_ARCHIVE_BYTES: Final = 256 << 20
MAX_ADAPTER_BYTES: Final = 224 << 20
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Scores = dict[str, float | None]


class _PackRecord(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackedFile(_PackRecord):
    sha256: Sha256
    size: int = Field(ge=0)


class PackedBase(_PackRecord):
    """The model that the scores were measured with, and the hash of the file that it comes from."""

    id: str = Field(min_length=1, max_length=100)
    sha256: Sha256


class PackManifest(_PackRecord):
    """What `pack.json` holds. `scores` are those of its cases; None where the kind has none."""

    format: Literal[1]
    name: str = Field(pattern=NAME_PATTERN)
    kind: str
    licence: str = Field(min_length=1, max_length=80)
    base: PackedBase
    files: dict[str, PackedFile] = Field(min_length=1, max_length=MAX_FILES)
    scores: Scores | None
    made_by: str = Field(max_length=80)


def archive_bytes(manifest: PackManifest, files: Mapping[str, bytes]) -> bytes:
    """The archive; `files` are the members that the manifest names."""
    content = json.dumps(manifest.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False)
    members = {PACK_NAME: f"{content}\n".encode(), **files}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _NO_TIME)
            info.create_system, info.external_attr = 3, _MODE
            archive.writestr(info, members[name])
    return out.getvalue()


def packed_file(content: bytes) -> PackedFile:
    return PackedFile(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
