"""What the suites share: arguments, a service with a state folder of its own, and how figures are given."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from mcp_smalltools.config import Settings
    from mcp_smalltools.service import Service

    Figures = TypeVar("Figures", bound=DataclassInstance)

UNCUT = 1 << 30
"""Characters of an answer, so that nothing of it is cut."""


def add_data(parser: argparse.ArgumentParser, what: str) -> None:
    """The folder that a suite reads; `what` says what lies there."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help=f"folder with {what}")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def add_record(parser: argparse.ArgumentParser, what: str = "the figures") -> None:
    parser.add_argument("--record", type=Path, metavar="FILE", help=f"put {what} into this scores.json")


def give_figures(
    suite: str,
    figures: Sequence[Figures],
    show: Callable[[Sequence[Figures]], None],
    *,
    as_json: bool,
) -> None:
    """Print them: one JSON object, or what `show` makes for a person."""
    if as_json:
        print(json.dumps({"suite": suite, "results": [asdict(item) for item in figures]}))
    else:
        show(figures)


@asynccontextmanager
async def service_with(settings: Settings, **changes: Any) -> AsyncIterator[Service]:
    """A service with these settings changed, and a ledger of its own; `cache` is off unless it is given."""
    from mcp_smalltools.service import Service

    with tempfile.TemporaryDirectory() as state:
        own = {"state_dir": Path(state), "cache": False, **changes}
        service = Service(settings.model_copy(update=own))
        try:
            yield service
        finally:
            await service.close()
