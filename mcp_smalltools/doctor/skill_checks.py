"""Checks of the user's skills, of what was trained on folders, and of the setting that hides tools."""

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


def check_trained(settings: Settings) -> Iterator[Check]:
    """What was trained on a folder: its figures, whether it is in use, and how far the folder has gone on."""
    from mcp_smalltools.learning.improve.retrain import CHANGED, trained_folders
    from mcp_smalltools.learning.nightly.install_timer import installed_timer
    from mcp_smalltools.learning.repositories.git import commits_since

    for one in trained_folders(settings):
        name = f"trained {one.tool}"
        found = f"version {one.versions.current} of {one.folder}: {one.figures}"
        since = commits_since(one.folder, one.commit) if one.commit and one.folder.is_dir() else None
        if not one.is_usable(settings):
            remedy = f"Train it again: `mcp-smalltools train {one.tool} --from {one.folder}`."
            yield Check(name, CheckState.NOTE, f"{found}; not used, for what ships has changed", remedy)
        elif since is not None and since >= CHANGED:
            remedy = "Train it again: `mcp-smalltools improve`."
            yield Check(name, CheckState.NOTE, f"{found}; {since} commits since", remedy)
        else:
            yield Check(name, CheckState.OK, found)
    if timer := installed_timer(settings.state_dir):
        yield Check("nightly improve", CheckState.OK, f"at {timer['at']}, by {timer['kind']}")
