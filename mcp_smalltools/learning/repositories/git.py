"""Reads a repository through git, which runs nothing that the repository names.

A repository is untrusted: its configuration may name programs for signatures, for diffs, for what is missing.
None of them runs, and nothing is fetched.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mcp_smalltools import processes
from mcp_smalltools.errors import NotFound

_SAFE: Final = (
    *("-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false"),
    *("-c", "protocol.allow=never", "-c", "core.quotePath=false"),
)
_DIFFS: Final = ("--no-ext-diff", "--no-textconv", "--no-color")
"""Without them the repository's attributes could have a program of its own run."""
_ENVIRONMENT: Final = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
_BLOCK: Final = 1 << 20


def check_top(folder: Path) -> None:
    """Raises NotFound where `folder` is not the top of a git repository, or git is missing."""
    shown = _run(folder, "rev-parse", "--show-prefix")
    if shown.returncode or shown.stdout.strip():
        raise NotFound(
            f"{folder} is not the top folder of a git repository.",
            remedy="Name the folder that has .git in it: what is learned comes from its history.",
        )


def head_of(folder: Path) -> str:
    """The commit that is checked out; "" where there is none."""
    try:
        done = _run(folder, "rev-parse", "--verify", "-q", "HEAD")
    except NotFound:
        return ""
    return done.stdout.decode("ascii", "replace").strip() if not done.returncode else ""


def commits_since(folder: Path, commit: str) -> int | None:
    """How many commits HEAD has that `commit` has not; None where git can't say."""
    try:
        done = _run(folder, "rev-list", "--count", "--no-merges", f"{commit}..HEAD", "--")
    except NotFound:
        return None
    text = done.stdout.decode("ascii", "replace").strip()
    return int(text) if not done.returncode and text.isdecimal() else None


def log(folder: Path, *arguments: str) -> str:
    """The output of `git log`. Raises NotFound where it fails."""
    done = _run(folder, "log", *_DIFFS, *arguments)
    if done.returncode:
        raise NotFound(f"git can't read the history of {folder}.", remedy="Check it with `git log`.")
    return done.stdout.decode("utf-8", "replace")


def log_records(folder: Path, most_bytes: int, separator: str, *arguments: str) -> Iterator[str]:
    """The output of `git log` in parts that begin with `separator`, up to so many bytes of it."""
    command = ["git", *_SAFE, "-C", str(folder), "log", *_DIFFS, *arguments]
    process = processes.start(command, stdout=processes.PIPE, stderr=processes.DEVNULL, env=_environment())
    assert process.stdout is not None
    mark, rest, seen = separator.encode(), b"", 0
    try:
        while seen < most_bytes and (block := process.stdout.read(_BLOCK)):
            seen += len(block)
            *records, rest = (rest + block).split(mark)
            yield from (record.decode("utf-8", "replace") for record in records if record)
        if seen < most_bytes and rest:
            yield rest.decode("utf-8", "replace")
    finally:
        process.stdout.close()
        process.kill()
        process.wait()


def content(folder: Path, commit: str, path: str, most_bytes: int) -> str | None:
    """A file's text in a commit; None where it is missing, larger, or no text."""
    done = _run(folder, "cat-file", "blob", f"{commit}:{path}")
    if done.returncode or len(done.stdout) > most_bytes or b"\0" in done.stdout[:8000]:
        return None
    return done.stdout.decode("utf-8", "replace")


def _run(folder: Path, *arguments: str) -> processes.CompletedProcess[bytes]:
    try:
        return processes.run(["git", *_SAFE, "-C", str(folder), *arguments], env=_environment())
    except OSError:
        raise NotFound(
            "git is not installed; the history can't be read.", remedy="Install git, and try again."
        ) from None


def _environment() -> dict[str, str]:
    return processes.clean_environment(_ENVIRONMENT | {"PATH": os.environ.get("PATH", os.defpath)})
