"""parse_log on files that grow and on files in parts: the numbers are those of one pass over the whole."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.files import reader
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.logs.counting import parallel
from mcp_smalltools.logs.counting.parallel import ParallelReader
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.templates.parsed_log import ParsedLog, derive_templates
from mcp_smalltools.principal import Principal
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.base import StopSignal
from mcp_smalltools.tools.parse_log.answer import ParseLogAnswer
from mcp_smalltools.tools.parse_log.since import SinceReader, parse_since


def opened(path: Path) -> UserFile:
    return UserFile(path.name, path, PrivacyLevel.OPEN, os.open(path, os.O_RDONLY))


def figures(log: ParsedLog) -> object:
    """Every number of a parse."""
    line = log.timeline
    return (
        (log.lines, log.records, log.last_line, log.levels, log.formats, log.coarse_lines, log.calendar),
        {(t.text, t.records, t.lines, t.first, t.last, str(t.levels), t.burst) for t in log.templates},
        line and (line.first, line.last, line.width, line.backwards, line.gaps, line.merged()),
    )


def in_one_pass(path: Path) -> ParsedLog:
    parser = LogParser()
    with opened(path) as source:
        for block in source.byte_blocks():
            parser.feed(Block(block.first, block.data))
    return derive_templates(parser)


def in_parts(path: Path, part_bytes: int, helpers: int = 0) -> ParsedLog:
    parser = LogParser()
    with opened(path) as source:
        whole = ParallelReader(source, helpers, part_bytes)
        assert whole.read(parser, StopSignal(60), lambda: True)
        assert whole.read_to == source.size
    return derive_templates(parser)


HEADED = [
    "2026-03-01 10:{:02}:{:02} INFO [w-{}] shop: order {} stored",
    "2026-03-01 10:{:02}:{:02} ERROR [w-{}] shop: order {} lost",
    "2026-03-01 1{}:{}0:0{} WARN retry {}",
    "Dec 31 2{}:{:02}:0{} host sshd[{}]: session opened",
    "Jan  1 0{}:{:02}:0{} host sshd[{}]: session opened",
    '{{"level":30,"time":1772359{}{:02}{}123,"msg":"{} opened"}}',
]
OTHERS = [
    "Traceback (most recent call last):",
    '  File "a.py", line {}, in go',
    "ValueError: no order {}",
    "    at shop.Worker.step(Worker.java:{})",
    "plain line {} of output",
    "caf\u00e9 {} ferm\u00e9",
    "",
]
lines_of_logs = st.lists(
    st.tuples(
        st.sampled_from([*HEADED, *HEADED, *OTHERS]),
        st.integers(0, 5),
        st.integers(0, 59),
        st.integers(0, 9),
        st.integers(0, 99_999),
        st.sampled_from(["\n", "\n", "\r\n"]),
        st.sampled_from(["utf-8", "latin-1"]),
    ),
    max_size=80,
)


def text_of(drawn: list[tuple[str, int, int, int, int, str, str]], last_end: str) -> bytes:
    parts = []
    for form, *values, end, encoding in drawn:
        line = form.format(*values) if form in HEADED else form.format(values[-1])
        parts.append((line + end).encode(encoding))
    return b"".join(parts) if last_end or not parts else b"".join(parts).rstrip(b"\r\n")


@given(lines_of_logs, st.integers(1, 2_000))
@hypothesis_settings(max_examples=150, deadline=None)
def test_a_log_in_parts_has_the_numbers_of_one_pass(tmp_path_factory, drawn, part_bytes) -> None:
    path = tmp_path_factory.mktemp("parts") / "a.log"
    path.write_bytes(text_of(drawn, "\n"))
    assert figures(in_parts(path, part_bytes)) == figures(in_one_pass(path))


@given(lines_of_logs, st.sampled_from([gzip.compress, bz2.compress, lzma.compress]))
@hypothesis_settings(max_examples=40, deadline=None)
def test_a_compressed_log_has_the_numbers_of_the_plain_one(tmp_path_factory, drawn, compress) -> None:
    folder = tmp_path_factory.mktemp("packed")
    (folder / "a.log").write_bytes(text_of(drawn, "\n"))
    (folder / "packed").write_bytes(compress(text_of(drawn, "\n")))
    assert figures(in_one_pass(folder / "packed")) == figures(in_one_pass(folder / "a.log"))


@given(lines_of_logs, st.integers(1, 90), st.integers(1, 30))
@hypothesis_settings(max_examples=80, deadline=None)
def test_what_came_before_a_line_and_what_came_since_are_the_whole(drawn, line, size) -> None:
    lines = text_of(drawn, "\n").decode("utf-8", "replace").replace("\r", "").split("\n")[:-1]
    whole, parser = LogParser(), LogParser()
    whole.feed(Block.of(1, lines))
    read = SinceReader(parse_since(str(line)), parser).read
    for start in range(0, len(lines), size):
        read(Block.of(start + 1, lines[start : start + size]))
    log = derive_templates(parser)
    assert log.lines == max(0, len(lines) - line + 1)
    assert {item.text: item.before + item.records for item in log.templates} == {
        item.text: item.records for item in derive_templates(whole).templates
    }


def test_helpers_count_what_one_process_counts(tmp_path) -> None:
    path = tmp_path / "a.log"
    lines = [HEADED[n % 3].format(n % 6, n // 60 % 60, n % 10, n * n) for n in range(6_000)]
    lines[3_000:3_000] = [*OTHERS[:4]] * 40
    path.write_text("\n".join(lines) + "\n")
    assert figures(in_parts(path, 20_000, helpers=2)) == figures(in_one_pass(path))


def test_a_helper_that_dies_costs_nothing_but_time(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.log"
    path.write_text("\n".join(HEADED[0].format(0, 0, n % 10, n) for n in range(3_000)) + "\n")
    monkeypatch.setattr(parallel.sys, "executable", "/bin/false")
    assert figures(in_parts(path, 20_000, helpers=2)) == figures(in_one_pass(path))


# --- since="last" ------------------------------------------------------------------------------------------

Call = Callable[..., ParseLogAnswer]


@pytest.fixture
def parse(settings: Settings, call_once: Callable[..., object]) -> Call:
    """Call the tool on a file in the root."""

    def call(name: str = "a.log", principal: Principal | None = None, **arguments: object) -> ParseLogAnswer:
        request = ToolRequest("parse_log", {"path": name, **arguments}, principal=principal)
        answer = call_once(settings, request)
        assert isinstance(answer, ParseLogAnswer)
        return answer

    return call


@pytest.fixture
def bytes_read(monkeypatch) -> Iterator[list[int]]:
    """How many bytes of user files were read, call by call of the system."""
    sizes: list[int] = []
    read = reader._Positioned.readinto

    def counted(self, buffer) -> int:
        sizes.append(read(self, buffer))
        return sizes[-1]

    monkeypatch.setattr(reader._Positioned, "readinto", counted)
    yield sizes


def stored(start: int, end: int) -> str:
    return "".join(
        f"2026-03-01 10:{n // 60 % 60:02}:{n % 60:02} INFO [main] shop.jobs: order {n} stored\n"
        for n in range(start, end)
    )


def test_what_one_caller_has_read_is_new_to_another(parse, tmp_path) -> None:
    log = tmp_path / "a.log"
    log.write_text(stored(0, 100))
    for caller in ("token a", "token b"):
        parse(since="last", principal=Principal(caller, remote=True))
    with log.open("a") as out:
        out.write(stored(100, 110))
    for caller in ("token a", "token b"):
        assert parse(since="last", principal=Principal(caller, remote=True)).lines == 10
    assert parse(since="last").lines == 110


def test_the_second_call_reads_only_what_was_appended(parse, tmp_path, bytes_read) -> None:
    log = tmp_path / "a.log"
    log.write_text(stored(0, 40_000))
    parse(since="last")
    appended = stored(40_000, 40_010) + "2026-03-01 12:00:00 ERROR [main] shop.jobs: store is down\n"
    with log.open("a") as out:
        out.write(appended)
    bytes_read.clear()
    answer = parse(since="last")
    to_know_it_again = 16 + ((64 + 4 * 4) << 10)  # a picture? text? head and tail, before and after
    assert sum(bytes_read) == to_know_it_again + 2 * len(appended) < log.stat().st_size / 20
    assert (answer.lines, answer.records) == (11, 11)
    by_text = {item.template: item for item in answer.templates}
    assert (by_text["order <*> stored"].count, by_text["order <*> stored"].before) == (10, 40_000)
    assert by_text["store is down"].first_line == 40_011
    assert answer.new == [by_text["store is down"].id]
    assert answer.errors[0].evidence[0].start == 40_011
    again = parse(since="last")
    assert (again.lines, again.templates) == (0, [])
    assert "Nothing was added" in again.note


@given(st.lists(lines_of_logs, min_size=1, max_size=5))
@hypothesis_settings(max_examples=40, deadline=None)
def test_what_was_counted_call_by_call_adds_up_to_the_whole(base_settings, tmp_path_factory, drawn) -> None:
    folder = tmp_path_factory.mktemp("grows")
    roots = (RootSpec(path=folder, level=PrivacyLevel.OPEN),)
    own = base_settings.model_copy(update={"roots": roots, "state_dir": folder / "state", "cache": False})
    path, data = folder / "a.log", b"start\n"
    path.write_bytes(data)

    async def run() -> list[ParseLogAnswer]:
        service = Service(own)
        answers = []
        try:
            for lines in [[], *drawn]:
                with path.open("ab") as out:
                    out.write(text_of(lines, "\n"))
                request = ToolRequest("parse_log", {"path": "a.log", "since": "last", "limit": 200})
                answers.append(await service.call(request))
        finally:
            await service.close()
        return answers

    answers = anyio.run(run)
    whole = in_one_pass(path)
    assert sum(answer.lines for answer in answers) == whole.lines
    assert sum(answer.records for answer in answers) == whole.records
    last = {item.template: (item.before or 0) + item.count for item in answers[-1].templates}
    for template in whole.templates:
        text = template.text.replace("\ue0ff", "<*>")
        if text in last:
            assert last[text] == template.records


def test_a_last_line_without_an_end_is_counted_again_when_it_has_one(parse, tmp_path) -> None:
    log = tmp_path / "a.log"
    log.write_text(stored(0, 5) + "2026-03-01 12:00:00 ERROR [main] shop.jobs: sto")
    assert parse(since="last").lines == 6
    with log.open("a") as out:
        out.write("re is down\n")
    answer = parse(since="last")
    assert [(item.template, item.first_line) for item in answer.templates] == [("store is down", 6)]


def test_a_stack_trace_that_comes_later_is_no_record_of_its_own(parse, tmp_path) -> None:
    log = tmp_path / "a.log"
    log.write_text(
        "2026-03-01 12:00:00 ERROR [main] shop.jobs: order 1 lost\nTraceback (most recent call last):\n"
    )
    parse(since="last")
    with log.open("a") as out:
        out.write('  File "a.py", line 1, in go\nValueError: no\n' + stored(0, 1))
    answer = parse(since="last")
    assert (answer.lines, answer.records) == (3, 1)


def test_an_ordinary_call_is_a_last_call_too(parse, tmp_path) -> None:
    log = tmp_path / "a.log"
    log.write_text(stored(0, 5))
    parse()
    with log.open("a") as out:
        out.write(stored(5, 7))
    answer = parse(since="last")
    assert (answer.lines, answer.templates[0].before) == (2, 5)


def test_a_rotated_log_is_read_whole_and_said_to_be_another(parse, tmp_path) -> None:
    log = tmp_path / "a.log"
    log.write_text(stored(0, 5))
    parse(since="last")
    log.rename(tmp_path / "a.log.1")
    log.write_text(stored(5, 13))
    answer = parse(since="last")
    assert "rotated" in answer.note
    assert (answer.lines, answer.templates[0].before, answer.new) == (8, 5, [])


def test_a_truncated_log_is_read_whole_and_said_to_be_shorter(parse, tmp_path) -> None:
    log = tmp_path / "a.log"
    log.write_text(stored(0, 50))
    parse(since="last")
    with log.open("r+") as out:
        out.truncate()
        out.write(stored(70, 73))
    answer = parse(since="last")
    assert "emptied or rewritten" in answer.note
    assert (answer.lines, answer.templates[0].first_line) == (3, 1)


def test_a_compressed_log_falls_back_to_the_whole(parse, tmp_path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(stored(0, 5).encode()))
    for _ in range(2):
        answer = parse("a.log.gz", since="last")
        assert answer.lines == 5
        assert "plain" in answer.note
