"""Files that a call writes for its caller: inside the output folder, whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from mcp_smalltools.errors import NotAllowed


class OutputFile:
    """An export while it is written. It appears under `path` when the block ends without an error."""

    def __init__(self, path: Path, descriptor: int, finish: Callable[[bool], None]) -> None:
        """`descriptor` is open for writing and closed here; `finish` hears whether the file is complete."""
        self.path = path
        self._text = os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass", newline="\n")
        self._finish = finish

    def write(self, text: str) -> None:
        """Raises NotAllowed where the disk refuses."""
        try:
            self._text.write(text)
        except OSError as error:
            raise self._refusal(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        complete = kind is None
        try:
            self._text.close()
        except OSError as problem:
            complete = False
            if kind is None:
                raise self._refusal(problem) from None
        finally:
            self._finish(complete)

    def _refusal(self, error: OSError) -> NotAllowed:
        return NotAllowed(
            f"{self.path} can't be written: {error.strerror}.",
            remedy="Make room, or name another folder with --output-dir.",
        )


def create_output(folder: Path, name: str) -> OutputFile:
    """Start the file `name` inside the output folder. Raises NotAllowed."""
    target = _target(folder.expanduser(), name)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise NotAllowed(
            f"{target} can't be written: {error.strerror}.", remedy="Name another folder with --output-dir."
        ) from None

    def finish(complete: bool) -> None:
        if complete:
            part.replace(target)
        else:
            part.unlink(missing_ok=True)

    return OutputFile(target, descriptor, finish)


def _target(folder: Path, name: str) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = folder.resolve(strict=True)
        target = (folder / name).resolve()
    except (OSError, ValueError) as error:
        raise NotAllowed(
            f"The output folder {folder} can't be used: {error}.",
            remedy="Name another with --output-dir.",
        ) from None
    if not target.is_relative_to(folder) or target == folder or target.is_dir():
        raise NotAllowed(
            f"{name} is not a file inside the output folder.",
            remedy=f"Give a file name; it is written into {folder}.",
        )
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return target
