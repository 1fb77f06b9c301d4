"""How a skill of the user's own does on cases whose right answer is known: the file that its `eval` names.

  mcp-smalltools skills validate --eval examples/skills/support_tickets

A case of a classify skill has `text` and `label`; of an extract skill `text` (or `path`) and `data`; of an
ask skill `path` and the `lines` that answer, [first, last], or null where the file has no answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import SkillError
from mcp_smalltools.evaluation.suite import UNCUT, service_with
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.skills.example_tables import ExampleRow
from mcp_smalltools.skills.manifest import ClassifySkill, Skill, eval_rows, skill_error

Figures = dict[str, float | int | str | None]
DEADLINE_S = 3600.0


def evaluate(skill: Skill, settings: Settings) -> Figures:
    """Run the cases through the whole pipeline. Raises SkillError for a case that can't be read."""
    import anyio

    measure = _MEASURES.get(skill.file.kind)
    if measure is None:
        raise skill_error(skill.folder, None, f"there is no measure for a skill of kind {skill.file.kind}")
    rows = eval_rows(skill)
    if not rows:
        raise skill_error(skill.folder / str(skill.file.eval), None, "it has no cases", "Write some.")
    return anyio.run(_in_own_service, skill, settings, measure, rows)


async def _in_own_service(
    skill: Skill, settings: Settings, measure: Callable[..., Any], rows: Sequence[ExampleRow]
) -> Figures:
    """Ledger and cache of its own, the skill's folder as the only root, and room for all results."""
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import make_tool

    root = RootSpec(path=skill.folder, level=PrivacyLevel.OPEN)
    async with service_with(settings, max_answer_chars=UNCUT, roots=(root,)) as service:
        service.tools = {skill.name: make_tool(skill, settings, built_in_tools())}

        async def call(**arguments: Any) -> dict[str, Any]:
            request = ToolRequest(skill.name, arguments, deadline_s=DEADLINE_S)
            return (await service.call(request)).structured()

        figures: Figures = await measure(skill, rows, call)
        return figures


async def _classify(skill: Skill, rows: Sequence[ExampleRow], call: Callable[..., Any]) -> Figures:
    from mcp_smalltools.calibration.measures import expected_calibration_error, with_confidence
    from mcp_smalltools.tools.classify.labels import NONE_OF_THESE, parse_labels
    from mcp_smalltools.tools.own.kinds import labels_of

    assert isinstance(skill.file, ClassifySkill)
    labels = parse_labels(labels_of(skill.file))
    known = {*labels.names, labels.none_name, NONE_OF_THESE}
    taught = {example.text.strip() for example in skill.examples}
    cases = [(_text(skill, row, "text"), _text(skill, row, "label")) for row in rows]
    for row, (text, label) in zip(rows, cases, strict=True):
        if label not in known:
            raise _bad(skill, row, f"{label!r} is not one of the labels")
        if text.strip() in taught:
            raise _bad(skill, row, "this text is one of the examples, so it measures nothing")
    results = (await call(items=[text for text, _ in cases]))["results"]
    right = [item["label"] == label for item, (_, label) in zip(results, cases, strict=True)]
    relied = [hit for item, hit in zip(results, right, strict=True) if not item["escalate"]]
    sure, right_of_sure = with_confidence([item.get("confidence") for item in results], right)
    return {
        "cases": len(cases),
        "right": _share(right),
        "not escalated": round(len(relied) / len(cases), 3),
        "right where not escalated": _share(relied),
        "wrong where not escalated": relied.count(False),
        "expected calibration error": (
            round(expected_calibration_error(sure, right_of_sure), 3) if sure else None
        ),
    }


async def _extract(skill: Skill, rows: Sequence[ExampleRow], call: Callable[..., Any]) -> Figures:
    fields: list[bool] = []
    whole: list[bool] = []
    relied: list[bool] = []
    made_up = 0
    for row in rows:
        wanted = row.values.get("data")
        if not isinstance(wanted, dict):
            raise _bad(skill, row, "data is missing, or is no object")
        where = "path" if "path" in row.values else "text"
        answer = await call(**{where: _text(skill, row, where)})
        found = answer.get("data") or {}
        hits = [_same(found.get(name), value) for name, value in wanted.items()]
        made_up += sum(value is None and found.get(name) is not None for name, value in wanted.items())
        fields += hits
        whole.append(all(hits))
        if not answer["escalate"]:
            relied.append(all(hits))
    return {
        "cases": len(rows),
        "fields right": _share(fields),
        "all fields of a case right": _share(whole),
        "not escalated": round(len(relied) / len(rows), 3),
        "right where not escalated": _share(relied),
        "values made up": made_up,
    }


async def _ask(skill: Skill, rows: Sequence[ExampleRow], call: Callable[..., Any]) -> Figures:
    right: list[bool] = []
    relied: list[bool] = []
    for row in rows:
        arguments: dict[str, Any] = {"paths": [_text(skill, row, "path")]}
        if not skill.file.prompt:
            arguments["question"] = _text(skill, row, "question")
        answer = await call(**arguments)
        evidence, lines = answer.get("evidence", []), row.values.get("lines")
        if lines is None:
            hit = not evidence
        else:
            hit = any(span["start"] <= lines[1] and span["end"] >= lines[0] for span in evidence)
        right.append(hit)
        if not answer["escalate"]:
            relied.append(hit)
    return {
        "cases": len(rows),
        "right": _share(right),
        "not escalated": round(len(relied) / len(rows), 3),
        "right where not escalated": _share(relied),
    }


_MEASURES: Mapping[str, Callable[..., Any]] = {"classify": _classify, "extract": _extract, "ask": _ask}


def _text(skill: Skill, row: ExampleRow, key: str) -> str:
    value = row.values.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _bad(skill, row, f"{key} is missing")
    return value


def _bad(skill: Skill, row: ExampleRow, what: str) -> SkillError:
    return skill_error(skill.folder / str(skill.file.eval), row.line, what)


def _same(found: Any, wanted: Any) -> bool:
    """Equal, but for the case of letters, space around, and how a number is written."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.strip().casefold() == wanted.strip().casefold()
    if isinstance(found, (int, float)) and isinstance(wanted, (int, float)):
        return float(found) == float(wanted)
    return json.dumps(found, sort_keys=True) == json.dumps(wanted, sort_keys=True)


def _share(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 3) if hits else None
