"""parse_log: every number against a count by hand, each kind of header, what may leave, and how it ends."""

from __future__ import annotations

import bz2
import gzip
import itertools
import json
import lzma
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import anyio
import msgpack
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from peak import PEAK_KB

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotAllowed, UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.keys.by_block import block_keys
from mcp_smalltools.logs.keys.normalize import identifier_key
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.lines.records import Assembler, kind_of, opens_trace
from mcp_smalltools.logs.lines.sample import Sample
from mcp_smalltools.logs.lines.times import to_seconds
from mcp_smalltools.logs.message.parameters import TemplateMatcher, normalise_spaces
from mcp_smalltools.logs.templates import parsed_log
from mcp_smalltools.logs.templates.columns import message_of
from mcp_smalltools.logs.templates.parsed_log import derive_templates
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.parse_log.answer import ParseLogAnswer
from mcp_smalltools.tools.parse_log.report import exception_lines

EVENTS = {
    "user {} logged in from 10.0.0.{}": "INFO",
    "write of block {} timed out after {} ms": "WARNING",
    "order {} lost after {} attempts": "ERROR",
    "queue depth {}, {} done": "DEBUG",
}


@pytest.fixture
def parse(settings: Settings, tmp_path: Path, call_once: Callable[..., object]) -> Callable[..., object]:
    """Call the tool as an agent does, on a text that it writes into the root."""

    def call(
        text: str | bytes,
        *,
        name: str = "a.log",
        level: PrivacyLevel = PrivacyLevel.OPEN,
        deadline_s: float = 60,
        **arguments: object,
    ) -> ParseLogAnswer:
        data = text.encode() if isinstance(text, str) else text
        (tmp_path / name).write_bytes(data)
        own = settings.model_copy(
            update={
                "roots": (RootSpec(path=tmp_path, level=level),),
                "output_dir": tmp_path / "out",
                "cache": False,
            }
        )

        request = ToolRequest("parse_log", {"path": name, **arguments}, deadline_s=deadline_s)
        answer = call_once(own, request)
        assert isinstance(answer, ParseLogAnswer)
        return answer

    return call


def exported(tmp_path: Path, name: str = "x.jsonl") -> list[dict[str, object]]:
    return [json.loads(line) for line in (tmp_path / "out" / name).read_text("utf-8").splitlines()]


def stamp(second: int) -> str:
    return f"2026-03-01 {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02},{second % 1000:03}"


# --- numbers -----------------------------------------------------------------------------------------------

records = st.lists(
    st.tuples(st.sampled_from([*EVENTS]), st.integers(0, 9), st.integers(1, 99_999), st.integers(0, 3)),
    min_size=1,
    max_size=120,
)


@given(records)
@hypothesis_settings(max_examples=60, deadline=None)
def test_counts_lines_levels_and_times_are_those_of_a_count_by_hand(drawn) -> None:
    lines, expected, levels, seconds = [], {}, Counter(), 0
    for event, step, value, trace in drawn:
        seconds += step
        number = len(lines) + 1
        lines.append(
            f"{stamp(seconds)} {EVENTS[event]} [main] shop.worker: {event.format(value, value % 250)}"
        )
        lines += [f"    at shop.Worker.step{depth}(Worker.java:{depth})" for depth in range(trace)]
        count, first, _ = expected.get(event, (0, number, number))
        expected[event] = (count + 1, first, number)
        levels[EVENTS[event].lower()] += 1
    parser = LogParser()
    for start in range(0, len(lines), 7):  # the size of blocks must not matter
        parser.feed(Block.of(start + 1, lines[start : start + 7]))
    log = derive_templates(parser)
    found = {item.text: (item.records, item.first, item.last) for item in log.templates if item.records}
    by_event = {
        event: next(value for text, value in found.items() if event.split(" {")[0] in text)
        for event in expected
    }
    assert by_event == expected
    assert len(found) == len(expected)
    assert log.levels == dict(levels)
    assert (log.lines, log.records) == (len(lines), len(drawn))
    assert log.timeline is not None
    times = [to_seconds(line[:23]) for line in lines if line.startswith("2026")]
    assert (log.timeline.first, log.timeline.last) == pytest.approx((min(times), max(times)))
    assert log.timeline.backwards == sum(b < a for a, b in itertools.pairwise(times))
    assert sum(log.timeline.merged().values()) == len(drawn)


line_texts = st.text(
    st.sampled_from('abfgxzAF0123456789 -_.:/="[]{}<*>\tTZé'), max_size=40
) | st.sampled_from(
    [
        "2026-03-01 10:00:00 INFO deadbeef12 9f 0x1f",
        '{"level":30,"msg":"a 1"}',
        "  at a.b(C.java:1)",
        "ValueError: x 1",
    ]
)


@given(st.lists(line_texts, max_size=40), st.integers(1, 9))
@hypothesis_settings(max_examples=150, deadline=None)
def test_the_parse_of_a_line_does_not_depend_on_the_lines_before_it(lines, size) -> None:
    alone = [(text := LineTable()).shapes[text.layouts_of([line])[0].line_type.shape] for line in lines]
    table = LineTable()
    together = []
    for start in range(0, len(lines), size):
        together += [
            table.shapes[layout.line_type.shape] for layout in table.layouts_of(lines[start : start + size])
        ]
    assert together == alone


@given(st.lists(line_texts, min_size=1, max_size=30))
@hypothesis_settings(max_examples=150, deadline=None)
def test_a_template_describes_every_line_that_it_is_given_to(lines) -> None:
    parser = LogParser()
    parser.feed(Block.of(1, lines))
    log = derive_templates(parser)
    for line, layout in zip(lines, parser.table.layouts_of(lines), strict=True):
        template = log.template_of_shape[layout.line_type.shape]
        slots = TemplateMatcher(template.text)
        values = slots.values(message_of(read_line(line).content, layout.line_type.columns))
        assert values is not None, (line, template.text)
        assert len(values) == slots.count


def digit_key(line: str) -> str:
    """A line with its digits as 1, but for those that set a level, character by character."""
    forms = (
        r'"(?:level|severity|priority|PRIORITY|levelno|severityNumber)" {0,2}: {0,2}"?([0-9]{1,2})(?![0-9.])',
        r'HTTP/[0-9](?:\.[0-9])?" (5)(?=[0-9][0-9] )',
        r"^<([0-9]{1,3})>",
        r"(?:level|severity)=([0-9]{1,2})(?![0-9A-Za-z.])",
        r"%[A-Z][A-Z0-9_-]{1,60}-([0-7])-[A-Z0-9_]{1,60}: ",
    )
    kept = {place for form in forms for found in re.finditer(form, line) for place in range(*found.span(1))}
    return "".join(
        chr(0x10 + int(char)) if place in kept else "1" if char in "0123456789" else char
        for place, char in enumerate(line)
    )


words = st.text(st.sampled_from("019afFgzZT"), max_size=24)
identifiers = st.lists(
    words
    | st.uuids().map(str)
    | st.sampled_from(["-", ".", "_", "é", "“", '"level":30}', 'HTTP/1.1" 503 ', "<13>", "E20260304 "]),
    max_size=12,
).flatmap(lambda parts: st.sampled_from(["", " ", "-"]).map(lambda glue: glue.join(parts)))


@given(st.lists(line_texts | identifiers, min_size=1, max_size=12))
@hypothesis_settings(max_examples=300, deadline=None)
def test_keys_of_a_block_are_those_of_the_regular_expression(lines) -> None:
    keys = block_keys(Block.of(1, lines)).decode().split("\n")[:-1]
    for line, key in zip(lines, keys, strict=True):
        wanted = identifier_key(digit_key(line))
        assert len(key) == len(line)
        assert identifier_key(key) == wanted
        if line.isascii():
            assert key == wanted


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4000)), min_size=30, max_size=200))
@hypothesis_settings(max_examples=40, deadline=None)
def test_gaps_are_the_longest_times_between_neighbours(drawn) -> None:
    second, lines, times = 0, [], []
    for short, long in drawn:
        second += long if long > 3900 else short
        times.append(second)
        lines.append(f"2026-03-{1 + second // 86400:02} {stamp(second)[11:19]} INFO tick {second}")
    parser = LogParser()
    parser.feed(Block.of(1, lines))
    timeline = derive_templates(parser).timeline
    assert timeline is not None
    steps = sorted((b - a for a, b in itertools.pairwise(times)), reverse=True)
    found = [gap.seconds for gap in timeline.gaps]
    assert found == pytest.approx(steps[: len(found)])
    for gap in timeline.gaps:
        assert times[gap.before_line - 1] - times[gap.after_line - 1] == pytest.approx(gap.seconds)


@pytest.mark.parametrize("time", ["17723590000000", '"2026-13-41 25:61:61"', "1e400"])
def test_a_number_that_is_no_time_is_none(parse, time) -> None:
    answer = parse(f'{{"time":{time},"level":"info","msg":"a"}}\n' * 3)
    assert (answer.records, answer.time) == (3, None)


def test_a_burst_is_found_where_it_is_and_counted_exactly(parse) -> None:
    lines = [f"{stamp(second * 10)} INFO tick {second}" for second in range(2000)]
    lines[1000:1000] = [f"{stamp(10_000 + n // 10)} ERROR store {n} is down" for n in range(300)]
    answer = parse("\n".join(lines) + "\n")
    burst = answer.bursts[0]
    template = next(item for item in answer.templates if item.id == burst.template_id)
    assert template.template == "store <*> is down"
    assert template.count == burst.count == 300
    assert burst.start <= "2026-03-01 02:46:40" <= burst.end


# --- records and headers -----------------------------------------------------------------------------------

PYTHON = """\
2026-03-01 10:00:00,123 ERROR [main] shop.main: order 17 failed
Traceback (most recent call last):
  File "/srv/a.py", line 3, in go
    run(x)
    ~~~^^^
KeyError: 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/b.py", line 9, in top
    go()
shop.Timeout: no answer
"""
JAVA = """\
10:00:00.123 [main] ERROR com.acme.Shop - order 17 failed
java.lang.IllegalStateException: no store
\tat com.acme.Shop.run(Shop.java:17)
\tat com.acme.Main.main(Main.java:5)
Caused by: java.net.SocketTimeoutException: read timed out
\tat java.base/java.net.Socket.read(Socket.java:1)
\t... 23 more
"""
GO = """\
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.pick(0xc000012345, 0x5)
\t/srv/main.go:12 +0x1d
main.main()
\t/srv/main.go:7 +0x25
"""
JS = """\
TypeError: Cannot read properties of undefined (reading 'id')
    at handler (/srv/app.js:10:15)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
"""
GCC = """\
src/a.cpp:5:21: warning: comparison of integer expressions [-Wsign-compare]
    5 |   for (int i = 0; i < prices.size(); ++i)
      |                   ~~^~~~~~~~~~~~~~~
"""


@pytest.mark.parametrize(
    ("record", "level"),
    [(PYTHON, "error"), (JAVA, "error"), (GO, "fatal"), (JS, "error"), (GCC, "warning")],
    ids=["python", "java", "go", "javascript", "gcc"],
)
def test_a_stack_trace_is_one_record_with_the_line_that_it_explains(parse, record, level) -> None:
    answer = parse(record * 3)
    assert (answer.lines, answer.records) == (3 * record.count("\n"), 3)
    said = record in (PYTHON, JAVA)
    assert answer.levels == ({level: 3} if said else None)
    guessed = None if said else True
    assert [(group.count, group.suspected) for group in answer.errors] == [(3, guessed)] * (
        level != "warning"
    )
    assert answer.template_count == 1
    if level != "warning":
        spans = answer.errors[0].evidence
        lines = (record * 3).splitlines()
        for span in spans:  # of further records the number alone
            assert span.text in {"", "\n".join(lines[span.start - 1 : span.end])}
        assert spans[0].start == 1
        assert spans[0].text


def test_the_cause_of_a_long_trace_is_among_the_lines_that_are_shown(parse) -> None:
    frames = [f"\tat com.acme.Shop.step(Shop.java:{n})" for n in range(40)]
    lines = [
        "java.lang.IllegalStateException: no store",
        *frames,
        "Caused by: java.io.IOException: disk",
        *frames,
    ]
    answer = parse("\n".join(lines))
    assert [(span.start, span.end) for span in answer.errors[0].evidence] == [(1, 2), (42, 42)]
    assert answer.errors[0].evidence[1].text == "Caused by: java.io.IOException: disk"


CHAINED = """\
2026-03-01 10:00:00 ERROR [main] shop.worker: order {n} is lost
Traceback (most recent call last):
  File "/srv/a.py", line 24, in work
    store(order)
  File "/srv/a.py", line 12, in store
    raise {cause}
{cause}

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/a.py", line 26, in work
    raise Lost from error
LostError: order {n}
"""


def test_the_first_and_the_last_exception_of_a_chain_are_among_the_lines_that_are_shown(parse) -> None:
    answer = parse(CHAINED.format(n=7, cause="TimeoutError: no answer"))
    shown = [(span.start, span.text) for span in answer.errors[0].evidence]
    assert shown[1:] == [(7, "TimeoutError: no answer"), (14, "LostError: order 7")]


def test_a_record_that_a_helper_read_shows_the_same_lines() -> None:
    sample = Sample(1)
    for line in CHAINED.format(n=7, cause="TimeoutError: no answer").splitlines():
        sample.add(line)
    packed = msgpack.unpackb(msgpack.packb(sample.state()))
    assert Sample.of(packed).telling_rest(3) == sample.telling_rest(3)


@given(
    st.lists(st.sampled_from(["KeyError: 'order'", "TimeoutError: no answer", ""]), min_size=1, max_size=30)
)
@hypothesis_settings(max_examples=20, deadline=None)
def test_exceptions_inside_of_records_are_counted_exactly(causes) -> None:
    lines = [
        CHAINED.format(n=n, cause=cause)
        if cause
        else f"2026-03-01 10:00:00 INFO [main] shop.worker: stored {n}\n"
        for n, cause in enumerate(causes)
    ]
    parser = LogParser()
    parser.feed(Block.of(1, "".join(lines).splitlines()))
    found = {
        item.text: exception_lines(item)
        for item in derive_templates(parser).templates
        if exception_lines(item)
    }
    wanted = Counter(cause for cause in causes if cause)
    if wanted:
        wanted["LostError: order \ue0ff"] = sum(wanted.values())
    assert found == dict(wanted)


def test_what_a_progress_bar_wrote_over_is_no_part_of_a_line(parse) -> None:
    answer = parse("".join(f"(reading 0%\r(reading 50%\rread {n} files\n" for n in range(20)))
    assert [(item.template, item.count) for item in answer.templates] == [("read <*> files", 20)]


def test_the_step_of_a_clock_is_no_gap(parse) -> None:
    answer = parse("".join(f"2026-03-01 10:00:{n // 50:02} INFO tick {n}\n" for n in range(500)))
    assert answer.time.gaps is None


def test_a_log_without_levels_has_none_and_a_single_record_no_variables(parse) -> None:
    answer = parse(
        "2026-03-01 10:00:00 stored 5 files\n2026-03-01 10:00:01 Start-Date: 2026-03-01 10:00:00\n"
    )
    assert answer.levels is None
    assert [(item.count, item.variables) for item in answer.templates] == [(1, None)] * 2


def test_a_label_before_a_time_is_a_message_if_nothing_follows(parse) -> None:
    answer = parse("Start-Date: 2026-03-01  10:00:00\nEnd-Date: 2026-03-01  10:05:00\n" * 3)
    assert [item.template for item in answer.templates] == [
        "Start-Date: 2026-03-01 10:00:00",
        "End-Date: 2026-03-01 10:05:00",
    ]


def test_a_key_behind_a_number_is_no_unit(parse) -> None:
    answer = parse("".join(f"2026-03-01 10:00:00 INFO served status=200 ms={n} B=7\n" for n in range(9)))
    assert answer.templates[0].template == "served status=200 ms=<*> B=7"


def test_the_decision_whether_a_line_starts_a_record_survives_the_end_of_a_block() -> None:
    lines = (PYTHON + JAVA + GO).splitlines()
    whole, parts = LogParser(), LogParser()
    whole.feed(Block.of(1, lines))
    for number, line in enumerate(lines, 1):
        parts.feed(Block.of(number, [line]))
    one, many = derive_templates(whole), derive_templates(parts)
    assert [(t.text, t.records, t.first, t.last) for t in one.templates] == [
        (t.text, t.records, t.first, t.last) for t in many.templates
    ]
    assert one.records == 3
    starts = Assembler()
    kinds = [read_line(line) for line in lines]
    assert sum(starts.starts(kind_of(line), opens_trace(line), line.content) for line in kinds) == 3


HEADERS = [
    ("Mar  1 10:00:00 host sshd[123]: session opened", "syslog", None, "session opened"),
    ("<34>1 2026-03-01T10:00:00.123Z host app: session opened", "syslog", "fatal", "session opened"),
    ("2026-03-01 10:00:00,123 INFO  [main] com.acme.Shop: session opened", "time", "info", "session opened"),
    ("2026-03-01T10:00:00.123Z WARN session opened", "time", "warning", "session opened"),
    ("2026-03-01T10:00:00+01:00 [error] session opened", "time", "error", "session opened"),
    ("2026/03/01 10:00:00 session opened", "time", None, "session opened"),
    ("[2026-03-01 10:00:00] ERROR: session opened", "time", "error", "session opened"),
    ("[Sun Dec 04 04:47:44 2005] [error] session opened", "time", "error", "session opened"),
    ("10:00:00.123 [main] DEBUG com.acme.Shop - session opened", "time", "debug", "session opened"),
    ("I0301 10:00:00.123456    1 main.go:12] session opened", "klog", "info", "session opened"),
    ("E0301 10:00:00.123456    1 main.go:12] session opened", "klog", "error", "session opened"),
    ("ERROR:shop.worker:session opened", "python", "error", "session opened"),
    ("[    1.234567] session opened", "kernel", None, "session opened"),
    (
        '{"time":"2026-03-01T10:00:00Z","level":"warn","msg":"session opened"}',
        "json",
        "warning",
        "session opened",
    ),
    ('{"level":50,"time":1772359200123,"msg":"session opened"}', "json", "error", "session opened"),
    ('time=2026-03-01T10:00:00Z level=error msg="session opened"', "logfmt", "error", "session opened"),
    ("2026-03-01T10:00:00.1234567Z session opened", "ci", None, "session opened"),
    ("2026-03-01T10:00:00.123456Z 01O session opened", "ci", None, "session opened"),
    ("2026-03-01T10:00:00.1234567Z ##[error]session opened", "ci", "error", "##[error]session opened"),
    (
        '10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET /a HTTP/1.1" 503 12',
        "access",
        "error",
        '10.0.0.1 - - "GET /a HTTP/1.1" 503 12',
    ),
]


@pytest.mark.parametrize(
    ("line", "kind", "level", "content"), HEADERS, ids=[item[0][:30] for item in HEADERS]
)
def test_a_header_is_recognised_on_its_own_line(line, kind, level, content) -> None:
    read = read_line(line)
    assert (read.format, read.level, read.content) == (kind, level, content)
    assert read.time is None or to_seconds(read.time) is not None
    parser = LogParser()
    layout = parser.table.layouts_of([line])[0]
    assert (layout.line_type.format, layout.line_type.level) == (kind, level)
    found = float(parser.times(Block.of(1, [line]))[0][0])
    assert (None if math.isnan(found) else found) == (read.time and pytest.approx(to_seconds(read.time)))


def test_colours_of_a_terminal_do_not_change_the_parse(parse) -> None:
    bare = "src/a.c:5:1: error: expected ';'\nsrc/b.c:9:2: error: expected ')'\n"
    coloured = bare.replace("error:", "\x1b[01;31m\x1b[Kerror:\x1b[m\x1b[K")
    one, other = parse(bare), parse(coloured, name="b.log")
    assert [(t.template, t.count) for t in one.templates] == [(t.template, t.count) for t in other.templates]
    assert sum(group.count for group in other.errors) == 2
    assert "\x1b" not in json.dumps(other.structured())


# --- files -------------------------------------------------------------------------------------------------

LOG = (
    "".join(f"{stamp(n)} INFO [main] shop.main: order {n} stored in {n % 7} ms\n" for n in range(500))
    + PYTHON
)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: gzip.compress(text.encode()),
        lambda text: bz2.compress(text.encode()),
        lambda text: lzma.compress(text.encode()),
        lambda text: text.encode() + "naïve café\n".encode("latin-1"),
    ],
    ids=["plain", "crlf", "utf-16", "gz", "bz2", "xz", "mixed"],
)
def test_the_form_of_the_file_does_not_change_the_counts(parse, encode) -> None:
    answer = parse(encode(LOG))
    stored = next(item for item in answer.templates if "stored" in item.template)
    assert (stored.template, stored.count, stored.first_line) == ("order <*> stored in <*> ms", 500, 1)
    assert stored.variables[0].slot == 2
    assert stored.variables[0].range is not None
    assert [group.count for group in answer.errors] == [1]


def test_the_export_has_every_line_in_order_with_its_values(parse, tmp_path) -> None:
    answer = parse(LOG, export_path="x.jsonl")
    rows = exported(tmp_path)
    assert answer.export.lines == len(rows) == len(LOG.splitlines())
    assert [row["line"] for row in rows] == [*range(1, len(rows) + 1)]
    counts = Counter(row["template_id"] for row in rows[:501])
    for template in answer.templates:
        assert counts[template.id] == template.count
    for row, line in zip(rows, LOG.splitlines(), strict=True):
        assert set(row) == {"line", "template_id", "template", "variables"}
        parts = row["template"].split("<*>")
        values = [*row["variables"], ""]
        whole = "".join(part + value for part, value in zip(parts, values, strict=True))
        assert normalise_spaces(line).endswith(whole)


def test_a_log_that_is_replaced_before_it_is_read_again_is_answered(parse, tmp_path, monkeypatch) -> None:
    """Values, sessions and the export read it a second time."""
    old = "".join(
        f"2026-03-01 10:00:{n % 60:02} INFO order o-{n // 4} step {n % 4} done\n" for n in range(400)
    )
    new = "".join(
        f"2026-03-01 11:00:00 ERROR disk /dev/sd{chr(97 + n % 26)} lost, see [{n}]\n" for n in range(400)
    )

    def derive_and_replace(*given: object) -> object:
        log = derive_templates(*given)
        (tmp_path / "a.log").write_text(new)
        return log

    monkeypatch.setattr(parsed_log, "derive_templates", derive_and_replace)
    answer = parse(old, export_path="x.jsonl")
    assert sum(template.count for template in answer.templates) == 400
    rows = exported(tmp_path)
    assert [row["line"] for row in rows] == [*range(1, len(rows) + 1)]
    assert rows and all(row["template_id"] is None for row in rows)


def test_an_export_outside_the_output_folder_is_refused(parse) -> None:
    with pytest.raises(NotAllowed):
        parse(LOG, export_path="../x.jsonl")


# --- comparing and choosing --------------------------------------------------------------------------------


def test_since_a_line_counts_only_what_follows_and_names_what_is_new(parse) -> None:
    answer = parse(LOG, since=301)
    assert (answer.lines, answer.records) == (len(LOG.splitlines()) - 300, 201)
    stored = next(item for item in answer.templates if "stored" in item.template)
    assert (stored.count, stored.before, stored.first_line) == (200, 300, 301)
    new = [item for item in answer.templates if item.id in answer.new]
    assert [item.template for item in new] == ["order <*> failed"]


@pytest.mark.parametrize("since", ["2026-03-01 00:05:00", "2026-03-01T00:05", "00:05:00", "00:05"])
def test_since_a_time_starts_at_the_first_record_of_that_time(parse, since) -> None:
    answer = parse(LOG, since=since)
    assert min(item.first_line for item in answer.templates) == 301


def test_a_since_that_means_nothing_is_an_error_with_examples(parse) -> None:
    with pytest.raises(UsageError, match="neither a line number nor a time"):
        parse(LOG, since="yesterday-ish")
    with pytest.raises(UsageError, match="at or after"):
        parse(LOG, since="2027-01-01 00:00:00")


def test_templates_that_the_baseline_lacks_are_new(parse, tmp_path) -> None:
    (tmp_path / "good.log").write_text("".join(LOG.splitlines(keepends=True)[:400]))
    answer = parse(LOG, baseline_path="good.log")
    by_id = {item.id: item for item in answer.templates}
    assert [by_id[number].template for number in answer.new] == ["order <*> failed"]
    assert {item.before for item in answer.templates} == {0, 400}
    assert answer.lines == len(LOG.splitlines())


def test_a_log_of_two_thousand_lines_is_answered_in_a_few_kilobytes(parse) -> None:
    things = ("disk", "session", "index", "mailbox", "socket", "token", "worker", "shard", "lease", "journal")
    acts = (
        "{0} opened in {{}} ms",
        "cannot flush {0} after {{}} ms",
        "closing idle {0}, {{}} left",
        "reload of {0} done: {{}} entries",
        "{0} limit is near, at {{}} of 100",
        "no free {0} for peer {{}}",
        "dropped stale {0} number {{}}",
        "{0} repaired, {{}} records were bad",
        "moving {0} to slot {{}}",
        "waiting for {0} since {{}} s",
    )
    events = [act.format(thing) for act in acts for thing in things]
    lines = [f"{stamp(n)} INFO [w-{n % 9}] app: {events[n * n % 100].format(n)}" for n in range(2000)]
    answer = parse("\n".join(lines), limit=5)
    assert len(json.dumps(answer.structured())) < 8_000
    assert len(answer.templates) == 5
    assert answer.dropped["templates"] == answer.template_count - 5


def test_an_empty_log_has_no_records(parse) -> None:
    answer = parse("")
    assert (answer.lines, answer.records, answer.templates) == (0, 0, [])


# --- what may leave ----------------------------------------------------------------------------------------

KEY = "AKIA" + "Z7QF3LTWB5XKD2NM"
PRIVATE = "".join(
    f"{stamp(n)} ERROR [main] auth: login of ulrike.zebra{n}@example.org with key {KEY} from 10.1.2.{n}\n"
    f"{stamp(n)} INFO [main] auth: Wolperting opened /home/wolperting/file{n}\n"
    for n in range(2)
)


def test_nothing_of_a_sealed_log_leaves_but_masked_templates_and_numbers(parse, tmp_path) -> None:
    answer = parse(PRIVATE, level=PrivacyLevel.SEALED, export_path="x.jsonl")
    left = json.dumps(answer.structured()) + (tmp_path / "out" / "x.jsonl").read_text()
    for secret in ("ulrike", "zebra", "example.org", KEY, "Wolperting", "wolperting", "10.1.2", "2026-03-01"):
        assert secret not in left
    assert sum(item.count for item in answer.templates) == 4
    assert answer.errors[0].evidence[0].start == 1


def test_secrets_are_masked_also_where_only_the_template_gives_them_away(parse, tmp_path) -> None:
    lines = [f"{stamp(n)} INFO [main] auth: password=hunter{n}secret accepted" for n in range(30)]
    text = "\n".join(lines) + "\n" + PRIVATE
    answer = parse(text, level=PrivacyLevel.REDACTED, export_path="x.jsonl")
    left = json.dumps(answer.structured()) + (tmp_path / "out" / "x.jsonl").read_text()
    for secret in ("hunter", "ulrike.zebra", KEY):
        assert secret not in left
    assert len(exported(tmp_path)) == 34


# --- how it ends -------------------------------------------------------------------------------------------


def test_a_deadline_gives_the_part_that_was_read(parse) -> None:
    digits_as_letters = str.maketrans("0123456789", "abcdefghij")
    words = (str(n).translate(digits_as_letters) for n in range(400_000))  # each line is of a form of its own
    big = "".join(f"{stamp(n)} INFO [main] shop: {word} is done\n" for n, word in enumerate(words))
    answer = parse(big, deadline_s=1)
    assert 0 < answer.lines < 400_000
    assert answer.dropped["bytes_of_log_not_read"] > 0
    assert "time was over" in answer.note


def test_a_cancelled_call_stops_reading_and_leaves_no_half_export(parse, settings, tmp_path) -> None:
    (tmp_path / "big.log").write_text("".join(f"{stamp(n)} INFO order {n} done\n" for n in range(300_000)))
    own = settings.model_copy(update={"output_dir": tmp_path / "out", "cache": False})
    reached = []

    async def run() -> None:
        service = Service(own)
        with anyio.CancelScope() as scope:

            def progress(done, total, message) -> None:
                reached.append(done)
                anyio.from_thread.run_sync(scope.cancel)

            request = ToolRequest("parse_log", {"path": "big.log", "export_path": "x.jsonl"})
            await service.call(request, progress)
        assert scope.cancelled_caught
        await service.close()

    anyio.run(run)
    assert len(reached) <= 2
    assert not [*(tmp_path / "out").glob("*")] if (tmp_path / "out").exists() else True


@given(st.lists(st.text(max_size=60), max_size=30))
@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_whatever_breaks_the_parser(lines) -> None:
    lines = [line.replace("\n", " ") for line in lines]
    parser = LogParser()
    parser.feed(Block.of(1, lines))
    log = derive_templates(parser)
    assert log.lines == len(lines)
    assert sum(item.lines for item in log.templates) == len(lines)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_log(tmp_path) -> None:
    script = """
import random, sys
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.templates import parsed_log
from mcp_smalltools.logs.templates.columns import message_of
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.templates.parsed_log import derive_templates
chance, parser, number = random.Random(1), LogParser(), 1
words = ["".join(chance.choices("abcdefghijklmnop", k=7)) for _ in range(3000)]
for block in range(int(sys.argv[1])):
    lines = [f"10:00:{n % 60:02} INFO {' '.join(chance.choices(words, k=9))} {n}" for n in range(4000)]
    parser.feed(Block.of(number, lines))
    number += len(lines)
log = derive_templates(parser)
assert sum(item.lines for item in log.templates) == log.lines
assert log.coarse_lines > 0
print(peak_kb() >> 10)
"""
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", PEAK_KB + script, blocks], check=True, capture_output=True, text=True
            ).stdout
        )
        for blocks in ("12", "24")
    ]
    assert peaks[1] < 400
    assert peaks[1] < peaks[0] + 60


@pytest.mark.parametrize(
    "line",
    [
        "/" + "a-" * 900 + "!",
        "1.2.3" + "a" * 1900 + "_",
        "a." * 500_000,
        "10:00:00 INFO " + "a.b" * 300_000,
        "a=1 " * 250_000 + '"',
        '{"a": ' * 100_000,
        "at " * 300_000,
        "(" * 1_000_000,
        "F" * 1_000_000,
        "1" * 1_000_000,
    ],
    ids=range(10),
)
def test_a_hostile_line_costs_no_more_than_its_length(line) -> None:
    parser = LogParser()
    parser.feed(Block.of(1, [line, line + "2", f"x {line}"]))
    assert derive_templates(parser).lines == 3
