"""Measure a pair of skill and model: `mcp-smalltools models qualify`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.calibration.qualification import (
    OVER_HTTP,
    Qualification,
    name_of_pair,
    today,
)
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.evaluation.data.extract_cases import ExtractCase, read_extract_cases
from mcp_smalltools.evaluation.field.cases import read_cases
from mcp_smalltools.learning.writers.fit_pair import (
    adds_right_answers,
    alone,
    crossed,
    figures_of,
    fit_pair,
)
from mcp_smalltools.learning.writers.played import play_cases
from mcp_smalltools.models.shipped import shipped_file
from mcp_smalltools.tools.extract.schema import Field, plan_of

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

SKILLS: Final = ("extract",)
"""Skills that a writer can be measured for."""
FILES: Final = ("pages.txt", "requests.txt")
"""Cases that ship, in the folder of the skill."""
Progress = Callable[[float, float | None, str], None]


async def qualify(
    skill: str,
    model: str,
    settings: Settings,
    engine: Engine,
    progress: Progress,
    *,
    own: Path | None = None,
    most: int = 0,
) -> Qualification:
    """Run the skill's cases, and those of a folder of the user's own, without and with the model.

    `most` takes so many of each file of cases. Raises UsageError, and as the engine does.
    """
    if skill not in SKILLS:
        raise UsageError(f"No model can qualify for {skill}.", remedy=f"Skills are: {', '.join(SKILLS)}.")
    sha256 = _sha256_of(model, settings)
    cases = [*shipped_cases(most), *(own_cases(own) if own else ())]
    played = await play_cases(cases, model, engine, progress)
    without, together = figures_of(alone(played)), figures_of(crossed(played, settings.embed_model))
    return Qualification(
        skill,
        name_of_pair(model, settings),
        sha256,
        adds_right_answers(without, together),
        today(),
        without,
        together,
        fit_pair(played, settings.embed_model).to_json(),
        here=True,
    )


def shipped_cases(most: int = 0) -> list[ExtractCase]:
    """Those that come with the skill `extract`: texts first, then requests."""
    parts = [read_extract_cases(shipped_file("extract", name)) for name in FILES]
    return [case for part in parts for case in part[: most or None]]


def own_cases(folder: Path) -> Iterator[ExtractCase]:
    """Cases of `extract` of a folder as `eval field` reads it; those that ask for a list of objects are left
    out: a writer isn't asked for them.
    """
    for case in read_cases(folder, tools=frozenset(("extract",))):
        plan = plan_of(case.arguments["schema"])
        if plan.records or "data" not in case.right or not case.is_here():
            continue
        path = str(case.arguments.get("path", ""))
        text = case.arguments.get("text") or (case.folder / path).read_text("utf-8", errors="replace")
        accepted = {field.name: [_value_of(case.right["data"], field)] for field in plan.fields}
        yield ExtractCase(text, case.arguments["schema"], accepted, path)


def _value_of(data: Any, field: Field) -> Any:
    """The value of a field; "" stands for none."""
    for name in field.path:
        data = data.get(name) if isinstance(data, dict) else None
    return "" if data is None else data


def _sha256_of(model: str, settings: Settings) -> str:
    """Of the file here; of what a server runs nothing is known."""
    if settings.engine_urls:
        return OVER_HTTP.strip()
    from mcp_smalltools.models.catalog import ensure_model

    return ensure_model(model, settings).sha256


def writers_here(settings: Settings) -> Sequence[str]:
    """Models that write and are on this machine; with servers over HTTP, the one that is configured."""
    if settings.engine_urls:
        return (settings.generate_model,)
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifests

    known = [manifest for manifest in manifests(settings).values() if manifest.kind == "generate"]
    return [manifest.id for manifest in known if ModelStore(manifest, settings).ready()]
