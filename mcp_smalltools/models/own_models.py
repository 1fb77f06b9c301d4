"""Models of the user's own: a manifest for a GGUF file that stays where it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.models.catalog import ModelStore
from mcp_smalltools.models.download_records import Kind
from mcp_smalltools.models.hashing import sha256_of
from mcp_smalltools.models.library import manifest_of, user_manifests
from mcp_smalltools.models.manifest import LocalSource, Manifest, ManifestFile


def register_model(
    file: Path,
    model_id: str,
    settings: Settings,
    *,
    kind: Kind,
    context: int,
    licence: str,
    projector: Path | None = None,
) -> Path:
    """Write the manifest; returns the model's absolute path. Raises UsageError."""
    path = file.expanduser().resolve()
    source = _local_file(path, "model.gguf")
    eye = _local_file(projector.expanduser().resolve(), "projector.gguf") if projector else None
    if eye is not None and kind != "generate":
        raise UsageError(
            "Only a model that writes looks at pictures.", remedy="Leave --projector out, or --kind."
        )
    try:
        manifest = Manifest(
            id=model_id,
            title=model_id,
            kind=kind,
            licence=licence,
            context=context,
            files=(source,),
            projector=eye,
        )
    except ValueError:
        raise UsageError(
            f"{model_id!r} can't be an id, or the context isn't above 0.",
            remedy="Use lower-case letters, digits, dots and dashes.",
        ) from None
    folder = user_manifests(settings)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{model_id}.toml").write_text(_toml(manifest), encoding="utf-8")
    return path


def _local_file(path: Path, name: str) -> ManifestFile:
    """Raises UsageError for what is no GGUF file."""
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", remedy="Give the path of a GGUF file.")
    with path.open("rb") as content:
        if content.read(4) != b"GGUF":
            raise UsageError(f"{path} is not a GGUF file.", remedy="Give the path of a GGUF file.")
    return ManifestFile(
        name=name, sha256=sha256_of(path), bytes=path.stat().st_size, sources=(LocalSource(path=path),)
    )


def remove_model(model_id: str, settings: Settings) -> None:
    """Delete a model's files and the manifest that the user added. A registered file stays where it is."""
    store = ModelStore(manifest_of(model_id, settings), settings)
    shutil.rmtree(store.folder, ignore_errors=True)
    (user_manifests(settings) / f"{model_id}.toml").unlink(missing_ok=True)


def _toml(manifest: Manifest) -> str:
    """The few fields that `register_model` sets; JSON's strings are TOML's."""
    fields = {name: getattr(manifest, name) for name in ("id", "title", "kind", "licence", "context")}
    lines = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
    lines += ["", "[[files]]", *_toml_of_file(manifest.files[0])]
    if manifest.projector is not None:
        lines += ["[projector]", *_toml_of_file(manifest.projector)]
    return "\n".join(lines)


def _toml_of_file(file: ManifestFile) -> list[str]:
    paths = [str(source.path) for source in file.sources if isinstance(source, LocalSource)]
    sources = ", ".join(f'{{ type = "local", path = {json.dumps(path)} }}' for path in paths)
    lines = [f"name = {json.dumps(file.name)}", f'sha256 = "{file.sha256}"', f"bytes = {file.bytes}"]
    return [*lines, f"sources = [{sources}]", ""]
