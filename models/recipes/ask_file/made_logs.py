"""Logs for written questions: routine made by code from a seed, and the few lines that are asked for."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

_START: Final = datetime(2025, 9, 2, 4, 0, 0)

_SHOP: Final = (
    (0.00, "INFO", "main", "storefront 7.14.2 starting, pid 2288, 6 workers"),
    (0.001, "INFO", "config", "read /etc/storefront/app.toml, 41 settings"),
    (0.002, "WARN", "config", "setting `legacy_rounding` is deprecated, remove it before 8.0"),
    (0.004, "INFO", "db", "pool of 20 connections to db-2.internal:5432/shop"),
    (0.006, "INFO", "http", "listening on 0.0.0.0:8450"),
    (0.21, "WARN", "payments", "provider Cardia answered 503, attempt 2 of 3 follows in 1500 ms"),
    (0.211, "WARN", "payments", "provider Cardia answered 503, attempt 3 of 3 follows in 3000 ms"),
    (0.212, "ERROR", "payments", "order 88412 not charged: provider Cardia unreachable"),
    (0.30, "INFO", "catalog", "index rebuilt: 18206 products in 43 s"),
    (0.38, "WARN", "http", "client 203.0.113.77 blocked for 15 min after 60 bad logins"),
    (0.52, "ERROR", "worker", "worker 4 killed by signal 9, memory 2.1 GB"),
    (0.521, "INFO", "worker", "worker 4 replaced by worker 7"),
    (0.60, "WARN", "db", "slow query 8.4 s: SELECT * FROM order_line WHERE note ILIKE"),
    (0.67, "WARN", "disk", "/var/lib/storefront 91% full, uploads refused above 95%"),
    (0.74, "ERROR", "mail", "receipt for order 90177 undeliverable: 550 no such mailbox"),
    (0.83, "INFO", "tls", "certificate of shop.example.net expires in 12 days"),
    (0.90, "WARN", "cache", "evicted 5120 entries, hit rate fell to 61%"),
    (0.985, "INFO", "main", "SIGTERM received, draining 9 requests"),
    (0.999, "INFO", "main", "stopped after 20451 requests, 14 errors"),
)
_ROUTER: Final = (
    (0.0, "firmware 3.9.1-r2 booted, 7 ports"),
    (0.10, "link down on port 5"),
    (0.13, "link up on port 5, 100 Mbit/s half duplex"),
    (0.25, "lease 192.168.40.61 given to printer-2 for 43200 s"),
    (0.33, "dropped 318 packets from 198.51.100.9: port scan"),
    (0.47, "clock stepped by -2.8 s (ntp1.example.net)"),
    (0.55, "tunnel to branch-east lost: peer silent for 40 s"),
    (0.57, "tunnel to branch-east up again, rekey every 3600 s"),
    (0.71, "temperature 71 C, fan at full speed"),
    (0.86, "configuration saved by console user netops"),
)
_BUILD: Final = (
    (0.0, "== build 5120 of branch release/2.6 on runner arm-03"),
    (0.01, "checkout 9f41c02 in 3.1 s"),
    (0.02, "cache restored: 1.2 GB, key deps-6c1e"),
    (0.30, "warning: src/codec/vp9.c:441: unused variable 'stride'"),
    (0.55, "[ 55%] linking libcodec.so"),
    (0.62, "note: skipping the docs target, doxygen not found"),
    (0.78, "running 1482 tests in 8 shards"),
    (0.84, "shard 3: test_seek_backwards took 94 s, limit is 60 s"),
    (0.91, "shard 6: FAILED test_alpha_channel: expected 255, got 254"),
    (0.95, "1479 passed, 1 failed, 2 skipped"),
    (0.97, "artifact codec-2.6.0-arm64.tar.zst: 18.4 MB"),
    (0.99, "uploaded to bucket builds-nightly, kept for 21 days"),
    (0.999, "== finished: failure after 17 min 42 s"),
)


def shop_log(lines: int = 1600) -> Iterator[str]:
    rng, at = random.Random(11), _START
    for special in _mix(lines, [(share, (level, part, text)) for share, level, part, text in _SHOP]):
        at += timedelta(milliseconds=rng.randint(20, 9000))
        level, part, text = special or _shop_routine(rng)
        yield f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03} {level:5} [{part}] {text}"


def _shop_routine(rng: random.Random) -> tuple[str, str, str]:
    order = rng.randint(87000, 91000)
    texts = (
        ("http", f"GET /p/{rng.randint(1, 18000)} 200 {rng.randint(3, 90)} ms"),
        ("http", f"POST /cart 201 {rng.randint(9, 140)} ms"),
        ("orders", f"order {order} accepted, {rng.randint(1, 9)} items"),
        ("payments", f"order {order} charged {rng.randint(500, 90000) / 100:.2f} EUR"),
        ("mail", f"receipt for order {order} sent"),
        ("db", f"checkpoint, {rng.randint(10, 900)} pages"),
    )
    return ("INFO", *rng.choice(texts))


def router_log(lines: int = 700) -> Iterator[str]:
    rng, at = random.Random(12), _START
    for special in _mix(lines, _ROUTER):
        at += timedelta(seconds=rng.randint(1, 140))
        routine = rng.choice(
            (
                f"lease 192.168.40.{rng.randint(2, 60)} renewed",
                f"dns query for host{rng.randint(1, 99)}.lan answered from cache",
                f"station {rng.randbytes(3).hex(':')} associated, signal -{rng.randint(40, 80)} dBm",
            )
        )
        yield f"{at:%b %d %H:%M:%S} gw-40 netd[310]: {special or routine}"


def build_log(lines: int = 900) -> Iterator[str]:
    rng = random.Random(13)
    words = ("frame", "mux", "scale", "alpha", "seek", "probe", "tile", "motion", "quant", "entropy")
    for number, special in enumerate(_mix(lines, _BUILD)):
        name = f"{rng.choice(words)}_{rng.choice(words)}"
        percent = min(99, number * 100 // lines)
        early = number < lines * 0.75
        routine = (
            f"[{percent:3}%] compiling src/codec/{name}.c"
            if early
            else f"shard {rng.randint(1, 8)}: ok test_{name}"
        )
        yield special or routine


def audit_log(lines: int = 400) -> Iterator[str]:
    rng, at = random.Random(14), _START
    special: dict[int, dict[str, object]] = {
        70: {"actor": "svc-import", "action": "key.rotate", "target": "kms/orders", "result": "ok"},
        133: {"actor": "m.keller", "action": "role.grant", "target": "t.abe", "role": "admin"},
        201: {"actor": "t.abe", "action": "export", "target": "customers", "rows": 48210, "result": "ok"},
        202: {"actor": "t.abe", "action": "mfa.disable", "target": "t.abe", "result": "denied"},
        288: {"actor": "root", "action": "policy.change", "field": "password_days", "old": 90, "new": 365},
        340: {"actor": "svc-backup", "action": "backup", "target": "db-2", "error": "disk full"},
    }  # fmt: skip
    for number in range(lines):
        at += timedelta(seconds=rng.randint(5, 400))
        usual: dict[str, object] = {
            "actor": rng.choice(("j.doyle", "a.ito", "svc-web", "svc-import")),
            "action": rng.choice(("login", "read", "update", "logout")),
            "target": f"record/{rng.randint(1, 9999)}",
            "result": "ok",
        }
        yield json.dumps({"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", **special.get(number, usual)})


def _mix(lines: int, special: Sequence[tuple[float, Any]]) -> Iterator[Any]:
    """For each line one of the special ones, at its share of the lines, or None for routine."""
    at = {}
    for share, what in special:
        number = int(share * (lines - 1))
        while number in at:
            number += 1
        at[number] = what
    return (at.get(number) for number in range(lines + 5) if number < lines or number in at)


LOGS: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "shop.log": shop_log,
    "router.log": router_log,
    "build.log": build_log,
    "audit.jsonl": audit_log,
}


def write(name: str, folder: Path) -> Path:
    """Raises KeyError for a log that isn't made here."""
    path = folder / name
    path.write_text("\n".join(LOGS[name]()) + "\n", encoding="utf-8")
    return path
