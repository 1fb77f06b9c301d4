"""Checks of the user's skills, and of the setting that hides tools."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.suggest import did_you_mean


def check_skills(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import ToolRegistry

    registry = ToolRegistry(settings, built_in_tools())
    states = registry.states()
    for name in settings.hide_tools:
        if name not in registry.tools:
            found = f"there is no tool {name!r}{did_you_mean(name, registry.tools)}"
            yield Check("hide_tools", CheckState.NOTE, found, "Correct the name in the configuration.")
    if not states:
        yield Check("skills", CheckState.OK, f"none of your own in {settings.skills_dir.expanduser()}")
    for state in states:
        name = f"skill {state.name}"
        if state.problem is None:
            yield Check(name, CheckState.OK, f"{state.kind}, {state.folder}")
        else:
            # A project that was not allowed, or one tool too many, is for the user to choose.
            broken = not state.in_project and state.kind is None
            found, _, remedy = state.problem.partition(". ")
            yield Check(name, CheckState.WRONG if broken else CheckState.NOTE, found, remedy)
