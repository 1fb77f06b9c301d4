"""Improves a classify skill with corrections: items whose right label was reported become examples.

If the skill has evaluation cases and does worse on them with the new examples, they are not added. The cases
themselves never become examples.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SkillError, UsageError
from mcp_smalltools.evaluation.suites.own_skill import evaluate
from mcp_smalltools.skills.manifest import (
    LEARNED_NAME,
    ClassifySkill,
    Skill,
    SkillExample,
    eval_rows,
    merge_examples,
)
from mcp_smalltools.stores.outcomes import ReportedOutcome, open_outcomes
from mcp_smalltools.tools.classify.labels import parse_labels
from mcp_smalltools.tools.own.kinds import labels_of
from mcp_smalltools.tools.own.skill import SkillTool


@dataclass(frozen=True, slots=True)
class Lesson:
    """Examples from corrections, and the number of those left out, by reason."""

    examples: list[SkillExample]
    left: dict[str, int]


def lesson_of(skill: Skill, outcomes: Sequence[ReportedOutcome]) -> Lesson:
    """Examples from outcomes, oldest first: later corrections of a text replace earlier ones."""
    assert isinstance(skill.file, ClassifySkill)
    labels = parse_labels(labels_of(skill.file))
    known = {*labels.names, labels.none_name}
    cases = (
        {str(row.values.get("text", "")).strip() for row in eval_rows(skill)} if skill.file.eval else set()
    )
    taught = {example.text.strip(): example.label for example in skill.examples}
    right: dict[str, str] = {}
    left = {"label is not one of the skill's": 0, "is a case of the evaluation": 0, "is known already": 0}
    for text, label in (pair for outcome in outcomes for pair in outcome.examples):
        if label not in known:
            left["label is not one of the skill's"] += 1
        elif text.strip() in cases:
            left["is a case of the evaluation"] += 1
        elif taught.get(text.strip()) == label:
            left["is known already"] += 1
        else:
            right[text.strip()] = label
    return Lesson([SkillExample(text=text, label=label) for text, label in right.items()], left)


def learn(tool: SkillTool, settings: Settings, *, dry_run: bool) -> list[str]:
    """Add corrections to the pack's examples; returns lines to print. Raises UsageError, SkillError."""
    skill = tool.skill
    if not isinstance(skill.file, ClassifySkill):
        raise UsageError(
            f"{skill.name} is not a classify skill.", remedy="Only classify skills learn from corrections."
        )
    outcomes = open_outcomes(settings.state_dir)
    try:
        lesson = lesson_of(skill, outcomes.all(skill.name))
    finally:
        outcomes.close()
    lines = [f"{len(lesson.examples)} corrections to learn from."]
    lines += [f"{count} left out: {why}." for why, count in lesson.left.items() if count]
    if not lesson.examples:
        return lines
    lines += _measure(skill, lesson.examples, settings)
    if not dry_run:
        _write(skill, lesson.examples)
        lines.append(f"Written to {skill.folder / LEARNED_NAME}; delete lines there to forget them.")
    return lines


def _measure(skill: Skill, more: Sequence[SkillExample], settings: Settings) -> list[str]:
    if skill.file.eval is None:
        return ["The skill has no cases (`eval`), so the effect was not measured."]
    before = evaluate(skill, settings)
    after = evaluate(replace(skill, examples=merge_examples(skill.examples, more)), settings)
    figures = ("right", "not escalated", "right where not escalated")
    figures_text = [f"{name}: {before[name]} before, {after[name]} after." for name in figures]
    worse = float(after["right"] or 0) < float(before["right"] or 0)
    if worse or int(after["wrong where not escalated"] or 0) > int(before["wrong where not escalated"] or 0):
        raise SkillError(
            f"{skill.name} does worse with these corrections: " + " ".join(figures_text),
            remedy="They were not added. Look at them with `skills outcomes`, or correct the labels.",
        )
    return figures_text


def _write(skill: Skill, more: Sequence[SkillExample]) -> None:
    path = skill.folder / LEARNED_NAME
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = [json.dumps(example.model_dump(), ensure_ascii=False) for example in more]
    try:
        path.write_text(before + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise SkillError(f"{path} can't be written: {error.strerror}.") from None
