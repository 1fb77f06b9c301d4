"""The ledger and the cache on disk."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from mcp_smalltools.errors import ConfigError
from mcp_smalltools.stores.accounts.call_cost import CLIENT_LETS_THROUGH
from mcp_smalltools.stores.cache import AnswerCache, CachedAnswer, cache_key
from mcp_smalltools.stores.ledger import Ledger, LedgerRow
from mcp_smalltools.stores.store import Store

A_ROW = LedgerRow(
    call_id="a1",
    at=0.0,
    client="cli",
    tool="parse_log",
    paths=["build.log"],
    level="redacted",
    bytes_read=50_000,
    chars_asked=40,
    chars_left=3_000,
    seconds=0.1,
    model=None,
    confidence=None,
    escalate=False,
    cached=False,
    error=None,
    answer='{"templates":[]}',
)


@pytest.fixture
def ledger(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.db", keep_days=30)
    yield ledger
    ledger.close()


def test_a_row_comes_back_as_it_was_written(ledger: Ledger) -> None:
    row = dataclasses.replace(A_ROW, at=time.time())
    ledger.write(row)
    assert ledger.find("a1") == row
    assert ledger.rows() == [row]


def test_rows_older_than_the_retention_are_gone_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    for day in (0, 6, 12, 18, 24, 30):
        monkeypatch.setattr(time, "time", lambda day=day: now + day * 86_400)
        first = Ledger(tmp_path / "l.db", keep_days=30)
        if day == 0:
            first.write(dataclasses.replace(A_ROW, at=time.time()))
        first.close()
    monkeypatch.setattr(time, "time", lambda: now + 31 * 86_400)
    second = Ledger(tmp_path / "l.db", keep_days=30)
    assert second.rows() == []
    second.close()


def test_a_saving_counts_at_most_what_a_client_lets_through_and_can_be_negative() -> None:
    assert A_ROW.chars_saved == 50_000 - 40 - 3_000
    assert dataclasses.replace(A_ROW, bytes_read=10**9).chars_saved == CLIENT_LETS_THROUGH - 3_040
    assert dataclasses.replace(A_ROW, bytes_read=100).chars_saved == 100 - 3_040
    assert dataclasses.replace(A_ROW, escalate=True).chars_saved == -3_040
    assert dataclasses.replace(A_ROW, error="not_found").chars_saved == -3_040


def test_the_database_is_readable_by_its_owner_only(ledger: Ledger, tmp_path: Path) -> None:
    assert (tmp_path / "ledger.db").stat().st_mode & 0o077 == 0


def test_migrations_run_once_in_order_even_from_many_threads(tmp_path: Path) -> None:
    steps = ["CREATE TABLE t (a)", "ALTER TABLE t ADD COLUMN b; INSERT INTO t VALUES (1, 2)"]
    Store(tmp_path / "x.db", steps[:1]).close()
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            Store(tmp_path / "x.db", steps).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    store = Store(tmp_path / "x.db", steps)
    assert [tuple(row) for row in store.select("SELECT a, b FROM t")] == [(1, 2)]
    store.close()


def test_a_damaged_database_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"not a database" * 100)
    with pytest.raises(ConfigError, match=r"bad\.db can't be used"):
        Store(tmp_path / "bad.db", ["CREATE TABLE t (a)"])


@pytest.fixture
def cache(tmp_path: Path):
    cache = AnswerCache(tmp_path / "cache.db", max_mb=1)
    yield cache
    cache.close()


def test_an_entry_holds_only_while_its_files_are_the_same(cache: AnswerCache) -> None:
    key = cache_key("parse_log", 1, {"path": "a"})
    cache.put(key, CachedAnswer({"a": "h1"}, {"n": 1}))
    assert cache.get(key, {"a": "h1"}.__getitem__) == CachedAnswer({"a": "h1"}, {"n": 1})
    assert cache.get(key, {"a": "h2"}.__getitem__) is None
    assert cache.get(cache_key("parse_log", 2, {"path": "a"}), {"a": "h1"}.__getitem__) is None


def test_the_least_recently_used_answers_leave_first(cache: AnswerCache) -> None:
    import secrets

    for number in range(6):
        cache.put(str(number), CachedAnswer({}, {"blob": secrets.token_hex(200_000)}))
        cache.get("0", str)
    assert cache.get("0", str) is not None
    assert cache.get("1", str) is None
    assert cache.get("5", str) is not None


def test_a_failed_write_leaves_the_store_usable(ledger: Ledger) -> None:
    ledger.write(A_ROW)
    with pytest.raises(sqlite3.IntegrityError):
        ledger.write(A_ROW)
    ledger.write(dataclasses.replace(A_ROW, call_id="a2"))
    assert len(ledger.rows()) == 2
