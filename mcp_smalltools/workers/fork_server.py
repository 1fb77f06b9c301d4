"""The process whose forks are workers: it has loaded what calls need, and never sees a file.

`python -m mcp_smalltools.workers.fork_server DESCRIPTOR MEMORY_MB FILE_MB FOLDER...`. For each byte with a
descriptor that comes over its socket it forks a worker with that descriptor, and sends back a descriptor of
the worker (pidfd), by which the server ends it. A fork takes some milliseconds, where a process that starts
anew takes a second of processor time; that makes it cheap to throw workers away. There is one thread, so a
fork is whole; each takes its own walls: none is in another's domain, so none can signal another.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys

from mcp_smalltools.workers import sandbox, sandboxed

SETTLED_S = 2.0
"""Seconds without a new worker, after which there is time to load the rest."""


def main() -> None:
    descriptor, *arguments = sys.argv[1:]
    grants = sandbox.Grants.from_arguments(arguments)
    sandbox.die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets workers that have ended
    _load()
    control = socket.socket(fileno=int(descriptor))
    _fork_on_demand(control, grants, until_s=SETTLED_S)
    _load_the_rest()
    _fork_on_demand(control, grants, until_s=None)


def _fork_on_demand(control: socket.socket, grants: sandbox.Grants, until_s: float | None) -> None:
    """Until nothing has come for so many seconds; without a limit until the server leaves."""
    while select.select([control], [], [], until_s)[0]:
        data, given, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            sys.exit()
        (end,) = given
        pid = os.fork()
        if pid == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sandboxed.work(end, grants)
        os.close(end)
        _hand_over(control, pid)


def _hand_over(control: socket.socket, pid: int) -> None:
    """Send a descriptor of the worker, or none where it has ended already."""
    try:
        worker = os.pidfd_open(pid)
    except ProcessLookupError:
        control.sendall(b"-")
        return
    socket.send_fds(control, [b"+"], [worker])
    os.close(worker)


def _load() -> None:
    """What every call needs: the first worker waits for it."""
    from mcp_smalltools.workers import caller

    for module in caller.WARM:
        importlib.import_module(module)
    _share()


def _load_the_rest() -> None:
    from mcp_smalltools.workers.warm_up import warm_up

    warm_up()
    _share()


def _share() -> None:
    """Have forks keep what is there in common: collecting would write to each object, and so copy it."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
