"""The kinds of skills: which built-in tool does the work, and which of its arguments a skill.toml fixes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from mcp_smalltools.errors import UsageError
from mcp_smalltools.skills.manifest import AskSkill, ClassifySkill, ExtractSkill, Skill, SummarizeSkill
from mcp_smalltools.suggest import did_you_mean
from mcp_smalltools.tools.base import Tool


@dataclass(frozen=True, slots=True)
class FixedArgument:
    """The value of an argument that a skill fixes, and the key of the skill.toml that sets it."""

    value: Any
    key: str


TOOL_OF_KIND: Mapping[str, str] = {
    "classify": "classify",
    "extract": "extract",
    "ask": "ask_file",
    "summarize": "summarize_file",
}


def fixed_arguments(skill: Skill, tool: Tool) -> dict[str, FixedArgument]:
    """The arguments that a skill fixes, by name. Raises SkillError naming the key's line."""
    fixed = _FIXED[skill.file.kind](skill)
    fields = tool.Arguments.model_fields
    fixed = {name: item for name, item in fixed.items() if name in fields or item.value}
    for name, item in fixed.items():
        if name not in fields:
            raise skill.error(item.key, f"{tool.name} doesn't take it", "Remove it.")
        field = fields[name]
        annotation: Any = field.annotation
        for constraint in field.metadata:
            annotation = Annotated[annotation, constraint]
        try:
            TypeAdapter(annotation).validate_python(item.value)
        except ValidationError as error:
            raise skill.error(item.key, error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    _check_labels(skill)
    _check_schema(skill)
    return fixed


def labels_of(file: ClassifySkill) -> list[str]:
    """The labels as `classify` takes them."""
    if isinstance(file.labels, dict):
        return [f"{name}: {what}" if what else name for name, what in file.labels.items()]
    return list(file.labels)


def _classify(skill: Skill) -> dict[str, FixedArgument]:
    assert isinstance(skill.file, ClassifySkill)
    return {
        "labels": FixedArgument(labels_of(skill.file), "labels"),
        "examples": FixedArgument([example.model_dump() for example in skill.examples], "examples"),
        "instructions": FixedArgument(skill.file.prompt, "prompt"),
    }


def _extract(skill: Skill) -> dict[str, FixedArgument]:
    assert isinstance(skill.file, ExtractSkill)
    return {
        "schema": FixedArgument(dict(skill.schema or {}), "schema"),
        "instructions": FixedArgument(skill.file.prompt, "prompt"),
    }


def _ask(skill: Skill) -> dict[str, FixedArgument]:
    assert isinstance(skill.file, AskSkill)
    return {"question": FixedArgument(skill.file.prompt, "prompt")} if skill.file.prompt else {}


def _summarize(skill: Skill) -> dict[str, FixedArgument]:
    assert isinstance(skill.file, SummarizeSkill)
    fixed = {"focus": FixedArgument(skill.file.prompt, "prompt")} if skill.file.prompt else {}
    if skill.file.max_words is not None:
        fixed["max_words"] = FixedArgument(skill.file.max_words, "max_words")
    return fixed


_FIXED: Mapping[str, Callable[[Skill], dict[str, FixedArgument]]] = {
    "classify": _classify,
    "extract": _extract,
    "ask": _ask,
    "summarize": _summarize,
}


def _check_labels(skill: Skill) -> None:
    """Refuse when the file is read what `classify` would refuse in every call."""
    if not isinstance(skill.file, ClassifySkill):
        return
    from mcp_smalltools.tools.classify.labels import parse_labels

    try:
        labels = parse_labels(labels_of(skill.file))
    except UsageError as error:
        raise skill.error("labels", error.message, error.remedy) from None
    known = {*labels.names, labels.none_name}
    for example in skill.examples:
        if example.label not in known:
            what = f"{example.label!r} is not one of the labels{did_you_mean(example.label, known)}"
            raise skill.error("examples", what, "Add it to labels, or correct the example.")


def _check_schema(skill: Skill) -> None:
    """Refuse a schema that `extract` can't fill."""
    if skill.schema is None:
        return
    from mcp_smalltools.tools.extract.schema import plan_of

    try:
        plan_of(skill.schema)
    except UsageError as error:
        raise skill.error("schema", error.message, error.remedy) from None
