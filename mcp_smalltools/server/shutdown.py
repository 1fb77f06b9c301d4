"""Ends the process within seconds of a signal, whatever its event loop and its threads do then."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Collection
from types import FrameType, TracebackType
from typing import Final

SHUTDOWN_S: Final = 5.0
"""Seconds from a signal to the end of the process."""


class EndSignals:
    """Hears of signals in the event loop, and from then on in a thread that ends the process at the latest
    `SHUTDOWN_S` later: a call may hold up the loop, and threads that don't end hold up the interpreter.

    Python writes the signal's number into a pipe as it arrives, so the thread need not wait for the loop.
    To be entered in the main thread, in the event loop; not on Windows.
    """

    def __init__(self, numbers: Collection[int]) -> None:
        self._numbers = numbers

    def __enter__(self) -> EndSignals:
        self._loop = asyncio.get_running_loop()
        self._heard: asyncio.Queue[int] = asyncio.Queue()
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._hear) for number in self._numbers}
        threading.Thread(target=self._watch, name="end signals", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._write)  # the thread ends by it, unless a signal has come

    async def next(self) -> int:
        """Wait for a signal; its number."""
        return await self._heard.get()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._heard.put_nowait, number)

    def _watch(self) -> None:
        while heard := os.read(self._read, 1):
            if heard[0] in self._numbers:
                time.sleep(SHUTDOWN_S)
                os._exit(exit_status(heard[0]))
        os.close(self._read)


def exit_status(number: int) -> int:
    """Of a server that a signal has ended: an interrupt is told, the rest is in order."""
    return 128 + number if number == signal.SIGINT else 0


def exit_in_time() -> None:
    """End the process `SHUTDOWN_S` from now, should a thread still keep it, of a server that is done."""
    timer = threading.Timer(SHUTDOWN_S, os._exit, (0,))
    timer.daemon = True
    timer.start()
