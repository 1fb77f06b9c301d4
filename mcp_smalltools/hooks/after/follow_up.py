"""What the agent's steps after an answer say of it. Evidence, never proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_smalltools.hooks.after.agent_step import AgentStep
from mcp_smalltools.hooks.after.same_command import Core
from mcp_smalltools.stores.accounts.weak_outcomes import WeakKind

NEAR: Final = 2
"""Lines beside an edit's own, which come with three around each change: five in all."""
MOST_STEPS: Final = 40
"""Steps after which nothing is taken to be about the answer any more."""
_MOST_PLACES: Final = 20


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A line of a source file that an answer names."""

    file: str
    line: int

    def is_in(self, path: str) -> bool:
        """Whether that file can be the one at a path: the names agree from the end as far as both go."""
        ours, theirs = _parts(self.file), _parts(path)
        most = min(len(ours), len(theirs))
        return most > 0 and ours[-most:] == theirs[-most:]

    def is_near(self, spans: Sequence[tuple[int, int]]) -> bool:
        """Whether one of the spans has the line or one near it; (0, 0) has none that is known."""
        return any(first and first - NEAR <= self.line <= last + NEAR for first, last in spans)


@dataclass(slots=True)
class FollowUp:
    """One answer, and what was seen after it so far: `seen` in the order in which it came."""

    places: Sequence[NamedPlace]
    core: Core = ()
    """The command whose output the answer is about; () where there is none."""
    sources: Sequence[str] = ()
    """Files that were summarised or counted in place of being read."""
    seen: list[WeakKind] = field(default_factory=list)
    edited_file: bool = False
    """Whether a named file was edited, wherever in it."""
    _edited: bool = False
    _edited_elsewhere: bool = False
    _may_have_changed: bool = False
    """Whether another command has run that may have changed files."""
    _steps: int = 0
    over: bool = False

    def see(self, step: AgentStep) -> list[WeakKind]:
        """What a step says that wasn't said before."""
        if self.over:
            return []
        self._steps += 1
        self.over = self._steps >= MOST_STEPS
        new = [kind for kind in self._said(step) if kind not in self.seen]
        self.seen += new
        return new

    def _said(self, step: AgentStep) -> Iterator[WeakKind]:
        named = [place for place in self.places if step.path and place.is_in(step.path)]
        if step.does == "read":
            if any(step.whole or place.is_near(step.spans) for place in named):
                yield "opened"
            if step.whole and any(NamedPlace(source, 1).is_in(step.path) for source in self.sources):
                yield "read_whole"
        elif step.does == "edit":
            if any(place.is_near(step.spans) for place in named):
                self._edited = self.edited_file = True
                yield "edited"
            elif named:
                self.edited_file = True
            else:
                self._edited_elsewhere = True
        elif self.core and step.core == self.core:
            yield from self._ran(step)
        else:
            self._may_have_changed |= step.changes

    def _ran(self, step: AgentStep) -> Iterator[WeakKind]:
        changed = self._edited or self.edited_file or self._edited_elsewhere
        if not changed:
            if not self._may_have_changed:
                yield "ran_again"
            return
        self.over = True
        if step.failed:
            return
        if self._edited:
            yield "passed"
        elif self._edited_elsewhere and not self.edited_file and self.places:
            yield "edited_elsewhere"


def places_of(answer: Mapping[str, Any]) -> list[NamedPlace]:
    """The places in source that an answer of `find_failure` names, the main one first."""
    from mcp_smalltools.tools.find_failure.naming.places import places_in

    found: dict[NamedPlace, None] = {}
    place = answer.get("place")
    if isinstance(place, Mapping) and isinstance(place.get("file"), str):
        found[NamedPlace(place["file"], int(place.get("line") or 0))] = None
    for span in answer.get("evidence") or ():
        for line in str(span.get("text", "")).split("\n"):
            for named in places_in(line, 0):
                found[NamedPlace(named.file, named.line)] = None
    return list(found)[:_MOST_PLACES]


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
