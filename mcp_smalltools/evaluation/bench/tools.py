"""The whole job of each tool, against the same job done by prompting a small model (SmolLM2-135M).

The peer runs on llama.cpp's own server with the same number of threads: the llama-server of --peer or on the
PATH, else xllamacpp's, whose wheel is about a quarter slower. It reads long files in parts and is asked once
more to combine the answers. `seconds` are medians over the rounds, both sides warm and without a cache of
answers; `tokens` are those that a model read or wrote (ours only embeds); `right` is the share of the answer
that is right.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.evaluation.bench.llama_server import Peer, ServerOptions, find_peer
from mcp_smalltools.evaluation.bench.tool_cases import BenchCase, PeerPrompt, bench_cases
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.tools.built_in import built_in_tools

SLOTS: Final = 4
SLOT_TOKENS: Final = 8192
DEADLINE_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Side:
    """How one side did a job: median seconds, tokens and right share of the last round."""

    seconds: float
    tokens: int
    right: float


@dataclass(frozen=True, slots=True)
class ToolFigures:
    what: str
    ours: Side
    peer: Side
    ratio: float  # seconds of the peer / ours


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", metavar="TOOL,...", help="tools whose jobs to run")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="rounds of each job (default: 1)")
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="threads of both sides (default: all cores)"
    )
    parser.add_argument("--peer", metavar="PROGRAM", help="llama-server to measure against")
    parser.add_argument(
        "--record", type=Path, metavar="DIR", help="write the figures to DIR/<tool>/scores.json"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    program, peer_name = find_peer(args.peer)
    threads = args.threads or os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="smalltools-bench-") as name:
        folder = Path(name) / "files"
        folder.mkdir()
        own = settings.model_copy(
            update={
                "state_dir": Path(name) / "state",
                "runtime_dir": Path(name) / "run",
                "roots": (RootSpec(path=folder, level=PrivacyLevel.OPEN),),
                "cache": False,
                "engine_threads": threads,
            }
        )
        report = {}
        ours = OurTools(own)
        try:
            for tool, make in _chosen_cases(args.only, folder).items():
                figures = _measure(make(), ours, PromptedPeer(program, own, threads), max(1, args.rounds))
                report[tool] = asdict(figures)
                if args.record:
                    _record(args.record / tool / "scores.json", tool, figures, peer_name)
                if not args.json:
                    _print_figures(figures)
        finally:
            ours.close()
    if args.json:
        print(json.dumps({"peer": peer_name, "threads": threads, "jobs": report}))
    return 0


def _chosen_cases(only: str | None, folder: Path) -> Mapping[str, Any]:
    """The jobs of the tools that there are, or those that are named. Raises UsageError."""
    known = {name: make for name, make in bench_cases(folder).items() if name in built_in_tools()}
    names = only.split(",") if only else list(known)
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"There is no job for {unknown[0]!r}.", remedy=f"They are: {', '.join(known)}.")
    return {name: known[name] for name in names}


def _measure(job: BenchCase, ours: OurTools, prompted: PromptedPeer, rounds: int) -> ToolFigures:
    own, theirs = [], []
    ours.answer(job)  # loads models and fills the file system's cache
    for _ in range(rounds):
        own.append(ours.do(job))
    with prompted:
        for _ in range(rounds):
            theirs.append(prompted.do(job))
    left, right = _median(own), _median(theirs)
    return ToolFigures(job.what, left, right, round(right.seconds / left.seconds, 2))


def _median(sides: Sequence[Side]) -> Side:
    seconds = statistics.median(side.seconds for side in sides)
    return Side(round(seconds, 3), sides[-1].tokens, round(sides[-1].right, 3))


class OurTools:
    """The service and its engine, as an agent would call them."""

    def __init__(self, settings: Settings) -> None:
        from mcp_smalltools.engine.client.client import EngineClient
        from mcp_smalltools.service import Service

        self._runner = asyncio.Runner()
        self._engine = EngineClient(settings)
        self._service = Service(settings, self._engine)

    def do(self, job: BenchCase) -> Side:
        before = self._tokens()
        started = time.perf_counter()
        answer = self.answer(job)
        seconds = time.perf_counter() - started
        return Side(seconds, self._tokens() - before, job.right(answer))

    def answer(self, job: BenchCase) -> Mapping[str, Any]:
        request = ToolRequest(job.tool, job.arguments, client="bench", deadline_s=DEADLINE_S)
        return self._runner.run(self._service.call(request)).structured()

    def close(self) -> None:
        self._runner.run(self._engine.shutdown())
        self._runner.run(self._service.close())
        self._runner.close()

    def _tokens(self) -> int:
        return int(self._runner.run(self._engine.status()).extra.get("tokens", 0))


class PromptedPeer:
    """The peer's server: it starts with the `with` block and is warm when that begins."""

    def __init__(self, program: str, settings: Settings, threads: int) -> None:
        from mcp_smalltools.models.catalog import ensure_model

        model = str(Path(ensure_model(settings.generate_model, settings).path).resolve())
        self._peer = Peer(program, ServerOptions(model, threads, parallel=SLOTS, context=SLOTS * SLOT_TOKENS))
        self._tokens = 0

    def __enter__(self) -> PromptedPeer:
        self._peer.__enter__()
        self._ask([PeerPrompt("Answer.", "Hello", 4)])
        return self

    def __exit__(self, *error: object) -> None:
        self._peer.__exit__(*error)

    def do(self, job: BenchCase) -> Side:
        self._tokens = 0
        started = time.perf_counter()
        answer = job.peer(self._ask)
        seconds = time.perf_counter() - started
        return Side(seconds, self._tokens, job.peer_right(answer))

    def _ask(self, asks: Sequence[PeerPrompt]) -> list[str]:
        with ThreadPoolExecutor(SLOTS) as pool:
            answers = list(pool.map(self._one, asks))
        self._tokens += sum(tokens for _, tokens in answers)
        return [text for text, _ in answers]

    def _one(self, ask: PeerPrompt) -> tuple[str, int]:
        grammar = (
            "root ::= " + " | ".join(json.dumps(choice) for choice in ask.choices) if ask.choices else None
        )
        return self._peer.complete(ask.system, ask.user, ask.max_tokens, grammar=grammar, schema=ask.schema)


def _record(path: Path, tool: str, figures: ToolFigures, peer: str) -> None:
    import datetime

    from mcp_smalltools.calibration.scores import Speed, record_quality

    ours, theirs = figures.ours, figures.peer
    entry = Speed(
        what=f"{figures.what}, beside a prompted SmolLM2-135M",
        metrics={
            "seconds": ours.seconds,
            "seconds, prompted": theirs.seconds,
            "times as fast": figures.ratio,
            "model tokens": ours.tokens,
            "model tokens, prompted": theirs.tokens,
            "right": ours.right,
            "right, prompted": theirs.right,
        },
        aims={"times as fast": ">= 5", "right": f">= {min(1.0, theirs.right + 0.001):.3f}"},
        command=f"mcp-smalltools bench tools --only {tool}",
        date=datetime.date.today(),
        note=f"Beside {peer}.",
    )
    record_quality(path, speed=[entry])


def _print_figures(figures: ToolFigures) -> None:
    for name, side in (("ours", figures.ours), ("peer", figures.peer)):
        print(
            f"{name:5} {side.seconds:8.2f} s {side.tokens:8,} tokens  right {side.right:5.2f}  {figures.what}"
        )
    print(f"      {figures.ratio:8.2f} times as fast", flush=True)
