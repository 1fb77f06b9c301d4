"""The cases of `extract`, read by the reader alone and by the reader with a writer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.calibration.calibration import Calibration, Logistic
from mcp_smalltools.evaluation.data.extract_cases import ExtractCase
from mcp_smalltools.evaluation.suites.extract import is_right
from mcp_smalltools.tools.extract.confidence import Assessment, assess, calibration_of_extract, whole_features
from mcp_smalltools.tools.extract.document import Document
from mcp_smalltools.tools.extract.fill import Filled, choose_of_ways, fill, put
from mcp_smalltools.tools.extract.schema import Plan, plan_of
from mcp_smalltools.tools.extract.writing.combine import Writer

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

SECONDS_FOR_CASE: Final = 3000.0
AT_ONCE: Final = 8
"""Cases that are read at the same time: the engine writes their answers in one step."""
Progress = Callable[[float, float | None, str], None]


@dataclass(frozen=True, slots=True)
class PlayedCase:
    """`read` holds what each reader says of each field, and no decision yet."""

    case: ExtractCase
    plan: Plan
    document: Document
    read: Filled


@dataclass(frozen=True, slots=True)
class JudgedObject:
    """An object that was made. `made_up`: fields that have a value where the text has none, of `absent`."""

    data: Mapping[str, Any]
    right: bool
    fields_right: int
    fields: int
    made_up: int
    absent: int
    sure: bool


async def play_cases(
    cases: Sequence[ExtractCase], model: str, engine: Engine, progress: Progress
) -> list[PlayedCase]:
    """Read all cases with both. Raises as the engine does, and UsageError for a refused schema."""
    import anyio

    played: dict[int, PlayedCase] = {}
    places = anyio.Semaphore(AT_ONCE)
    failed: list[Exception] = []

    async def one(number: int, case: ExtractCase) -> None:
        async with places:
            if failed:
                return
            try:
                played[number] = await _play(case, model, engine)
            except Exception as error:  # a group of errors would hide which one it is
                failed.append(error)
            progress(len(played), len(cases), f"reading with {model}")

    async with anyio.create_task_group() as tasks:
        for number, case in enumerate(cases):
            tasks.start_soon(one, number, case)
    if failed:
        raise failed[0]
    return [played[number] for number in range(len(cases))]


async def _play(case: ExtractCase, model: str, engine: Engine) -> PlayedCase:
    from mcp_smalltools.tools.extract.mapping.map_plan import map_plan

    plan = plan_of(case.schema)
    document = Document(case.path, case.request.split("\n"))
    document.prepare(lambda: None)
    mapped = map_plan(plan, document.structure, lambda: None) if document.structure else None
    filled = await fill(
        plan.fields,
        document,
        engine,
        lambda: SECONDS_FOR_CASE,
        mapped=mapped,
        writer=Writer(model, {}, SECONDS_FOR_CASE),
    )
    return PlayedCase(case, plan, document, filled)


def judge_alone(item: PlayedCase) -> JudgedObject:
    return _judge(item, choose_of_ways(item.read, item.plan.fields, item.document, {}), None)


def judge_together(item: PlayedCase, pair: Calibration) -> JudgedObject:
    """What both readers make of the case, by the models of a calibration."""
    return _judge(item, choose_of_ways(item.read, item.plan.fields, item.document, pair.models), pair)


def features_together(item: PlayedCase, models: Mapping[str, Logistic]) -> dict[str, float] | None:
    """What the model of whole objects is given."""
    filled = choose_of_ways(item.read, item.plan.fields, item.document, models)
    judged = Assessment(None, None)
    judged.unverified = [found.field for found in filled.found if not found.verified]
    pair = Calibration(models, {}, {})
    return whole_features(item.document, filled, judged, calibration_of_extract(), pair)


def _judge(item: PlayedCase, filled: Filled, pair: Calibration | None) -> JudgedObject:
    data: dict[str, Any] = {}
    values = {found.field: found.value for found in filled.found}
    for field in item.plan.fields:
        put(data, field, values.get(field.name))
    judged = assess(item.plan, item.document, (filled, []), data, item.case.schema, pair=pair)
    flat = _flat(data)
    accepted = item.case.accepted
    each = {
        name: is_right({name: flat[name]} if name in flat else {}, {name: accepted[name]})
        for name in accepted
    }
    absent = [name for name, ways in accepted.items() if ways == [""] or not any(way != "" for way in ways)]
    made_up = sum(flat.get(name) is not None for name in absent)
    right = all(each.values())
    return JudgedObject(
        flat, right, sum(each.values()), len(each), made_up, len(absent), judged.reason is None
    )


def _flat(data: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Under the dotted names of the cases."""
    flat: dict[str, Any] = {}
    for name, value in data.items():
        flat |= _flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return flat
