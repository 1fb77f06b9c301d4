"""A large log parsed on several cores: worker processes take parts of it as this process does, and their
counts are combined in the order of the parts.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp_smalltools import processes
from mcp_smalltools.logs.counting.parts import PART_BYTES, PartParser, parts_of
from mcp_smalltools.logs.counting.state import append
from mcp_smalltools.logs.counting.worker import message_of, receive, send
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.keys.terminal import strip_terminal_codes

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import FilePart, StopCheck, UserFile
    from mcp_smalltools.logs.counting.parser import LogParser
    from mcp_smalltools.logs.lines.times import DateOrder

FROM_BYTES = 64 << 20
"""A smaller log is parsed before a helper has started."""
MOST_HELPERS = 3
"""Each takes about 70 MB."""
_AHEAD = 2
"""Parts that may be done before their turn, for each process."""
_WAIT_S = 0.05


def helpers_for(source: UserFile) -> int:
    """How many helpers are worth starting: for cores that have nothing else to do."""
    if source.size < FROM_BYTES or os.name == "nt" or not sys.executable or not source.is_plain():
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    idle = round(cores - os.getloadavg()[0])
    return max(0, min(MOST_HELPERS, cores - 1, idle))


@dataclass(slots=True)
class _Task:
    part: FilePart
    state: dict[str, Any] | None = None
    taken: bool = False

    @property
    def bytes(self) -> int:
        return self.part.end - self.part.start


class _OtherWasFirst(Exception):
    """A helper has done the part."""


class ParallelReader:
    """Feeds a whole file to a parser. `read_to` is the place after the last part that was counted; `tell`
    hears how many bytes are done, by all together.
    """

    def __init__(
        self,
        source: UserFile,
        helpers: int,
        part_bytes: int = PART_BYTES,
        tell: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._tell = tell
        self._done = 0  # bytes of parts that are done
        self.read_to = 0
        self.cut_lines = 0
        self._source = source
        self._helpers = helpers
        self._parts = parts_of(source, part_bytes)
        self._tasks: deque[_Task] = deque()  # in the order of the file, the first not yet counted
        self._changed = threading.Condition()
        self._largest = 4 * part_bytes  # larger parts are fed to the parser in blocks
        self._table: bytes | None = None  # message with what the first part taught of the log's lines
        self._over = False
        self._joins_plain = False
        self._date_order: DateOrder | None = None

    def read(self, parser: LogParser, stop: StopCheck, go_on: Callable[[], bool]) -> bool:
        """Count part after part; `go_on` is asked after each. True if the file was read to its end."""
        self._joins_plain = parser.assembler.joins_plain
        self._date_order = parser.date_order
        with ExitStack() as stack:
            for _ in range(self._helpers):
                self._start_helper(stack)
            stack.callback(self._finish)
            own = PartParser(self._source)
            while True:
                stop.check()
                self._plan()
                if not self._tasks:
                    return True
                first = self._tasks[0]
                if first.state is not None or first.bytes > self._largest:
                    if not self._count(first, parser, stop, go_on):
                        return False
                    self._tasks.popleft()
                elif (task := self._take()) is not None:
                    self._put(task, self._parse(task, own, stop, lambda here: self._tell(self._done + here)))
                    self._teach(own)
                else:
                    self._do_also(first, own, stop)

    def _do_also(self, task: _Task, own: PartParser, stop: StopCheck) -> None:
        """All wait for a part that a helper has: do it here too, until one of both is done."""

        def look(_: int) -> None:
            if task.state is not None:
                raise _OtherWasFirst

        with contextlib.suppress(_OtherWasFirst):
            self._put(task, self._parse(task, own, stop, look))

    def _parse(
        self, task: _Task, own: PartParser, stop: StopCheck, tell: Callable[[int], None]
    ) -> dict[str, Any]:
        return own.parse(task.part, stop, tell, joins_plain=self._joins_plain, date_order=self._date_order)

    def _teach(self, parser: PartParser) -> None:
        """Let the helpers start, knowing what was learned from the first part."""
        if self._table is None:
            table = message_of(parser.table_state())
            with self._changed:
                self._table = table
                self._changed.notify_all()

    def _count(self, task: _Task, parser: LogParser, stop: StopCheck, go_on: Callable[[], bool]) -> bool:
        """Count the first part; False if there is no time for more."""
        if task.state is not None and append(parser, task.state):
            self.cut_lines += task.state["cut_lines"]
            self.read_to = task.part.end
            return go_on()
        for block in self._source.byte_blocks(part=task.part, stop=stop):
            parser.feed(Block(block.first, strip_terminal_codes(block.data)))
            self.read_to = block.end
            if not go_on():
                return False
        self.cut_lines += self._source.cut_lines
        self.read_to = task.part.end
        return True

    def _plan(self) -> None:
        """Know some parts ahead, so that no helper waits."""
        with self._changed:
            while len(self._tasks) < _AHEAD * (self._helpers + 1):
                part = next(self._parts, None)
                if part is None:
                    return
                self._tasks.append(_Task(part))
                self._changed.notify_all()

    def _take(self) -> _Task | None:
        """A part that nobody works on, and which is not too large; None if there is none now."""
        with self._changed:
            for task in self._tasks:
                if not task.taken and task.bytes <= self._largest:
                    task.taken = True
                    return task
        return None

    def _put(self, task: _Task, state: dict[str, Any] | None) -> None:
        """A part is done; None: it was not, another one has to."""
        with self._changed:
            if task.state is None:
                task.state, task.taken = state, state is not None
                self._done += task.bytes if state is not None else 0
            self._changed.notify_all()

    def _start_helper(self, stack: ExitStack) -> None:
        descriptor = self._source.descriptor
        try:
            command = processes.module_command("mcp_smalltools.logs.counting.worker", str(descriptor))
            pipe = processes.PIPE
            helper = processes.start(command, stdin=pipe, stdout=pipe, pass_fds=(descriptor,))
        except OSError:
            return  # fewer helpers, the same result
        thread = threading.Thread(target=self._work_with, args=(helper,), daemon=True)
        thread.start()
        stack.callback(_end, helper, thread)

    def _work_with(self, helper: processes.Popen[bytes]) -> None:
        assert helper.stdin is not None and helper.stdout is not None
        has_table = False
        while not self._over:
            table = self._table
            task = self._take() if table is not None else None
            if task is None or table is None:
                self._wait_for_change()
                continue
            try:
                if not has_table:
                    helper.stdin.write(table)
                    has_table = True
                part = task.part
                send(helper.stdin, [part.start, part.first, part.end, self._joins_plain, self._date_order])
                state = receive(helper.stdout)
            except (OSError, EOFError, ValueError):
                self._put(task, None)
                return
            self._put(task, state)

    def _wait_for_change(self) -> None:
        with self._changed:
            self._changed.wait(_WAIT_S)

    def _finish(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()


def _end(helper: processes.Popen[bytes], thread: threading.Thread) -> None:
    helper.kill()
    thread.join()
    helper.wait()
    for pipe in (helper.stdin, helper.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what was not sent yet is not needed any more
                pipe.close()
