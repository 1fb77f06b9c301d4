"""The ledger can't be changed without a trace, outlives leaps of the clock and damage, and stays small."""

from __future__ import annotations

import dataclasses
import json
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.exceptions import MCPError
from test_stores import A_ROW

from mcp_smalltools.cli import main
from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import CheckState
from mcp_smalltools.doctor.ledger_checks import check_ledger
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.server.resources import read_resource
from mcp_smalltools.service import Service
from mcp_smalltools.stores.ledger import MIGRATIONS, OWN_ROWS, Ledger, RefusedRequests, open_ledger
from mcp_smalltools.stores.set_aside import files_set_aside
from mcp_smalltools.stores.steady_clock import DAY_S, HOLD_S, LEAP_S, SteadyClock
from mcp_smalltools.stores.store import Store

NOW = 1_800_000_000.0


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(tmp_path))
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(path, keep_days=90)
    yield ledger
    ledger.close()


def write(ledger: Ledger, *names: str, **changes: object) -> None:
    for name in names:
        ledger.write(dataclasses.replace(A_ROW, call_id=name, **({"at": time.time()} | changes)))


def names(ledger: Ledger) -> set[str]:
    return {row.call_id for row in ledger.rows()}


# The chain


CHANGES: dict[str, tuple[str, str]] = {
    "another answer": ("UPDATE calls SET answer = x'00' WHERE call_id = 'c'", "c: it was changed"),
    "another time": ("UPDATE calls SET at = at - 9 WHERE call_id = 'c'", "c: it was changed"),
    "another caller": ("UPDATE calls SET principal = 'token x' WHERE call_id = 'c'", "c: it was changed"),
    "an error taken out": ("UPDATE calls SET error = 'x' WHERE call_id = 'c'", "c: it was changed"),
    "a row taken out": ("DELETE FROM calls WHERE call_id = 'c'", "d: 1 rows are missing before it"),
    "the first rows": ("DELETE FROM calls WHERE call_id < 'c'", "c: 2 rows are missing before it"),
    "the last rows": ("DELETE FROM calls WHERE call_id > 'c'", "the last 2 rows are missing"),
    "all rows": ("DELETE FROM calls", "the last 5 rows are missing"),
    "taken out, numbers closed up": (
        "DELETE FROM calls WHERE call_id = 'c'; UPDATE calls SET seq = seq - 1 WHERE seq > 3",
        "d: it doesn't follow",
    ),
    "two in another order": (
        "UPDATE calls SET seq = 99 WHERE seq = 2; UPDATE calls SET seq = 2 WHERE seq = 3; "
        "UPDATE calls SET seq = 3 WHERE seq = 99",
        "c: it doesn't follow",
    ),
    "odd values": (
        "UPDATE calls SET previous = 'text', at = 'text', answer = 7 WHERE call_id = 'c'",
        "c: it doesn't follow",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_file_shows_and_where(
    ledger: Ledger, path: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(ledger, *"abcde")
    assert main(["audit", "--verify"]) == 0
    script, shown = CHANGES[change]
    with sqlite3.connect(path) as db:
        db.executescript(script)
    capsys.readouterr()
    assert main(["audit", "--verify"]) == 1
    out = capsys.readouterr().out
    assert "BROKEN" in out and shown in out


def test_a_whole_chain_says_so_with_its_last_hash(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    write(ledger, *"abc")
    assert main(["audit", "--verify"]) == 0
    out = capsys.readouterr().out
    assert "The chain is whole: 3 rows" in out
    assert ledger.verify().last_hash in out


def test_rows_made_anew_show_by_a_hash_that_was_kept_elsewhere(
    ledger: Ledger, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(ledger, *"ab")
    noted = ledger.verify().last_hash
    write(ledger, "c")
    assert main(["audit", "--verify", "--expect", noted]) == 0
    forged = Ledger(tmp_path / "forged.db", keep_days=90)
    write(forged, *"xyz")
    assert forged.verify().whole, "it is a chain of its own"
    assert not forged.verify(noted).whole
    forged.close()
    assert main(["audit", "--verify", "--expect", "0" * 64]) == 1
    assert "not in this chain" in capsys.readouterr().out
    assert main(["audit", "--verify", "--expect", "abc"]) == 2


def test_what_is_pruned_leaves_the_rest_a_whole_chain(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time()
    for day in range(0, 120, 5):
        monkeypatch.setattr(time, "time", lambda day=day: start + day * DAY_S)
        write(ledger, f"day {day:03}")
        if day == 20:
            noted = ledger.verify().last_hash
    report = ledger.verify()
    assert report.whole and report.rows + report.gone == 24 and report.gone == 5
    assert min(names(ledger)) == "day 025"
    assert ledger.verify(noted).whole, "the newest of those that are gone is still known"


def test_many_writers_at_once_make_one_chain(path: Path) -> None:
    def work(number: int) -> None:
        own = Ledger(path, keep_days=90)
        write(own, *(f"{number}-{n}" for n in range(25)))
        own.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = Ledger(path, keep_days=90)
    report = ledger.verify()
    assert report.whole and report.rows == 150
    ledger.close()


@given(
    st.lists(
        st.tuples(st.text(), st.floats(), st.booleans(), st.none() | st.text(), st.lists(st.text())),
        max_size=4,
    )
)
def test_any_row_that_can_be_written_verifies(
    rows: list[tuple[str, float, bool, str | None, list[str]]],
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "l.db", keep_days=90)
        for number, (text, value, flag, error, paths) in enumerate(rows):
            write(
                ledger,
                f"r{number}",
                answer=text + "\ud800",
                client=text,
                confidence=value,
                cached=flag,
                error=error,
                paths=paths,
            )
        report = ledger.verify()
        assert report.whole and report.rows == len(rows)
        assert len(ledger.rows()) == len(rows)
        ledger.close()


def old_ledger(path: Path, count: int) -> None:
    """As a version without a chain left it."""
    store = Store(path, MIGRATIONS[:2])
    with store.transaction() as db:
        for number in range(count):
            values = (f"old {number:04}", time.time() - 80 * DAY_S + number, b"(\xb5/\xfd \x02\x11\x00\x00{}")
            db.execute(
                "INSERT INTO calls (call_id, at, client, tool, paths, level, bytes_read, chars_asked, "
                "chars_left, seconds, escalate, cached, answer) VALUES "
                "(?, ?, 'c', 't', '[]', 'open', 1, 1, 1, 1, 0, 0, ?)",
                values,
            )
    store.close()


def test_a_ledger_of_an_older_version_is_chained_when_it_is_opened(path: Path) -> None:
    old_ledger(path, 50)
    ledger = Ledger(path, keep_days=90)
    write(ledger, "new")
    report = ledger.verify()
    assert report.whole and report.rows == 51 and report.unchained == 0
    ledger.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE calls SET client = 'other' WHERE call_id = 'old 0003'")
    again = Ledger(path, keep_days=90)
    assert [found.call_id for found in again.verify().breaks] == ["old 0003"]
    again.close()


def test_rows_that_an_older_version_writes_beside_us_are_chained_too(ledger: Ledger, path: Path) -> None:
    write(ledger, "new")
    old_ledger(path, 3)
    assert ledger.verify().unchained == 3 and ledger.verify().whole
    Ledger(path, keep_days=90).close()
    assert ledger.verify().unchained == 0 and ledger.verify().rows == 4


# The clock


def set_clock(monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    monkeypatch.setattr(time, "time", lambda: now)


def test_a_leap_of_the_clock_erases_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)
    first = Ledger(path, keep_days=90)
    write(first, *(f"r{n}" for n in range(26)))
    first.refuse(RefusedRequests(int(NOW // 60), "wrong token", "", "10.0.0.9", "/mcp", 2))
    for days in (100, -20 * 365, 74 * 365, 200, -400, 0):
        set_clock(monkeypatch, NOW + days * DAY_S)
        write(first, f"leap {days}")
        first.close()
        first = Ledger(path, keep_days=90)
        write(first, f"again {days}")
    assert len(names(first)) == 26 + 12 and len(first.refusals()) == 1
    assert first.verify().whole
    first.close()


def test_after_a_leap_that_holds_for_a_day_rows_leave_by_their_age(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine was off, or the clock is right again."""
    start = time.time()
    write(ledger, "old")
    for hours in (0, 12, 23):
        set_clock(monkeypatch, start + 100 * DAY_S + hours * 3600)
        write(ledger, f"hour {hours}")
        assert "old" in names(ledger)
    set_clock(monkeypatch, start + 101.1 * DAY_S)
    write(ledger, "day 2")
    assert names(ledger) == {"hour 0", "hour 12", "hour 23", "day 2"} or "old" not in names(ledger)


@given(st.lists(st.floats(-80 * 365 * DAY_S, 80 * 365 * DAY_S), max_size=30))
def test_leaps_that_do_not_hold_never_move_the_time_that_is_believed(leaps: list[float]) -> None:
    """However often and far: between them the clock is right again."""
    clock = SteadyClock(NOW)
    for number, leap in enumerate(leaps):
        clock = clock.at(NOW + leap).at(NOW + number)
        assert NOW <= clock.believed <= NOW + LEAP_S


@given(st.lists(st.floats(0, HOLD_S * 0.9), min_size=1, max_size=20))
def test_the_time_that_is_believed_follows_a_clock_that_goes_on(steps: list[float]) -> None:
    clock, now = SteadyClock(NOW), NOW
    for step in steps:
        now += step
        clock = clock.at(now)
        assert clock.believed == now


# The size


def test_the_file_keeps_its_size_and_the_newest_rows(path: Path) -> None:
    draw = random.Random(1)
    ledger = Ledger(path, keep_days=90, max_mb=1)
    for number in range(300):
        write(ledger, f"r{number:03}", answer=draw.randbytes(6_000).hex())
    report = ledger.verify()
    kept = names(ledger)
    assert report.whole and 50 < report.rows < 200 and report.gone + report.rows == 300
    assert max(kept) == "r299" and min(kept) == f"r{report.gone:03}"
    assert path.stat().st_size < 3 << 20
    ledger.close()


def test_refusals_from_many_addresses_share_their_rows(ledger: Ledger) -> None:
    minute = int(time.time() // 60)
    for number in range(500):
        ledger.refuse(
            RefusedRequests(minute, "wrong token", "", f"10.0.{number // 250}.{number % 250}", "/mcp", 2)
        )
    found = ledger.refusals()
    assert len(found) <= 101 and sum(row.count for row in found) == 1000


# Damage


def damage(path: Path, kind: str) -> None:
    if kind == "no database":
        path.write_bytes(b"not a database" * 1000)
    elif kind == "header alone":
        path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8000)
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif kind == "tables gone":
        with sqlite3.connect(path) as db:
            db.executescript("DROP TABLE calls")
    else:
        data = bytearray(path.read_bytes())
        data[4096 : len(data)] = b"\xff" * (len(data) - 4096)
        path.write_bytes(data)


DAMAGES = ("no database", "header alone", "cut", "tables gone", "pages")


def filled(path: Path, count: int = 30) -> None:
    ledger = Ledger(path, keep_days=90)
    write(ledger, *(f"r{n}" for n in range(count)))
    ledger.close()


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_ledger_is_set_aside_and_a_new_one_begins(
    path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(path)
    damage(path, kind)
    damaged = path.read_bytes()
    ledger = Ledger(path, keep_days=90)
    write(ledger, "new")
    (kept,) = files_set_aside(path)
    assert kept.read_bytes() == damaged or kind == "tables gone"
    first = ledger.rows()[-1]
    assert names(ledger) == {first.call_id, "new"}
    assert first.tool == OWN_ROWS and kept.name in first.answer and "begins here" in first.answer
    assert kept.name in capsys.readouterr().err
    assert ledger.verify().whole
    ledger.close()


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_while_a_server_runs_loses_no_call(ledger: Ledger, path: Path, kind: str) -> None:
    write(ledger, *(f"r{n}" for n in range(200)))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(path, kind)
    for number in range(30):
        write(ledger, f"new {number}")
    ledger.close()
    again = Ledger(path, keep_days=90)
    assert {f"new {number}" for number in range(30)} <= names(again)
    assert again.verify().whole
    again.close()


def test_a_running_server_follows_when_another_process_sets_the_ledger_aside(
    ledger: Ledger, path: Path
) -> None:
    write(ledger, "before")
    path.rename(path.with_name("elsewhere.db"))
    other = Ledger(path, keep_days=90)
    write(ledger, "after")
    assert names(other) == names(ledger) == {"after"}
    other.close()


def test_processes_that_meet_a_damaged_ledger_at_once_set_it_aside_once(path: Path) -> None:
    filled(path)
    damage(path, "no database")

    def work(number: int) -> None:
        own = Ledger(path, keep_days=90)
        write(own, f"new {number}")
        own.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = Ledger(path, keep_days=90)
    assert len(files_set_aside(path)) == 1
    assert len(ledger.rows()) == 7 and ledger.verify().whole
    ledger.close()


def test_a_full_disk_or_a_lock_is_not_taken_for_damage(path: Path) -> None:
    filled(path, 3)
    before = path.read_bytes()
    blocked = path.parent / "file" / "ledger.db"
    blocked.parent.write_text("no folder")
    with pytest.raises(ConfigError):
        Ledger(blocked, keep_days=90)
    assert not files_set_aside(path) and path.read_bytes() == before


def test_the_doctor_names_what_was_set_aside_and_what_is_damaged(settings: Settings) -> None:
    def states() -> list[CheckState]:
        return [check.state for check in check_ledger(settings)]

    assert states() == []
    open_ledger(settings).close()
    assert states() == [CheckState.OK]
    damage(settings.state_dir / "ledger.db", "no database")
    assert states() == [CheckState.WRONG]
    open_ledger(settings).close()
    assert states() == [CheckState.OK, CheckState.NOTE]


def test_a_resource_of_a_damaged_ledger_is_a_clear_error(settings: Settings) -> None:
    """Damage that the start of the file doesn't show."""
    ledger = open_ledger(settings)
    for number in range(300):
        write(ledger, f"r{number}", answer=json.dumps([number] * 3000))
    ledger.close()
    file = settings.state_dir / "ledger.db"
    data = bytearray(file.read_bytes())
    data[49_152:] = random.Random(1).randbytes(len(data) - 49_152)  # behind the root pages
    file.write_bytes(data)
    with pytest.raises(MCPError, match=r"ledger .* can't be read: .*move it to another folder"):
        read_resource("smalltools://ledger", Service(settings), False)


def test_a_resource_of_a_ledger_with_odd_values_is_still_read(settings: Settings) -> None:
    ledger = open_ledger(settings)
    write(ledger, "a", "b")
    ledger.close()
    with sqlite3.connect(settings.state_dir / "ledger.db") as db:
        db.execute("UPDATE calls SET seconds = 'x', bytes_read = 'x', answer = 'x' WHERE call_id = 'a'")
    (content,) = read_resource("smalltools://ledger", Service(settings), False).contents
    assert {row["call_id"] for row in json.loads(content.text)} == {"a", "b"}


@pytest.mark.parametrize("value", ["x", "[", None])
def test_a_row_that_somebody_has_changed_is_shown_as_such(
    ledger: Ledger, path: Path, value: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    write(ledger, "a", "b")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE calls SET answer = ?, paths = ? WHERE call_id = 'a'", (value or b"", value or "["))
    assert main(["audit"]) == 0
    assert "can't be read" in capsys.readouterr().out


def test_a_write_is_still_quick(ledger: Ledger) -> None:
    """Hashing and chaining take a tenth of a millisecond; an unloaded machine's median, with much room."""

    def median(work: Callable[[str], None]) -> float:
        times = []
        for number in range(101):
            started = time.perf_counter()
            work(f"{random.random()}-{number}")
            times.append(time.perf_counter() - started)
        return sorted(times)[50]

    assert median(lambda name: write(ledger, name)) < 0.02
