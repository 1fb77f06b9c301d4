"""Quality of extract on BFCL's single calls (simple and multiple): a request, a function's
schema, the values.

The tool runs as an agent would call it, once for each request. For `multiple` the schema is that of the
function that the answer names: choosing the function is not the tool's job. A whole object is right when
every value is one that the answers accept (strings without case and punctuation, as BFCL's own checker
compares them), no required value is missing and none is there that shouldn't be. The floor beside it takes,
for each required field, the first value of its type in the request. Nothing of the data was used to build,
fit or tune the tool.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.console_table import print_table
from mcp_smalltools.evaluation.data.extract_cases import ExtractCase
from mcp_smalltools.evaluation.suite import UNCUT, add_data, add_json, add_record, give_figures, service_with
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest

SETS = {"simple": "simple_python", "multiple": "multiple"}
_TYPES = {
    "dict": "object",
    "float": "number",
    "tuple": "array",
    "list": "array",
    "any": "string",
    "int": "integer",
}
_IGNORED = re.compile(r"[ ,./\-_*^]")


@dataclass(frozen=True, slots=True)
class ExtractFigures:
    """How one set went. Shares are of 1."""

    data: str
    requests: int
    valid: float  # by the schema; a required field that is missing may be null, and is named
    valid_strictly: float  # of the answers that are not escalated
    whole_right: float
    fields_right: float  # of the fields that the answers want or the tool gave
    covered: float  # not escalated
    whole_right_covered: float | None
    calibration_error: float
    floor_whole_right: float
    refused: int  # schemas that the tool doesn't take
    seconds_a_request: float
    coverage_curve: tuple[tuple[float, float], ...]  # see `skills.scores`
    reliability: tuple[tuple[float, float, int], ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, "the data sets")
    parser.add_argument(
        "--limit", type=int, default=0, metavar="N", help="requests of each set (default: all)"
    )
    add_json(parser)
    add_record(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    figures = anyio.run(_evaluate, args, settings)
    if args.record:
        _record(args.record, figures)
    give_figures("extract", figures, _show, as_json=args.json)
    return 0


def _record(path: Path, figures: Sequence[ExtractFigures]) -> None:
    import datetime

    from mcp_smalltools.calibration.scores import Evaluation, record_quality

    entries = [
        Evaluation(
            set=item.data,
            items=item.requests,
            metrics={
                "whole object right": item.whole_right,
                "first value of its type, whole object right": item.floor_whole_right,
                "fields right": item.fields_right,
                "valid by the schema": item.valid,
                "coverage": item.covered,
                "right where not escalated": item.whole_right_covered or 0.0,
                "calibration error": item.calibration_error,
            },
            aims={
                "whole object right": ">= 0.70",
                "valid by the schema": ">= 1.0",
                "right where not escalated": ">= 0.90",
            },
            command="mcp-smalltools eval extract --data DIR",
            date=datetime.date.today(),
            note="A required field that is missing may be null, and is named.",
            coverage_curve=item.coverage_curve,
            reliability=item.reliability,
        )
        for item in figures
    ]
    record_quality(path, entries)


async def _evaluate(args: argparse.Namespace, settings: Settings) -> list[ExtractFigures]:
    root = RootSpec(path=args.data.resolve(), level=PrivacyLevel.OPEN)
    async with service_with(settings, max_answer_chars=UNCUT, roots=(root,)) as service:
        return [
            await _measure(service, name, cases[: args.limit or None]) for name, cases in load_sets(args.data)
        ]


async def _measure(service: Any, name: str, cases: Sequence[ExtractCase]) -> ExtractFigures:
    from mcp_smalltools.calibration.measures import expected_calibration_error
    from mcp_smalltools.calibration.scores import coverage_curve, reliability
    from mcp_smalltools.errors import UsageError

    valid, strict, whole, chance, relied, floor = [], [], [], [], [], []
    fields_right = fields = refused = 0
    started = time.perf_counter()
    for case in cases:
        floor.append(is_right(_floor(case), case.accepted))
        request = ToolRequest("extract", {"text": case.request, "schema": case.schema}, deadline_s=600.0)
        try:
            answer = (await service.call(request)).structured()
        except UsageError:
            refused += 1
            answer = {"data": {}, "escalate": True, "confidence": 0.0}
        data = answer["data"]
        given = {key: value for key, value in data.items() if value is not None}
        valid.append(_is_valid(given, {**case.schema, "required": []}))
        whole.append(is_right(data, case.accepted))
        relied.append(not answer["escalate"])
        if relied[-1]:
            strict.append(_is_valid(data, case.schema))
        chance.append(answer.get("confidence") or (0.97 if relied[-1] else 0.5))
        right, count = _fields(data, case.accepted)
        fields_right, fields = fields_right + right, fields + count
    covered = [right for right, sure in zip(whole, relied, strict=True) if sure]
    seconds = time.perf_counter() - started
    return ExtractFigures(
        data=name,
        requests=len(cases),
        valid=_share(valid),
        valid_strictly=_share(strict),
        whole_right=_share(whole),
        fields_right=round(fields_right / max(1, fields), 4),
        covered=_share(relied),
        whole_right_covered=_share(covered) if covered else None,
        calibration_error=round(expected_calibration_error(chance, whole), 4),
        floor_whole_right=_share(floor),
        refused=refused,
        coverage_curve=tuple(coverage_curve(chance, whole)),
        reliability=tuple(reliability(chance, whole)),
        seconds_a_request=round(seconds / max(1, len(cases)), 3),
    )


def _share(values: Sequence[bool]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


def _is_valid(data: Any, schema: Mapping[str, Any]) -> bool:
    from mcp_smalltools.tools.extract.schema import problems

    return not list(problems(data, schema))


def is_right(data: Mapping[str, Any], accepted: Mapping[str, Sequence[Any]]) -> bool:
    """Whether every value is accepted, and all that is wanted is there."""
    right, count = _fields(data, accepted)
    return right == count


def _fields(data: Mapping[str, Any], accepted: Mapping[str, Sequence[Any]]) -> tuple[int, int]:
    right = count = 0
    for name in {*data, *accepted}:
        value, ways = data.get(name), accepted.get(name)
        if value is None and (ways is None or "" in ways):
            continue
        count += 1
        right += ways is not None and value is not None and any(_same(value, way) for way in ways)
    return right, count


def _same(value: Any, way: Any) -> bool:
    if isinstance(value, bool) or isinstance(way, bool):
        return value is way
    if isinstance(value, (int, float)) and isinstance(way, (int, float)):
        return abs(value - way) < 1e-9 * max(1.0, abs(way))
    if isinstance(value, str) and isinstance(way, str):
        return _plain(value) == _plain(way)
    if isinstance(value, list) and isinstance(way, (list, tuple)):
        return len(value) == len(way) and all(_same(a, b) for a, b in zip(value, way, strict=True))
    if isinstance(value, dict) and isinstance(way, dict):
        return is_right(value, {key: way[key] if isinstance(way[key], list) else [way[key]] for key in way})
    return False


def _plain(text: str) -> str:
    return _IGNORED.sub("", text).lower().replace("'", '"')


def _floor(case: ExtractCase) -> dict[str, Any]:
    """For each required field the first value of its type that no field before it took."""
    from mcp_smalltools.errors import UsageError
    from mcp_smalltools.tools.extract.candidates import candidates
    from mcp_smalltools.tools.extract.fill import put
    from mcp_smalltools.tools.extract.schema import plan_of

    data: dict[str, Any] = {}
    taken: list[tuple[int, int]] = []
    try:
        fields = plan_of(case.schema).fields
    except UsageError:
        return data
    for field in fields:
        free = [
            c for c in candidates(case.request, field) if all(c.end <= a or c.start >= b for a, b in taken)
        ]
        if field.required and free:
            taken.append((free[0].start, free[0].end))
            put(data, field, free[0].value)
    return data


def load_sets(folder: Path) -> Iterator[tuple[str, list[ExtractCase]]]:
    """The sets that lie in the folder or in its `extraction`. Raises NotFound if none does."""
    inside = folder / "extraction"
    folder = inside if inside.is_dir() else folder
    found = False
    for name, stem in SETS.items():
        questions = next(folder.glob(f"BFCL_v*_{stem}.json"), None)
        if questions is None:
            continue
        found = True
        answers = {row["id"]: row["ground_truth"][0] for row in _rows(folder / f"answers_{questions.name}")}
        yield f"BFCL {name}", [_case(row, answers[row["id"]]) for row in _rows(questions)]
    if not found:
        raise NotFound(
            f"There is no data set for extract in {folder.resolve()}.",
            remedy="It looks for BFCL_v4_simple_python.json and BFCL_v4_multiple.json with their answers_….",
        )


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _case(row: Mapping[str, Any], answer: Mapping[str, Mapping[str, Any]]) -> ExtractCase:
    (name, accepted), *_ = answer.items()
    function = next(f for f in row["function"] if f["name"] == name)
    turns = row["question"][0]
    return ExtractCase(
        " ".join(turn["content"] for turn in turns), _as_schema(function["parameters"]), accepted
    )


def _as_schema(given: Any) -> dict[str, Any]:
    """BFCL's own type names as those of JSON schema; words of its own left out."""
    known = ("description", "enum", "required", "format", "default", "minimum", "maximum")
    schema = {key: given[key] for key in known if key in given}
    schema["type"] = _TYPES.get(given.get("type", "string"), given.get("type", "string"))
    if "properties" in given:
        schema["properties"] = {key: _as_schema(value) for key, value in given["properties"].items()}
    if isinstance(given.get("items"), dict):
        schema["items"] = _as_schema(given["items"])
    return schema


def _show(figures: Sequence[ExtractFigures]) -> None:
    from rich.table import Table

    table = Table("", *(item.data for item in figures))
    rows = {
        "requests": "requests",
        "valid by the schema": "valid",
        "whole object right": "whole_right",
        "floor: first value of its type": "floor_whole_right",
        "fields right": "fields_right",
        "not escalated": "covered",
        "right of these": "whole_right_covered",
        "calibration error": "calibration_error",
        "schemas refused": "refused",
        "seconds a request": "seconds_a_request",
    }
    for what, field in rows.items():
        table.add_row(
            what, *("" if (cell := getattr(item, field)) is None else str(cell) for item in figures)
        )
    print_table(table)
