"""Processor time of calls: each has its own, whoever did the work; together no more than there was."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.work import EngineTime
from mcp_smalltools.metering import CallMeter, SharedProcessor
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.workers.pool import AVAILABLE, WorkerPool

pytestmark = pytest.mark.anyio


def burn(seconds: float) -> None:
    ends = time.process_time() + seconds
    while time.process_time() < ends:
        pass


def test_calls_that_run_together_share_the_processor_time() -> None:
    shared, first, second = SharedProcessor(), CallMeter(), CallMeter()
    began = time.process_time()
    shared.begin(first)
    burn(0.04)
    shared.begin(second)
    burn(0.04)
    shared.end(first)
    burn(0.02)
    shared.end(second)
    used = time.process_time() - began
    assert first.server_s == pytest.approx(0.06, abs=0.01)
    assert second.server_s == pytest.approx(0.04, abs=0.01)
    assert first.server_s + second.server_s <= used


def test_time_between_calls_is_nobodys() -> None:
    shared, first = SharedProcessor(), CallMeter()
    burn(0.03)
    shared.begin(first)
    shared.end(first)
    burn(0.03)
    shared.note()
    assert first.server_s < 0.01


@pytest.mark.skipif(not AVAILABLE, reason="workers need Unix sockets")
async def test_a_worker_says_what_a_call_took_also_where_it_failed(
    settings: Settings, tmp_path: Path, engine: Any
) -> None:
    lines = (f"2026-01-01 00:00:00 INFO job {n} done\n" for n in range(20_000))
    (tmp_path / "a.log").write_text("".join(lines))
    (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 400)
    service = Service(settings, engine, WorkerPool(settings))
    try:
        await service.call(ToolRequest("parse_log", {"path": str(tmp_path / "a.log")}))
        with pytest.raises(Exception, match=r"binary|text"):
            await service.call(ToolRequest("parse_log", {"path": str(tmp_path / "b.bin")}))
        failed, answered = service.ledger().rows()
        assert answered.cost.worker_s > 0.02
        assert failed.error and failed.cost.worker_s > 0.0
        assert answered.cost.server_s > 0.0
    finally:
        await service.close()


@pytest.mark.parametrize("workers", [False, True] if AVAILABLE else [False])
async def test_the_engine_says_what_a_call_took(settings: Settings, engine: Any, workers: bool) -> None:
    """Through the socket, and through a worker that asks the server."""
    items = [f"the printer in room {number} is out of paper" for number in range(40)]
    arguments = {"items": items, "labels": ["printer", "network", "door"]}
    service = Service(
        settings.model_copy(update={"cache": False}), engine, WorkerPool(settings) if workers else None
    )
    try:
        await service.call(ToolRequest("classify", arguments))
        (row,) = service.ledger().rows()
        assert row.cost.engine_s > 0.001
        assert row.cost.gpu_s == 0.0 or row.cost.gpu_s <= row.seconds
    finally:
        await service.close()


def test_a_gpu_is_counted_beside_one_thread() -> None:
    assert EngineTime(2.0, threads=4).cpu_s == 8.0
    assert EngineTime(2.0, threads=4).gpu_s == 0.0
    on_gpu = EngineTime(2.0, threads=4, on_gpu=True)
    assert (on_gpu.cpu_s, on_gpu.gpu_s) == (2.0, 2.0)
