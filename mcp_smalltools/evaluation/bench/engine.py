"""The engine against llama.cpp's own server: the same work, files and threads.

Tools need one workload, d (embeddings). The others are for generation (chats, labels, JSON): of these only
`extract` asks for JSON, where a writer qualified. The generator is fetched if it isn't here.

The peer is the llama-server of --peer or on the PATH, else xllamacpp's, whose wheel is about a quarter
slower. `ours` and `peer` are medians over the rounds, in the workload's unit. `ratio` is the median of the
rounds' ratios (above 1: ours is better). `limit` is what llama.cpp's raw rates on this machine would give.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import CallOptions, ChatMessage, Generation, Prompt, Sampling
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.errors import UsageError
from mcp_smalltools.evaluation.bench.llama_server import Peer, ServerOptions, find_peer
from mcp_smalltools.evaluation.bench.workloads import (
    LABELS_OF_ONE_TOKEN,
    LABELS_OF_THREE_TOKENS,
    Chat,
    ChatLoad,
    EmbedLoad,
    LabelLoad,
    RandomTexts,
)

if TYPE_CHECKING:
    from mcp_smalltools.models.download_records import AdapterFile

WORKLOADS: Final = {
    "a": "32 requests, prefix of 300 tokens, 200 of their own, 32 written, 8 at a time",
    "b": "the same, one at a time",
    "c1": "64 items, one of 8 labels of one token",
    "c3": "64 items, one of 8 labels of three tokens",
    "d": "1,024 log lines and 100 paragraphs embedded",
    "e": "32 JSON objects by a schema, 8 at a time",
    "f": "32 requests, four adapters mixed, 8 at a time",
    "g": "workload a while another process keeps a core busy",
    "h": "a short call while a prompt of 6,000 tokens runs: time to its first token",
    "i": "cold start to the first answer, the prefix saved before",
    "j": "64 requests over six prefixes of 550 tokens in random order, 16 written, 8 at a time",
}
LONG_RUNS_S: Final = 1.0
"""Seconds that the long prompt of h has been running when the short call comes."""
_SECONDS: Final = frozenset("hi")
"""Workloads measured in seconds of waiting; the others in items a second."""


@dataclass(frozen=True, slots=True)
class EngineFigures:
    what: str
    unit: str
    ours: float
    peer: float
    ratio: float
    limit: float | None
    rounds: tuple[tuple[float, float], ...]
    extra: dict[str, float]


@dataclass(frozen=True, slots=True)
class Rates:
    """llama.cpp's raw rates on this machine, tokens a second: a prompt read, one and eight texts written,
    texts embedded."""

    read: float
    write_1: float
    write_8: float
    embed: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", metavar="a,b,...", help=f"workloads to run, of {','.join(WORKLOADS)}")
    parser.add_argument(
        "--rounds", type=int, default=5, metavar="N", help="rounds of each workload (default: 5)"
    )
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="threads of both engines (default: all cores)"
    )
    parser.add_argument("--peer", metavar="PROGRAM", help="llama-server to measure against")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    names = args.only.split(",") if args.only else list(WORKLOADS)
    if unknown := [name for name in names if name not in WORKLOADS]:
        raise UsageError(f"There is no workload {unknown[0]!r}.", remedy=f"They are: {', '.join(WORKLOADS)}.")
    threads = args.threads or os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="smalltools-bench-") as folder:
        own = settings.model_copy(
            update={
                "state_dir": Path(folder) / "state",
                "runtime_dir": Path(folder) / "run",
                "engine_threads": threads,
            }
        )
        bench = EngineBench(own, find_peer(args.peer), threads, Path(folder))
        try:
            report = bench.report(names, max(1, args.rounds), None if args.json else _print_figures)
        finally:
            bench.close()
    if args.json:
        print(json.dumps(report))
    return 0


def _print_figures(name: str, figures: EngineFigures) -> None:
    limit = f"{figures.limit:8.2f}" if figures.limit else "       –"
    print(
        f"{name:3} {figures.ours:8.2f} {figures.peer:8.2f} {figures.unit:8} ratio {figures.ratio:5.2f}"
        f"  limit {limit}  {figures.what}",
        flush=True,
    )


class EngineBench:
    """Both engines over the same files, and the rounds of each workload."""

    def __init__(self, settings: Settings, peer: tuple[str, str], threads: int, folder: Path) -> None:
        from mcp_smalltools.evaluation.bench.random_adapter import write_adapter
        from mcp_smalltools.models.catalog import ensure_model

        self._program, self._peer_name = peer
        self._threads = threads
        self._settings = settings
        self._writer = ensure_model(settings.generate_model, settings)
        self._encoder = ensure_model(settings.embed_model, settings)
        self._adapters = [write_adapter(folder, self._writer.path, seed=seed) for seed in range(4)]
        self._ours = OurEngine(settings, self._adapters)
        # For the workload with a busy core, the engine as it is by default: it follows the load.
        apart = {"runtime_dir": folder / "run-adaptive", "engine_threads": 0}
        self._adaptive = OurEngine(settings.model_copy(update=apart), self._adapters)
        self._rates = self._measured_rates()

    def close(self) -> None:
        self._ours.close()
        self._adaptive.close()

    def report(
        self, names: Sequence[str], rounds: int, say: Callable[[str, EngineFigures], None] | None
    ) -> dict[str, Any]:
        workloads = {}
        for name in names:
            figures = self._workload(name, rounds)
            if say:
                say(name, figures)
            workloads[name] = asdict(figures)
        return {
            "peer": self._peer_name,
            "models": {file.id: file.layout for file in (self._writer, self._encoder)},
            "threads": self._threads,
            "cores": os.cpu_count(),
            "raw_tokens_per_s": asdict(self._rates),
            "workloads": workloads,
        }

    def _workload(self, name: str, rounds: int) -> EngineFigures:
        if name == "h":
            return self._during_a_long_prompt(rounds)
        if name == "i":
            return self._cold_start(rounds)
        options = self._options(name)
        seconds: list[tuple[float, float]] = []
        limits: list[float] = []
        engine = self._adaptive if name == "g" else self._ours
        with Peer(self._program, options) as peer, _busy_core(name == "g"):
            for turn in range(rounds + 1):
                load = _load(name, RandomTexts(seed=turn))
                ours, answers = _time(lambda load=load: engine.run(load))  # type: ignore[misc]
                theirs, _ = _time(lambda load=load: peer.run(load))  # type: ignore[misc]
                if turn == 0:
                    continue  # both have loaded their files now
                seconds.append((ours, theirs))
                limits.append(self._limit_s(load, answers))
        count = len(_items(load))
        limit = None if name == "g" else round(count / statistics.median(limits), 3)
        return _figures(name, [(count / o, count / p) for o, p in seconds], limit)

    def _options(self, name: str) -> ServerOptions:
        """The peer as it is fastest for the workload."""
        writer = ServerOptions(str(Path(self._writer.path).resolve()), self._threads)
        if name == "d":
            return replace(
                writer, model=str(Path(self._encoder.path).resolve()), context=4096, embedding=True
            )
        if name == "f":
            return replace(writer, adapters=tuple(file.path for file in self._adapters))
        if name == "h":
            return replace(writer, unified=True, parallel=4)
        return writer

    def _limit_s(self, load: ChatLoad | LabelLoad | EmbedLoad, answers: Sequence[Any]) -> float:
        """Seconds that the raw rates give: each prefix and each own token read once, each answer written."""
        rates = self._rates
        if isinstance(load, EmbedLoad):
            return sum(self._ours.count_tokens(load.texts, self._encoder.id)) / rates.embed
        if isinstance(load, LabelLoad):
            # As many tokens as words; the template's own are between every item and its label.
            around = 20
            words = len(load.system.split()) + sum(len(item.split()) + around for item in load.items)
            return words / rates.read
        written: list[Generation] = list(answers)
        own = sum(answer.prompt_tokens for answer in written) - sum(
            self._prefix_tokens(chat) for chat in load.chats
        )
        prefixes = {chat.system: self._prefix_tokens(chat) for chat in load.chats}
        tokens = sum(answer.tokens for answer in written)
        rate = rates.write_1 if load.at_a_time == 1 else rates.write_8
        return (own + sum(prefixes.values())) / rates.read + tokens / rate

    def _prefix_tokens(self, chat: Chat) -> int:
        return len(chat.system.split()) + 5

    def _during_a_long_prompt(self, rounds: int) -> EngineFigures:
        waits = []
        with Peer(self._program, self._options("h")) as peer:
            for turn in range(rounds + 1):
                long, short = RandomTexts(seed=turn).long_and_short()
                pair = self._ours.wait_during(long, short), _peer_wait_during(peer, long, short)
                if turn:
                    waits.append(pair)
        return _figures("h", waits, round(512 / self._rates.read, 3))

    def _cold_start(self, rounds: int) -> EngineFigures:
        """From nothing running to an answer of 8 tokens; `without_prefix` where none was saved."""
        saved, unsaved, theirs = [], [], []
        for turn in range(rounds):
            texts = RandomTexts(seed=turn)
            chat = replace(texts.shared_prefix(1).chats[0], max_tokens=8, user=texts.words(30))
            self._ours.stop()
            unsaved.append(_time(lambda chat=chat: self._ours.chat(chat))[0])  # type: ignore[misc]
            again = replace(chat, user=texts.words(30))
            self._ours.stop()
            saved.append(_time(lambda chat=again: self._ours.chat(chat))[0])  # type: ignore[misc]
            started = time.perf_counter()
            with Peer(self._program, self._options("i")) as peer:
                peer.chat(again)
                theirs.append(time.perf_counter() - started)
        extra = {"without_prefix": round(statistics.median(unsaved), 3)}
        return _figures("i", list(zip(saved, theirs, strict=True)), None, extra)

    def _measured_rates(self) -> Rates:
        from mcp_smalltools.models.tune import measure_speeds

        writer = measure_speeds(self._writer.path, self._writer.kind, self._threads, self._settings)
        embed = measure_speeds(self._encoder.path, self._encoder.kind, self._threads, self._settings)[
            "prefill"
        ]
        return Rates(writer["prefill"], writer["decode"], writer["decode_8"], embed)


class OurEngine:
    """Our engine as tools use it: a client and its daemon."""

    def __init__(self, settings: Settings, adapters: Sequence[AdapterFile]) -> None:
        named = {adapter.name: adapter for adapter in adapters}
        self._runner = asyncio.Runner()
        self._client = EngineClient(settings, resolve_adapter=lambda name, *_: named[name])

    def run(self, load: ChatLoad | LabelLoad | EmbedLoad) -> list[Any]:
        return self._runner.run(self._run(load))

    def chat(self, chat: Chat) -> Generation:
        return self._runner.run(self._chat(chat))

    def wait_during(self, long: Chat, short: Chat) -> float:
        async def run() -> float:
            running = asyncio.create_task(self._chat(long))
            await asyncio.sleep(LONG_RUNS_S)
            started = time.perf_counter()
            await self._chat(short)
            seconds = time.perf_counter() - started
            await running
            return seconds

        return self._runner.run(run())

    def count_tokens(self, texts: Sequence[str], model: str) -> list[int]:
        return self._runner.run(self._client.count_tokens(texts, CallOptions(model=model)))

    def stop(self) -> None:
        self._runner.run(self._client.shutdown())

    def close(self) -> None:
        self.stop()
        self._runner.run(self._client.close())
        self._runner.close()

    async def _run(self, load: ChatLoad | LabelLoad | EmbedLoad) -> list[Any]:
        if isinstance(load, EmbedLoad):
            return list((await self._client.embed(load.texts)).vectors)
        if isinstance(load, LabelLoad):
            system = ChatMessage("system", load.system)
            prompts = [Prompt((system, ChatMessage("user", item)), shared=1) for item in load.items]
            return list((await self._client.score_labels(prompts, load.labels)).total)
        places = asyncio.Semaphore(load.at_a_time)

        async def one(chat: Chat) -> Generation:
            async with places:
                return await self._chat(chat)

        return await asyncio.gather(*map(one, load.chats))

    async def _chat(self, chat: Chat) -> Generation:
        prompt = Prompt((ChatMessage("system", chat.system), ChatMessage("user", chat.user)), shared=1)
        sampling = Sampling(max_tokens=chat.max_tokens, schema=chat.schema)
        adapter = None if chat.adapter is None else f"random-{chat.adapter}"
        return (await self._client.generate([prompt], sampling, CallOptions(adapter=adapter)))[0]


def _load(name: str, texts: RandomTexts) -> ChatLoad | LabelLoad | EmbedLoad:
    makers: dict[str, Callable[[], ChatLoad | LabelLoad | EmbedLoad]] = {
        "a": lambda: texts.shared_prefix(8),
        "b": lambda: texts.shared_prefix(1),
        "c1": lambda: texts.labels(LABELS_OF_ONE_TOKEN),
        "c3": lambda: texts.labels(LABELS_OF_THREE_TOKENS),
        "d": texts.embeddings,
        "e": texts.objects,
        "f": texts.adapters,
        "g": lambda: texts.shared_prefix(8),
        "j": texts.tool_prefixes,
    }
    return makers[name]()


def _items(load: ChatLoad | LabelLoad | EmbedLoad) -> Sequence[Any]:
    if isinstance(load, ChatLoad):
        return load.chats
    return load.items if isinstance(load, LabelLoad) else load.texts


def _time(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = work()
    return time.perf_counter() - started, answer


def _peer_wait_during(peer: Peer, long: Chat, short: Chat) -> float:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(peer.chat, long)
        time.sleep(LONG_RUNS_S)
        seconds, _ = _time(lambda: peer.chat(short))
        running.result()
    return seconds


@contextmanager
def _busy_core(wanted: bool) -> Iterator[None]:
    """Another process that keeps one core busy, as a compiler would."""
    if not wanted:
        yield
        return
    with processes.start([sys.executable, "-P", "-c", "while True: pass"]) as busy:
        try:
            yield
        finally:
            busy.kill()


def _figures(
    name: str,
    pairs: Sequence[tuple[float, float]],
    limit: float | None,
    extra: dict[str, float] | None = None,
) -> EngineFigures:
    waiting = name in _SECONDS
    return EngineFigures(
        what=WORKLOADS[name],
        unit="s" if waiting else "items/s",
        ours=round(statistics.median(ours for ours, _ in pairs), 3),
        peer=round(statistics.median(peer for _, peer in pairs), 3),
        ratio=round(statistics.median(p / o if waiting else o / p for o, p in pairs), 3),
        limit=limit,
        rounds=tuple((round(o, 3), round(p, 3)) for o, p in pairs),
        extra=extra or {},
    )
