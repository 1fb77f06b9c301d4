"""The pipeline of one call, with a small tool of its own over real files."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import anyio
import pytest
from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import Cancelled, DeadlineExceeded, InternalError, NotAllowed, NotFound, UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.answers import as_json
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.stores.ledger import Ledger, LedgerRow
from mcp_smalltools.tools import base
from mcp_smalltools.tools.base import ToolContext

pytestmark = pytest.mark.anyio

SECRET = "AKIA" + "IOSFODNN7EXAMPLE"


class GrepArguments(base.Arguments):
    path: str
    word: str = ""
    mode: str = "find"
    export: str | None = None

    @property
    def cacheable(self) -> bool:
        return self.export is None


class GrepAnswer(result.Answer):
    shrinkable: ClassVar[tuple[str, ...]] = ("evidence",)

    evidence: list[result.Span] = Field(default_factory=list)


class Grep:
    """Finds lines. Real reading; `mode` provokes the faults that the service must survive."""

    name: ClassVar[str] = "grep"
    title: ClassVar[str] = "Grep"
    description: ClassVar[str] = "Finds lines."
    version: ClassVar[int] = 1
    Arguments: ClassVar[type[base.Arguments]] = GrepArguments
    Answer: ClassVar[type[result.Answer]] = GrepAnswer

    def __init__(self) -> None:
        self.runs = 0
        self.hangs, self.stopped = anyio.Event(), anyio.Event()

    async def run(self, arguments: GrepArguments, context: ToolContext) -> GrepAnswer:
        self.runs += 1
        if arguments.export:
            with context.create_output(arguments.export) as output:
                output.write("done")
        source = context.open(arguments.path)
        if arguments.mode == "crash":
            raise ValueError(f"text of the file: {source.text()}")
        if arguments.mode == "hang":
            self.hangs.set()
            try:
                await anyio.sleep_forever()
            finally:
                self.stopped.set()
        return await context.in_thread(self._find, source, arguments.word)

    def _find(self, source, word: str) -> GrepAnswer:
        found = [
            result.Span(start=number, end=number, text=line)
            for number, line in enumerate(source.lines(), 1)
            if word in line
        ]
        return GrepAnswer(evidence=found)


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    service = Service(settings)
    service.tools = {"grep": Grep()}
    yield service
    await service.close()


def with_level(settings: Settings, folder: Path, level: PrivacyLevel) -> Settings:
    return settings.model_copy(update={"roots": (RootSpec(path=folder, level=level),)})


async def grep(service: Service, **arguments: object) -> result.Answer:
    return await service.call(ToolRequest("grep", arguments))


def rows(settings: Settings) -> list[LedgerRow]:
    ledger = Ledger(settings.state_dir / "ledger.db", keep_days=30)
    try:
        return ledger.rows()
    finally:
        ledger.close()


async def test_an_answer_says_what_was_read_and_the_ledger_has_exactly_what_left(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_text("one\ntwo\nthree\n")
    answer = await grep(service, path="a.log", word="t")
    assert answer.structured()["source"] == [{"path": "a.log", "lines": 3, "bytes": 14}]
    (row,) = rows(settings)
    assert (row.call_id, row.tool, row.paths) == (answer.call_id, "grep", ["a.log"])
    assert json.loads(row.answer) == answer.structured()


async def test_the_same_call_on_the_same_bytes_is_answered_from_the_cache_under_a_new_id(
    service: Service, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_text("one\n")
    first = await grep(service, path="a.log")
    second = await grep(service, path="a.log")
    assert service.tools["grep"].runs == 1
    assert first.call_id != second.call_id
    assert first.structured() | {"call_id": ""} == second.structured() | {"call_id": ""}
    (tmp_path / "a.log").write_text("two\n")
    assert (await grep(service, path="a.log")).evidence[0].text == "two"
    await grep(service, path="a.log", word="w")
    assert service.tools["grep"].runs == 3


async def test_answers_of_another_version_of_the_program_are_not_given_again(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.log").write_text("one\n")
    await grep(service, path="a.log")
    monkeypatch.setattr("mcp_smalltools.service.__version__", "9.9.9")
    await grep(service, path="a.log")
    assert service.tools["grep"].runs == 2


async def test_a_call_that_writes_a_file_is_never_answered_from_the_cache(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_text("one\n")
    for _ in range(2):
        await grep(service, path="a.log", export="out.txt")
    assert service.tools["grep"].runs == 2
    assert (settings.export_dir / "out.txt").read_text() == "done"


@pytest.mark.parametrize("name", ["../x", "/etc/x", ".", "a/../../x", "x\0y"])
async def test_an_export_outside_the_output_folder_is_refused(
    service: Service, tmp_path: Path, name: str
) -> None:
    (tmp_path / "a.log").write_text("one\n")
    with pytest.raises(NotAllowed, match="output folder"):
        await grep(service, path="a.log", export=name)


async def test_under_redacted_secrets_are_masked_and_under_sealed_no_text_leaves(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_text(f"key {SECRET} used\n")
    for level, expected in [
        (PrivacyLevel.OPEN, f"key {SECRET} used"),
        (PrivacyLevel.SEALED, ""),
    ]:
        service = Service(with_level(settings, tmp_path, level))
        service.tools = {"grep": Grep()}
        answer = await grep(service, path="a.log")
        assert answer.evidence[0].text == expected
        await service.close()
    service = Service(with_level(settings, tmp_path, PrivacyLevel.REDACTED))
    service.tools = {"grep": Grep()}
    text = (await grep(service, path="a.log")).evidence[0].text
    assert SECRET not in text
    assert text.startswith("key <")
    await service.close()


async def test_a_bug_in_a_tool_is_told_without_text_of_the_file(service: Service, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("very private\n")
    with pytest.raises(InternalError) as caught:
        await grep(service, path="a.log", mode="crash")
    assert "private" not in str(caught.value)
    assert "ValueError" in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_cancelled_call_stops_its_tool_and_is_recorded(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_text("x\n")
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: grep(service, path="a.log", mode="hang"))
        await service.tools["grep"].hangs.wait()
        group.cancel_scope.cancel()
    assert service.tools["grep"].stopped.is_set()
    assert rows(settings)[0].error == Cancelled.code


async def test_a_tool_that_does_not_end_is_ended_soon_after_its_deadline(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_smalltools.service.GRACE_S", 0.1)
    (tmp_path / "a.log").write_text("x\n")
    with pytest.raises(DeadlineExceeded, match=r"longer than 0\.2 s"):
        await service.call(ToolRequest("grep", {"path": "a.log", "mode": "hang"}, deadline_s=0.2))


async def test_an_unknown_argument_is_refused_with_the_closest_name(service: Service) -> None:
    with pytest.raises(UsageError, match=r"no argument 'pth' \(did you mean 'path'\?\)"):
        await grep(service, pth="a.log")


async def test_a_missing_argument_and_a_wrong_type_are_named(service: Service) -> None:
    with pytest.raises(UsageError, match="path is missing"):
        await grep(service, word="x")
    with pytest.raises(UsageError, match="word: Input should be a valid string"):
        await grep(service, path="a", word=3)


async def test_an_unknown_tool_is_refused_with_the_closest_name(service: Service) -> None:
    with pytest.raises(UsageError, match=r"no tool 'gerp' \(did you mean 'grep'\?\)"):
        await service.call(ToolRequest("gerp", {}))


async def test_an_error_is_a_row_in_the_ledger_too(service: Service, settings: Settings) -> None:
    with pytest.raises(NotFound):
        await grep(service, path="missing.log")
    assert rows(settings)[0].error == "not_found"


async def test_a_large_answer_is_cut_to_the_cap_and_says_so(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("some line of text\n" * 1000)
    service = Service(settings.model_copy(update={"max_answer_chars": 2_000}))
    service.tools = {"grep": Grep()}
    answer = await grep(service, path="a.log")
    assert len(as_json(answer)) <= 2_000
    assert len(answer.evidence) + answer.dropped["evidence"] == 1000
    await service.close()


async def test_without_a_writable_state_folder_calls_are_still_answered(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.log").write_text("x\n")
    (tmp_path / "state").write_text("a file where a folder should be")
    service = Service(settings.model_copy(update={"state_dir": tmp_path / "state"}))
    service.tools = {"grep": Grep()}
    assert (await grep(service, path="a.log")).evidence[0].text == "x"
    assert "ledger can't be written" in capsys.readouterr().err
    await service.close()
