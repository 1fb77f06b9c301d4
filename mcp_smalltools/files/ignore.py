"""What git ignores: nested .gitignore files and .git/info/exclude, by pathspec."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules for one folder: those of its parents, then its own. Later ones win."""

    layers: tuple[tuple[str, GitIgnoreSpec], ...] = ()
    """Prefix of the folder ("" or "a/b/") and its rules."""

    def within(self, prefix: str, lines: Iterable[str]) -> IgnoreRules:
        """These rules and those of a .gitignore in the folder `prefix`. Invalid lines are skipped."""
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines(line for line in lines if _is_pattern(line))
        return IgnoreRules((*self.layers, (prefix, spec)))

    def hides(self, path: str, *, folder: bool) -> bool:
        """Whether `path`, relative to the top folder and with "/", is ignored."""
        for prefix, spec in reversed(self.layers):
            verdict = spec.check_file(path[len(prefix) :] + ("/" if folder else "")).include
            if verdict is not None:
                return verdict
        return False


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:  # a lone "!", a backslash at the end
        return False
    return True
