"""Noticing that a skill pack has changed, within a second or two of the save."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import anyio

from mcp_smalltools.config import Settings
from mcp_smalltools.skills.packs import allowed_file, watched_folders

POLL_S = 1.0
"""How often it is looked by hand: whether there are other folders to watch, and what a watcher has missed."""
DEBOUNCE_MS = 300
"""An editor saves in several steps; they are taken as one."""

State = list[tuple[str, int, int]]


async def watch_skills(settings: Settings) -> AsyncIterator[None]:
    """Yields when a file in the folders of skills, or what the user allows, may have changed."""
    before = _state(settings)
    while True:
        await _until_changed(before, settings)
        if (now := _state(settings)) != before:
            before = now
            yield


async def _until_changed(before: State, settings: Settings) -> None:
    """Return soon after the state has become another: at once where the system tells us of it."""
    folders = watched_folders(settings)
    over = anyio.Event()
    async with anyio.create_task_group() as group:
        if folders:
            group.start_soon(_until_told, folders, over, group.cancel_scope)
        try:
            while _state(settings) == before:
                await anyio.sleep(POLL_S)
        finally:
            over.set()  # the watcher's thread looks at this, and can't be cancelled
            group.cancel_scope.cancel()


async def _until_told(folders: Sequence[Path], over: anyio.Event, done: anyio.CancelScope) -> None:
    from watchfiles import awatch

    watching = awatch(*folders, debounce=DEBOUNCE_MS, step=50, stop_event=over)
    # A folder may go away, and a system may have no watches left: then looking by hand has to do.
    with contextlib.suppress(OSError):
        async with contextlib.aclosing(watching):
            async for _ in watching:
                done.cancel()
                return


def _state(settings: Settings) -> State:
    """Every file that matters, with its time and size."""
    state = [_stamp(allowed_file(settings))]
    for folder in watched_folders(settings):
        with contextlib.suppress(OSError):
            state += [_stamp(path) for path in sorted(folder.rglob("*"))]
    return state


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), found.st_mtime_ns, found.st_size
