"""Crafted files through a listening server, beside another caller that makes short calls all the time.

    python benchmarks/crafted_inputs.py [--inputs 2000] [--seconds 240] [--seed 1] [--deadline 5]

One token's clients send crafted inputs: repeated characters, brackets, archives that unpack to hundreds of
megabytes, deep and wide documents, odd encodings and names, links, files that grow. Another token's client
makes short calls without a pause, first alone and then beside them. The seed alone decides what is crafted.

Prints JSON: calls that were answered later than a second after their deadline, lost answers, errors by
kind, the other caller's median and slowest answer alone and beside, and the largest memory of a worker
(Linux: it is read from /proc). Exits with 1 if a call was late, lost or failed inside.
"""

from __future__ import annotations

import argparse
import bz2
import collections
import gzip
import itertools
import json
import lzma
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import zstandard
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.server.http.token_store import TokenStore

LATE_S: Final = 1.0
LOST_S: Final = 30.0
"""After its deadline, how long a client waits for an answer."""
WARM_S: Final = 12.0
"""The first calls start the encoder and a worker."""
ALONE_S: Final = 12.0
SIZES: Final = (300, 3_000, 30_000, 100_000, 300_000, 1_000_000)
SIGNS: Final = (
    *"-./:|#*= \t\"'([{<,;_~`\\&@$%+0aA\0\r",
    *(
        "- ",
        ". A",
        "| ",
        "a=",
        "a:",
        "a.",
        "<a",
        "&#9",
        "[a](",
        "a, ",
        "\x1b[",
        "password = ",
        "12:30 ",
        "at a",
    ),
    *(
        "token ",
        "curl -u ",
        "# a\n",
        "- a\n",
        "a,b\n",
        "|a|b|\n",
        "A: ",
        "é",
        "\u202e",
        "\u0661",
        "\U000e0041",
    ),
)
SCHEMA: Final = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}, "when": {"format": "date"}},
}
READ_AS: Final = {
    ".log": ("parse_log", "find_failure", "read_redacted", "classify", "ask_file"),
    ".txt": ("summarize_file", "extract", "ask_file", "classify", "read_redacted", "parse_log"),
}
OTHER_TOOLS: Final = ("summarize_file", "extract", "ask_file", "read_redacted")


@dataclass(frozen=True, slots=True)
class Crafted:
    """A file to be: what kind of attack, under which name, which bytes."""

    kind: str
    name: str
    data: bytes


def repeated(r: random.Random) -> Crafted:
    """One thing again and again, on one line or many, with something before or behind it."""
    each, size = r.choice(SIGNS), r.choice(SIZES)
    text = each * (size // len(each))
    if r.random() < 0.4:
        line = each * r.choice((5, 60, 5_000)) + "\n"
        text = line * (size // len(line) + 1)
    before = r.choice(("", "", "|", "1 ", '"', "a: ", "# ", "2024-01-01 10:00:00 ERROR "))
    suffix = r.choice(
        (".log", ".log", ".txt", ".md", ".py", ".csv", ".yaml", ".json", ".html", ".toml", ".c")
    )
    return Crafted("repeated", f"r{suffix}", (before + text + r.choice(("", "!\n"))).encode())


def mixed(r: random.Random) -> Crafted:
    """Short pieces in any order."""
    pieces = [r.choice(SIGNS) * r.choice((1, 2, 30)) for _ in range(40)]
    text = "".join(r.choice(pieces) for _ in range(r.choice((50, 500, 5_000))))
    return Crafted(
        "mixed",
        f"m{r.choice(('.log', '.txt', '.md', '.py', '.csv', '.yaml', '.html', '.ini'))}",
        text.encode(),
    )


def nested(r: random.Random) -> Crafted:
    """Brackets, tags, keys, lists inside each other."""
    depth = r.choice((50, 500, 5_000, 50_000))
    forms: dict[str, Callable[[], str]] = {
        ".json": lambda: r.choice(('{"a":', "[")) * depth,
        ".ipynb": lambda: '{"cells":' + "[" * depth + "]" * depth + "}",
        ".yaml": lambda: r.choice(
            ("- " * depth + "a", "{a: " * depth, "\n".join(" " * n + "a:" for n in range(min(depth, 900))))
        ),
        ".xml": lambda: "<a>" * depth + "</a>" * r.choice((0, depth)),
        ".html": lambda: "<div><p>" * depth,
        ".py": lambda: r.choice(
            ("(" * depth + ")" * depth, "1" + "+1" * depth, "-" * depth + "1", "a" + ".a" * depth)
        ),
        ".toml": lambda: r.choice(("a." * depth + "a=1", "a = " + "[" * depth, "[" + "a." * depth + "a]")),
        ".c": lambda: "{" * depth,
        ".md": lambda: "> " * depth + "a",
    }
    suffix = r.choice(list(forms))
    return Crafted("nested", f"n{suffix}", forms[suffix]().encode())


def bomb(r: random.Random) -> Crafted:
    """An archive that unpacks to a hundred times its size and more; some cut off, some with more behind."""
    unit = r.choice((b"a", b"-", b"2024-01-01 10:00:00 ERROR it failed\n", b"\n", b"\0", b"a,b\n"))
    plain = unit * (r.choice((1 << 20, 20 << 20, 60 << 20)) // len(unit))
    suffix, pack = r.choice(
        [
            (".gz", lambda data: gzip.compress(data, 6, mtime=0)),
            (".bz2", lambda data: bz2.compress(data, 1)),
            (".xz", lambda data: lzma.compress(data, preset=0)),
            (".zst", lambda data: zstandard.compress(data, 3)),
        ]
    )
    data = pack(plain)
    data = r.choice((data, data, data[: len(data) // 2], data + b"rubbish", data * 3, pack(data)))
    return Crafted("bomb", f"b{r.choice(('.log', '.txt'))}{suffix}", data)


def wide(r: random.Random) -> Crafted:
    """Very many columns, keys, lines, items."""
    count = r.choice((1_000, 10_000, 60_000))
    forms: dict[str, Callable[[], str]] = {
        ".csv": lambda: ",".join(f"c{n}" for n in range(count)) + "\n" + "1," * count + "\n" + "2," * count,
        ".tsv": lambda: "a\tb\n" + '"\t' * count,
        ".json": lambda: "{" + ",".join(f'"k{n}":{n}' for n in range(count)) + "}",
        ".jsonl": lambda: '{"a":1,"b":[1,2]}\n' * count,
        ".yaml": lambda: r.choice(
            ("&a [*a", "".join(f"k{n}: {n}\n" for n in range(count)), "a: &a [x]\nb: [" + "*a," * count)
        ),
        ".toml": lambda: "".join(f"[t{n}]\nk = {n}\n" for n in range(count)),
        ".xml": lambda: '<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><a>' + "&b;" * count,
        ".log": lambda: "".join(
            f"{r.getrandbits(64):x} {n} {r.getrandbits(32):x} failed\n" for n in range(count)
        ),
        ".md": lambda: r.choice(
            (
                "".join(f"# h{n}\n" for n in range(count)),
                "|a" * count + "\n" + "|-" * count + "\n" + "|1" * count,
            )
        ),
        ".ini": lambda: "password = hunter2x!\n" * count,
    }  # fmt: skip
    suffix = r.choice(list(forms))
    return Crafted("wide", f"w{suffix}", forms[suffix]().encode())


def odd_bytes(r: random.Random) -> Crafted:
    """Encodings that are none, NULs, marks of direction, bytes at will, headers of other kinds of files."""
    size = r.choice((100, 10_000, 300_000))
    wide_encodings = ("utf-16", "utf-16-be", "utf-32", "utf-7")
    heads = (b"%PDF-1.7\n", b"PK\x03\x04", b"\x7fELF", b"SQLite format 3\0", b"\x1f\x8b", b"(\xb5/\xfd")
    data = r.choice(
        [
            lambda: r.randbytes(size),
            lambda: bytes(r.choice(b"ab \n\0\xff\xfe\x80") for _ in range(min(size, 30_000))),
            lambda: "line \u202ereversed\u2066 \u200b\U000e0041\n".encode() * (size // 20),
            lambda: ("line of text\n" * (size // 12)).encode(r.choice(wide_encodings)),
            lambda: "Stra\xdfe, caf\xe9; \xa7 5\n".encode("latin-1") * (size // 20),
            lambda: b"\xed\xa0\x80" * (size // 3),
            lambda: r.choice(heads) + r.randbytes(size),
            lambda: b"a\0" * size,
        ]
    )()
    return Crafted(
        "odd bytes", f"o{r.choice(('.log', '.txt', '.md', '.csv', '.json', '.pdf', '.py', '.gz'))}", data
    )


def long_line(r: random.Random) -> Crafted:
    """Words, numbers or a JSON document in a single line of megabytes."""
    word = r.choice(
        (
            "it failed with code 7 ",
            '{"level":"error","msg":"x"},',
            "a=1&b=2&",
            "10.0.0.1:80 ",
            "Zm9vYmFy",
            "x;",
        )
    )
    size = r.choice((500_000, 2_000_000, 8_000_000))
    return Crafted(
        "long line",
        f"l{r.choice(('.log', '.txt', '.json', '.js', '.csv'))}",
        (word * (size // len(word))).encode(),
    )


def odd_name(r: random.Random) -> Crafted:
    """Names with line breaks, escapes, no UTF-8, and names of 200 characters; ordinary text."""
    names = (
        "a\nb.log",
        "\x1b[2J.txt",
        "\u202egol.txt",
        "a" * 200 + ".md",
        "l\udcff.log",
        "-rf.txt",
        "[a].log",
        "%00.txt",
        " .log",
    )
    return Crafted("odd name", r.choice(names), b"2024-01-01 10:00:00 ERROR it failed\nname: Bob\n" * 50)


def link(r: random.Random) -> Crafted:
    """Links out of the root, in a circle, to devices; a FIFO. `data` is where the link leads."""
    leads = (
        b"/etc/passwd",
        b"/dev/zero",
        b"/proc/self/environ",
        b"link.log",
        b"../other",
        b"FIFO",
        b".",
        b"/dev/stdin",
    )
    return Crafted("link", "link.log", r.choice(leads))


def growing(_: random.Random) -> Crafted:
    """A log that another process writes to, cuts and replaces all the time."""
    return Crafted("growing", "growing.log", b"")


KINDS: Final = (
    *((repeated, 30), (mixed, 14), (nested, 12), (bomb, 8), (wide, 12), (odd_bytes, 10), (long_line, 4)),
    *((odd_name, 4), (link, 3), (growing, 3)),
)


def inputs(seed: int) -> Iterator[tuple[Crafted, str]]:
    """Crafted files without end, each with a tool that takes such."""
    r = random.Random(seed)
    makers, weights = zip(*KINDS, strict=True)
    while True:
        (maker,) = r.choices(makers, weights)
        made = maker(r)
        stem = made.name.removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz").removesuffix(".zst")
        yield made, r.choice(READ_AS.get(Path(stem).suffix, OTHER_TOOLS))


def arguments(tool: str, path: str) -> dict[str, Any]:
    path = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return {
        "parse_log": {"path": path},
        "find_failure": {"path": path},
        "read_redacted": {"path": path, "start": 1, "end": 40},
        "classify": {"paths": [path], "labels": ["bug", "question"]},
        "extract": {"path": path, "schema": SCHEMA},
        "ask_file": {"paths": [path], "question": "Which port does it listen on?"},
        "summarize_file": {"path": path, "focus": "ports"},
    }[tool]


def place(made: Crafted, folder: Path) -> str:
    """Put the file there; its path from the root."""
    path = folder / made.name
    if made.kind == "growing":
        return made.name
    folder.mkdir()
    if made.kind == "link":
        os.mkfifo(path) if made.data == b"FIFO" else path.symlink_to(os.fsdecode(made.data))
    else:
        path.write_bytes(made.data)
    return f"{folder.name}/{made.name}"


@contextmanager
def writer(path: Path) -> Iterator[None]:
    """A process that appends to the file, cuts it and replaces it."""
    code = (
        "import os,sys,time\np=sys.argv[1]\nn=0\n"
        "while True:\n n+=1\n with open(p,'a') as f: f.write('2024-01-01 10:00:00 ERROR job failed\\n'*200)\n"
        " if n%50==0: os.truncate(p,100)\n if n%120==0: os.unlink(p)\n time.sleep(0.02)\n"
    )
    path.write_text("start\n")
    with subprocess.Popen([sys.executable, "-I", "-c", code, str(path)]) as process:
        try:
            yield
        finally:
            process.kill()


@dataclass
class Seen:
    """What a run has shown."""

    calls: int = 0
    late: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    kinds: collections.Counter[str] = field(default_factory=collections.Counter)
    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    seconds: list[float] = field(default_factory=list)
    slow: list[tuple[float, str]] = field(default_factory=list)
    worker_kb: int = 0
    server_kb: int = 0
    workers: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Server:
    """`mcp-smalltools serve` on a free port, with a state of its own and two tokens by name."""

    folder: Path
    url: str
    tokens: dict[str, str]
    pid: int


@asynccontextmanager
async def client(url: str, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        create_mcp_http_client(headers, timeout=httpx2.Timeout(300)) as web,
        Client(streamable_http_client(url, http_client=web)) as agent,
    ):
        yield agent


@contextmanager
def serving(folder: Path, deadline_s: float, workers: int) -> Iterator[Server]:
    own: dict[str, Any] = {
        **{"STATE_DIR": folder / "state", "RUNTIME_DIR": folder / "run", "SKILLS_DIR": folder / "skills"},
        **{"CONFIG": os.devnull, "CACHE": "false", "DEADLINE_S": deadline_s, "WORKERS": workers},
        **{"HTTP_CALLS_PER_MINUTE": 100_000, "HTTP_REQUESTS_PER_MINUTE": 200_000},
        "WRITER": "off",  # where one is here, each `extract` of the short calls takes seconds, alone too
    }
    env = {**os.environ, **{f"MCP_SMALLTOOLS_{name}": str(value) for name, value in own.items()}}
    store = TokenStore(Settings(state_dir=folder / "state"))
    root = RootSpec(path=folder / "root", level=PrivacyLevel.REDACTED)
    texts = {name: store.create(name, roots=(root,))[0] for name in ("crafted", "other")}
    store.close()
    command = [sys.executable, "-m", "mcp_smalltools.cli", "serve", "--transport", "http", "--port", "0"]
    log = folder / "stderr"
    with log.open("wb") as stderr:
        process = subprocess.Popen([*command, "--root", str(folder / "root")], env=env, stderr=stderr)
    try:
        ends = time.monotonic() + 90
        while not (found := re.search(rb"https?://[^ ]*:(\d+) ", log.read_bytes())):
            if time.monotonic() > ends or process.poll() is not None:
                raise SystemExit(f"the server does not start: {log.read_text()}")
            time.sleep(0.1)
        yield Server(folder, f"http://127.0.0.1:{int(found[1])}/mcp", texts, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def short_calls(url: str, token: str) -> None:
    """Calls that take milliseconds, one after the other, for ever; a line for each on standard output."""
    calls = [
        ("read_redacted", {"path": "short.txt", "start": 1, "end": 5}),
        ("extract", {"path": "short.txt", "schema": SCHEMA}),
        ("find_failure", {"path": "short.log"}),
    ]
    async with client(url, token) as agent:
        while True:
            for tool, given in calls:
                started = time.monotonic()
                result = await agent.call_tool(tool, given)
                said = f"{tool}: {result.content[0].text}" if result.is_error else ""  # type: ignore[union-attr]
                print(json.dumps([started, time.monotonic() - started, said]), flush=True)
                await anyio.sleep(0.05)


def craft(folder: Path, seed: int, first: int, count: int) -> None:
    """Put the files there and name each in a line on standard output; whoever reads them sets the pace."""
    for number, (made, tool) in itertools.islice(enumerate(inputs(seed)), first, first + count):
        path = place(made, folder / f"i{number}")
        name = f"{number} {made.kind} {tool} {made.name!r} {made.data[:16]!r} ({len(made.data)})"
        print(json.dumps([made.kind, tool, path, name, f"i{number}"]), flush=True)


@contextmanager
def helper(*arguments: str, niceness: int = 0) -> Iterator[subprocess.Popen[str]]:
    """This program in another process, so that neither measures the other's work."""
    command = ["nice", "-n", str(niceness), sys.executable, __file__, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def send(server: Server, crafted: Crafting, deadline_s: float, seen: Seen) -> None:
    """One client of the crafting caller: sends what is next until there is nothing."""
    async with client(server.url, server.tokens["crafted"]) as agent:
        while (found := await anyio.to_thread.run_sync(crafted.next)) is not None:
            kind, tool, path, name, folder = found
            started = time.monotonic()
            result = None
            with suppress(Exception), anyio.move_on_after(deadline_s + LOST_S):
                result = await agent.call_tool(tool, arguments(tool, path))
            took = time.monotonic() - started
            seen.calls += 1
            seen.kinds[kind] += 1
            seen.seconds.append(took)
            seen.slow = sorted([*seen.slow, (round(took, 2), name)], reverse=True)[:12]
            if took > deadline_s + LATE_S:
                seen.late.append(f"{took:.1f} s: {name}")
            if result is None:
                seen.lost.append(name)
                outcome = "lost"
            elif not result.is_error:
                outcome = "answer"
            else:
                said = result.content[0].text  # type: ignore[union-attr]
                outcome = kind_of(said)
                if outcome in {"failed inside", "other error"}:
                    seen.inside.append(f"{said[:160]} <- {name}")
            seen.outcomes[outcome] += 1
            shutil.rmtree(server.folder / "root" / folder, ignore_errors=True)


class Crafting:
    """What `craft` in another process has made, until the time is over."""

    def __init__(self, lines: Iterator[str], ends: float) -> None:
        self._lines, self._ends, self._lock = lines, ends, threading.Lock()

    def next(self) -> list[str] | None:
        with self._lock:
            line = next(self._lines, "") if time.monotonic() < self._ends else ""
        return json.loads(line) if line else None


def kind_of(said: str) -> str:
    """An error's kind, by its sentence."""
    for part, kind in {
        "failed inside": "failed inside",
        "took longer than": "deadline",
        "time is over": "deadline",
        "within the call's time": "deadline",
        "process that read the files ended": "worker ended",
        "outside": "not allowed",
        "no such file": "not found",
        "There is no": "not found",
        "not found": "not found",
        "link": "not allowed",
        "FIFO": "not allowed",
    }.items():
        if part in said:
            return kind
    return (
        "unreadable"
        if re.search(r"binary|damaged|is no |can't be|text|too|larger|more than|folder|PDF", said)
        else "other error"
    )


def _is_worker(process: Path, parent: int, server: int) -> bool:
    """One that the server started, or a fork of the process that it started for that."""
    command = (process / "cmdline").read_bytes()
    if b"workers.fork_server" in command:
        return parent != server
    return parent == server and b"workers.sandboxed" in command


async def watch_memory(server: Server, seen: Seen) -> None:
    """The largest resident memory of a worker and of the server, in KB."""
    while True:
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, TypeError):  # it has just ended
                status = (entry / "status").read_text()
                peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]
                parent = int(re.search(r"PPid:\s+(\d+)", status)[1])  # type: ignore[index]
                if int(entry.name) == server.pid:
                    seen.server_kb = max(seen.server_kb, peak)
                elif _is_worker(entry, parent, server.pid):
                    seen.worker_kb = max(seen.worker_kb, peak)
                    seen.workers.add(int(entry.name))
        await anyio.sleep(0.25)


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    root = folder / "root"
    root.mkdir()
    (root / "short.txt").write_text("name: Bob\nsize: 7\nport: 8080\n" * 5)
    (root / "short.log").write_text("step one\nERROR: it failed\nstep two\n" * 5)
    seen = Seen()
    with (
        serving(folder, options.deadline, options.workers) as server,
        writer(root / "growing.log"),
        helper("--short", server.url, server.tokens["other"]) as other,
    ):
        assert other.stdout
        lines: list[str] = []
        reading = threading.Thread(target=lambda: lines.extend(iter(other.stdout)), daemon=True)  # type: ignore[arg-type]
        reading.start()
        await anyio.sleep(WARM_S + ALONE_S)
        load = os.getloadavg()[0]
        started = time.monotonic()
        with helper(
            "--craft", str(root), *map(str, (options.seed, options.first, options.inputs)), niceness=19
        ) as crafting:  # packing an archive would be another machine's work
            assert crafting.stdout
            crafted = Crafting(iter(crafting.stdout), started + options.seconds)
            async with anyio.create_task_group() as watching:
                watching.start_soon(watch_memory, server, seen)
                async with anyio.create_task_group() as group:
                    for _ in range(options.clients):
                        group.start_soon(send, server, crafted, options.deadline, seen)
                watching.cancel_scope.cancel()
        ended = time.monotonic()
        took = ended - started
        other.kill()
        reading.join(10)
    calls = [json.loads(line) for line in lines]
    errors = [said for _, _, said in calls if said]
    alone = [seconds for at, seconds, _ in calls if started - ALONE_S <= at and at + seconds <= started]
    beside = [seconds for at, seconds, _ in calls if started <= at + seconds and at <= ended]
    return {
        "inputs": seen.calls,
        "seconds": round(took, 1),
        "deadline_s": options.deadline,
        "late": seen.late,
        "lost": seen.lost,
        "failed_inside": seen.inside,
        "outcomes": dict(seen.outcomes),
        "kinds": dict(seen.kinds),
        "median_s": round(statistics.median(seen.seconds), 3),
        "slowest": seen.slow,
        "other_caller": {
            "calls": len(beside),
            "errors": errors[:5],
            "alone": spread(alone),
            "beside": spread(beside),
            "median_ratio": round(statistics.median(beside) / statistics.median(alone), 2),
            "over_500_ms": round(sum(s > 0.5 for s in beside) / len(beside), 4),
        },
        "worker_memory_mb": seen.worker_kb >> 10,
        "server_memory_mb": seen.server_kb >> 10,
        "workers_started": len(seen.workers),
        "load": {"before": round(load, 1), "after": round(os.getloadavg()[0], 1), "cores": os.cpu_count()},
        "stderr_bytes": (folder / "stderr").stat().st_size,  # of the server
    }


def spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "median_ms": round(statistics.median(ordered) * 1000, 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 1),
        "slowest_ms": round(ordered[-1] * 1000, 1),
    }


def main() -> int:
    if sys.argv[1:2] == ["--short"]:
        anyio.run(short_calls, sys.argv[2], sys.argv[3])
    if sys.argv[1:2] == ["--craft"]:
        craft(Path(sys.argv[2]), *map(int, sys.argv[3:6]))
        return 0
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=2_000, help="how many, at most")
    parser.add_argument("--seconds", type=float, default=220.0, help="no more are begun after this time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first one, to see some again")
    parser.add_argument("--deadline", type=float, default=5.0, help="of each call, in seconds")
    parser.add_argument("--workers", type=int, default=3, help="setting `workers`")
    parser.add_argument("--clients", type=int, default=2, help="of the crafting caller, at once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = anyio.run(measure, options, Path(folder))
    print(json.dumps(report, indent=1, ensure_ascii=True))
    return int(bool(report["late"] or report["lost"] or report["failed_inside"]))


if __name__ == "__main__":
    sys.exit(main())
