"""The paths that a shell command names, as far as they can be told without running it."""

from __future__ import annotations

import glob
import itertools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mcp_smalltools.hooks.guard.path_levels import resolved
from mcp_smalltools.hooks.guard.readers import SHELLS, base_name, program_of
from mcp_smalltools.hooks.guard.shell import simple_commands

_VARIABLE: Final = re.compile(r"\$(?:\{([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))")
_NOT_IN_PATH: Final = re.compile(r"[^\w.~@%+,=:/-]+")
_GLOB: Final = frozenset("*?[")
_MOST_EXPANDED: Final = 64
_MOST_PATHS: Final = 512
_MOST_NESTED: Final = 3


@dataclass(frozen=True, slots=True)
class RunningCommand:
    """A program as a command starts it: its words with known variables in place, and where it runs."""

    words: list[str]
    """The program that is meant first: without `sudo` and its like."""
    started_by: list[str]
    """All words, with those before the program."""
    inputs: list[str]
    outputs: list[str]
    cwd: Path
    pipeline: int

    @property
    def program(self) -> str:
        return base_name(self.words)


@dataclass(slots=True)
class _State:
    """What earlier parts of a command have changed."""

    cwd: Path
    variables: dict[str, tuple[str, ...]] = field(default_factory=dict)


def running_commands(text: str, cwd: Path, environ: Mapping[str, str]) -> list[RunningCommand]:
    """The programs that a command starts, in the order in which it names them."""
    state = _State(cwd, {"HOME": (environ.get("HOME", ""),), "PWD": (str(cwd),)})
    return list(_running(text, state, 0))


def _running(text: str, state: _State, depth: int) -> Iterator[RunningCommand]:
    for number, command in enumerate(simple_commands(text)):
        words = [part for word in command.words for part in _expanded(word, state)]
        _note_variables(words, state)
        meant = program_of(words)
        name = base_name(meant)
        yield RunningCommand(
            meant,
            words,
            [part for word in command.inputs for part in _expanded(word, state)],
            [part for word in command.outputs for part in _expanded(word, state)],
            state.cwd,
            depth * 10_000 + command.pipeline,
        )
        if name in {"cd", "pushd"} and len(meant) > 1:
            state.cwd = _entered(meant[-1], state.cwd)
        if name in SHELLS and depth < _MOST_NESTED and number < _MOST_EXPANDED:
            for word in meant[1:]:
                if not word.startswith("-"):
                    yield from _running(word, state, depth + 1)


def _entered(word: str, cwd: Path) -> Path:
    """Where `cd` leads: shells take `..` out of the text, and follow links then."""
    by_text = Path(os.path.normpath(cwd / os.path.expanduser(word)))  # noqa: PTH111 - Path's raises
    try:
        if "\0" not in word and by_text.is_dir():
            return by_text
    except (OSError, ValueError):
        return cwd
    return resolved(word, cwd) or cwd


def _note_variables(words: list[str], state: _State) -> None:
    """Assignments before the program, and the names that a loop goes through."""
    for word in words:
        name, equals, value = word.partition("=")
        if not (equals and name.isidentifier()):
            break
        state.variables[name] = (value,)
    if len(words) > 3 and words[0] == "for" and words[2] == "in":
        state.variables[words[1]] = tuple(words[3 : 3 + _MOST_EXPANDED])
    if words and words[0] in {"export", "local", "declare"}:
        for word in words[1:]:
            name, equals, value = word.partition("=")
            if equals:
                state.variables[name] = (value,)


def _expanded(word: str, state: _State) -> list[str]:
    """A word with the values of variables that are known, one for each value."""
    if "$" not in word:
        return [word]
    names = dict.fromkeys(found[1] or found[2] for found in _VARIABLE.finditer(word))
    known = [name for name in names if name in state.variables]
    if not known:
        return [word]
    choices = itertools.product(*(state.variables[name] for name in known))
    return [
        _with_values(word, dict(zip(known, values, strict=True)))
        for values in itertools.islice(choices, _MOST_EXPANDED)
    ]


def _with_values(word: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2], found[0]), word)


def paths_of(word: str, cwd: Path) -> list[Path]:
    """The paths that a word may mean: itself, what is behind `=`, `@` or `:`, and what it matches."""
    candidates = [word]
    if word.startswith("-"):
        slash = word.find("/")
        candidates = [word[slash:]] if slash > 0 else []
    for sign in "=@:":
        if sign in word:
            candidates += word.split(sign)[1:]
    paths: list[Path] = []
    for candidate in candidates[:8]:
        for name in _matching(candidate, cwd):
            path = resolved(name, cwd)
            if path is not None:
                paths.append(path)
    return paths


def _matching(word: str, cwd: Path) -> list[str]:
    if not _GLOB.intersection(word):
        return [word]
    expanded = os.path.expanduser(word)  # noqa: PTH111 - Path's raises for unknown users
    try:
        found = itertools.islice(glob.iglob(expanded, root_dir=cwd, recursive=True), _MOST_EXPANDED)  # noqa: PTH207 - bounded
        return list(found)
    except (OSError, ValueError, re.error, RecursionError):
        return []


def paths_in_code(text: str, cwd: Path) -> list[Path]:
    """What looks like a path anywhere in a word, such as in code that an interpreter gets."""
    words = dict.fromkeys(word for word in _NOT_IN_PATH.split(text) if word)
    return [path for word in itertools.islice(words, _MOST_PATHS) for path in paths_of(word, cwd)]


def existing(paths: list[Path]) -> list[Path]:
    return [path for path in paths if os.path.lexists(path)]


def all_paths(commands: list[RunningCommand]) -> list[Path]:
    """All existing paths that the commands name in any way, without repetition."""
    seen: dict[Path, None] = {}
    for command in commands:
        for word in dict.fromkeys([*command.started_by, *command.inputs]):
            for path in existing(paths_of(word, command.cwd) + paths_in_code(word, command.cwd)):
                seen[path] = None
                if len(seen) >= _MOST_PATHS:
                    return list(seen)
    return list(seen)
