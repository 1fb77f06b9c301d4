"""Lines a second, peak memory and model calls of parse_log, compared with Drain3 on the same files, in turns.

Each run is a process of its own, its imports not timed. Ours is the whole call: reading, headers, stack
traces, templates, redaction, ledger, answer. Drain3 gets the lines as they are, with its default settings
(nothing masked), and does none of the rest; in `drain3_messages` the headers are cut off for it, which makes
it faster. It reads at most --peer-lines lines of a file. `ratio` is the median of the rounds' ratios, above
1: ours is faster. `peak_mb` is the sum over all processes of a call, `progress_s` the time to the first sign
of progress.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mcp_smalltools import processes
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.evaluation.data.generated_logs import write_log

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([KMG])B?", re.IGNORECASE)
_SCALE = {"K": 10**3, "M": 10**6, "G": 10**9}
_HEADER_END = ": "
_PEERS = ("drain3", "drain3_messages")
Figures = dict[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--size", action="append", metavar="SIZE", help="of a generated log, such as 10MB or 1GB; repeatable"
    )
    parser.add_argument(
        "--lines", type=int, action="append", metavar="N", help="the same in lines; repeatable"
    )
    parser.add_argument("--patterns", type=int, default=500, help="of generated logs (default 500)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="its *.log and *.txt files too")
    parser.add_argument("--rounds", type=int, default=3, help="of each (default 3)")
    parser.add_argument("--peer-lines", type=int, default=1_000_000, metavar="N")
    parser.add_argument(
        "--helpers", type=int, metavar="N", help="more processes than one (default: as the machine is idle)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--worker", choices=sorted(RUNS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)


def run(args: argparse.Namespace, settings: Settings) -> int:
    if args.worker:
        if args.helpers is not None:
            count_file = importlib.import_module("mcp_smalltools.tools.parse_log.count_file")
            count_file.helpers_for = lambda _: args.helpers  # type: ignore[attr-defined]
        print(json.dumps(_with_peak(RUNS[args.worker](args.file, args.peer_lines))))
        return 0
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in _logs(args, Path(folder)):
            report[name] = compare(path, args.rounds, args.peer_lines, args.helpers)
            if not args.json:
                print(_table(name, report[name]), flush=True)
    if args.json:
        print(json.dumps(report))
    return 0


def bytes_of(size: str) -> int:
    """The bytes of a size such as 10MB. Raises UsageError."""
    found = _SIZE.fullmatch(size.strip())
    if not found:
        raise UsageError(f"{size!r} is no size.", remedy="Give one such as 10MB or 1.5GB.")
    return round(float(found[1]) * _SCALE[found[2].upper()])


def _logs(args: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and path of each log; generated ones are gone when the next is asked for."""
    data = [Path(__file__).parents[2] / "examples" / "data", *([args.data] if args.data else [])]
    for directory in data:
        for path in sorted({*directory.glob("*.log"), *directory.glob("*.txt")}):
            yield path.name, path
    sizes = {size: {"size": bytes_of(size)} for size in args.size or ()}
    sizes |= {f"{count:,} lines": {"lines": count} for count in args.lines or ()}
    path = folder / "generated.log"
    for name, size in (sizes or {"10MB": {"size": bytes_of("10MB")}}).items():
        write_log(path, patterns=args.patterns, **size)
        yield f"generated, {args.patterns} patterns, {name}", path
        path.unlink()


def compare(path: Path, rounds: int, peer_lines: int, helpers: int | None = None) -> dict[str, Any]:
    """All of them in turns; medians, and the ratio of the lines a second to each peer's."""
    runs: dict[str, list[Figures]] = {name: [] for name in RUNS}
    for _ in range(max(1, rounds)):
        for name, results in runs.items():
            results.append(_measured(name, path, peer_lines, helpers))
    ours = runs["parse_log"]
    report: dict[str, Any] = {"bytes": path.stat().st_size, "lines": int(ours[0]["lines"])}
    for name, results in runs.items():
        report[name] = {
            "lines_per_s": round(statistics.median(map(_speed, results))),
            "peak_mb": max(result["peak_mb"] for result in results),
            "templates": int(results[0]["templates"]),
        }
    report["parse_log"] |= {
        "progress_s": round(statistics.median(result["progress_s"] for result in ours), 3),
        "model_calls": int(ours[0]["model_calls"]),
        "model_texts": int(ours[0]["model_texts"]),
        "answer_chars": int(ours[0]["answer_chars"]),
    }
    for peer in _PEERS:
        ratios = [_speed(a) / _speed(b) for a, b in zip(ours, runs[peer], strict=True)]
        report[f"ratio_to_{peer}"] = round(statistics.median(ratios), 2)
    return report


def _speed(figures: Figures) -> float:
    return figures["lines"] / figures["seconds"]


def _measured(name: str, path: Path, peer_lines: int, helpers: int | None) -> Figures:
    command = processes.module_command("mcp_smalltools.cli", "bench", "logs", "--worker", name)
    command += ["--file", str(path.absolute()), "--peer-lines", str(peer_lines)]
    command += [] if helpers is None else ["--helpers", str(helpers)]
    done = processes.run(command, check=True)
    return dict(json.loads(done.stdout))


def _with_peak(figures: Figures) -> Figures:
    import resource  # not on Windows

    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    each = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of the largest helper
    return figures | {"peak_mb": round((own + figures.pop("helpers", 0) * each) / scale, 1)}


def run_ours(path: Path, _peer_lines: int) -> Figures:
    """One call of parse_log through the service, with the default privacy level."""
    import anyio

    from mcp_smalltools.request import ToolRequest
    from mcp_smalltools.service import Service

    importlib.import_module("mcp_smalltools.tools.parse_log.compose")  # on first need, which is not timed
    progress: list[float] = []
    started = time.perf_counter()

    def note(_done: float, _total: float | None, _message: str) -> None:
        if not progress:
            progress.append(time.perf_counter() - started)

    async def call(state: Path) -> tuple[dict[str, Any], CountingEngine]:
        roots = (RootSpec(path=path.parent),)
        service = Service(Settings(roots=roots, state_dir=state, cache=False))
        engine = CountingEngine(service.engine)
        service._engine = cast("Engine", engine)  # it passes everything on
        try:
            request = ToolRequest("parse_log", {"path": path.name}, deadline_s=3600)
            return (await service.call(request, note)).structured(), engine
        finally:
            await service.close()

    with tempfile.TemporaryDirectory() as state:
        answer, engine = anyio.run(call, Path(state))
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "lines": answer["lines"],
        "templates": answer["template_count"],
        "progress_s": progress[0] if progress else seconds,
        "model_calls": engine.calls,
        "model_texts": engine.texts,
        "answer_chars": len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))),
        "helpers": _helpers(path),
    }


class CountingEngine:
    """An engine that counts what it is asked."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.calls = self.texts = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        if name not in {"embed", "embed_tokens", "generate", "score_labels"}:
            return found

        async def counted(texts: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            self.texts += len(texts)
            return await found(texts, *args, **kwargs)

        return counted


def _helpers(path: Path) -> int:
    from mcp_smalltools.files.roots import Roots
    from mcp_smalltools.tools.parse_log import count_file

    with Roots((RootSpec(path=path.parent),)).open(path.name) as source:
        return count_file.helpers_for(source)  # type: ignore[attr-defined]  # as the call itself asks


def run_drain3(path: Path, peer_lines: int) -> Figures:
    """Drain3 with its default configuration, over the lines as they are."""
    return _mine(path, peer_lines, lambda line: line)


def run_drain3_messages(path: Path, peer_lines: int) -> Figures:
    """The same over what follows the first colon and space."""
    return _mine(path, peer_lines, lambda line: line.partition(_HEADER_END)[2] or line)


def _mine(path: Path, peer_lines: int, message: Callable[[str], str]) -> Figures:
    from drain3 import TemplateMiner  # type: ignore[import-untyped]
    from drain3.template_miner_config import TemplateMinerConfig  # type: ignore[import-untyped]

    miner = TemplateMiner(config=TemplateMinerConfig())
    lines = 0
    started = time.perf_counter()
    with path.open(encoding="utf-8", errors="replace") as log:
        for line in itertools.islice(log, peer_lines):
            lines += 1
            miner.add_log_message(message(line.rstrip("\n")))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "lines": lines, "templates": len(miner.drain.clusters)}


RUNS = {"parse_log": run_ours, "drain3": run_drain3, "drain3_messages": run_drain3_messages}


def _table(name: str, report: dict[str, Any]) -> str:
    rows = [f"{name}: {report['lines']:,} lines, {report['bytes'] / 1e6:,.1f} MB"]
    for run_name in RUNS:
        figures = "  ".join(f"{key} {value:,}" for key, value in report[run_name].items())
        ratio = report.get(f"ratio_to_{run_name}")
        rows.append(f"  {run_name:<16}{figures}" + (f"  ratio {ratio}" if ratio else ""))
    return "\n".join(rows)
