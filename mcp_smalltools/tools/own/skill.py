"""A tool of the user's own: a built-in tool with some of its arguments fixed by a skill.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from pydantic import create_model

from mcp_smalltools import result
from mcp_smalltools.skills.manifest import Skill
from mcp_smalltools.tools import base
from mcp_smalltools.tools.own.kinds import TOOL_OF_KIND, fixed_arguments

NOT_SURE_ENOUGH = "below the threshold of this skill"


class SkillTool:
    """Runs the built-in tool of the skill's kind; its answer is that tool's."""

    def __init__(self, skill: Skill, built_in: Mapping[str, base.Tool]) -> None:
        """Raises SkillError naming the line of what can't be used."""
        kind = TOOL_OF_KIND[skill.file.kind]
        if kind not in built_in:
            raise skill.error("kind", f"{skill.file.kind} is not in this version of the program")
        self.skill = skill
        self.tool = built_in[kind]
        fixed = fixed_arguments(skill, self.tool)
        self._fixed = {name: item.value for name, item in fixed.items()}
        self.name = skill.name
        self.title = skill.file.title or skill.name.replace("_", " ").strip().capitalize() or skill.name
        self.description = skill.file.description
        # Part of the cache's key: with another content of the pack it is another tool.
        self.version = int(skill.sha256[:12], 16) + self.tool.version
        self.Arguments = _remaining_arguments(skill.name, self.tool.Arguments, self._fixed)
        self.Answer: type[result.Answer] = self.tool.Answer

    async def run(self, arguments: base.Arguments, context: base.ToolContext) -> result.Answer:
        given = {name: getattr(arguments, name) for name in type(arguments).model_fields}
        whole = base.validate_arguments(self.name, self.tool.Arguments, {**given, **self._fixed})
        answer = await self.tool.run(whole, self.context_of(context))
        if self._adapter and answer.model and not answer.model.startswith(self._model_name):
            answer.model = self._model_name
        self._apply_threshold(answer)
        return answer

    def context_of(self, context: base.ToolContext) -> base.ToolContext:
        """The context of a call with the skill's name, and with its own model and adapter if it has any."""
        model = self.skill.model
        own = _with_model(context, model, self._adapter) if model else context
        return replace(own, skill=self.name)

    @property
    def _model_name(self) -> str:
        return f"{self.skill.model}+{self._adapter}"

    @property
    def _adapter(self) -> str | None:
        return self.name if self.skill.file.adapter else None

    def _apply_threshold(self, answer: result.Answer) -> None:
        """Escalate what is below the skill's threshold."""
        limit = self.skill.file.thresholds.escalate_below
        items = [item for item in getattr(answer, "results", ()) if hasattr(item, "escalate")]
        for item in items:
            if item.confidence is not None and item.confidence < limit and not item.escalate:
                item.escalate, item.reason = True, NOT_SURE_ENOUGH
        escalated = sum(item.escalate for item in items)
        unsure = answer.confidence is not None and answer.confidence < limit and not items
        if not answer.escalate and (unsure or escalated * 2 > len(items)):
            answer.escalate = True
            answer.reason = NOT_SURE_ENOUGH
            if items:
                answer.reason = (
                    f"{escalated} of {len(items)} results are escalated, most often: {NOT_SURE_ENOUGH}"
                )


def _with_model(context: base.ToolContext, model: str, adapter: str | None) -> base.ToolContext:
    """The context with the skill's own model and adapter."""
    from mcp_smalltools.engine.with_model import EngineWithModel, settings_with

    settings, kind = settings_with(context.settings, model)
    engine = EngineWithModel(context.engine, model, kind, adapter)
    return replace(context, settings=settings, engine=engine, adapter=adapter)


def _remaining_arguments(
    name: str, whole: type[base.Arguments], fixed: Mapping[str, Any]
) -> type[base.Arguments]:
    """The arguments that are left to the agent, as a record."""
    fields: dict[str, Any] = {
        field: (info.annotation, info) for field, info in whole.model_fields.items() if field not in fixed
    }
    record = create_model(f"{name}_arguments", __base__=base.Arguments, **fields)
    if whole.cacheable is base.Arguments.cacheable:
        return record
    # The built-in tool decides whether a call writes something.
    inherited = {name: getattr(whole, name) for name in ("cacheable", "writes", "repeatable")}
    return cast("type[base.Arguments]", type(record.__name__, (record,), inherited))
