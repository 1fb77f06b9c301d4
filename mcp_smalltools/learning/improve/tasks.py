"""The tasks of `classify` that corrections are about: a set of labels of an agent, or a skill of the user."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.stores.outcomes import ReportedOutcome
from mcp_smalltools.tools.classify.labels import LabelSet, labels_of_question, parse_labels

if TYPE_CHECKING:
    from mcp_smalltools.tools.own.skill import SkillTool

CLASSIFY = "classify"
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LearningTask:
    """A set of labels with its outcomes, oldest first. `known` are the examples of the skill, `cases` its
    evaluation cases.
    """

    tool: str
    labels: LabelSet
    outcomes: tuple[ReportedOutcome, ...]
    skill: SkillTool | None = None
    known: tuple[Pair, ...] = ()
    cases: tuple[Pair, ...] = ()
    instructions: str = ""

    @property
    def title(self) -> str:
        asked = f'"{self.labels.question}"' if self.labels.question else ", ".join(self.labels.names[:6])
        more = len(self.labels.names) - 6
        return f"{self.tool}: {asked}{f' and {more} more' if more > 0 and not self.labels.question else ''}"


def tasks_of(
    outcomes: Sequence[ReportedOutcome], settings: Settings, only: str | None = None
) -> tuple[list[LearningTask], dict[str, int]]:
    """Tasks by title, and how many labelled texts belong to none, by reason. `only` names a tool."""
    from mcp_smalltools.tools.classify.learned import task_key

    left: Counter[str] = Counter()
    grouped: defaultdict[str, list[ReportedOutcome]] = defaultdict(list)
    made: dict[str, LearningTask] = {}
    for outcome in outcomes:
        if not outcome.examples or only not in (None, outcome.tool):
            continue
        try:
            task = _task_of(outcome, settings)
        except SmallToolsError as error:
            left[f"of {outcome.tool}: {error.message}"] += len(outcome.examples)
            continue
        key = task_key(task.tool, task.labels)
        made[key] = task  # the newest one's descriptions
        grouped[key].append(outcome)
    whole = [_with_outcomes(task, grouped[key]) for key, task in made.items()]
    return sorted(whole, key=lambda task: task.title), dict(left)


def _with_outcomes(task: LearningTask, outcomes: Sequence[ReportedOutcome]) -> LearningTask:
    return replace(task, outcomes=tuple(outcomes))


def _task_of(outcome: ReportedOutcome, settings: Settings) -> LearningTask:
    """Raises SmallToolsError where it can't be known, or is no task with labels."""
    if outcome.tool != CLASSIFY:
        return _task_of_skill(outcome.tool, settings)
    if outcome.task is None:
        raise SmallToolsError("reported before labels were kept with the call.")
    given: dict[str, Any] = json.loads(outcome.task)
    if question := str(given.get("question", "")):
        return LearningTask(CLASSIFY, labels_of_question(question), ())
    return LearningTask(CLASSIFY, parse_labels(given["labels"]), ())


def _task_of_skill(name: str, settings: Settings) -> LearningTask:
    """Raises SkillError where there is no such skill, or it can't be used."""
    from mcp_smalltools.errors import SkillError
    from mcp_smalltools.skills.manifest import ClassifySkill, eval_rows
    from mcp_smalltools.skills.packs import find_pack
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.own.kinds import labels_of
    from mcp_smalltools.tools.registry import read_tool

    built_in = built_in_tools()
    if name in built_in:
        raise SkillError("it learns nothing from labelled texts.")
    pack = find_pack(name, settings)
    if pack.problem:
        raise pack.problem
    tool = read_tool(pack.folder, settings, built_in)
    file = tool.skill.file
    if not isinstance(file, ClassifySkill):
        raise SkillError("it is not a classify skill.")
    rows = eval_rows(tool.skill) if file.eval else []
    cases = tuple((str(row.values.get("text", "")).strip(), str(row.values.get("label", ""))) for row in rows)
    known = tuple((example.text.strip(), example.label) for example in tool.skill.examples)
    return LearningTask(name, parse_labels(labels_of(file)), (), tool, known, cases, file.prompt.strip())
