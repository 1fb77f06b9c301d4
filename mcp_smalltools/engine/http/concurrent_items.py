"""Many requests for one call: some at a time, within its deadline, with its progress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

import anyio

from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.errors import DeadlineExceeded, first_error

AT_A_TIME: Final = 32
"""Requests of one call in flight: enough for a server's batches."""
DEADLINE_S: Final = 3600.0
"""Deadline of a call that names none."""

T = TypeVar("T")
R = TypeVar("R")


async def run_all(
    items: Sequence[T], one: Callable[[T], Coroutine[Any, Any, R]], options: CallOptions, what: str
) -> list[R]:
    """The results of all items, in order. The first error ends the others. Raises DeadlineExceeded."""
    answers: list[Any] = [None] * len(items)
    limit = asyncio.Semaphore(AT_A_TIME)
    done = 0

    async def run(index: int) -> None:
        nonlocal done
        async with limit:
            answers[index] = await one(items[index])
        done += 1
        if options.progress is not None:
            options.progress(done, len(items), what)

    seconds = DEADLINE_S if options.deadline_s is None else options.deadline_s
    try:
        with anyio.fail_after(max(0.0, seconds)):
            async with asyncio.TaskGroup() as group:
                for index in range(len(items)):
                    group.create_task(run(index))
    except TimeoutError:
        raise DeadlineExceeded(
            f"The engine took longer than {seconds:g} s.",
            remedy="Ask for less at once, or raise deadline_s in the configuration.",
        ) from None
    except BaseExceptionGroup as errors:
        raise first_error(errors) from None
    return answers
