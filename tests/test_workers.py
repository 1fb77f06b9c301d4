"""Tools read files in processes that can do nothing else, and that end at a call's deadline."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import DeadlineExceeded, NotAllowed, SmallToolsError, WorkerDied
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.principal import Principal
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.workers.fork_server import SETTLED_S
from mcp_smalltools.workers.pool import AVAILABLE, Worker, WorkerPool, walls_here
from mcp_smalltools.workers.sandbox import Walls
from mcp_smalltools.workers.starter import FORKS, STEP_BACK

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not AVAILABLE, reason="open files are passed over a Unix socket"),
]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")
FORKING = pytest.mark.skipif(not FORKS, reason="workers are no forks here")
LOG = "".join(
    f"2026-03-01 10:00:{n % 60:02} {'ERROR' if n % 9 == 0 else 'INFO'} job {n} ended\n" for n in range(99)
)
SCHEMA = {"type": "object", "properties": {"port": {"type": "integer"}, "password": {"type": "string"}}}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("parse_log", {"path": "app.log"}),
    ("parse_log", {"path": "app.log", "focus": "jobs that ended", "limit": 3}),
    ("parse_log", {"path": "app.log", "baseline_path": "old.log"}),
    ("find_failure", {"path": "app.log"}),
    ("summarize_file", {"path": "."}),
    ("summarize_file", {"path": "notes.md", "focus": "ports"}),
    ("extract", {"path": "app.toml", "schema": SCHEMA}),
    ("extract", {"text": "port: 80", "schema": SCHEMA}),
    ("ask_file", {"paths": ["notes.md", "app.toml"], "question": "Which port is used?"}),
    ("classify", {"items": ["it crashes", "please add a theme"], "labels": ["bug", "feature"]}),
    ("classify", {"paths": ["notes.md", "app.log"], "labels": ["text", "log"]}),
    ("read_redacted", {"path": "app.toml"}),
    ("read_redacted", {"path": "gone.txt"}),
    ("read_redacted", {"path": "/etc/hostname"}),
    ("extract", {"text": "", "schema": {}}),
]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_text(LOG)
    (tmp_path / "old.log").write_text(LOG[: len(LOG) // 2])
    (tmp_path / "notes.md").write_text(
        "# Notes\n\nThe server listens on port 8080. It is started by hand.\n" * 30
    )
    (tmp_path / "app.toml").write_text('port = 8080\npassword = "Tiger77!x0"\n')
    return tmp_path


@pytest.fixture
def own(settings: Settings) -> Settings:
    return settings.model_copy(update={"cache": False, "workers": 2})


@pytest.fixture
async def service(own: Settings, files: Path) -> AsyncIterator[Service]:
    service = Service(own, FakeEngine(), WorkerPool(own))
    yield service
    await service.close()


async def outcome_of(service: Service, tool: str, arguments: dict[str, Any]) -> Any:
    try:
        answer = (await service.call(ToolRequest(tool, arguments))).structured()
    except SmallToolsError as error:
        return error.code, str(error)
    return {name: value for name, value in answer.items() if name != "call_id"}


@pytest.mark.parametrize("level", PrivacyLevel)
async def test_an_answer_is_the_same_in_a_worker_and_in_the_server(
    own: Settings, files: Path, level: PrivacyLevel
) -> None:
    settings = own.model_copy(update={"roots": (RootSpec(path=files, level=level),)})
    inside = Service(settings, FakeEngine())
    isolated = Service(settings, FakeEngine(), WorkerPool(settings))
    for tool, arguments in CALLS:
        assert await outcome_of(isolated, tool, arguments) == await outcome_of(inside, tool, arguments), tool
    await inside.close()
    await isolated.close()


async def test_what_is_kept_between_calls_is_kept_by_the_server(service: Service, files: Path) -> None:
    await service.call(ToolRequest("parse_log", {"path": "app.log", "since": "last"}))
    with (files / "app.log").open("a") as log:
        log.write("2026-03-01 10:30:00 ERROR job lost\n")
    answer = (await service.call(ToolRequest("parse_log", {"path": "app.log", "since": "last"}))).structured()
    assert answer["lines"] == 1
    assert "Lines 100 to 100 were added since the last call" in answer["note"]


async def test_an_export_is_written_into_a_file_that_the_server_has_opened(
    service: Service, own: Settings
) -> None:
    arguments = {"path": "app.log", "export_path": "lines.jsonl"}
    answer = (await service.call(ToolRequest("parse_log", arguments))).structured()
    assert answer["export"]["lines"] == 99
    assert len(Path(answer["export"]["path"]).read_text().splitlines()) == 99
    with pytest.raises(NotAllowed):
        await service.call(ToolRequest("parse_log", {"path": "app.log", "export_path": "../out.jsonl"}))


def children_of(pid: int, module: str) -> list[int]:
    found = subprocess.run(
        ["ps", "-ww", "--ppid", str(pid), "-o", "pid=,args="], capture_output=True, text=True, check=False
    )
    lines = [line.split(maxsplit=1) for line in found.stdout.splitlines()]
    return [int(pid) for pid, args in lines if f"mcp_smalltools.workers.{module}" in args]


def worker_pids() -> list[int]:
    """Workers of this process."""
    if not FORKS:
        return children_of(os.getpid(), "sandboxed")
    return [pid for parent in fork_servers() for pid in children_of(parent, "fork_server")]


def fork_servers() -> list[int]:
    return children_of(os.getpid(), "fork_server")


async def test_a_worker_that_does_not_end_is_killed_at_the_deadline_and_costs_nobody_else(
    service: Service,
) -> None:
    await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    (stopped,) = worker_pids()
    os.kill(stopped, signal.SIGSTOP)
    started = time.monotonic()

    async def hang() -> None:
        with pytest.raises(DeadlineExceeded):
            await service.call(ToolRequest("parse_log", {"path": "app.log"}, deadline_s=2))
        assert time.monotonic() - started < 4

    async with anyio.create_task_group() as group:
        group.start_soon(hang)
        await anyio.sleep(0.1)
        answer = await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
        assert answer.structured()["lines"][0] == "port = 8080"
    with anyio.fail_after(20):
        while stopped in worker_pids():
            await anyio.sleep(0.1)


async def test_cancelling_a_call_ends_its_worker(service: Service) -> None:
    await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    (stopped,) = worker_pids()
    os.kill(stopped, signal.SIGSTOP)
    with anyio.move_on_after(0.3):
        await service.call(ToolRequest("parse_log", {"path": "app.log"}))
    with anyio.fail_after(20):
        while stopped in worker_pids():
            await anyio.sleep(0.1)


async def test_a_worker_that_dies_is_a_clear_error_and_the_next_call_has_another(service: Service) -> None:
    await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    (pid,) = worker_pids()
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="ended"):
        await service.call(ToolRequest("parse_log", {"path": "app.log"}))
    assert (await service.call(ToolRequest("parse_log", {"path": "app.log"}))).structured()["records"] == 99


@LINUX
async def test_a_worker_tells_its_own_peak_of_memory_not_its_parents(own: Settings, files: Path) -> None:
    """Else a large server would replace each worker after each call."""
    pool = WorkerPool(own)
    service = Service(own, FakeEngine(), pool)
    await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    (worker,) = pool._idle
    (pid,) = worker_pids()
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert 0 < worker.peak_kb <= peak
    await service.close()


async def test_workers_end_with_the_service(own: Settings, files: Path) -> None:
    service = Service(own, FakeEngine(), WorkerPool(own))
    await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    assert worker_pids()
    await service.close()
    with anyio.fail_after(20):
        while worker_pids():
            await anyio.sleep(0.1)


@FORKING
async def test_workers_are_forks_of_a_process_with_one_thread_and_leave_no_zombies(service: Service) -> None:
    await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    (parent,), (first,) = fork_servers(), worker_pids()
    before, loaded = cpu_ticks(parent), 0
    with anyio.fail_after(60):  # in a while it loads the rest, and then it waits
        while loaded == before or loaded < cpu_ticks(parent):
            loaded = cpu_ticks(parent)
            await anyio.sleep(SETTLED_S + 1)
    assert len(list(Path(f"/proc/{parent}/task").iterdir())) == 1
    os.kill(first, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    assert fork_servers() == [parent]
    assert first not in worker_pids()


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@FORKING
async def test_a_fork_has_walls_of_its_own_and_holds_nothing_of_another(service: Service) -> None:
    pool = service._workers
    assert pool is not None
    await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    one = Worker(pool._starter)
    assert one.wait_until_ready() == pool._idle[0].wait_until_ready()
    ends = {pid: links_of(pid) for pid in worker_pids()}
    assert len(ends) == 2
    assert all(len(sockets) == 1 for sockets in ends.values())
    assert len(set().union(*ends.values())) == 2
    one.kill()


def links_of(pid: int) -> set[str]:
    """The sockets that a process has open."""
    links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]  # noqa: PTH115 - no path
    return {link for link in links if link.startswith("socket:")}


@FORKING
async def test_where_the_process_that_forks_has_ended_another_takes_its_place(service: Service) -> None:
    await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    (parent,), pids = fork_servers(), worker_pids()
    os.kill(parent, signal.SIGKILL)
    with anyio.fail_after(20):
        while any(Path(f"/proc/{pid}").exists() for pid in pids):  # workers end with it
            await anyio.sleep(0.05)
    with pytest.raises(WorkerDied):
        await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    answer = await service.call(ToolRequest("read_redacted", {"path": "app.toml"}))
    assert answer.structured()["lines"][0] == "port = 8080"
    assert fork_servers() != [parent]


@FORKING
async def test_a_long_call_steps_back_for_other_callers_and_its_worker_is_replaced(
    own: Settings, files: Path
) -> None:
    (files / "long.log").write_text(LOG * 60_000)
    pool = WorkerPool(own)
    service = Service(own, FakeEngine(), pool)

    async def call(name: str, tool: str, path: str) -> None:
        principal = Principal(name, remote=True)
        await service.call(ToolRequest(tool, {"path": path}, principal=principal, deadline_s=60))

    async def priorities() -> set[int]:
        return {os.getpriority(os.PRIO_PROCESS, pid) for pid in worker_pids()}

    usual = os.getpriority(os.PRIO_PROCESS, 0)
    stepped_back = min(usual + STEP_BACK, 19)  # the lowest that there is
    await call("one", "parse_log", "long.log")
    assert await priorities() == {usual}, "there is nobody to step back for"
    await call("other", "read_redacted", "app.toml")
    seen: set[int] = set()
    async with anyio.create_task_group() as group:
        group.start_soon(call, "one", "parse_log", "long.log")
        with anyio.move_on_after(30):
            while stepped_back not in seen:
                seen |= await priorities()
                await anyio.sleep(0.02)
    assert stepped_back in seen
    with anyio.fail_after(20):
        while stepped_back in await priorities():
            await anyio.sleep(0.05)
    await service.close()


@pytest.fixture
def walled(tmp_path: Path) -> Iterator[Any]:
    """Run code in a process that has given up its rights as a worker does; what it printed."""

    def run(code: str) -> str:
        enter = (
            "import os, resource, socket, sys, pathlib\n"
            "from mcp_smalltools.workers import sandbox\n"
            f"grants = sandbox.Grants((pathlib.Path({str(tmp_path / 'open')!r}),), 1024, 64)\n"
            "walls = sandbox.enter(grants)\n"
        )
        script = enter + textwrap.dedent(code)
        command = [sys.executable, "-P", "-c", script]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a.txt").write_text("seen")
    (tmp_path / "closed.txt").write_text("unseen")
    yield run


ATTEMPTS = {
    "reads a file": "open({closed!r}).read()",
    "lists a folder": "os.listdir({folder!r})",
    "writes a file": "open({new!r}, 'w')",
    "writes where it may read": "open({inside!r}, 'w')",
    "removes a file": "os.unlink({closed!r})",
    "makes a folder": "os.mkdir({new!r})",
    "reads the password file": "open('/etc/passwd').read()",
    "reads the memory of its parent": "open(f'/proc/{{os.getppid()}}/environ', 'rb').read()",
    "opens a socket": "socket.socket()",
    "opens a UDP socket": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "opens a Unix socket": "socket.socket(socket.AF_UNIX)",
    "ends its parent": "os.kill(os.getppid(), 15)",
    "ends its parent by a limit": "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
    "slows its parent down": "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
    "slows down all of the user's": "os.setpriority(os.PRIO_USER, 0, 19)",
    "moves its parent to one core": "os.sched_setaffinity(os.getppid(), [0])",
    "takes all memory": "bytearray(4 << 30)",
}


@LINUX
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_a_worker_tries_is_refused(attempt: str, walled: Any, tmp_path: Path) -> None:
    names = {
        "closed": str(tmp_path / "closed.txt"),
        "folder": str(tmp_path),
        "new": str(tmp_path / "new"),
        "inside": str(tmp_path / "open" / "a.txt"),
    }
    code = f"""
    if not walls.complete:
        print("no walls:", walls)
    else:
        try:
            {ATTEMPTS[attempt].format(**names)}
            print("done")
        except (PermissionError, MemoryError) as error:
            print("refused")
    """
    said = walled(code)
    if said.startswith("no walls"):
        pytest.skip(f"this kernel has not all of them: {said}")
    assert said == "refused"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["closed.txt", "open"]


@LINUX
def test_a_worker_reads_what_it_needs_and_starts_helpers_that_have_no_more_rights(
    walled: Any, tmp_path: Path
) -> None:
    closed = str(tmp_path / "closed.txt")
    code = f"""
    import json, subprocess
    import numpy
    limits = resource.getrlimit(resource.RLIMIT_CPU)
    resource.prlimit(0, resource.RLIMIT_CPU, limits), os.sched_setaffinity(0, os.sched_getaffinity(0))
    print(open({str(tmp_path / "open" / "a.txt")!r}).read())
    inner = "import mcp_smalltools.logs.counting.worker; open({closed!r}).read()"
    done = subprocess.run([sys.executable, "-P", "-c", inner], capture_output=True, text=True)
    print(done.stderr.strip().splitlines()[-1].split(":")[0] if walls.complete else "PermissionError")
    """
    assert walled(code).splitlines() == ["seen", "PermissionError"]


def test_what_holds_here_is_known(own: Settings) -> None:
    walls = walls_here(own)
    assert walls.memory_mb == (own.worker_memory_mb if sys.platform == "linux" else 0)
    assert str(own.worker_memory_mb) in str(walls) or sys.platform != "linux"


async def test_a_worker_that_takes_longer_to_start_than_a_call_may_is_there_for_the_next_one(
    own: Settings, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = Worker.wait_until_ready

    def late(worker: Worker) -> Walls:
        if worker._walls is None:
            time.sleep(3)
        return ready(worker)

    monkeypatch.setattr(Worker, "wait_until_ready", late)
    monkeypatch.setattr("mcp_smalltools.workers.pool.LATE_S", 0.1)
    service = Service(own, FakeEngine(), WorkerPool(own))
    outcomes = []
    with anyio.fail_after(60):
        while "answer" not in outcomes:
            try:
                await service.call(ToolRequest("read_redacted", {"path": "app.toml"}, deadline_s=1))
            except DeadlineExceeded:
                outcomes.append("deadline")
            else:
                outcomes.append("answer")
    assert outcomes[0] == "deadline"
    await service.close()


async def test_whoever_costs_a_worker_waits_for_the_next_one_and_others_have_those_that_are_left(
    own: Settings, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = WorkerPool(own)
    service = Service(own, FakeEngine(), pool)
    one, other = Principal("one", remote=True), Principal("other", remote=True)

    async def read(principal: Principal, deadline_s: float = 30.0) -> None:
        arguments = {"path": "app.toml"}
        request = ToolRequest("read_redacted", arguments, deadline_s=deadline_s, principal=principal)
        await service.call(request)

    await read(one)
    await read(other)  # there are two callers now: a second worker starts before anybody waits for it
    with anyio.fail_after(60):
        while len(pool._idle) < 2:
            await anyio.sleep(0.1)
    start = WorkerPool._start
    monkeypatch.setattr(WorkerPool, "_start", lambda pool: (time.sleep(9), start(pool))[1])
    pids = worker_pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    with pytest.raises(DeadlineExceeded):
        await read(one, deadline_s=0.5)
    for pid in set(pids) & set(worker_pids()):
        os.kill(pid, signal.SIGCONT)
    with pytest.raises(DeadlineExceeded):
        await read(one, deadline_s=0.5)
    with anyio.fail_after(6):
        await read(other)
    await service.close()
