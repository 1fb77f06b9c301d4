"""All tools of a server: the built-in ones, then those of the user's skill packs. When a pack breaks, its
last good version stays in use until the pack is corrected or removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError, SkillError, SmallToolsError

if TYPE_CHECKING:
    from mcp_smalltools.skills.manifest import Skill
    from mcp_smalltools.skills.packs import Pack
    from mcp_smalltools.tools.base import Tool
    from mcp_smalltools.tools.own.skill import SkillTool


@dataclass(frozen=True, slots=True)
class SkillState:
    """One pack, and whether agents can use it."""

    name: str
    kind: str | None  # None if it can't be read
    in_use: bool
    problem: str | None
    folder: str
    in_project: bool


class ToolRegistry:
    """`tools` by name, in the order in which agents see them; `problems` by pack folder."""

    def __init__(self, settings: Settings, built_in: Mapping[str, Tool]) -> None:
        self.tools: Mapping[str, Tool] = dict(built_in)
        self.problems: Mapping[Path, SmallToolsError] = {}
        self._settings = settings
        self._built_in = built_in
        self._packs: list[Pack] = []
        self._skills: dict[Path, SkillTool] = {}
        self.reload()

    def reload(self) -> bool:
        """Read the packs again; True if a tool was added, removed or changed."""
        if not self._packs and not self._may_have_skills():
            return False
        from mcp_smalltools.skills.packs import find_packs

        before = [(tool.name, tool.version) for tool in self.tools.values()]
        problems: dict[Path, SmallToolsError] = {}
        good: dict[Path, SkillTool] = {}
        self._packs = find_packs(self._settings)
        for pack in self._packs:
            try:
                good[pack.folder] = self._tool(pack)
            except SmallToolsError as error:
                problems[pack.folder] = error
                if (last := self._skills.get(pack.folder)) is not None and not pack.in_project:
                    good[pack.folder] = last
        self._skills, self.problems = good, problems
        self.tools = {**self._built_in, **{tool.name: tool for tool in good.values()}}
        return before != [(tool.name, tool.version) for tool in self.tools.values()]

    def states(self) -> list[SkillState]:
        """The state of every pack that was found, including packs of projects that were not allowed."""
        shown = listed_tools(self.tools, self._settings)
        states = []
        for pack in self._packs:
            problem, tool = self.problems.get(pack.folder), self._skills.get(pack.folder)
            if tool is not None and tool.name not in shown:
                problem = problem or why_unlisted(tool.name, self._settings)
            in_use = tool is not None and tool.name in shown
            kind = tool.skill.file.kind if tool else None
            states.append(
                SkillState(
                    pack.name,
                    kind,
                    in_use,
                    str(problem) if problem else None,
                    str(pack.folder),
                    pack.in_project,
                )
            )
        return states

    def _may_have_skills(self) -> bool:
        """Whether there is a folder of skills: a server without skills doesn't load what reads them."""
        folders = [self._settings.skills_dir, *(root.path for root in self._settings.effective_roots)]
        own, *roots = (folder.expanduser() for folder in folders)
        return own.is_dir() or any((root / ".smalltools" / "skills").is_dir() for root in roots)

    def _tool(self, pack: Pack) -> SkillTool:
        if pack.problem is not None:
            raise pack.problem
        assert pack.skill is not None
        known = self._skills.get(pack.folder)
        if known is not None and known.skill.sha256 == pack.skill.sha256:
            return known
        return make_tool(pack.skill, self._settings, self._built_in, in_project=pack.in_project)


def read_tool(folder: Path, settings: Settings, built_in: Mapping[str, Tool]) -> SkillTool:
    """The tool that a folder with a skill.toml makes. Raises SkillError."""
    from mcp_smalltools.skills.manifest import read_skill

    return make_tool(read_skill(folder), settings, built_in)


def make_tool(
    skill: Skill, settings: Settings, built_in: Mapping[str, Tool], *, in_project: bool = False
) -> SkillTool:
    """The tool that a skill makes. Raises SkillError naming the line of what can't be used."""
    from mcp_smalltools.tools.own.skill import SkillTool

    if skill.name in built_in:
        raise skill.error("name", f"{skill.name!r} is the name of a built-in tool", "Choose another name.")
    _check_model(skill, settings, in_project=in_project)
    return SkillTool(skill, built_in)


def _check_model(skill: Skill, settings: Settings, *, in_project: bool) -> None:
    """Raises SkillError if the skill's own model or adapter can't be used."""
    file, model = skill.file, skill.model
    if model is None:
        return
    from mcp_smalltools.models.library import manifest_of
    from mcp_smalltools.models.shipped import library_folder

    key = "base" if file.base else "adapter"
    try:
        manifest_of(model, settings)
    except ModelError as error:
        raise skill.error(key, error.message, error.remedy) from None
    if file.eval is None:
        what = f"the confidence was not calibrated for {model}"
        raise skill.error(
            key, what, "Name cases in `eval`, and measure the skill with `skills validate --eval`."
        )
    if file.adapter is None:
        return
    if in_project:
        raise skill.error(
            "adapter", "a project's skill may have none", "If you trust it, copy it with `skills add`."
        )
    if file.adapter.base != model:
        raise skill.error("adapter", f"it was made for {file.adapter.base}, but base is {model}")
    if (library_folder() / "skills" / skill.name / "adapter.gguf").is_file():
        raise skill.error("name", f"a shipped adapter is called {skill.name!r}", "Choose another name.")
    if not (skill.folder / "adapter.gguf").is_file():
        raise skill.error("adapter", "there is no adapter.gguf in the skill's folder", "Put it there.")


def listed_tools(tools: Mapping[str, Tool], settings: Settings) -> dict[str, Tool]:
    """The tools that agents are offered: at most `max_tools`, without those of `hide_tools`."""
    shown = [tool for tool in tools.values() if tool.name not in settings.hide_tools]
    return {tool.name: tool for tool in shown[: settings.max_tools]}


def why_unlisted(name: str, settings: Settings) -> SkillError:
    """Why agents are not offered a tool."""
    if name in settings.hide_tools:
        return SkillError(f"{name} is hidden by hide_tools.", remedy="Remove it from that setting.")
    return SkillError(
        f"{name} is not offered to agents: they get at most {settings.max_tools} tools, built-in ones first.",
        remedy="Hide another tool with hide_tools, or raise max_tools, in the configuration.",
    )
