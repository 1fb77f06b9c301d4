"""Records of several lines: headers whose message is on the next line, traces, details; however cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.templates.parsed_log import ParsedLog, derive_templates

JUL = "Mar 04, 2026 9:1{n}:00 AM shop.cart.Service accept\n{level}: order {n} accepted"
NET = "{level}: Shop.Cart[{n}]\n      order {n} accepted\n      at Shop.Cart() in /src/Cart.cs:line 9"
SLOW = "# Time: 2026-03-04T09:15:0{n}.000000Z\n# User@Host: a[a] @ b [10.0.0.{n}]\nSELECT *\nFROM a;"
LARAVEL = (
    '[2026-03-04 09:1{n}:00] live.{level}: mail refused {{"exception":"[object] (X(code: 0)\n[stacktrace]\n'
    '#0 /var/app/Queue.php(20): App\\\\Mail->send()\n#1 {{main}}\n"}} '
)
POSTGRES = (
    "2026-03-04 09:15:0{n}.000 UTC [{n}] {level}:  relation is missing\n"
    "2026-03-04 09:15:0{n}.000 UTC [{n}] STATEMENT:  select 1\n\t from a"
)
JAVA = (
    "2026-03-04 09:15:0{n} {level} [main] a.B - failed\njava.io.IOException: cut\n\tat a.B.c(B.java:1)\n"
    "Caused by: java.net.SocketException: reset\n\t... 7 more"
)
SYSLOG = "Mar  4 09:15:0{n} h app[1]: {level} failed\nMar  4 09:15:0{n} h app[1]: \tat a.B.c(B.java:1)"
PRETTY = '{{\n  "time": "2026-03-04T09:15:0{n}Z",\n  "level": "{level}",\n  "msg": "order {n} refused"\n}}'
FORMS = {
    "java.util.logging": (JUL, "INFO", "SEVERE"),
    ".NET console": (NET, "info", "fail"),
    "slow queries": (SLOW, "", ""),
    "Laravel": (LARAVEL, "INFO", "ERROR"),
    "PostgreSQL": (POSTGRES, "LOG", "ERROR"),
    "Java": (JAVA, "INFO", "ERROR"),
    "syslog": (SYSLOG, "INFO", "ERROR"),
    "JSON over lines": (PRETTY, "info", "error"),
}


def parsed(lines: list[str], size: int) -> ParsedLog:
    parser = LogParser()
    for start in range(0, len(lines), size):
        parser.feed(Block.of(start + 1, lines[start : start + size]))
    return derive_templates(parser)


@pytest.mark.parametrize(("form", "usual", "bad"), FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_record_of_several_lines_is_one_however_the_log_is_cut(form, usual, bad, size) -> None:
    text = "\n".join(form.format(n=n, level=bad if n == 2 else usual) for n in range(5))
    log = parsed(text.split("\n"), size)
    assert log.records == 5
    assert log.levels.get("error", 0) + log.guessed.get("error", 0) == (1 if bad else 0)
    assert sum(template.records for template in log.templates) == 5


KINDS = st.sampled_from(
    [
        *JUL.format(n=1, level="INFO").split("\n"),
        *NET.format(n=1, level="fail").split("\n"),
        *SLOW.format(n=1).split("\n"),
        "",
        "plain words",
        "2026-03-04 09:15:00 INFO order 1 accepted",
        "\tat a.B.c(B.java:1)",
        "ValueError: no",
    ]
)


@given(st.lists(KINDS, max_size=14), st.integers(1, 5))
@hypothesis_settings(max_examples=150, deadline=None)
def test_no_cut_changes_what_is_counted(lines: list[str], size: int) -> None:
    def counted(log: ParsedLog) -> list[tuple[str, int, int, int, dict[str, int]]]:
        return sorted((t.text, t.records, t.first, t.last, t.levels) for t in log.templates if t.records)

    whole, parts = parsed(lines, 100), parsed(lines, size)
    assert (whole.records, whole.lines, whole.levels) == (parts.records, parts.lines, parts.levels)
    assert [item[:4] for item in counted(whole)] == [item[:4] for item in counted(parts)]


HEADER = "2026-03-04 09:15:{n:02d} INFO [a.b] order {n} accepted"
DUMP = "Request from shop:\nOrder(id={n})\nAnswer:\nOK(id={n})"
OTHER = "connection {n} accepted by relay"


def decided(lines: list[str], size: int) -> LogParser:
    """As files are read: it is decided by the head whose lines those without a header are."""
    parser = LogParser()
    parser.look_ahead(Block.of(1, lines))
    for start in range(0, len(lines), size):
        parser.feed(Block.of(start + 1, lines[start : start + size]))
    return parser


def headed_log(after: dict[int, str], records: int = 60) -> list[str]:
    """Records with a header, and what follows some of them, by the number of the record."""
    lines: list[str] = []
    for n in range(records):
        lines += [HEADER.format(n=n % 60), *after.get(n, "").format(n=n).split("\n")]
    return [line for line in lines if line]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_plain_lines_continue_the_record_before_them_where_nearly_all_have_a_header(size) -> None:
    log = derive_templates(decided(headed_log(dict.fromkeys(range(0, 60, 7), DUMP)), size))
    assert (log.records, log.levels) == (60, {"info": 60})


def test_lines_that_come_one_at_a_time_between_headers_are_records_of_another_program() -> None:
    log = derive_templates(decided(headed_log(dict.fromkeys(range(0, 60, 3), OTHER)), 1000))
    assert log.records == 80


def test_long_runs_without_a_header_are_records_of_another_program() -> None:
    log = derive_templates(decided(headed_log({9: "\n".join([OTHER] * 90)}), 1000))
    assert log.records == 150


def test_a_failure_behind_a_header_that_says_that_all_is_well_is_a_record_of_its_own() -> None:
    after = dict.fromkeys(range(0, 60, 7), DUMP) | {30: "Fatal: cannot bind the port: address in use"}
    log = derive_templates(decided(headed_log(after), 1000))
    assert log.records == 61
    assert any("Fatal" in template.text for template in log.templates if template.records)


def test_more_plain_lines_than_a_record_has_are_not_joined() -> None:
    after = dict.fromkeys(range(0, 60, 7), DUMP) | {59: "\n".join([OTHER] * 5_000)}
    log = derive_templates(decided(headed_log(after), 1000))
    assert log.records > 4_000


@given(st.lists(KINDS, max_size=14), st.integers(1, 5))
@hypothesis_settings(max_examples=100, deadline=None)
def test_no_cut_changes_what_is_joined(lines: list[str], size: int) -> None:
    log = headed_log(dict.fromkeys(range(0, 60, 7), DUMP)) + lines
    whole, parts = derive_templates(decided(log, 1000)), derive_templates(decided(log, size))
    assert (whole.records, whole.levels) == (parts.records, parts.levels)


STAMP = "2026-03-04T09:15:00.123Z"
FIELDS = {
    "CLEF": '{"@t":"TIME","@mt":"order {N} refused","@l":"Error","N":4411}',
    "ECS": '{"@timestamp":"TIME","log":{"level":"ERROR","logger":"a.b"},"message":"order refused"}',
    "zap": '{"level":"error","ts":1772615700.1234567,"caller":"a/b.go:12","msg":"order refused"}',
    "pino": '{"level":50,"time":1772615700123,"pid":1,"msg":"order refused"}',
    "with a space": '{"level": 55, "time": 1772615700123, "msg": "order refused"}',
    "log4j 2": '{"instant":{"epochSecond":1772615700},"level":"ERROR","message":"order refused"}',
    "journal": '{"__REALTIME_TIMESTAMP":"1772615700000000","PRIORITY":"3","MESSAGE":"order refused"}',
    "mongod": '{"t":{"$date":"TIME"},"s":"E","c":"X","id":1,"ctx":"main","msg":"order refused"}',
    "cloud": '{"severity":"ERROR","timestamp":"TIME","jsonPayload":{"message":"order refused"}}',
    "telemetry": '{"timeUnixNano":"1772615700000000000","severityNumber":17,'
    '"body":{"stringValue":"order refused"}}',
    "JSON in JSON": r'{"log":"{\"level\":\"error\",\"msg\":\"order refused\"}\n","time":"TIME"}',
    "text in JSON": r'{"log":"[2026-03-04 09:15:00] [ERROR] order refused\n","time":"TIME"}',
    "inner level": '{"level":"info","ts":1772615700,"msg":"record",'
    '"record":{"error_severity":"ERROR","message":"order refused"}}',
    "of an array": '  {"time":"TIME","level":"error","msg":"order refused"},',
    "behind a time": '2026-03-04 09:15:00 {"level":"error","msg":"order refused"}',
    "behind syslog": 'Mar  4 09:15:00 h app[1]: {"level":"error","msg":"order refused"}',
    "behind compose": 'web-1  | {"level":"error","ts":1772615700.1,"msg":"order refused"}',
    "key=value": 'time=TIME level=error msg="order refused"',
    "key=value behind a time": 'TIME level=error msg="order refused"',
    "event": '<Event x="y"><System><Level>2</Level><TimeCreated SystemTime="TIME"/></System><EventData>'
    "<Data>order refused</Data></EventData></Event>",
}  # fmt: skip


@pytest.mark.parametrize("line", FIELDS.values(), ids=FIELDS)
def test_fields_give_time_level_and_message(line: str) -> None:
    line = re.sub(r"\bTIME\b", STAMP, line)
    read = read_line(line)
    assert (read.level, read.level_said) == ("error", True)
    assert "refused" in read.content
    layout = LogParser().table.layouts_of([line])[0]
    assert layout.line_type.level == "error"
    assert layout.time is not None


METADATA = "18:37:23.568 project=a user=b region=c mode=d type=e app=f peer=g [error] refused"


@pytest.mark.parametrize(
    ("line", "time", "level"),
    [
        (METADATA, "18:37:23.568", "error"),
        ("41,27.05.2019,10:09:04:540,1012301,4,,A1,writer,insert", "27.05.2019,10:09:04:540", None),
        ("07-25-13,16:03:24.649,13,a98,0,NET,a.cpp(28),0,0,NRM,changed", "07-25-13,16:03:24.649", "info"),
        ("2026-03-02T03:17:27.031Z In(05)+ vmx mitigations enabled", "2026-03-02T03:17:27.031Z", "info"),
    ],
)
def test_time_and_level_are_read_in_columns_and_behind_metadata(line, time, level) -> None:
    read = read_line(line)
    assert (read.time, read.level) == (time, level)


def test_frames_of_a_trace_may_stand_at_the_margin() -> None:
    lines = ["2026-03-04 09:15:00 ERROR Traceback (most recent call last):", 'File "/a.py", line 7, in run']
    assert parsed([*lines, "    serve()", "OSError: refused"], 1).records == 1


def test_an_object_below_the_header_that_tells_of_it_is_of_its_record() -> None:
    lines = ["[2026-03-04 09:15:01]: Info: settings:", "{", '  "blank": null', "}"] * 2
    parser = LogParser()
    parser.feed(Block.of(1, lines))
    assert derive_templates(parser).records == 2


def test_an_object_whose_end_is_missing_has_its_time_and_level() -> None:
    cut = read_line('{"time":"2026-03-04T09:15:00Z","level":"error","msg":"the body was {\\"items\\":[1,2')
    assert (cut.time, cut.level) == ("2026-03-04T09:15:00Z", "error")
    assert cut.content.startswith("the body was")


def test_an_object_without_time_and_level_whose_end_is_missing_is_text() -> None:
    assert read_line('{"items":[1,2').format == "plain"
    assert read_line('{"name":"cart","size":12,').format == "plain"


def test_plain_lines_are_of_the_record_before_them_where_empty_lines_part_records() -> None:
    records = [f"\n09:15:0{n}.123 [debug] QUERY OK source=carts\nSELECT c{n}.id FROM carts" for n in range(4)]
    assert derive_templates(decided("\n".join(records).split("\n"), 100)).records == 4


def test_a_long_dump_among_short_continuations_is_of_its_record() -> None:
    dump = "\n".join(f"setting{n} = {n}" for n in range(150))
    log = derive_templates(decided(headed_log(dict.fromkeys(range(0, 60, 7), DUMP) | {59: dump}), 1000))
    assert log.records == 60
