"""Lines per second and peak memory of parse_log and of Drain3, on the same generated log, in turns.

Each run is a process of its own. Ours is the whole call: reading, headers, stack traces, templates,
redaction, ledger, answer. Drain3 gets the lines as they are, once with its default configuration (nothing
masked) and once with the masks of the example that it ships; it does none of the rest.

  python benchmarks/parse_log_speed.py
  python benchmarks/parse_log_speed.py --lines 200000 --rounds 1 --json
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

SEED = 20_260_301


def generate(path: Path, lines: int, seed: int = SEED) -> None:
    """Write a log as a web shop's services would: four loggers, 40 events of very different frequency,
    identifiers that never repeat, stack traces, and a quarter of an hour in which the store fails.
    """
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as out:
        written = 0
        for block in _records(chance):
            out.write("\n".join(block) + "\n")
            written += len(block)
            if written >= lines:
                return


def _records(chance: random.Random) -> Iterator[list[str]]:
    now = datetime.datetime(2026, 3, 1, 4, 0, 0)
    events = _events(chance)
    weights = [weight for weight, *_ in events]
    number = 0
    while True:
        number += 1
        now += datetime.timedelta(milliseconds=chance.expovariate(1 / 40))
        failing = 6 * 3600 < (now - datetime.datetime(2026, 3, 1, 4)).total_seconds() % 86_400 < 6.25 * 3600
        if failing and chance.random() < 0.05:
            yield _lost_order(now, chance)
            continue
        _, level, logger, message = chance.choices(events, weights)[0]
        yield [f"{_stamp(now)} {level:<7} [worker-{chance.randrange(16)}] {logger}: {message()}"]


def _stamp(now: datetime.datetime) -> str:
    return now.strftime("%Y-%m-%d %H:%M:%S,") + f"{now.microsecond // 1000:03}"


def _events(chance: random.Random) -> list[tuple[float, str, str, object]]:
    def order() -> str:
        return str(uuid.UUID(int=chance.getrandbits(128)))

    def address() -> str:
        return f"10.{chance.randrange(4)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"

    def path() -> str:
        return f"/srv/shop/{chance.choice('abcdefgh')}/{chance.randrange(10**6)}/{chance.randrange(99)}.json"

    def milliseconds() -> str:
        return f"{chance.expovariate(1 / 20):.1f}"

    users = [
        f"{name}{chance.randrange(100)}"
        for name in ["ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ida", "joe"] * 40
    ]
    hot = [
        (24.0, "INFO", "shop.http", lambda: f'{address()} "GET /items/{chance.randrange(10**5)} HTTP/1.1" 200 {chance.randrange(9**6)} in {milliseconds()} ms'),
        (16.0, "DEBUG", "shop.worker", lambda: f"order {order()}: checking {chance.randrange(1, 30)} items"),
        (14.0, "INFO", "shop.worker", lambda: f"order {order()} stored in {milliseconds()} ms"),
        (9.0, "DEBUG", "shop.cache", lambda: f"hit for key item:{chance.randrange(10**6)}:{chance.getrandbits(64):016x} after {chance.randrange(900)} us"),
        (6.0, "DEBUG", "shop.cache", lambda: f"miss for key item:{chance.randrange(10**6)}:{chance.getrandbits(64):016x}, loading {path()}"),
        (4.0, "INFO", "shop.auth", lambda: f"user {chance.choice(users)} logged in from {address()}:{chance.randrange(1024, 65536)}"),
        (1.5, "INFO", "shop.auth", lambda: f"user {chance.choice(users)} logged out after {chance.randrange(7200)} s"),
        (1.0, "WARNING", "shop.auth", lambda: f"failed login of user {chance.choice(users)} from {address()} (attempt {chance.randrange(1, 6)} of 5)"),
        (1.0, "INFO", "shop.jobs", lambda: f"queue depth {chance.randrange(4000)}, {chance.randrange(10**6)} orders done, oldest {milliseconds()} s"),
        (0.5, "WARNING", "shop.store", lambda: f"write of order {order()} timed out after {250 * chance.randrange(1, 5)} ms, retrying"),
        (0.2, "ERROR", "shop.mail", lambda: f"mail to {chance.choice(users)}@example.org refused: 550 mailbox {chance.choice(['full', 'unknown', 'locked'])}"),
    ]  # fmt: skip
    verbs = ("rebuilt", "compacted", "rotated", "verified", "snapshotted", "replicated")
    things = ("index", "segment", "ledger", "catalogue", "price list")
    rare = [
        (0.02 / (number + 1), "INFO", "shop.jobs", lambda verb=verb, thing=thing: f"{verb} {thing} {chance.randrange(999)} of {path()} in {milliseconds()} s, {chance.randrange(10**7)} bytes")
        for number, (verb, thing) in enumerate((verb, thing) for verb in verbs for thing in things)
    ]  # fmt: skip
    return [*hot, *rare]


def _lost_order(now: datetime.datetime, chance: random.Random) -> list[str]:
    order = uuid.UUID(int=chance.getrandbits(128))
    return [
        f"{_stamp(now)} ERROR   [worker-{chance.randrange(16)}] shop.worker: order {order} lost after 3 attempts",
        "Traceback (most recent call last):",
        f'  File "/srv/shop/worker.py", line {chance.choice([187, 203])}, in _work',
        "    self._store(order, items)",
        '  File "/srv/shop/store.py", line 208, in _store',
        "    raise StoreTimeout(order)",
        f"StoreTimeout: no answer from 10.0.0.12:5432 for order {order}",
    ]


def run_ours(path: Path) -> dict[str, float]:
    """One call of parse_log through the service, with the default privacy level."""
    import anyio

    from mcp_smalltools.config import RootSpec, Settings
    from mcp_smalltools.request import ToolRequest
    from mcp_smalltools.service import Service

    async def call(state: Path) -> dict[str, object]:
        settings = Settings(roots=(RootSpec(path=path.parent),), state_dir=state, cache=False)
        service = Service(settings)
        try:
            request = ToolRequest("parse_log", {"path": path.name}, deadline_s=3600)
            return (await service.call(request)).structured()
        finally:
            await service.close()

    with tempfile.TemporaryDirectory() as state:
        started = time.perf_counter()
        answer = anyio.run(call, Path(state))
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "lines": int(str(answer["lines"])),
        "templates": int(str(answer["template_count"])),
    }


def run_drain3(path: Path) -> dict[str, float]:
    """Drain3 with its default configuration, over the lines as they are."""
    from drain3.template_miner_config import TemplateMinerConfig

    return _mine(path, TemplateMinerConfig())


def run_drain3_masked(path: Path) -> dict[str, float]:
    """Drain3 with the masks of the example that it ships, so that its variables have types as ours have."""
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    start, end = "((?<=[^A-Za-z0-9])|^)", "((?=[^A-Za-z0-9])|$)"
    forms = {
        "ID": r"(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))",
        "IP": r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})",
        "SEQ": r"([0-9a-f]{6,} ?){3,}",
        "HEX": r"(0x[a-f0-9A-F]+)",
        "NUM": r"([\-\+]?\d+)",
    }
    config.masking_instructions = [
        MaskingInstruction(f"{start}{form}{end}", name) for name, form in forms.items()
    ]
    return _mine(path, config)


def _mine(path: Path, config: object) -> dict[str, float]:
    from drain3 import TemplateMiner

    miner = TemplateMiner(config=config)  # type: ignore[arg-type]  # the package has no types
    lines = 0
    started = time.perf_counter()
    with path.open(encoding="utf-8") as log:
        for line in log:
            lines += 1
            miner.add_log_message(line.rstrip("\n"))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "lines": lines, "templates": len(miner.drain.clusters)}


RUNS = {"parse_log": run_ours, "drain3": run_drain3, "drain3_masked": run_drain3_masked}


def measure(name: str, path: Path) -> dict[str, float]:
    """Run one of the two in a process of its own."""
    command = [sys.executable, __file__, "--worker", name, "--file", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def _worker(name: str, path: Path) -> None:
    figures = RUNS[name](path)
    scale = 1024 if sys.platform == "darwin" else 1
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
    print(json.dumps({**figures, "peak_mb": round(peak_kb / 1024, 1)}))


def compare(path: Path, rounds: int) -> dict[str, object]:
    """Alternate the two, and take the median of each."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in RUNS}
    for _ in range(rounds):
        for name, results in runs.items():
            results.append(measure(name, path))
    report: dict[str, object] = {}
    speeds = {}
    for name, results in runs.items():
        speeds[name] = statistics.median(run["lines"] / run["seconds"] for run in results)
        report[name] = {
            "lines_per_s": round(speeds[name]),
            "seconds": round(statistics.median(run["seconds"] for run in results), 2),
            "peak_mb": max(run["peak_mb"] for run in results),
            "templates": results[0]["templates"],
        }
    report["lines"] = runs["parse_log"][0]["lines"]
    for peer in ("drain3", "drain3_masked"):
        report[f"ratio_to_{peer}"] = round(speeds["parse_log"] / speeds[peer], 2)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--file", type=Path, help="a log of your own in place of the generated one")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", choices=RUNS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        _worker(args.worker, args.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = args.file or Path(folder) / "shop.log"
        if not args.file:
            generate(path, args.lines)
        report = compare(path, args.rounds)
    if args.json:
        print(json.dumps(report))
        return
    for name, figures in report.items():
        shown = figures.items() if isinstance(figures, dict) else [("", figures)]
        print(f"{name:<22}", "  ".join(f"{key} {value:,}".strip() for key, value in shown))


if __name__ == "__main__":
    main()
