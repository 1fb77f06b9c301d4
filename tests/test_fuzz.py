"""Fuzzing of whatever comes from outside: arguments, contents of files, frames, lines of JSON-RPC.

Each has the same oracles: nothing but a `SmallToolsError` that is no bug of ours, nothing later than a second
after its deadline, no worker over its memory, and an answer that its schema allows. `make fuzz` draws new
examples, FUZZ times as many; what it finds becomes an example here or a test where the part is.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import msgpack
import pytest
import zstandard
from anyio.from_thread import BlockingPortal, start_blocking_portal
from call_forms import BY_NAME, takes_path
from hypothesis import example, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from probe_server import environment
from repeated import PAIRS, SIGNS, SUFFIXES, arguments

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine import protocol
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import InternalError, SmallToolsError, WorkerDied
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.server.tool_schema import input_schema, output_schema
from mcp_smalltools.service import Service
from mcp_smalltools.text.visible import clean_text
from mcp_smalltools.tools.built_in import built_in_tools
from mcp_smalltools.workers.pool import AVAILABLE, WorkerPool
from mcp_smalltools.workers.wire import MAX_FRAME, FrameSocket

FACTOR = int(os.environ.get("FUZZ", "1"))
DEADLINE_S = 6.0
TOOLS = built_in_tools()
INPUTS = {name: input_schema(tool.Arguments) for name, tool in TOOLS.items()}
OUTPUTS = {name: jsonschema.Draft202012Validator(output_schema(tool.Answer)) for name, tool in TOOLS.items()}


def late_s() -> float:
    """A second after the deadline, on cores that others use too as much longer as these make it."""
    busy = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 4.0
    return 1.0 + 2.0 * busy


@dataclass(frozen=True)
class Fuzzed:
    """A service that reads files in workers of little memory, and the folder that it may read."""

    portal: BlockingPortal
    service: Service
    root: Path

    def check(self, tool: str, given: dict[str, Any]) -> None:
        """One call under all oracles."""
        started = time.monotonic()
        try:
            answer = self.portal.call(self.service.call, ToolRequest(tool, given, deadline_s=DEADLINE_S))
        except SmallToolsError as error:
            assert not isinstance(error, (InternalError, WorkerDied)), error
            assert "\n" not in str(error)
        else:
            found = answer.structured()
            json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
            OUTPUTS[tool].validate(found)
        assert time.monotonic() - started < DEADLINE_S + late_s()


@pytest.fixture(scope="module", params=[PrivacyLevel.REDACTED])
def fuzzed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "root").mkdir()
    settings = Settings(
        roots=(RootSpec(path=folder / "root", level=request.param),),
        state_dir=folder / "state",
        runtime_dir=folder / "run",
        skills_dir=folder / "skills",
        cache=False,
        workers=1,
        worker_memory_mb=1024,
    )
    with start_blocking_portal() as portal:
        service = Service(settings, FakeEngine(), WorkerPool(settings) if AVAILABLE else None)
        (folder / "root" / "a.log").write_text("2026-03-01 10:00:00 ERROR it failed\nname: Bob\n" * 9)
        (folder / "root" / "a.md").write_text("# Ports\n\nThe server listens on port 8080.\n" * 9)
        yield Fuzzed(portal, service, folder / "root")
        portal.call(service.close)


# Arguments.

JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["a.log", "a.md", ".", "..", "", "a\0b", "\ud800", "(a+)+$", "\u202e", "%", "-1", "*" * 300, "a" * 70_000]
)
KEYWORDS = st.sampled_from(
    [
        *(
            "type",
            "properties",
            "items",
            "enum",
            "pattern",
            "format",
            "anyOf",
            "oneOf",
            "allOf",
            "not",
            "const",
        ),
        *(
            "required",
            "additionalProperties",
            "minimum",
            "maxLength",
            "description",
            "$ref",
            "$defs",
            "title",
        ),
        *(
            "uniqueItems",
            "prefixItems",
            "if",
            "then",
            "multipleOf",
            "dependentSchemas",
            "contains",
            "default",
        ),
    ]
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    TYPES | JUNK | st.builds(lambda kind: {"type": kind}, TYPES),
    lambda inner: (
        st.dictionaries(KEYWORDS, inner, max_size=4)
        | st.builds(
            lambda fields: {"type": "object", "properties": fields}, st.dictionaries(TEXT, inner, max_size=3)
        )
        | st.lists(inner, max_size=3)
    ),
    max_leaves=10,
)


def values(name: str, spec: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Of an argument: mostly of its type, sometimes anything."""
    if name == "schema":
        return SCHEMAS
    likely: list[st.SearchStrategy[Any]] = [JUNK]
    if name in BY_NAME:
        likely.append(st.sampled_from(BY_NAME[name]))
    match spec.get("type"):
        case "string":
            likely += [TEXT, st.sampled_from(["a.log", "a.md"] if takes_path(name) else ["x"])]
        case "integer":
            likely.append(st.integers(spec.get("minimum", -5) - 1, spec.get("maximum", 10**9) + 1))
        case "array":
            likely += [st.lists(values("", spec.get("items", {})), max_size=5), st.just(["a.log", "a.md"])]
        case "object":
            fields = spec.get("properties", {})
            likely.append(st.fixed_dictionaries({key: values(key, part) for key, part in fields.items()}))
    return st.one_of(likely)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    tool = draw(st.sampled_from(list(INPUTS)))
    fields, needed = INPUTS[tool]["properties"], INPUTS[tool].get("required", [])
    chosen = [key for key in fields if draw(st.booleans()) or (key in needed and draw(st.integers(0, 9)))]
    given_values = {key: draw(values(key, fields[key])) for key in chosen}
    return tool, given_values | (draw(st.dictionaries(TEXT, JUNK, max_size=1)) if draw(st.booleans()) else {})


@given(calls())
@example(("parse_log", {"path": "\ud800"}))
@example(
    ("extract", {"text": "a: 1", "schema": {"type": "object", "properties": {"\ud800": {"type": "string"}}}})
)
@example(("classify", {"items": ["\ud800", "b"], "labels": ["\ud800", "b"]}))
@example(("ask_file", {"paths": ["a.md"], "question": "\ud800"}))
@example(("summarize_file", {"path": "a\udcffb\ud800"}))
@budget(max_examples=40 * FACTOR, deadline=None)
def test_whatever_arguments_a_tool_gets_it_answers_or_says_what_is_wrong(
    fuzzed: Fuzzed, call: tuple[str, dict[str, Any]]
) -> None:
    fuzzed.check(*call)


# Contents of files.

PIECES = st.one_of(
    st.sampled_from([*SIGNS, *PAIRS]),
    st.text(max_size=8),
    st.sampled_from(
        [
            *('{"a": [1, {"b": null}]}', "a,b,c\n1,2,3\n", "[a.b]\nc = 1\n", "a:\n  - b: &x 1\n  - *x\n"),
            *(
                "<a b='c'><!-- d --></a>",
                '{"cells": [{"cell_type": "code", "source": ["x"]}]}',
                "| a | b |\n|---|---|\n",
            ),
            *(
                "2026-03-01 10:00:00,123 ERROR [main] it failed\n\tat a.B.c(D.java:1)\n",
                "Traceback (most recent call last):\n",
            ),
            *(
                "-----BEGIN RSA PRIVATE KEY-----\n",
                "password = ",
                "\u202e\u2066",
                "\U000e0041",
                "\x00",
                "\ufeff",
                "\r\r\n",
            ),
            *(
                "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;",
                "```\n",
                "%YAML 1.2\n---\n",
                "!!python/object:os.system x\n",
                "\ud800",
                r'{"name": "\ud800"}',
            ),
        ]
    ),
)
TEXTS = st.builds(
    lambda pieces, times: "".join(piece * each for piece, each in zip(pieces, times, strict=False)),
    st.lists(PIECES, min_size=1, max_size=12),
    st.lists(st.sampled_from([1, 1, 1, 3, 50, 3_000]), min_size=12, max_size=12),
)
BYTES = TEXTS.map(lambda text: text[:100_000].encode("utf-8", "surrogatepass")) | st.binary(max_size=300)
PACKED = st.sampled_from(
    [
        lambda data: data,
        lambda data: data,
        lambda data: data.decode("utf-8", "replace").encode("utf-16"),
        lambda data: data.decode("utf-8", "replace").encode("utf-32-be"),
        gzip.compress,
        bz2.compress,
        lzma.compress,
        zstandard.compress,
        lambda data: gzip.compress(data * 50)[:-9],
        lambda data: zstandard.compress(data) * 3 + b"x",
        lambda data: bz2.compress(gzip.compress(data)),
    ]
)
READING = [
    (tool, suffix) for tool, suffixes in SUFFIXES.items() for suffix in suffixes if tool != "find_files"
]


@given(st.sampled_from(READING), BYTES, PACKED)
@example(("extract", ".yaml"), b"- " * 5_000 + b"a", bytes)
@example(("summarize_file", ".ipynb"), b"[" * 50_000, bytes)
@example(("extract", ".json"), rb'{"name": "\ud800y", "size": 1, "when": "\udc00"}', bytes)
@budget(max_examples=60 * FACTOR, deadline=None)
def test_whatever_a_file_holds_a_tool_answers_or_says_what_is_wrong(
    fuzzed: Fuzzed, reading: tuple[str, str], data: bytes, pack: Any
) -> None:
    tool, suffix = reading
    (fuzzed.root / f"f{suffix}").write_bytes(pack(data))
    try:
        fuzzed.check(tool, arguments(tool, f"f{suffix}"))
    finally:
        (fuzzed.root / f"f{suffix}").unlink()


NAMES = st.lists(
    st.binary(min_size=1, max_size=30).map(lambda name: name.replace(b"/", b"").replace(b"\0", b"") or b"x"),
    min_size=1,
    max_size=6,
)


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
@given(NAMES, BYTES)
@budget(max_examples=10 * FACTOR, deadline=None)
def test_whatever_the_files_are_called_a_folder_is_searched_and_mapped(
    fuzzed: Fuzzed, names: list[bytes], data: bytes
) -> None:
    folder = Path(tempfile.mkdtemp(dir=fuzzed.root))
    try:
        for name in names:
            with suppress(OSError):  # "." and names that are there
                Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(data)
        fuzzed.check("find_files", {"query": "which port", "path": folder.name})
        fuzzed.check("summarize_file", {"path": folder.name})
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(not AVAILABLE, reason="open files are passed over a Unix socket")
def test_a_log_that_is_cut_and_written_to_while_it_is_read_has_an_answer(fuzzed: Fuzzed) -> None:
    log, ended = fuzzed.root / "rotating.log", threading.Event()

    def write() -> None:
        for number in range(1_000_000):
            with log.open("a" if number % 7 else "w") as file:
                file.write(f"2026-03-01 10:00:00 ERROR job {number} failed\n" * (number % 50))
            if ended.wait(0.002):
                return

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for number in range(10):
            fuzzed.check("parse_log", {"path": log.name, "export_path": f"out{number}.jsonl"})
            fuzzed.check("find_failure", {"path": log.name})
            fuzzed.check("read_redacted", {"path": log.name, "start": 20, "end": 40})
    finally:
        ended.set()
        writing.join()
        log.unlink()


HIDDEN = "\ufe00\ufe0f\U000e0100\U000e01ef\u034f\u115f\u3164\uffa0\u2800\u202e\u200b\U000e0041"


@given(
    st.lists(st.sampled_from([*HIDDEN, "\x1b]", "\x1b[", "\x1b", "\x07", "a", "\n", "0;"]), max_size=30).map(
        "".join
    )
)
@example("\x1b]0;a title that never ends\nsecond\n")
@budget(max_examples=200 * FACTOR, deadline=None)
def test_what_is_not_seen_is_not_shown_and_no_line_is_lost(text: str) -> None:
    shown = clean_text(text)
    assert shown.count("\n") == text.count("\n")
    assert not set(shown) & {*HIDDEN, "\x1b", "\x07"}


# Frames, of the engine and of workers.

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=6)
    | st.binary(max_size=6)
    | st.sampled_from([*protocol._RECORDS, "<f4", "<i8", "|O"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def _extension(code: int, value: Any) -> msgpack.ExtType:
    return msgpack.ExtType(code, value if isinstance(value, bytes) else msgpack.packb(value))


EXTENSIONS = st.one_of(
    st.builds(_extension, st.integers(0, 5), PLAIN | st.binary(max_size=40)),
    st.builds(  # records with fields at will
        lambda name, fields: _extension(1, (name, fields)),
        st.sampled_from(list(protocol._RECORDS)) | st.text(max_size=4),
        st.dictionaries(st.sampled_from(["id", "nonce", "proof", "value", "work", "model", "texts"]), PLAIN)
        | PLAIN,
    ),
    st.builds(  # arrays of shapes at will
        lambda dtype, shape, raw: _extension(2, (dtype, shape, raw)),
        st.sampled_from(["<f4", "<f8", "<i4", "<i8", "|O", 1]),
        st.lists(st.integers(-(2**63), 2**64 - 1), max_size=4) | PLAIN,
        st.binary(max_size=32) | PLAIN,
    ),
)
FRAMES = st.one_of(
    st.binary(max_size=200),
    EXTENSIONS.map(msgpack.packb),
    st.lists(EXTENSIONS | PLAIN, max_size=4).map(msgpack.packb),
)


def nested_records(depth: int) -> bytes:
    frame = msgpack.packb(None)
    for _ in range(depth):
        frame = msgpack.packb(msgpack.ExtType(1, b"\x92\xa6Result\x82\xa2id\x01\xa5value" + frame))
    return bytes(frame)


@given(FRAMES)
@example(_extension(2, ("<f4", (2**64 - 1,), b"")).data)
@example(msgpack.packb(_extension(2, ("<f4", (2**64 - 1, 4), b"1234"))))
@example(msgpack.packb(_extension(1, ("Hello", [1, 2]))))
@example(msgpack.packb(_extension(3, b"[" * 100_000)))
@example(b"\xd7\x02\x92\xa5Hello\x00")
@example(nested_records(3_000))
@example(b"\x91" * 3_000 + b"\xc0")
@example(b"\xdd\xff\xff\xff\xff")
@budget(max_examples=1_000 * FACTOR, deadline=None)
def test_whatever_frame_comes_it_is_a_value_or_a_protocol_error(frame: bytes) -> None:
    with suppress(protocol.ProtocolError):
        protocol.decode(frame)


def heard(sent: bytes, *, descriptors: int = 0) -> None:
    """Frames that a socket receives until its end, when a worker sends these bytes."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    writing = threading.Thread(target=_send, args=(theirs, sent, descriptors))
    writing.start()
    try:
        end = FrameSocket(ours)
        while True:
            for descriptor in end.receive()[1]:
                os.close(descriptor)
    finally:
        ours.close()
        writing.join()


def _send(end: socket.socket, sent: bytes, descriptors: int) -> None:
    with end, suppress(OSError), Path(os.devnull).open("rb") as null:
        if descriptors:
            socket.send_fds(end, [sent[:1] or b"x"], [null.fileno()] * descriptors)
            sent = sent[1:]
        end.sendall(sent)


def framed(body: bytes, length: int | None = None, count: int = 0) -> bytes:
    return (len(body) if length is None else length).to_bytes(4, "big") + bytes([count]) + body


@pytest.mark.skipif(not AVAILABLE, reason="open files are passed over a Unix socket")
@given(
    st.lists(FRAMES.map(framed) | st.binary(max_size=20), max_size=4).map(b"".join),
    st.sampled_from([0, 0, 0, 1, 3, 9]),
)
@example(framed(b"", length=MAX_FRAME), 0)
@example(framed(b"", length=MAX_FRAME + 1), 2)
@example(framed(b"\xc0", count=2), 1)
@budget(max_examples=300 * FACTOR, deadline=None)
def test_whatever_a_worker_sends_it_is_a_value_a_protocol_error_or_the_end(
    sent: bytes, descriptors: int
) -> None:
    before = _open_descriptors()
    with suppress(EOFError, OSError, protocol.ProtocolError):
        heard(sent, descriptors=descriptors)
    assert _open_descriptors() <= before, (
        "descriptors that nobody asked for are closed"
    )  # others may end meanwhile


def _open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0


# Lines over stdio.

METHODS = [
    "tools/call",
    "tools/list",
    "resources/read",
    "prompts/get",
    "ping",
    "initialize",
    "notifications/x",
    "",
]
MESSAGES: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JUNK,
        "id": st.integers(1_000, 2_000) | JUNK,
        "method": st.sampled_from(METHODS) | TEXT,
        "params": st.builds(
            lambda call: {"name": call[0], "arguments": call[1]},
            calls(),
        )
        | JUNK,
        "result": JUNK,
        "error": JUNK,
    },
)
LINES = st.one_of(
    MESSAGES.map(json.dumps).map(str.encode),
    MESSAGES.map(json.dumps).map(lambda line: line[: len(line) // 2].encode()),
    st.binary(max_size=60),
    st.sampled_from(
        [b"", b"[" * 10_000, b"{" * 300, b"null", b"[]", b'{"id":"\\ud800"}', b"\xff\xfe", b"9" * 5_000]
    ),
).map(lambda line: line.replace(b"\n", b" ").replace(b"\r", b" "))


@pytest.mark.slow
@given(st.lists(LINES, min_size=60, max_size=60))
@budget(max_examples=max(1, FACTOR // 2), deadline=None)
def test_whatever_lines_come_over_stdio_the_server_goes_on(lines: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        }
        sent = [
            json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": first}).encode(),
            b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
            *lines,
            b'{"jsonrpc":"2.0","id":"the last one","method":"tools/list"}',
        ]
        command = [sys.executable, "-m", "mcp_smalltools.cli", "serve", "--root", folder]
        own = environment(
            Path(folder) / "own", {"MCP_SMALLTOOLS_OFFLINE": "1", "MCP_SMALLTOOLS_DEADLINE_S": 5}
        )
        with subprocess.Popen(
            command, env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as server:
            assert server.stdin and server.stdout and server.stderr
            said: list[bytes] = []
            errors = threading.Thread(target=lambda: said.extend(server.stderr or ()))
            errors.start()
            server.stdin.write(b"\n".join(sent) + b"\n")
            server.stdin.flush()
            while (answer := json.loads(server.stdout.readline())).get("id") != "the last one":
                assert answer["jsonrpc"] == "2.0"
            server.stdin.close()
            server.stdout.read()
            assert server.wait(60) == 0
            errors.join()
        assert not [line for line in said if b"Traceback" in line]
