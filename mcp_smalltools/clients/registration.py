"""Writes what is ours into a client's config file, and undoes it.

The old file is kept in the state folder. If nobody else has changed the file since, undoing restores it byte
for byte; otherwise only what is ours is removed.
"""

from __future__ import annotations

import abc
import base64
import binascii
import contextlib
import difflib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.clients.known import SERVER_NAME, Client, ServerEntry
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.private_files import make_private_folder


@dataclass(frozen=True, slots=True)
class FileChange:
    """A planned or made change of one file. None: the file doesn't exist."""

    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def is_needed(self) -> bool:
        return self.before != self.after

    def diff(self) -> str:
        """A unified diff, for people."""
        old, new = (_lines_of(side) for side in (self.before, self.after))
        return "".join(difflib.unified_diff(old, new, f"{self.path} (now)", f"{self.path} (then)"))


@dataclass(frozen=True, slots=True)
class _Record:
    """How to undo an installation exactly."""

    path: str
    before: str | None  # base64
    after_sha256: str
    made_folders: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What the file can't tell later, such as which of its rules are ours."""


class FileRegistration(abc.ABC):
    """What we have written into one config file of one client. `kind` tells several in one file apart."""

    def __init__(self, path: Path, settings: Settings, kind: str = "") -> None:
        self.path = path.resolve()  # a link stays a link: its target is written
        name = hashlib.sha256(f"{self.path}{kind}".encode()).hexdigest()[:16]
        self._record_file = settings.state_dir.expanduser() / "clients" / f"{name}.json"
        self._notes: tuple[str, ...] = ()

    @abc.abstractmethod
    def _made(self, text: str) -> str:
        """The text with what is ours in it, or as it is if it is there. Raises ValueError."""

    @abc.abstractmethod
    def _undone(self, text: str, notes: Sequence[str]) -> str:
        """The text without what is ours. `notes` are those of the installation. Raises ValueError."""

    @abc.abstractmethod
    def _by_hand(self, *, adding: bool) -> str:
        """What a person should do where the file can't be edited."""

    @property
    def backup(self) -> Path:
        """A copy of the old file, for people; exists if there was a file."""
        return self._record_file.with_name(f"{self._record_file.stem}-{self.path.name.lstrip('.')}")

    def planned_change(self) -> FileChange:
        """What installing would do. Raises ConfigError if the file can't be read or edited."""
        before = self._bytes()
        text = self._text(before)
        try:
            new = self._made(text)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._not_editable(error, self._by_hand(adding=True)) from None
        return FileChange(self.path, before, before if new == text else new.encode())

    def make_change(self) -> FileChange:
        """Write what is ours; does nothing if it is already there."""
        change = self.planned_change()
        if not change.is_needed or change.after is None:
            return change
        earlier = self._record()
        if earlier and change.before is not None and earlier.after_sha256 == _sha256(change.before):
            original, folders = _from_base64(earlier.before), list(earlier.made_folders)
        else:
            original, folders = self._without_ours(change.before), self._missing_folders()
        notes = tuple(dict.fromkeys([*(earlier.notes if earlier else ()), *self._notes]))
        self._save_record(
            _Record(str(self.path), _to_base64(original), _sha256(change.after), tuple(folders), notes)
        )
        if original is not None:
            _write(self.backup, original)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _write(self.path, change.after)
        except OSError as error:
            raise self._not_editable(error, "Check the folder's permissions.") from None
        return change

    def planned_removal(self) -> FileChange:
        """What uninstalling would do."""
        now = self._bytes()
        record = self._record()
        if record and now is not None and _sha256(now) == record.after_sha256:
            return FileChange(self.path, now, _from_base64(record.before))
        return FileChange(self.path, now, self._without_ours(now))

    def uninstall(self) -> FileChange:
        """Undo the installation; does nothing if there is none."""
        change = self.planned_removal()
        record = self._record()
        try:
            if change.is_needed and change.after is not None:
                _write(self.path, change.after)
            elif change.is_needed:
                self.path.unlink()
                for folder in record.made_folders if record else ():
                    with contextlib.suppress(OSError):  # no longer empty
                        Path(folder).rmdir()
        except OSError as error:
            raise self._not_editable(error, "Check the file's permissions.") from None
        self._record_file.unlink(missing_ok=True)
        self.backup.unlink(missing_ok=True)
        return change

    def _without_ours(self, now: bytes | None) -> bytes | None:
        if now is None:
            return None
        text = self._text(now)
        record = self._record()
        try:
            rest = self._undone(text, record.notes if record else ())
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._not_editable(error, self._by_hand(adding=False)) from None
        return now if rest == text else rest.encode()

    def _bytes(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._not_editable(error, "Check its permissions.") from None

    def _text(self, content: bytes | None) -> str:
        try:
            return (content or b"").decode()
        except UnicodeDecodeError as error:
            raise self._not_editable(error, "Save it as UTF-8.") from None

    def _missing_folders(self) -> list[str]:
        """Innermost first."""
        return [str(folder) for folder in self.path.parents if not folder.exists()]

    def _save_record(self, record: _Record) -> None:
        make_private_folder(self._record_file.parent)
        _write(self._record_file, json.dumps(asdict(record)).encode())

    def _record(self) -> _Record | None:
        try:
            kept = _Record(**json.loads(self._record_file.read_bytes()))
            _from_base64(kept.before)
        except (OSError, ValueError, TypeError, binascii.Error):
            return None  # missing or damaged: then only our entry is removed
        return kept

    def _not_editable(self, error: Exception, remedy: str) -> ConfigError:
        return ConfigError(f"{self.path} can't be edited: {error}.", remedy=remedy)


class Registration(FileRegistration):
    """Our server's entry in one config file of one client."""

    def __init__(self, client: Client, path: Path, settings: Settings) -> None:
        super().__init__(path, settings)
        self._client = client
        self._keys = (client.table, SERVER_NAME)
        self._entry: ServerEntry = {}

    def planned(self, entry: ServerEntry) -> FileChange:
        """What installing would do. Raises ConfigError if the file can't be read or edited."""
        self._entry = entry
        return self.planned_change()

    def install(self, entry: ServerEntry) -> FileChange:
        """Write the entry; does nothing if it is already there."""
        self._entry = entry
        return self.make_change()

    def _made(self, text: str) -> str:
        found = self._client.format.loads(text)
        new: str = self._client.format.with_entry(text, self._keys, self._entry)
        table = {**found.get(self._client.table, {}), SERVER_NAME: self._entry}
        wanted = {**found, self._client.table: table}
        if found == wanted:
            return text
        if self._client.format.loads(new) != wanted:
            raise ValueError("it is written in a form that can't be edited safely")
        return new

    def _undone(self, text: str, notes: Sequence[str]) -> str:
        found = self._client.format.loads(text)
        if SERVER_NAME not in (found.get(self._client.table) or {}):
            return text
        rest: str = self._client.format.without_entry(text, self._keys)
        left = self._client.format.loads(rest).get(self._client.table) or {}
        others = {name: item for name, item in found[self._client.table].items() if name != SERVER_NAME}
        if left != others:
            raise ValueError("it is written in a form that can't be edited safely")
        return rest

    def _by_hand(self, *, adding: bool) -> str:
        if not adding:
            return f"Remove {SERVER_NAME} by hand."
        return f"Add this by hand under {self._client.table}: {self._entry}"


def _write(path: Path, content: bytes) -> None:
    """Replace the file atomically and keep its mode; only the user can read a new one."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if path.exists():
            shutil.copymode(path, draft)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _lines_of(content: bytes | None) -> Sequence[str]:
    return (content or b"").decode(errors="replace").splitlines(keepends=True)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _to_base64(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _from_base64(text: Any) -> bytes | None:
    return None if text is None else base64.b64decode(text)
