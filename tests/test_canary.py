"""Files full of marks in a sealed root; every tool, every form of its arguments, every error: no mark leaves,
in answers, errors, progress, output, ledger, audit, cache, exports or logs.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import json
import os
import random
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from call_forms import forms, takes_path

from mcp_smalltools.cli import main
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.principal import Principal
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.stores.ledger import Ledger
from mcp_smalltools.tools.built_in import built_in_tools

if TYPE_CHECKING:
    from mcp_smalltools.engine.client.client import EngineClient

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MARK = "zqxv"
"""In every word of the files that could tell anything; no word of any language or program holds it."""
NUMBER = "739102846"
NAME_MARK = "qzvx"
"""In names of files that no call names."""
LEAK = re.compile(f"{MARK}|{NUMBER}|{NUMBER[:-2]}", re.IGNORECASE)
NAME_LEAK = re.compile(NAME_MARK, re.IGNORECASE)
TOOLS = list(built_in_tools())
LISTS_NAMES = {"find_files", "summarize_file"}
"""Tools whose job it is to give names of files: of those that fit, and of a folder."""
STAYS = ("indexes",)
"""The search index is made of the files' words, stays here as they do, and is read by nobody else
(docs/privacy.md).
"""


def words(chance: random.Random, count: int) -> str:
    return " ".join(
        f"{chance.choice(['user', 'job', ''])}{MARK}{chance.randrange(10**4)}" for _ in range(count)
    )


def contents() -> dict[str, bytes]:
    """Files of each kind that a tool reads, named without a mark."""
    r = random.Random(11)
    levels = ["INFO", "WARN", "ERROR", "FATAL"]
    log = "".join(
        f"2026-01-01 00:{n // 60:02}:{n % 60:02} {r.choice(levels)} {MARK} started for {words(r, 2)} "
        f"id={NUMBER}{n}\n"
        for n in range(150)
    )
    trace = (
        "Traceback (most recent call last):\n"
        f'  File "/srv/{MARK}/app.py", line 3, in {MARK}_main\n    {MARK}.run({NUMBER})\n'
        f"{MARK}Error: {words(r, 4)}\n"
    )
    build = (
        f"gcc -c {MARK}.c\n{MARK}.c:12:3: error: '{MARK}_x' undeclared\nmake: *** [{MARK}.o] Error 1\n"
        f"FAILED tests/test_{MARK}.py::test_{MARK} - AssertionError: {words(r, 2)}\n{trace}" * 3
    )
    code = f'"""{words(r, 12)}. {words(r, 6)}."""\n\nimport os\n\n\n' + "".join(
        f'class C{MARK}{n}:\n    """{words(r, 7)}."""\n\n'
        f"    def {MARK}_{n}(self, {MARK}: int = {NUMBER}) -> None:\n"
        f'        """{words(r, 8)}."""\n        raise ValueError("{words(r, 3)}")\n\n'
        for n in range(12)
    )
    prose = "\n\n".join(f"# {words(r, 3)}\n\n{words(r, 30)}. {words(r, 20)}." for _ in range(6))
    table = io.StringIO()
    csv.writer(table).writerows(
        [[f"col{MARK}", "amount", f"when {MARK}"]]
        + [[words(r, 1), f"{NUMBER}{n}", words(r, 2)] for n in range(30)]
    )
    record = {f"{MARK}_key": words(r, 2), "n": int(NUMBER), "nested": {MARK: [words(r, 1), 1.5]}}
    cell = {"cell_type": "code", "source": [f"# {words(r, 4)}\n", f"{MARK} = {NUMBER}\n"], "outputs": []}
    notebook = {"cells": [cell, {"cell_type": "markdown", "source": [f"# {words(r, 3)}"]}], "nbformat": 4}
    ids = [words(r, 3) for _ in range(40)]
    settings = f'[{MARK}]\n{MARK}_name = "{words(r, 2)}"\npassword = "{MARK}{NUMBER}!"\n'
    return {
        "app.log": log.encode(),
        "build.log": build.encode(),
        "module.py": code.encode(),
        "README.md": prose.encode(),
        "page.html": f"<title>{words(r, 3)}</title><h1>{words(r, 2)}</h1><p>{words(r, 30)}.</p>".encode(),
        "table.csv": table.getvalue().encode(),
        "broken.csv": f'a,"{words(r, 3)}\n{words(r, 3)}'.encode(),
        "data.json": json.dumps([record] * 5).encode(),
        "broken.json": f'{{"{MARK}": "{words(r, 2)}", {MARK}'.encode(),
        "rows.jsonl": "\n".join(json.dumps(record) for _ in range(30)).encode(),
        "settings.toml": settings.encode(),
        "settings.yaml": f"{MARK}:\n  name: {words(r, 2)}\n  id: {NUMBER}\n\tbad: {words(r, 1)}\n".encode(),
        "book.ipynb": json.dumps(notebook).encode(),
        "app.log.gz": gzip.compress(log.encode()),
        "half.log.gz": gzip.compress(log.encode())[:-40],
        "half.log.bz2": bz2.compress(log.encode())[:200],
        "latin.txt": f"{words(r, 9)}. \xe9\xff {words(r, 9)}.".encode("latin-1"),
        "wide.txt": words(r, 200).encode("utf-16"),
        "one-line.txt": words(r, 3000).encode(),
        "json.log": "\n".join(json.dumps(record | {"level": "error", "msg": word}) for word in ids).encode(),
        "empty.txt": b"",
        "binary.bin": bytes(range(256)) + words(r, 40).encode() + bytes(64),
        "fake.pdf": b"%PDF-1.4\n" + words(r, 40).encode(),
    }  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    (folder / "folder").mkdir()
    for name, content in contents().items():
        (folder / name).write_bytes(content)
        # Near to names that calls get wrong, so that a suggestion would give them away.
        (folder / f"{NAME_MARK}{name}").write_bytes(content[:100])
    (folder / "folder" / f"missin{NAME_MARK}.log").write_bytes(b"x")
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "file.txt").write_text(f"{MARK}\n")
    (folder / "link.txt").symlink_to(outside / "file.txt")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "fifo")
    return folder


BAD_PATHS = [
    "missing.log", "qzv.log", "qzvapp.log", "folder/missing.log", "folder", ".", "", "a\0b",
    "../outside/file.txt", "/etc/hostname", "link.txt", "fifo", "a" * 5000, "app.log/x", "empty.txt",
]  # fmt: skip


def service_of(settings: Settings, root: Path, engine: EngineClient | None, **changes: Any) -> Service:
    roots = (RootSpec(path=root, level=PrivacyLevel.SEALED),)
    return Service(settings.model_copy(update={"roots": roots, **changes}), engine)


async def outcome(service: Service, request: ToolRequest) -> str:
    """All that the caller sees of a call: its progress, and its answer or error with whatever it carries."""
    seen: list[str] = []
    try:
        answer = await service.call(request, lambda done, total, message: seen.append(message))
        seen.append(json.dumps(answer.structured(), ensure_ascii=False))
    except SmallToolsError as error:
        seen += [str(error), repr(error), repr(error.args), repr(error.__dict__), repr(error.__cause__)]
    return "\n".join(seen)


def _unpacked(value: Any) -> str:
    if isinstance(value, bytes) and value.startswith(b"\x28\xb5\x2f\xfd"):
        return zstandard.decompress(value).decode()
    return str(value)


def kept(folder: Path) -> Iterator[tuple[str, str]]:
    """Everything that the service has written, unpacked, but for what STAYS."""
    for file in folder.rglob("*"):
        if any(part.startswith(STAYS) for part in file.parts):
            assert file.stat().st_mode & 0o077 == 0 or file.is_dir(), file
            continue
        if file.is_file():
            yield str(file), file.read_bytes().decode("latin-1")
        if file.suffix == ".db":
            with sqlite3.connect(file) as db:
                for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    for row in db.execute(f"SELECT * FROM {table}").fetchall():
                        for value in row:
                            yield f"{file}:{table}", _unpacked(value)


@pytest.mark.parametrize("name", TOOLS)
async def test_no_mark_of_a_sealed_file_leaves_by_any_way(
    settings: Settings, engine: EngineClient, root: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    service = service_of(settings, root, engine)
    tool, paths = service.tools[name], list(contents())
    calls = list(forms(tool, paths, BAD_PATHS))
    answered = 0
    for arguments in calls:
        seen = await outcome(service, ToolRequest(name, arguments))
        answered += '"call_id"' in seen
        assert not LEAK.search(seen), (arguments, seen)
        assert name in LISTS_NAMES or not NAME_LEAK.search(seen), (arguments, seen)
    if any(takes_path(argument) for argument in tool.Arguments.model_fields):
        assert answered >= len(paths) // 2, "the calls are answered, not merely refused"
    assert len(service.ledger().rows()) == len(calls)
    await service.close()
    said = capfd.readouterr()
    assert not LEAK.search(said.out + said.err)
    for where, text in kept(settings.state_dir):
        assert not LEAK.search(text), where


LACKS: dict[str, dict[str, Any]] = {
    "a model": {"embed_model": "none", "generate_model": "none"},
    "time": {"deadline_s": 0.001},
    "an engine here": {"engine_urls": ("http://10.0.0.1:1",), "allow_remote_engines": ("10.0.0.1",)},
}


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("without", LACKS)
async def test_no_mark_leaves_where_the_model_the_time_or_the_engine_is_missing(
    settings: Settings, root: Path, name: str, without: str
) -> None:
    service = service_of(settings, root, None, **LACKS[without])
    for arguments in forms(service.tools[name], ["app.log", "README.md"]):
        seen = await outcome(service, ToolRequest(name, arguments))
        assert not LEAK.search(seen), (arguments, seen)
    await service.close()


@pytest.mark.parametrize("name", TOOLS)
async def test_a_sealed_token_seals_an_open_root(
    settings: Settings, engine: EngineClient, root: Path, name: str
) -> None:
    service = service_of(settings, root, engine)
    service.settings = service.settings.model_copy(
        update={"roots": (RootSpec(path=root, level=PrivacyLevel.OPEN),)}
    )
    caller = Principal("token ci", remote=True, level=PrivacyLevel.SEALED)
    for arguments in itertools.islice(forms(service.tools[name], ["app.log", "README.md", "table.csv"]), 3):
        seen = await outcome(service, ToolRequest(name, arguments, principal=caller))
        assert not LEAK.search(seen), (arguments, seen)
    await service.close()


@pytest.mark.parametrize("name", TOOLS)
async def test_a_sealed_folder_inside_an_open_one_stays_sealed(
    settings: Settings, engine: EngineClient, tmp_path: Path, name: str
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    for file in ("app.log", "README.md", "module.py"):
        (inner / file).write_bytes(contents()[file])
    (tmp_path / "plain.log").write_text("2026-01-01 00:00:00 ERROR what failed and who is it\n" * 9)
    roots = (
        RootSpec(path=tmp_path, level=PrivacyLevel.OPEN),
        RootSpec(path=inner, level=PrivacyLevel.SEALED),
    )
    service = Service(settings.model_copy(update={"roots": roots}), engine)
    paths = ["inner/app.log", str(inner / "README.md"), "plain.log"]
    for arguments in itertools.islice(forms(service.tools[name], paths), 12):
        seen = await outcome(service, ToolRequest(name, arguments))
        assert not LEAK.search(seen), (arguments, seen)
    await service.close()


async def test_the_audit_of_a_sealed_root_shows_no_mark(
    settings: Settings, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_of(settings, root, None)
    for name in ("parse_log", "read_redacted"):
        await outcome(service, ToolRequest(name, {"path": "app.log"}))
    await service.close()
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(settings.state_dir))
    for arguments in (
        ["audit", "all"],
        ["audit", "all", "--export", "jsonl"],
        ["ledger"],
        ["ledger", "--json"],
    ):
        assert main(arguments) == 0
        said = capsys.readouterr()
        assert said.out and not LEAK.search(said.out + said.err)


SECRET = "AKIA" + "QZ7XW4M2N8P5K3RT"
FRAGMENT = re.compile("|".join(SECRET[at : at + 9] for at in range(len(SECRET) - 8)))


@pytest.mark.parametrize("name", TOOLS)
async def test_no_part_of_a_secret_leaves_a_redacted_root_wherever_a_tool_cuts_its_lines(
    settings: Settings, engine: EngineClient, tmp_path: Path, name: str
) -> None:
    def line(at: int) -> str:
        return ("ERROR words and more " * 200)[:at] + f" {SECRET} sent, and so on"

    offsets = [*range(20, 320, 7), *range(470, 520, 6), *range(980, 1030, 9), 2030, 4080]
    (tmp_path / "app.log").write_text("\n".join(line(at) for at in offsets))
    (tmp_path / "README.md").write_text(
        "\n\n".join(f"# {line(at)}\n\nSome {line(at)}." for at in offsets[::4])
    )
    (tmp_path / "module.py").write_text(
        "\n\n".join(f'def f{at}():\n    """{line(at)}."""' for at in offsets[::4])
    )
    (tmp_path / "table.csv").write_text("name,value\n" + "\n".join(f"x,{line(at)}" for at in offsets))
    (tmp_path / "data.json").write_text(json.dumps([{"name": line(at)} for at in offsets]))
    roots = (RootSpec(path=tmp_path, level=PrivacyLevel.REDACTED),)
    service = Service(settings.model_copy(update={"roots": roots}), engine)
    files = ["app.log", "README.md", "module.py", "table.csv", "data.json"]
    for arguments in itertools.islice(forms(service.tools[name], files), 12):
        seen = await outcome(service, ToolRequest(name, arguments))
        assert not FRAGMENT.search(seen), (arguments, FRAGMENT.findall(seen), seen)
    rows = Ledger(settings.state_dir / "ledger.db", keep_days=9)
    assert not any(FRAGMENT.search(row.answer) for row in rows.rows())
    rows.close()
    await service.close()
