"""From a model's id to a file that can be loaded: found, fetched, converted and checked on need."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.engine_python import engine_command, pip_python
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.download_records import AdapterFile, ModelFile, ProjectorFile
from mcp_smalltools.models.fetching.pull import fetch
from mcp_smalltools.models.hashing import Stamps, sha256_of
from mcp_smalltools.models.library import manifest_of
from mcp_smalltools.models.manifest import Manifest, ManifestFile
from mcp_smalltools.models.present import find_present
from mcp_smalltools.models.shipped import library_folder
from mcp_smalltools.suggest import did_you_mean

Progress = Callable[[float, float | None, str], None]
_LOCK_S: Final = 3600.0
_CANNOT_QUANTIZE: Final = 3
"""Exit code of `engine/llama/quantize.py` where its llama.cpp has no function for that."""
_READ_ONLY: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def ensure_model(model_id: str, settings: Settings, progress: Progress | None = None) -> ModelFile:
    """The model's file, fetched and converted if it isn't there yet. Blocks; may take minutes the first time.

    Raises ModelError with the remedy: unknown id, no network, `offline`, a full disk, a hash that differs.
    """
    manifest = manifest_of(model_id, settings)
    store = ModelStore(manifest, settings)
    ready = store.ready()
    return ready or store.prepare(progress or (lambda done, total, message: None))


def ensure_adapter(name: str, settings: Settings, base: ModelFile) -> AdapterFile:
    """An adapter by the name of its skill; it must have been made for this base. Raises ModelError."""
    folder = _adapter_folder(name, settings)
    if folder is None:
        known = sorted({p.parent.name for f in _skill_folders(settings) for p in f.glob("*/adapter.gguf")})
        raise ModelError(
            f"There is no adapter {name!r}{did_you_mean(name, known)}.",
            remedy=f"Adapters are: {', '.join(known) or 'none'}.",
        )
    entry = _adapter_entry(folder)
    if not entry:
        raise ModelError(
            f"The adapter {name} has no [adapter] part in its skill.toml.", remedy="Train it again."
        )
    source = manifest_of(base.id, settings).files[0].sha256
    if entry.get("base") != base.id or entry.get("base_sha256") != source:
        raise ModelError(
            f"The adapter {name} was made for {entry.get('base')}, not for this {base.id}.",
            remedy="Choose its base model, or train it again.",
        )
    path = folder / "adapter.gguf"
    stamps = Stamps(settings.model_dir.expanduser() / "stamps.json")
    if stamps.hash(path) != entry.get("sha256"):
        raise ModelError(f"The adapter {name} is damaged (sha256 differs).", remedy="Install it again.")
    return AdapterFile(name, str(path), entry["sha256"], float(entry.get("scale", 1.0)))


def adapter_entry(name: str, settings: Settings) -> dict[str, Any]:
    """The [adapter] part of an adapter's skill.toml; empty if there is no such adapter."""
    folder = _adapter_folder(name, settings)
    return _adapter_entry(folder) if folder else {}


def _skill_folders(settings: Settings) -> tuple[Path, ...]:
    own = settings.skills_dir.expanduser()
    return settings.model_dir.expanduser() / "skills", library_folder() / "skills", own


def _adapter_folder(name: str, settings: Settings) -> Path | None:
    folders = (folder / name for folder in _skill_folders(settings))
    return next((folder for folder in folders if (folder / "adapter.gguf").is_file()), None)


def _adapter_entry(folder: Path) -> dict[str, Any]:
    """The [adapter] part of the skill.toml next to an adapter; empty if there is none."""
    try:
        return dict(tomllib.loads((folder / "skill.toml").read_text(encoding="utf-8"))["adapter"])
    except (OSError, KeyError, TypeError, ValueError):
        return {}


class ModelStore:
    """The files of one model in the model folder."""

    def __init__(self, manifest: Manifest, settings: Settings) -> None:
        self.manifest = manifest
        self.folder = settings.model_dir.expanduser() / manifest.id
        self.stamps = Stamps(self.folder / "stamps.json")
        self._settings = settings

    @property
    def layout(self) -> str:
        """The layout in use: chosen by `tune`, or the default for this CPU; "" if it isn't converted."""
        if not self.manifest.layouts:
            return ""
        chosen = self._choice().get("layout")
        return chosen if chosen in self.manifest.layouts else default_layout(self.manifest)

    @property
    def tuned(self) -> bool:
        """Whether the layouts were measured on this machine."""
        return bool(self._choice())

    def choose(self, layout: str, speeds: dict[str, Any]) -> None:
        """Use a layout from now on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "layout.json").write_text(json.dumps({"layout": layout, "measured": speeds}, indent=1))

    def path(self, layout: str) -> Path | None:
        """Where the file of a layout is; None for a file of others that is not found."""
        if layout:
            return self.folder / f"{self.manifest.id}.{layout}.gguf"
        source = self.manifest.files[0]
        own = self.folder / source.name
        return own if own.exists() else find_present(source, self.stamps)

    def ready(self, layout: str | None = None) -> ModelFile | None:
        """The file if it is there and untouched since it was checked."""
        layout = self.layout if layout is None else layout
        path = self.path(layout)
        if path is None or not path.is_file():
            return None
        if self.manifest.projector is not None and self._projector() is None:
            return None
        sha256 = self.stamps.get(path)
        if sha256 is None:
            if layout:
                return None  # touched since it was made: make it again
            sha256 = self._verified_hash(path)
        return self._file(path, sha256, layout)

    def prepare(self, progress: Progress, layout: str | None = None) -> ModelFile:
        """Fetch and convert what is missing. One process at a time; others wait, and find it done.

        In a folder that can't be written, a file is used as it is if its hash is the one that was kept.
        """
        layout = self.layout if layout is None else layout
        if not self._can_be_written():
            return self._as_it_is(layout)
        with self._locked(progress):
            if ready := self.ready(layout):
                return ready
            sources = [self._source(file, progress) for file in self.manifest.files]
            if self.manifest.projector is not None:
                self._source(self.manifest.projector, progress)
            if not layout:
                return self._file(sources[0], self._verified_hash(sources[0]), layout)
            target = self.path(layout)
            assert target is not None
            progress(0, None, f"converting {self.manifest.id} to {layout}")
            self._convert(sources, target, layout)
            sha256 = sha256_of(target)
            self.stamps.put(target, sha256)
            return self._file(target, sha256, layout)

    def verify(self) -> Iterator[tuple[Path, bool]]:
        """Hash every file again; False for one that isn't what it should be, which is then removed."""
        for file in (*self.manifest.files, self.manifest.projector):
            if file is not None and (path := self.folder / file.name).exists():
                found = sha256_of(path)
                yield path, self._keep(path, found, file.sha256 or self.stamps.get(path))
        for layout in self.manifest.layouts:
            made = self.path(layout)
            if made is not None and made.exists():
                yield made, self._keep(made, sha256_of(made), self.stamps.get(made))

    def _keep(self, path: Path, found: str, expected: str | None) -> bool:
        if found == expected:
            self.stamps.put(path, found)
            return True
        path.unlink()
        self.stamps.forget(path)
        return False

    def _choice(self) -> dict[str, Any]:
        try:
            choice: dict[str, Any] = json.loads((self.folder / "layout.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return choice

    def _file(self, path: Path, sha256: str, layout: str) -> ModelFile:
        manifest = self.manifest
        projector = self._projector()
        return ModelFile(
            manifest.id, str(path), sha256, manifest.kind, manifest.context, layout, projector=projector
        )

    def _projector(self) -> ProjectorFile | None:
        """The projector if there is one and its file is here, with the manifest's hash."""
        file = self.manifest.projector
        if file is None:
            return None
        own = self.folder / file.name
        path = own if own.exists() else find_present(file, self.stamps)
        found = self.stamps.hash(path) if path else None
        return ProjectorFile(str(path), found) if found and file.sha256 in (None, found) else None

    def _verified_hash(self, path: Path) -> str:
        """The hash of a file that is used as it comes. Raises ModelError if it isn't the manifest's."""
        expected, found = self.manifest.files[0].sha256, self.stamps.hash(path)
        if expected is not None and found != expected:
            raise ModelError(
                f"{path} is not the file of the manifest (sha256 differs).",
                remedy="Run `mcp-smalltools models verify`; it removes what is damaged.",
            )
        return found

    def _source(self, file: ManifestFile, progress: Progress) -> Path:
        own = self.folder / file.name
        if own.exists() and self.stamps.hash(own) == (file.sha256 or self.stamps.get(own)):
            return own
        if (present := find_present(file, self.stamps)) is not None:
            return present
        if self._settings.offline:
            raise ModelError(
                f"The model {self.manifest.id} is not on this machine, and fetching is forbidden (offline).",
                remedy=f"Once: MCP_SMALLTOOLS_OFFLINE=0 mcp-smalltools models pull {self.manifest.id}.",
            )
        fetch(file, own, self.stamps, progress, python=pip_python(self._settings))
        return own

    def _convert(self, sources: list[Path], target: Path, layout: str) -> None:
        new = target.with_name(f".new-{os.getpid()}-{target.name}")
        try:
            if self.manifest.convert == "bert":
                _convert_bert(sources, new, layout, self.manifest, self._settings)
            else:
                _quantize(sources[0], new, layout, self._settings)
            new.replace(target)
        except OSError as error:
            raise ModelError(
                f"{target.name} can't be written: {error.strerror or error}.",
                remedy="Free some space, or choose another folder with model_dir.",
            ) from None
        finally:
            new.unlink(missing_ok=True)

    def _can_be_written(self) -> bool:
        """Tried, since only that tells: a read-only file system, a layer of a container, another's folder."""
        if not self.folder.is_dir():
            return True  # it will be made, or the error names it
        try:
            with tempfile.TemporaryFile(dir=self.folder):
                return True
        except OSError as error:
            return error.errno not in _READ_ONLY

    def _as_it_is(self, layout: str) -> ModelFile:
        """The file of a read-only folder, checked by its content: copying has given it another time."""
        path = self.path(layout)
        if path is not None and path.is_file():
            if not layout:
                return self._file(path, self._verified_hash(path), layout)
            found = sha256_of(path)
            if found == self.stamps.last(path):
                self.stamps.put(path, found)
                return self._file(path, found, layout)
        raise ModelError(
            f"{self.folder} is read-only, and holds no {self.manifest.id} that can be used and checked.",
            remedy=f"Run `mcp-smalltools models pull {self.manifest.id}` where it can be written, or set "
            "model_dir.",
        )

    @contextmanager
    def _locked(self, progress: Progress) -> Iterator[None]:
        import filelock

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelError(
                f"{self.folder} can't be made: {error.strerror}.", remedy="Choose another model_dir."
            ) from None
        lock = filelock.FileLock(self.folder / ".lock")
        try:
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                progress(0, None, f"waiting for another process that prepares {self.manifest.id}")
                lock.acquire(timeout=_LOCK_S)
        except filelock.Timeout:
            raise ModelError(
                f"Another process has prepared {self.manifest.id} for an hour.",
                remedy="End it, and call again.",
            ) from None
        except OSError as error:
            raise ModelError(
                f"{self.folder} can't be locked: {error.strerror}.", remedy="Choose another model_dir."
            ) from None
        try:
            yield
        finally:
            lock.release()


def default_layout(manifest: Manifest) -> str:
    """What is fastest on CPUs of this kind (measured: docs/models.md); `models tune` measures on this one."""
    if manifest.convert == "bert":
        return "BF16" if _has_bf16() else "F16"
    return manifest.layouts[0]


def _has_bf16() -> bool:
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False


def _convert_bert(
    sources: Sequence[Path], target: Path, layout: str, manifest: Manifest, settings: Settings
) -> None:
    """Here if the `gguf` package is here, else with the Python of the engine, which has it."""
    if importlib.util.find_spec("gguf"):
        from mcp_smalltools.models.convert import convert_bert

        convert_bert(sources[0], sources[1], target, layout, name=manifest.title, licence=manifest.licence)
        return
    paths = (str(path.absolute()) for path in (*sources[:2], target))
    module = "mcp_smalltools.models.convert"
    done = processes.run(engine_command(settings, module, *paths, layout, manifest.title, manifest.licence))
    if done.returncode or not target.exists():
        complaint = done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        raise ModelError(
            f"{manifest.id} can't be converted (code {done.returncode}): {complaint}.",
            remedy="Free some space on the disk, or run `mcp-smalltools models verify`.",
        )


def _quantize(source: Path, target: Path, layout: str, settings: Settings) -> None:
    paths = (str(source.absolute()), str(target.absolute()))
    done = processes.run(engine_command(settings, "mcp_smalltools.engine.llama.quantize", *paths, layout))
    if done.returncode == _CANNOT_QUANTIZE:
        raise ModelError(
            f"{source.name} can't be turned into {layout}: this engine's llama.cpp doesn't convert models.",
            remedy="Run `mcp-smalltools engine install --from-source`.",
        )
    if done.returncode or not target.exists():
        raise ModelError(
            f"{source.name} can't be turned into {layout} (code {done.returncode}).",
            remedy="Free some space on the disk, or run `mcp-smalltools models verify`.",
        )
