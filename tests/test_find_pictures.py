"""find_files and pictures: found by what was read of them, each read once; said where none may be read."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import EngineUnavailable, Unreadable
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.pictures.reading import Fragment, Page, PictureLine, ReadPicture
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.base import StopSignal
from mcp_smalltools.tools.find_files import tool

pytestmark = pytest.mark.anyio

FIND = Callable[..., Awaitable[dict[str, Any]]]


class ReaderOfNames:
    """Stands for what reads pictures: the text of one is what follows its magic number."""

    def __init__(self) -> None:
        self.read_at: list[str] = []
        self._known: dict[str, ReadPicture] = {}
        self.reason: str | None = None
        self.may_read = threading.Event()
        self.may_read.set()

    def why_not(self, level: PrivacyLevel) -> str | None:
        return "their folder is sealed" if level is PrivacyLevel.SEALED else self.reason

    def known(self, file: UserFile) -> ReadPicture | None:
        return self._known.get(file.sha256())

    def read(self, file: UserFile, stop: StopSignal | None) -> ReadPicture:
        if (known := self.known(file)) is not None:
            return known
        assert self.may_read.wait(20)
        self.read_at.append(Path(file.path).name)
        text = file.read_bytes(1 << 20)[8:].strip(b"\0").decode()
        if text == "damaged":
            raise Unreadable("The picture is damaged.")
        found = ReadPicture("PNG", (Page(800, 600, True),), tuple(map(a_line, text.split("\n"))))
        self._known[file.sha256()] = found
        return found

    read_if_possible = read

    def close(self) -> None:
        pass


def a_line(text: str) -> PictureLine:
    edges = tuple((n / len(text), (n + 1) / len(text)) for n in range(len(text)))
    quad = (0.0, 30.0, 10.0 * len(text), 30.0, 10.0 * len(text), 50.0, 0.0, 50.0)
    return PictureLine(text, 1, (Fragment(0, quad, edges, (1.0,) * len(text)),))


def picture(text: str, size: int = 5000) -> bytes:
    return (b"\x89PNG\r\n\x1a\n" + text.encode()).ljust(size, b"\0")


@pytest.fixture
def reader() -> ReaderOfNames:
    return ReaderOfNames()


@pytest.fixture
async def find(settings: Settings, reader: ReaderOfNames) -> AsyncIterator[FIND]:
    engine = FakeEngine()
    engine.fail(EngineUnavailable("There is none."))
    service = Service(settings, engine)
    service._pictures = reader  # type: ignore[assignment]

    async def call(query: str, **arguments: Any) -> dict[str, Any]:
        return (await service.call(ToolRequest("find_files", {"query": query, **arguments}))).structured()

    yield call
    await service.close()


def paths_of(answer: dict[str, Any]) -> list[str]:
    return [file["path"] for file in answer["files"]]


async def test_a_picture_is_found_by_its_text_with_the_place_of_the_lines(find: FIND, tmp_path: Path) -> None:
    (tmp_path / "shot-1.png").write_bytes(picture("the kiln was at nine hundred\ncones bent"))
    (tmp_path / "notes.txt").write_text("nothing about it\n")
    answer = await find("how hot was the kiln")
    assert paths_of(answer) == ["shot-1.png"]
    found = answer["files"][0]
    assert "kiln" in found["text"]
    assert found["box"] == [1, 0, 30, 281, 51]
    assert not {what for what in answer["dropped"] if what.startswith("pictures")}


async def test_equal_pictures_are_read_once_and_a_changed_one_again(
    find: FIND, reader: ReaderOfNames, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(picture("glaze recipe"))
    (tmp_path / "b.png").write_bytes(picture("glaze recipe"))
    assert sorted(paths_of(await find("glaze"))) == ["a.png", "b.png"]
    await find("recipe")
    assert len(reader.read_at) == 1
    (tmp_path / "a.png").write_bytes(picture("firing schedule"))
    assert paths_of(await find("firing schedule")) == ["a.png"]
    assert paths_of(await find("glaze")) == ["b.png"]
    assert len(reader.read_at) == 2


async def test_what_can_not_be_read_is_counted_and_found_by_its_name(
    find: FIND, reader: ReaderOfNames, tmp_path: Path
) -> None:
    (tmp_path / "kiln-door.png").write_bytes(picture("damaged"))
    answer = await find("kiln door")
    assert paths_of(answer) == ["kiln-door.png"]
    assert answer["dropped"]["pictures_not_readable"] == 1
    await find("door")
    assert len(reader.read_at) == 1


async def test_icons_are_not_read(find: FIND, reader: ReaderOfNames, tmp_path: Path) -> None:
    (tmp_path / "kiln.png").write_bytes(picture("fire", size=300))
    await find("kiln")
    assert reader.read_at == []


async def test_where_pictures_are_not_read_that_is_counted_and_said(
    find: FIND, reader: ReaderOfNames, tmp_path: Path
) -> None:
    (tmp_path / "kiln.png").write_bytes(picture("nine hundred degrees"))
    reader.reason = "what reads them is not installed"
    answer = await find("kiln")
    assert paths_of(answer) == ["kiln.png"]
    assert answer["dropped"]["pictures_not_searched"] == 1
    assert "what reads them is not installed" in answer["note"]
    reader.reason = None
    assert paths_of(await find("hundred degrees")) == ["kiln.png"]


async def test_pictures_of_a_sealed_root_are_found_by_their_names_alone(
    settings: Settings, reader: ReaderOfNames, tmp_path: Path
) -> None:
    (tmp_path / "kiln.png").write_bytes(picture("nine hundred degrees"))
    roots = (RootSpec(path=tmp_path, level=PrivacyLevel.SEALED),)
    service = Service(settings.model_copy(update={"roots": roots}), FakeEngine())
    service._pictures = reader  # type: ignore[assignment]
    try:
        request = ToolRequest("find_files", {"query": "kiln degrees"})
        answer = (await service.call(request)).structured()
    finally:
        await service.close()
    assert reader.read_at == []
    assert answer["dropped"]["pictures_not_searched"] == 1


async def test_what_a_call_does_not_wait_for_is_read_in_the_background(
    find: FIND, reader: ReaderOfNames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "WAIT_FOR_PICTURES_S", -1.0)
    reader.may_read.clear()
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(picture(f"kiln number {number}"))
    assert (await find("kiln"))["dropped"]["pictures_not_read_yet"] == 3
    reader.may_read.set()
    ends = time.monotonic() + 20
    while len(paths_of(answer := await find("kiln"))) < 3 and time.monotonic() < ends:
        await anyio.sleep(0.05)
    assert len(paths_of(answer)) == 3
