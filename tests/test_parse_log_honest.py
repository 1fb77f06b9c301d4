"""parse_log says what it understood, shows what looks like a failure, and keeps the values that tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.logs.lines.times import zone_of
from mcp_smalltools.logs.message.failure_words import LIKELY, MAYBE, SURE, failure_degree
from mcp_smalltools.logs.message.verdicts import are_verdicts
from mcp_smalltools.privacy.answers import as_json
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.tools.parse_log.answer import ParseLogAnswer
from mcp_smalltools.tools.parse_log.since import parse_since
from mcp_smalltools.tools.parse_log.writer import time_text

NAMES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel")
Parse = Callable[..., ParseLogAnswer]


@pytest.fixture
def parse(settings: Settings, tmp_path: Path, call_once: Callable[..., ParseLogAnswer]) -> Parse:
    def call(text: str, *, level: PrivacyLevel = PrivacyLevel.OPEN, **arguments: object) -> ParseLogAnswer:
        (tmp_path / "a.log").write_text(text, encoding="utf-8")
        roots = (RootSpec(path=tmp_path, level=level),)
        own = settings.model_copy(update={"roots": roots, "cache": False})
        return call_once(own, ToolRequest("parse_log", {"path": "a.log", **arguments}, deadline_s=60))

    return call


def spans_of(answer: ParseLogAnswer) -> list[int]:
    """The lines of errors that are shown or named."""
    return [
        line
        for group in answer.errors
        for line in (*(span.start for span in group.evidence), *(group.also or ()))
    ]


# --- what was understood -----------------------------------------------------------------------------------


def test_a_log_whose_form_is_not_understood_is_never_one_without_errors(parse: Parse) -> None:
    answer = parse("".join(f"@{n:03}@ <<loop>> {n} done\n" for n in range(40)))
    assert answer.escalate
    assert "Levels unknown" in (answer.reason or "")
    assert answer.recognised is not None
    assert (answer.recognised.header, answer.recognised.level) == (0, 0)


def test_levels_that_seem_to_be_there_but_were_not_read_escalate(parse: Parse) -> None:
    lines = [f"2026-03-04 09:15:{n:02} ~~loop~~ ~ERROR~ pump {n} stuck\n" for n in range(30)]
    answer = parse("".join(lines))
    assert answer.escalate or (answer.levels or {}).get("error") == 30


def test_a_log_that_has_no_levels_says_so_and_is_given(parse: Parse) -> None:
    answer = parse("".join(f"2026-03-04 09:15:{n:02} loop {n} done\n" for n in range(30)))
    assert not answer.escalate
    assert "No record has a level" in (answer.note or "")
    assert answer.errors == []


def test_a_log_that_was_understood_says_nothing_more(parse: Parse) -> None:
    answer = parse("".join(f"2026-03-04 09:15:{n:02} INFO loop {n} done\n" for n in range(30)))
    assert (answer.escalate, answer.note) == (False, None)
    assert answer.recognised is not None
    assert (answer.recognised.header, answer.recognised.time, answer.recognised.level) == (1, 1, 1)


# --- what looks like a failure -----------------------------------------------------------------------------

LINES = {
    "Out of memory: Killed process 77 (heatd)": SURE,
    "TEST-UNEXPECTED-FAIL | heat/test_14 | pump must stop": SURE,
    "thread 'main' panicked at src/main.rs:3": SURE,
    "heat0: Failed to disable power saving": LIKELY,
    "usb 1-2: device descriptor read/64, error -71": LIKELY,
    "the child exited with code 137": LIKELY,
    'GET /x HTTP/1.1" 503 12': LIKELY,
    "Fehler beim Öffnen der Datei": LIKELY,
    "接続に失敗しました": LIKELY,
    "не удалось открыть файл": LIKELY,
    "cannot find the pump": MAYBE,
    "0 errors, 0 failures": 0,
    "errors=0 failed=0 passed=31": 0,
    "Calling run with error_list: [none]": 0,
    "EDAC error correction enabled": 0,
    "the process ended with exit code 0": 0,
    "check: Scanning for low memory corruption every 60 seconds": 0,
    "[Full GC (Allocation Failure)  960M->282K(1024M), 0.0046986 secs]": 0,
    "Timeout: 30s": 0,
    "heat0: link is up": 0,
}


@pytest.mark.parametrize("line", LINES)
def test_words_of_failure_are_told_from_words_about_it(line: str) -> None:
    assert failure_degree(line) == LINES[line]


def test_failures_in_lines_without_a_level_are_shown_as_suspected(parse: Parse) -> None:
    calm = [f"[{n:5}.000007] usb 1-{n}: new device number {n}\n" for n in range(12)]
    calm[7] = "[    7.000091] xhci_hcd 0000:00:14.0: failed to resume (-61)\n"
    answer = parse("".join(calm))
    assert spans_of(answer) == [8]
    assert (answer.errors[0].suspected, answer.errors[0].level) == (True, "none")


def test_a_level_that_says_otherwise_is_believed_unless_the_failure_is_sure(parse: Parse) -> None:
    lines = [f"2026-03-04 09:15:{n:02} INFO script error {n} was shown\n" for n in range(10)]
    lines.append("2026-03-04 09:15:11 INFO TEST-UNEXPECTED-FAIL | heat/test_14 | pump must stop\n")
    answer = parse("".join(lines))
    assert [(group.level, group.suspected) for group in answer.errors] == [("info", True)]
    assert spans_of(answer) == [11]


def test_every_template_of_an_error_is_there_by_its_line(parse: Parse) -> None:
    text = "".join(f"2026-03-04 09:15:{n:02} ERROR {name} pump stuck\n" for n, name in enumerate(NAMES))
    calm = "".join(f"2026-03-04 09:16:{n:02} INFO loop {n} done\n" for n in range(20))
    answer = parse(text + calm)
    assert set(spans_of(answer)) >= set(range(1, 9)) or answer.errors[0].count == 8


def test_further_records_of_an_error_are_there_by_their_lines(parse: Parse) -> None:
    lines = [f"2026-03-04 09:15:{n:02} INFO loop {n} done\n" for n in range(20)]
    lines[3] = "2026-03-04 09:15:03 ERROR pump 7 stuck\n"
    lines[11] = "2026-03-04 09:15:11 ERROR pump 8 stuck\n"
    assert spans_of(parse("".join(lines))) == [4, 12]


@pytest.mark.parametrize(
    "message",
    [
        "Bad password for admin (10.0.0.5)",
        "POST /login 401 Unauthorized from 10.0.0.5",
        "Interface Ethernet1/38 is down (Administratively)",
        "Array md0 is degraded, 1 of 2 disks left",
        "write: Connection reset by peer",
        "checksum mismatch in block 12",
        "not enough replicas for shard 3",
        "no route to host 10.0.0.9",
    ],
)
def test_a_trouble_without_a_level_is_suspected(parse: Parse, message: str) -> None:
    lines = [f"2026-03-04 09:15:{n:02} loop {n} done\n" for n in range(30)]
    lines[17] = f"2026-03-04 09:15:17 {message}\n"
    answer = parse("".join(lines))
    assert spans_of(answer) == [18]
    assert answer.errors[0].suspected


def test_no_error_is_named_without_saying_what_it_is(parse: Parse) -> None:
    events = [f"{name} pump stuck in {name}-house" for name in NAMES * 2] + [
        f"cannot open {place} valve: {word} refused" for place in NAMES for word in NAMES
    ]
    lines = [f"2026-03-04 09:{n // 60:02}:{n % 60:02} ERROR {event}\n" for n, event in enumerate(events * 3)]
    answer = parse("".join(lines))
    assert answer.errors
    for group in answer.errors:
        assert group.evidence and all(span.text for span in group.evidence)
        assert not {span.start for span in group.evidence} & {*(group.also or ())}


# --- values ------------------------------------------------------------------------------------------------


def request(n: int, status: int) -> str:
    return (
        f'10.0.0.{n % 7} - - [04/Mar/2026:09:15:{n % 60:02} +0000] "GET /p/{n} HTTP/1.1" {status} {100 + n}\n'
    )


def test_a_status_is_counted_by_value_however_rare(parse: Parse) -> None:
    answer = parse("".join(request(n, 404 if n % 10 == 3 else 502 if n == 77 else 200) for n in range(200)))
    counts: dict[str, int] = {}
    for template in answer.templates:
        for variable in template.variables or ():
            if variable.name == "status":
                counts |= variable.counts or {}
    assert counts == {"200": 179, "404": 20, "502": 1}
    assert 78 in spans_of(answer)


def test_words_of_a_verdict_make_events_of_their_own(parse: Parse) -> None:
    verdicts = ("ALLOW", "BLOCK", "AUDIT")
    lines = [
        f"Mar  4 09:15:{n:02} fw kernel: [UFW {verdicts[n % 3]}] SRC=10.0.0.{n} DPT=443\n" for n in range(30)
    ]
    assert parse("".join(lines)).template_count == 3
    assert are_verdicts({"ALLOW", "BLOCK"})
    assert not are_verdicts({"north", "south"})
    assert not are_verdicts({"ALLOW"})


def test_a_measure_has_its_least_its_median_and_its_greatest(parse: Parse) -> None:
    lines = [f"2026-03-04 09:15:{n:02} INFO answered in {n * n} ms\n" for n in range(1, 22)]
    variables = parse("".join(lines)).templates[0].variables
    assert variables is not None
    assert variables[0].range == ["1 ms", "121 ms", "441 ms"]


@pytest.mark.parametrize("level", [PrivacyLevel.REDACTED, PrivacyLevel.SEALED])
def test_a_secret_is_no_value_that_is_counted(parse: Parse, level: PrivacyLevel) -> None:
    secrets = ("hunter2xyz", "tr0ub4dor99")
    lines = [f"2026-03-04 09:15:{n:02} INFO login user=anna password={secrets[n % 2]}\n" for n in range(30)]
    answer = as_json(parse("".join(lines), level=level))
    assert not any(secret in answer for secret in secrets)


# --- times -------------------------------------------------------------------------------------------------


def test_times_are_those_of_the_logs_own_clock_and_since_takes_them(parse: Parse) -> None:
    text = "".join(f"2026-03-04T09:{n:02}:00+03:30 INFO loop {n} done\n" for n in range(30))
    whole = parse(text)
    assert whole.time is not None
    assert (whole.time.start, whole.time.end) == ("2026-03-04 09:00:00+03:30", "2026-03-04 09:29:00+03:30")
    for since in ("09:20", "2026-03-04 09:20", "2026-03-04 09:20:00+03:30", "2026-03-04 05:50:00Z"):
        answer = parse(text, since=since)
        assert (answer.lines, answer.templates[0].first_line) == (10, 21), since
        assert "line 21" in (answer.note or "")


def test_seconds_since_1970_are_shown_as_utc(parse: Parse) -> None:
    answer = parse("".join(f"{1772615700 + n} INFO loop {n} done\n" for n in range(5)))
    assert answer.time is not None
    assert answer.time.start == "2026-03-04 09:15:00Z"


def test_since_on_a_log_without_times_says_that_there_are_none(parse: Parse) -> None:
    with pytest.raises(UsageError, match="no times"):
        parse("".join(f"@{n:03}@ loop {n} done\n" for n in range(12)), since="2026-03-04")


def test_since_after_the_end_says_where_the_log_ends(parse: Parse) -> None:
    text = "".join(f"2026-03-04 09:15:{n:02} INFO loop {n} done\n" for n in range(12))
    with pytest.raises(UsageError, match="2026-03-04 09:15:11, at line 12"):
        parse(text, since="2026-03-05")


def test_a_time_of_an_answer_is_one_that_since_reads() -> None:
    for text in (
        "2026-03-04 09:20:00+03:30",
        "03-04 09:15:00",
        "09:15:00.250",
        "12.500 s",
        "2026-03-04 09:15:00Z",
    ):
        since = parse_since(text)
        assert since.line is None
        assert time_text(since.seconds, since.calendar, zone_of(text)) == text
    assert parse_since("line 7").line == 7


# --- columns and size --------------------------------------------------------------------------------------


def test_columns_that_a_line_lacks_are_not_cut_off_it(parse: Parse) -> None:
    said = ("loop done", "pump on", "valve shut", "fan is slow", "room is warm")
    lines = [f"2026-03-04 09:15:{n:02} node-{n % 4} (heat) {said[n % 5]} {n}\n" for n in range(60)]
    lines[30] = "2026-03-04 09:15:30 no access rule for host ten\n"
    texts = [item.template for item in parse("".join(lines), limit=50).templates]
    assert any(text.startswith("no access rule") for text in texts), texts


def test_an_ordinary_answer_is_short(parse: Parse) -> None:
    lines = []
    for n in range(700):
        name = NAMES[n % len(NAMES)]
        level = "ERROR" if n in (301, 507) else "INFO"
        at = f"2026-03-04 09:{n // 60:02}:{n % 60:02}"
        lines.append(f"{at} {level} {name} {name}er has {name}ed item {n} in {n % 90} ms\n")
    assert len(as_json(parse("".join(lines)))) < 2_000


def test_columns_are_called_what_the_log_calls_them(parse: Parse) -> None:
    head = "#Fields: date time s-ip cs-method cs-uri-stem c-ip sc-status sc-substatus time-taken\n"
    lines = [
        f"2026-03-04 09:15:{n % 60:02} 10.0.0.5 GET /p/{n} 10.1.0.{n} "
        f"{503 if n % 9 == 4 else 200} 0 {n * 7 % 300}\n"
        for n in range(90)
    ]
    told = {
        variable.name: variable
        for template in parse(head + "".join(lines)).templates
        for variable in template.variables or ()
    }
    assert told["sc-status"].counts == {"200": 80, "503": 10}
