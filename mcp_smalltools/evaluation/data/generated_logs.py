"""Logs as the services of a web shop would write them, of any size and with any number of patterns.

Frequencies fall as in life (the n-th pattern has a share of 1/n), most values never repeat, and for a quarter
of an hour the store fails and leaves stack traces. The same seed writes the same log.
"""

from __future__ import annotations

import datetime
import itertools
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

SEED = 20_260_301
FIRST_DAY = datetime.datetime(2026, 3, 1)
UNIT_LINES = 1_000_000
"""Lines that are generated; a larger log repeats them, each time a day later."""
_FAILS_AFTER, _FAILS_FOR = datetime.timedelta(hours=2), datetime.timedelta(minutes=15)
_COMPONENTS = ("http", "worker", "cache", "auth", "jobs", "store", "mail", "search", "billing", "stock")
_WORDS = (
    "accepted", "account", "address", "alarm", "archive", "backup", "balance", "batch", "body",
    "bucket", "buffer", "cache", "catalogue", "channel", "checksum", "client", "closed", "cluster",
    "collected", "commit", "compacted", "config", "confirmed", "connection", "counter", "crawler",
    "cursor", "customer", "cycle", "database", "deadline", "deferred", "deleted", "delivery", "device",
    "digest", "discarded", "dispatched", "disk", "domain", "drained", "driver", "duplicate", "elected",
    "empty", "evicted", "expired", "export", "fallback", "feed", "fetched", "field", "filter",
    "finished", "flushed", "folder", "follower", "frame", "gateway", "granted", "handler", "heartbeat",
    "heap", "histogram", "history", "idle", "import", "index", "inserted", "invoice", "journal",
    "kernel", "lagging", "layout", "leader", "lease", "ledger", "limit", "listener", "loaded", "locked",
    "mailbox", "manifest", "marked", "matched", "member", "merged", "message", "metric", "migrated",
    "mirror", "missing", "mounted", "moved", "node", "notified", "offset", "opened", "order", "outbox",
    "page", "parcel", "parked", "partition", "password", "payment", "peer", "pending", "permit",
    "pipeline", "plugin", "policy", "pool", "port", "primary", "printed", "priority", "probe",
    "profile", "promoted", "purged", "queue", "quorum", "quota", "ready", "rebuilt", "received",
    "refund", "region", "rejected", "released", "reload", "removed", "renewed", "replica", "request",
    "reserved", "resized", "resolved", "restored", "resumed", "retained", "retried", "revoked",
    "rotated", "route", "row", "sampled", "scanned", "scheduled", "schema", "searched", "sector",
    "segment", "sender", "sent", "session", "settled", "shard", "shipped", "signal", "skipped", "slot",
    "snapshot", "socket", "sorted", "source", "spare", "stale", "started", "stock", "stopped", "stored",
    "stream", "stuck", "subscriber", "supplier", "swapped", "switched", "synced", "table", "tenant",
    "thread", "throttled", "ticket", "timer", "token", "topic", "traced", "trimmed", "unlocked",
    "updated", "upload", "usage", "user", "vacuumed", "validated", "verified", "version", "volume",
    "voucher", "waiting", "warehouse", "watcher", "webhook", "window", "worker", "written", "zone",
)  # fmt: skip
_LEVELS = ("DEBUG", "INFO", "INFO", "INFO", "WARNING", "INFO", "DEBUG", "ERROR", "INFO", "INFO")
Message = Callable[[random.Random], str]


def write_log(path: Path, *, lines: int = 0, size: int = 0, patterns: int = 500, seed: int = SEED) -> int:
    """Write at least `lines` lines or `size` bytes; returns the number of lines."""
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for block in _blocks(patterns, seed):
            out.write("\n".join(block) + "\n")
            written += len(block)
            if (written >= lines and lines) or (size and out.tell() >= size) or written >= UNIT_LINES:
                break
        unit_size = out.tell()
    if (lines and written < lines) or (size and unit_size < size):
        written = _repeat(path, unit_size, written, lines, size)
    return written


def _repeat(path: Path, unit_size: int, unit_lines: int, lines: int, size: int) -> int:
    unit = path.read_bytes()
    day = FIRST_DAY.strftime("%Y-%m-%d").encode()
    times = max(-(-lines // unit_lines), -(-size // unit_size))
    with path.open("ab") as out:
        for number in range(1, times):
            later = (FIRST_DAY + datetime.timedelta(days=number)).strftime("%Y-%m-%d").encode()
            out.write(unit.replace(day, later))
    return unit_lines * times


def _blocks(patterns: int, seed: int) -> Iterator[list[str]]:
    """Records without end, some thousands at a time."""
    rng = random.Random(seed)
    events = list(itertools.islice(_events(), patterns - 1))
    weights = list(itertools.accumulate(1 / number for number in range(1, len(events) + 1)))
    now = FIRST_DAY + datetime.timedelta(hours=4)
    fails = now + _FAILS_AFTER
    while True:
        block = []
        for level, component, message in rng.choices(events, cum_weights=weights, k=4_096):
            now += datetime.timedelta(milliseconds=rng.expovariate(1 / 40))
            thread = rng.randrange(16)
            if fails < now < fails + _FAILS_FOR and rng.random() < 0.05:
                block += _lost_order(_stamp(now), thread, rng)
            else:
                block.append(f"{_stamp(now)} {level:<7} [worker-{thread}] shop.{component}: {message(rng)}")
        yield block


def _stamp(now: datetime.datetime) -> str:
    return now.strftime("%Y-%m-%d %H:%M:%S,") + f"{now.microsecond // 1000:03}"


def _events() -> Iterator[tuple[str, str, Message]]:
    """Level, component and message of each pattern, the most frequent first."""
    yield (
        "INFO",
        "http",
        lambda c: (
            f'{_address(c)} "GET /items/{c.randrange(10**5)} HTTP/1.1" 200 {c.randrange(9**6)} in {_ms(c)} ms'
        ),
    )
    yield (
        "DEBUG",
        "cache",
        lambda c: (
            f"hit for key item:{c.randrange(10**6)}:{c.getrandbits(64):016x} after {c.randrange(900)} us"
        ),
    )
    yield "INFO", "auth", lambda c: f"user {_user(c)} logged in from {_address(c)}:{c.randrange(1024, 65536)}"
    yield (
        "WARNING",
        "auth",
        lambda c: f"failed login of user {_user(c)} from {_address(c)} (attempt {c.randrange(1, 6)} of 5)",
    )
    yield "ERROR", "mail", lambda c: f"mail to {_user(c)}@example.org refused: 550 mailbox full"
    for number in itertools.count():
        component = _COMPONENTS[number * 7 % len(_COMPONENTS)]
        yield _LEVELS[number * 3 % len(_LEVELS)], component, _statement(number)


def _statement(number: int) -> Message:
    """A logging statement: three to seven words, and one to three values between them."""
    rng = random.Random(f"statement {number}")
    words = rng.sample(_WORDS, rng.randint(3, 7))
    values = rng.sample(_VALUES, rng.randint(1, 3))
    after = sorted(rng.sample(range(1, len(words) + 1), min(len(values), len(words))))
    parts: list[str | Message] = []
    for place, word in enumerate(words, 1):
        parts.append(word)
        if place in after:
            parts.append(values[after.index(place)])
    return lambda c: " ".join([part if isinstance(part, str) else part(c) for part in parts])


_VALUES: tuple[Message, ...] = (
    lambda c: f"<{_uuid(c)}>",
    lambda c: f"file={_path(c)}",
    lambda c: f"{_ms(c)} ms",
    lambda c: str(c.randrange(10**6)),
    lambda c: f"({c.randrange(10**7)} bytes)",
    lambda c: f"{_address(c)}:{c.randrange(1024, 65536)}",
    lambda c: f"{c.getrandbits(48):012x}",
    lambda c: f"id={c.randrange(10**5)} owner={_user(c)}",
    lambda c: f"[{c.randrange(64)}/64]",
    lambda c: f"0x{c.getrandbits(32):08x}",
)


def _lost_order(stamp: str, thread: int, rng: random.Random) -> list[str]:
    order = _uuid(rng)
    return [
        f"{stamp} ERROR   [worker-{thread}] shop.worker: order {order} lost after 3 attempts",
        "Traceback (most recent call last):",
        f'  File "/srv/shop/worker.py", line {rng.choice([187, 203])}, in _work',
        "    self._store(order, items)",
        '  File "/srv/shop/store.py", line 208, in _store',
        "    raise StoreTimeout(order)",
        f"StoreTimeout: no answer from 10.0.0.12:5432 for order {order}",
    ]


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128)))


def _address(rng: random.Random) -> str:
    return f"10.{rng.randrange(4)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def _path(rng: random.Random) -> str:
    return f"/srv/shop/{rng.choice('abcdefgh')}/{rng.randrange(10**6)}/{rng.randrange(99)}.json"


def _ms(rng: random.Random) -> str:
    return f"{rng.expovariate(1 / 20):.1f}"


def _user(rng: random.Random) -> str:
    names = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ida", "joe")
    return f"{rng.choice(names)}{rng.randrange(100)}"
