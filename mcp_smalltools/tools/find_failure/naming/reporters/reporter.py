"""A tool by the form of its own output.

A form is what the tool itself prints, at the place in a line where it prints it. A tool's name in a path, a
command or a message of another tool is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

C_SOURCE = r"(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|inl|m|mm|ipp|S|f|f90|F90|f95|f03|for|adb|ads|d)"


@dataclass(frozen=True, slots=True)
class Reporter:
    """A tool and the forms of its output.

    `does` is what it does: test, compile, link, check, dependency, configuration, deploy, build (a wrapper of
    others), run (a language's runtime), shell, ci. `frames` are forms that begin or end its report, so that
    lines near them belong to it.
    """

    tool: str
    does: str
    forms: re.Pattern[str]
    frames: re.Pattern[str] | None = field(default=None)

    @property
    def rank(self) -> int:
        """The lower, the closer to the failure: a compiler says more than the make that ran it."""
        return _RANKS.get(self.does, 0)


_RANKS = {"test in TAP": 1, "build": 1, "run": 2, "shell": 3, "ci": 4}


def reporter(tool: str, does: str, forms: Sequence[str], frames: Sequence[str] = ()) -> Reporter:
    """`forms` and `frames` are patterns that are searched for in one line."""
    return Reporter(
        tool, does, re.compile("|".join([*forms, *frames])), re.compile("|".join(frames)) if frames else None
    )
