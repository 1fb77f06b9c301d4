"""Reads a skill's archive, which somebody else made: nothing is written before all of it was checked.

Refused are names that lead out of the folder, links, members that the manifest doesn't name or whose hash
differs, more or larger members than a skill may have, and whatever is neither text nor the adapter: no
pickle, no code that is compiled.
"""

from __future__ import annotations

import io
import json
import stat
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from pydantic import ValidationError

from mcp_smalltools.errors import SkillError
from mcp_smalltools.skills.manifest import ADAPTER_NAME, FILE_NAME, MAX_BYTES, MAX_FILES
from mcp_smalltools.skills.share.skill_archive import (
    MAX_ADAPTER_BYTES,
    MAX_ARCHIVE_BYTES,
    PACK_NAME,
    PackManifest,
    packed_file,
)

_PICKLED: Final = frozenset(".pkl .pickle .pt .pth .ckpt .joblib .npy .npz .dill".split())  # noqa: SIM905
_GGUF: Final = b"GGUF"
_RESERVED: Final = frozenset('<>:"|?*\\')


@dataclass(frozen=True, slots=True)
class SkillArchive:
    """An archive that was checked: each file has the hash that the manifest names."""

    manifest: PackManifest
    files: dict[str, bytes]


def read_archive(content: bytes) -> SkillArchive:
    """Raises SkillError saying what is wrong with it."""
    if len(content) > MAX_ARCHIVE_BYTES:
        raise _refused(f"it is larger than {MAX_ARCHIVE_BYTES >> 20} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise _refused(f"it is no archive that can be read ({type(error).__name__})") from None
    manifest = _manifest(members.pop(PACK_NAME, None))
    _check_files(manifest, members)
    return SkillArchive(manifest, members)


def _members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    infos = archive.infolist()
    if len(infos) > MAX_FILES + 2:
        raise _refused(f"it has more than {MAX_FILES} files")
    members: dict[str, bytes] = {}
    left = MAX_BYTES
    for info in infos:
        name = info.filename
        _check_name(name)
        mode = info.external_attr >> 16
        if info.is_dir() or stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise _refused(f"{name!r} is a folder or a link")
        if info.flag_bits & 1:
            raise _refused(f"{name!r} is encrypted")
        if name in members:
            raise _refused(f"{name!r} is in it twice")
        most = MAX_ADAPTER_BYTES if name == ADAPTER_NAME else left
        with archive.open(info) as member:
            data = member.read(most + 1)  # whatever size the header claims
        if len(data) > most:
            raise _refused(f"it is larger than a skill may be ({MAX_BYTES >> 20} MB besides the adapter)")
        left -= 0 if name == ADAPTER_NAME else len(data)
        members[name] = data
    return members


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    plain = name.isprintable() and not _RESERVED & {*name} and path.as_posix() == name and len(name) <= 200
    if not plain or path.is_absolute() or any(part.startswith(".") for part in path.parts):
        raise _refused(f"{name!r} can't be the name of a file in it")
    if path.suffix.lower() in _PICKLED:
        raise _refused(f"{name!r} may hold code (a pickle)")


def _manifest(content: bytes | None) -> PackManifest:
    if content is None:
        raise _refused(f"it has no {PACK_NAME}")
    try:
        return PackManifest.model_validate(json.loads(content))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise _refused(f"{PACK_NAME}: {where}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise _refused(f"{PACK_NAME} can't be read ({type(error).__name__})") from None


def _check_files(manifest: PackManifest, members: dict[str, bytes]) -> None:
    if extra := sorted(members.keys() - manifest.files.keys()):
        raise _refused(f"{extra[0]!r} is not named in {PACK_NAME}")
    for name, expected in manifest.files.items():
        if name not in members:
            raise _refused(f"{name!r} is missing")
        if packed_file(members[name]) != expected:
            raise _refused(f"{name!r} is not the file that {PACK_NAME} names (sha256 differs)")
        if name == ADAPTER_NAME:
            if not members[name].startswith(_GGUF):
                raise _refused(f"{ADAPTER_NAME} is no GGUF file")
        elif not _is_text(members[name]):
            raise _refused(f"{name!r} is no text")
    if FILE_NAME not in members:
        raise _refused(f"it has no {FILE_NAME}")


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _refused(why: str) -> SkillError:
    return SkillError(f"The archive is refused: {why}.", remedy="Ask whoever made it for another one.")
