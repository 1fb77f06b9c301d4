"""What the server does for a worker while a call runs: opens files, takes exports, asks the engine."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio.from_thread

from mcp_smalltools.engine import api, protocol
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.files.tree import FileEntry
from mcp_smalltools.pictures.picture_file import PictureFile
from mcp_smalltools.tools.base import ToolContext
from mcp_smalltools.workers.wire import pack_path, unpack_path

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.stores.exports import OutputFile

_OF_ENGINE: Final = frozenset(
    (
        *("embed", "embed_tokens", "generate", "look", "score_labels", "count_tokens"),
        *("status", "proven_encoder"),
    )
)
"""What a worker may ask the engine for."""


class WorkerRequests:
    """What a worker asks for in one call, by name. Keeps the exports under way."""

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self._outputs: dict[int, OutputFile] = {}
        self._numbers = itertools.count()
        self._operations: Mapping[str, Callable[..., Any]] = {
            "is_folder": self._is_folder,
            "listing": self._listing,
            "path_to_open": self._path_to_open,
            "allow_output": self._allow_output,
            "finish_output": self._finish_output,
            "paint": self._paint,
            "position": self._position,
            "keep_position": self._keep_position,
            "vectors": self._vectors,
            "keep_vectors": self._keep_vectors,
            "engine": self._engine,
        }

    def serve(self, what: str, given: Sequence[Any]) -> tuple[Any, Sequence[int]]:
        """The value, or the error as a value, and the descriptors that go with it."""
        try:
            if what == "open":
                return _handed_over(self._context.open(unpack_path(given[0])))
            if what == "create_output":
                return self._create_output(unpack_path(given[0]))
            operation = self._operations.get(what)
            if operation is None:
                raise protocol.ProtocolError(f"A worker asked for {what!r}.")
            return operation(*given), ()
        except SmallToolsError as error:
            return protocol.failure(0, error), ()

    def close(self) -> None:
        """Drop the exports that were not finished."""
        for output in self._outputs.values():
            output.abandon()

    def _create_output(self, name: str) -> tuple[Any, Sequence[int]]:
        output = self._context.create_output(name)
        number = next(self._numbers)
        self._outputs[number] = output
        return (number, pack_path(output.path)), (output.descriptor,)

    def _allow_output(self, number: int, size: int) -> None:
        self._outputs[number].allow(size)

    def _finish_output(self, number: int, complete: bool) -> None:
        output = self._outputs.pop(number)
        if complete:
            output.close()
        else:
            output.abandon()

    def _paint(self, path: bytes, places: str, number: int) -> None:
        if self._context.paint is None:
            raise protocol.ProtocolError("A worker asked for a picture that nobody paints.")
        file = self._context.open(unpack_path(path))
        self._context.paint(file, json.loads(places), self._outputs[number])

    def _is_folder(self, path: bytes) -> bool:
        return self._context.folders.is_folder(unpack_path(path))

    def _listing(self, path: bytes) -> tuple[Any, ...]:
        found = self._context.folders.listing(unpack_path(path), self._context.stop.check)
        entries = tuple(
            (pack_path(entry.path), entry.size, entry.mtime_ns, entry.inode) for entry in found.entries
        )
        return pack_path(found.prefix), entries, found.ignored, found.unreachable

    def _path_to_open(self, folder: bytes, path: bytes) -> bytes:
        entry = FileEntry(unpack_path(path), 0, 0, 0)
        return pack_path(self._context.folders.path_to_open(unpack_path(folder), entry))

    def _position(self, path: bytes) -> bytes | None:
        return self._context.kept.position(Path(unpack_path(path)))

    def _keep_position(self, path: bytes, position: bytes) -> bool:
        return self._context.kept.keep_position(Path(unpack_path(path)), position)

    def _vectors(self, made_by: str, texts: str) -> tuple[Any, ...]:
        wanted: list[str] = json.loads(texts)
        found = self._context.kept.vectors(made_by, wanted)
        return tuple((number, found[text]) for number, text in enumerate(wanted) if text in found)

    def _keep_vectors(self, made_by: str, texts: str, vectors: Sequence[Any]) -> None:
        self._context.kept.keep_vectors(made_by, dict(zip(json.loads(texts), vectors, strict=True)))

    def _engine(self, operation: str, options: Sequence[Any] | None, arguments: Sequence[Any]) -> Any:
        if operation not in _OF_ENGINE:
            raise protocol.ProtocolError(f"A worker asked the engine for {operation!r}.")
        method = getattr(self._context.engine, operation)
        if options is None:
            return anyio.from_thread.run(method, *arguments)
        model, adapter, deadline_s, priority, reports = options
        progress = self._context.progress if reports else None
        given = api.CallOptions(model, adapter, deadline_s, priority, progress)
        return anyio.from_thread.run(method, *arguments, given)


def _handed_over(file: UserFile) -> tuple[Any, Sequence[int]]:
    """A file as workers get it: what is known of it, and its descriptor; a picture's with what was read."""
    known = pack_path(file.real_path), file.level.value
    if not isinstance(file, PictureFile):
        return (*known, None), (file.descriptor,)
    return (*known, json.dumps(file.picture.packed())), (file.original.descriptor,)
