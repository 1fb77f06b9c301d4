"""Notices that a skill pack has changed, within a second or two."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import anyio

from mcp_smalltools.config import Settings
from mcp_smalltools.skills.packs import allowed_file, watched_folders

POLL_S = 1.0
"""Seconds between two polls, which find new folders to watch and what the watcher has missed."""
DEBOUNCE_MS = 300
"""Milliseconds within which changes count as one: an editor saves in several steps."""

Snapshot = list[tuple[str, int, int]]


async def watch_skills(settings: Settings) -> AsyncIterator[None]:
    """Yield when a file in the skill folders, or what the user allows, has changed."""
    before = _snapshot(settings)
    while True:
        await _until_changed(before, settings)
        if (now := _snapshot(settings)) != before:
            before = now
            yield


async def _until_changed(before: Snapshot, settings: Settings) -> None:
    """Return soon after the files have changed; at once where the system notifies us."""
    folders = watched_folders(settings)
    over = anyio.Event()
    async with anyio.create_task_group() as group:
        if folders:
            group.start_soon(_until_notified, folders, over, group.cancel_scope)
        try:
            while _snapshot(settings) == before:
                await anyio.sleep(POLL_S)
        finally:
            over.set()  # the watcher's thread can't be cancelled, but checks this
            group.cancel_scope.cancel()


async def _until_notified(folders: Sequence[Path], over: anyio.Event, done: anyio.CancelScope) -> None:
    from watchfiles import awatch

    watching = awatch(*folders, debounce=DEBOUNCE_MS, step=50, stop_event=over)
    # A folder may disappear, and a system may have no watches left: then polling has to do.
    with contextlib.suppress(OSError):
        async with contextlib.aclosing(watching):
            async for _ in watching:
                done.cancel()
                return


def _snapshot(settings: Settings) -> Snapshot:
    """Every watched file with its time and size."""
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
