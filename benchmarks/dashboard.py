"""The dashboard with a day of heavy use: how long its page takes, and how large the ledger is.

python benchmarks/dashboard.py [--calls 10000] [--hooks 2000] [--days 1]   times, peak and size, as JSON
python benchmarks/dashboard.py --pictures FOLDER [--days 28] [--calls 60] [--hooks 12]   screenshots as well

All calls are made up: tools, sizes and outcomes are drawn by a seed. Pictures need a Chromium.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mcp_smalltools.config import Settings
from mcp_smalltools.dashboard.bill import bill_of
from mcp_smalltools.dashboard.details import names_of
from mcp_smalltools.dashboard.figures import FigureReader
from mcp_smalltools.dashboard.loopback_page import CHART_DAYS
from mcp_smalltools.dashboard.machine import Machine
from mcp_smalltools.dashboard.page import Shown, page
from mcp_smalltools.dashboard.specialists import specialists
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.engine.api import EngineStatus, LoadedModel
from mcp_smalltools.stores.accounts.call_cost import CallCost
from mcp_smalltools.stores.ledger import GUARD_ROWS, LedgerRow, ledger_file, open_ledger
from mcp_smalltools.stores.outcomes import ReportedOutcome, open_outcomes

WIDTHS = {"phone": 390, "laptop": 1280, "wide": 1920}
TOOLS = {
    # tool: share of calls, bytes read, characters sent, seconds, share escalated
    "find_failure": (0.3, 180_000, 1_500, 0.3, 0.12),
    "parse_log": (0.22, 900_000, 4_000, 1.2, 0.03),
    "summarize_file": (0.16, 30_000, 1_800, 0.4, 0.05),
    "ask_file": (0.12, 25_000, 900, 0.5, 0.35),
    "find_files": (0.08, 4_000, 1_200, 0.2, 0.1),
    "classify": (0.06, 9_000, 2_500, 0.8, 0.2),
    "extract": (0.04, 5_000, 700, 0.6, 0.45),
    "read_redacted": (0.02, 3_000, 3_200, 0.1, 0.0),
}
AGENTS = (("claude-code", "local"), ("codex", "local"), ("claude-code", "token ci"))


def made_day(date_start: float, calls: int, hooks: int, draw: random.Random) -> Iterator[LedgerRow]:
    """The calls and hook events of one day, over ten hours."""
    times = sorted(draw.uniform(8, 18) * 3600 for _ in range(calls + hooks))
    kinds = ["call"] * calls + ["hook"] * hooks
    draw.shuffle(kinds)
    for number, (second, kind) in enumerate(zip(times, kinds, strict=True)):
        at = date_start + second
        yield made_hook(at, number, draw) if kind == "hook" else made_call(at, number, draw)


def made_call(at: float, number: int, draw: random.Random) -> LedgerRow:
    tool = draw.choices(list(TOOLS), [row[0] for row in TOOLS.values()])[0]
    _, read, left, seconds, escalated = TOOLS[tool]
    client, principal = draw.choices(AGENTS, (6, 2, 1))[0]
    cached, failed = draw.random() < 0.15, draw.random() < 0.02
    sent = int(left * draw.lognormvariate(0, 0.5))
    return LedgerRow(
        call_id=f"{int(at):x}{number:05x}",
        at=at,
        client=client,
        tool=tool,
        paths=[f"/home/me/project/build-{number % 97}.log"],
        level=draw.choices(("redacted", "open", "sealed"), (8, 1, 1))[0],
        bytes_read=int(read * draw.lognormvariate(0, 1)),
        chars_asked=draw.randint(60, 300),
        chars_left=sent,
        seconds=0.01 if cached else seconds * draw.lognormvariate(0, 0.6),
        model="all-minilm-l6-v2",
        confidence=round(draw.betavariate(6, 1), 4),
        escalate=draw.random() < escalated,
        cached=cached,
        error="not_found" if failed else None,
        answer=json.dumps({"evidence": [draw.randint(0, 9**9) for _ in range(sent // 12)]}),
        principal=principal,
        cost=CallCost(0.01, 0.0 if cached else seconds / 2, 0.0 if cached else seconds / 2),
    )


def made_hook(at: float, number: int, draw: random.Random) -> LedgerRow:
    done = draw.choices((None, "guard_refused", "guard_shown"), (40, 4, 1))[0]
    return LedgerRow(
        f"{int(at):x}{number:05x}",
        at,
        "hook",
        GUARD_ROWS,
        ["/home/me/project/.env"],
        "redacted",
        0,
        0,
        0,
        0.02,
        None,
        None,
        False,
        False,
        done,
        '{"tool": "Bash", "done": "masked", "values": {"password": 2}}',
    )


def fill(settings: Settings, days: int, calls: int, hooks: int) -> float:
    """Write the days into a ledger, with outcomes of some calls; seconds a row."""
    draw = random.Random(7)
    ledger, outcomes = open_ledger(settings), open_outcomes(settings.state_dir)
    midnight = time.mktime((*time.localtime()[:3], 0, 0, 0, 0, 0, -1))
    started, rows = time.perf_counter(), 0
    for back in reversed(range(days)):
        busy = 1.0 if days == 1 else draw.choice((0.1, 0.6, 0.8, 1.0, 1.2))
        for row in made_day(midnight - back * 86_400, round(calls * busy), round(hooks * busy), draw):
            ledger.write(row)
            rows += 1
            if row.confidence is not None and not row.error and draw.random() < 0.05:
                outcomes.write(made_outcome(row, draw))
    seconds = time.perf_counter() - started
    ledger.close()
    outcomes.close()
    return seconds / rows


def made_outcome(row: LedgerRow, draw: random.Random) -> ReportedOutcome:
    right = draw.random() < (row.confidence or 0.0)
    verdict = "right" if right else draw.choice(("partly", "wrong"))
    return ReportedOutcome(
        row.call_id,
        row.at + 60,
        verdict,  # type: ignore[arg-type]
        "",
        [],
        row.tool,
        row.paths,
        row.model,
        row.confidence,
        row.escalate,
        row.client,
    )


def made_page(settings: Settings, reader: FigureReader, days: int | None) -> str:
    figures = reader.read(days, CHART_DAYS)
    engine = EngineStatus(
        True,
        backend="CPU AVX512",
        rss_mb=312,
        requests=1840,
        models=(LoadedModel("all-minilm-l6-v2", "", "BF16", 45_000_000),),
    )
    checks = [Check("program", CheckState.OK, "")] * 14
    checks.append(Check("writer", CheckState.NOTE, "none is here", "mcp-smalltools models pull qwen"))
    shown = Shown(
        figures,
        specialists(figures.outcomes),
        Machine(engine, checks),
        names_of(figures.latest, settings),
        time.time(),
        bill_of(figures, settings),
    )
    return page(shown)


def take_pictures(html: str, folder: Path, name: str) -> None:
    """Screenshots of a page at three widths, light and dark."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Pictures need a Chromium: none is on the PATH.")
    import mcp_smalltools.dashboard as package

    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(package.__file__).with_name("style.css"), folder / "style.css")
    source = folder / f"{name}.html"
    source.write_text(html, encoding="utf-8")
    for screen, width in WIDTHS.items():
        for theme in ("light", "dark"):
            target = folder / f"{name}-{screen}-{theme}.png"
            options = [f"--screenshot={target}", "--hide-scrollbars", "--disable-gpu"]
            options += ["--blink-settings=preferredColorScheme=" + ("0" if theme == "dark" else "1")]
            height = {"phone": 5200, "laptop": 3000, "wide": 2400}[screen]
            command = [chromium, "--headless", "--no-sandbox", *options, f"--window-size={width},{height}"]
            subprocess.run([*command, source.as_uri()], check=True, capture_output=True, timeout=60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000, help="calls a day")
    parser.add_argument("--hooks", type=int, default=2_000, help="hook events a day")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(state_dir=Path(folder))
        if args.pictures:
            take_pictures(made_page(settings, FigureReader(settings), None), args.pictures, "first-day")
        write_s = fill(settings, args.days, args.calls, args.hooks)
        reader = FigureReader(settings)
        started = time.perf_counter()
        cpu = time.process_time()
        html = made_page(settings, reader, None)
        first_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
        again = []
        for _ in range(5):
            started = time.perf_counter()
            made_page(settings, reader, None)
            again.append(time.perf_counter() - started)
        if args.pictures:
            take_pictures(html, args.pictures, "page")
        found = {
            "days": args.days,
            "calls a day": args.calls,
            "hook events a day": args.hooks,
            "first page s": round(first_s, 3),
            "cpu of the first page s": round(cpu_s, 3),
            "page s": round(statistics.median(again), 3),
            "page KB": round(len(html.encode()) / 1024),
            "ledger MB": round(ledger_file(settings).stat().st_size / 1e6, 1),
            "write ms a row": round(write_s * 1000, 2),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
