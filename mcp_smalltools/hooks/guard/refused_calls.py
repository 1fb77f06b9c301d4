"""Calls of the agent's own tools that may not be made: what is sealed, and masks in place of values."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.hooks.guard.named_paths import RunningCommand, existing, paths_in_code, paths_of
from mcp_smalltools.hooks.guard.path_levels import PathLevels, either_way, resolved
from mcp_smalltools.hooks.guard.readers import (
    COPIERS,
    GIT_READERS,
    INLINE_CODE,
    INTERPRETERS,
    READERS,
    STARTERS,
    base_name,
    edits_in_place,
    hides_names,
    searches,
    searches_below,
)
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.redact import masks_in
from mcp_smalltools.text.visible import escaped_name

FILE_TOOLS: Final[Mapping[str, tuple[str, ...]]] = {
    "Read": ("file_path",),
    "NotebookRead": ("notebook_path", "file_path"),
    "Grep": ("path",),
    "Glob": ("path",),
    "LS": ("path",),
}
"""Tools of the client that show files, and the arguments that name a path."""
EDITS: Final[Mapping[str, str]] = {
    "Edit": "file_path",
    "MultiEdit": "file_path",
    "Write": "file_path",
    "NotebookEdit": "notebook_path",
}
"""Tools of the client that write files, and the argument that names the path."""
SEALED_REMEDY: Final = (
    "Use the smalltools server, which reads it here and gives counts, line numbers, labels and masked "
    "templates: find_failure for output of a build or test, parse_log for logs, classify for labels, "
    "find_files to find it."
)
"""What an agent can do instead of reading a sealed file."""
_OLD: Final = ("old_string",)
_NEW: Final = ("new_string", "content", "new_source")
_MOST_READ: Final = 16 << 20
_LEAVE_OUT: Final = frozenset(
    ("--exclude-dir", "--exclude", "--exclude-from", "--ignore-dir", "--ignore", "--glob", "--iglob", "-g")
)
"""Options whose value says what is not read, or names no path."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not be made, and of which path that is."""

    reason: str
    path: Path | None = None


def refused_file(tool: str, arguments: Mapping[str, Any], cwd: Path, levels: PathLevels) -> Refusal | None:
    """Why a file may not be shown; None where it may."""
    named = next((text for name in FILE_TOOLS[tool] if isinstance(text := arguments.get(name), str)), "")
    candidates = [named or "."]
    pattern = arguments.get("pattern") if tool == "Glob" else arguments.get("glob")
    if isinstance(pattern, str) and not pattern.startswith("!"):
        candidates.append(f"{named}/{pattern}" if named and not pattern.startswith(("/", "~")) else pattern)
    for candidate in candidates:
        for path in either_way(candidate.partition("*")[0], cwd):
            if levels.level(path, cwd) is PrivacyLevel.SEALED:
                return Refusal(_sealed_sentence(path), path)
    return None


def refused_command(commands: Sequence[RunningCommand], levels: PathLevels) -> Refusal | None:
    """Why a shell command may not be run; None where it may."""
    if not levels.has_sealed:
        return None
    for command in commands:
        path = next(_sealed_reads(command, commands, levels), None)
        if path is not None:
            return Refusal(_sealed_sentence(path), path)
        inside = _hidden_search(command, levels)
        if inside is not None:
            reason = (
                f"This would show text of {_shown(inside)}, which is sealed. Leave it out (grep "
                "--exclude-dir, rg --glob '!…', find -prune), or search with names of files shown."
            )
            return Refusal(reason, inside)
    return None


def _sealed_sentence(path: Path) -> str:
    """What an agent is told that wants to read a sealed file."""
    return f"{_shown(path)} is in a sealed folder: no text of it may be shown. {SEALED_REMEDY}"


def _shown(path: Path) -> str:
    return escaped_name(str(path))


def _sealed_reads(
    command: RunningCommand, commands: Sequence[RunningCommand], levels: PathLevels
) -> Iterator[Path]:
    """Sealed paths whose text a program would show, or carry out of the folder."""

    def sealed(paths: list[Path]) -> list[Path]:
        return [path for path in existing(paths) if levels.level(path, command.cwd) is PrivacyLevel.SEALED]

    yield from sealed([path for word in command.inputs for path in paths_of(word, command.cwd)])
    operands = _operands(command)
    named = [path for word in dict.fromkeys(operands) for path in paths_of(word, command.cwd)]
    if command.program in COPIERS:
        target = paths_of(operands[-1], command.cwd) if len(operands) > 1 else []
        if not any(levels.level(path, command.cwd) is PrivacyLevel.SEALED for path in target):
            yield from sealed([path for word in operands[:-1] for path in paths_of(word, command.cwd)])
    elif _reads(command):
        yield from sealed(named)
        if searches_below(command.words) and not existing(named):
            yield from sealed([command.cwd])
    elif command.program in INTERPRETERS and INLINE_CODE.intersection(command.words):
        code = [word for word in command.words[1:] if not word.startswith("-")]
        yield from sealed([path for word in code for path in paths_in_code(word, command.cwd)])
    if _is_started_for_names(command):
        for other in commands:
            if other.pipeline == command.pipeline:
                words = [word for word in other.words[1:] if not word.startswith("-")]
                yield from sealed([path for word in words for path in paths_of(word, other.cwd)])


def _operands(command: RunningCommand) -> list[str]:
    """Words behind the program that may name files; options that hold a path, too, unless it is left out."""
    words = command.words[1:]
    if command.program == "find":  # folders come first
        return list(itertools.takewhile(lambda word: word[:1] not in "-(!" and word != "\\(", words))
    before = ["", *words]
    return [
        word
        for word, option in zip(words, before, strict=False)
        if (not word.startswith("-") and option not in _LEAVE_OUT) or _names_path(word)
    ]


def _names_path(option: str) -> bool:
    leaves_out = any(part in option for part in ("exclude", "ignore", "glob"))
    return ("=" in option or "/" in option) and not leaves_out


def _reads(command: RunningCommand) -> bool:
    words, name = command.words, command.program
    if name == "git":
        return bool(GIT_READERS.intersection(words[1:6]))
    if name == "find":
        return any(word in {"-exec", "-execdir", "-ok", "-fprint", "-fls"} for word in words)
    return name in READERS and not edits_in_place(words)


def _is_started_for_names(command: RunningCommand) -> bool:
    """Whether the program is given names of files by another (`… | xargs cat`)."""
    starter = any(base_name([word]) in STARTERS for word in command.started_by[:8])
    return starter and (_reads(command) or command.program in SHELLS_OR_COPIERS)


SHELLS_OR_COPIERS: Final = COPIERS | frozenset(("sh", "bash"))


def _hidden_search(command: RunningCommand, levels: PathLevels) -> Path | None:
    """A sealed folder in one that a program would show without names of files, which would tell."""
    unnamed = (searches_below(command.words) and hides_names(command.words)) or (
        command.program == "find" and _reads(command)
    )
    if not unnamed:
        return None
    folders = existing([path for word in _operands(command) for path in paths_of(word, command.cwd)])
    folders = [path for path in folders if path.is_dir()] or [command.cwd]
    for folder in folders:
        for inside in levels.sealed_inside(folder):
            if not any(inside.name in word for word in command.words):
                return inside
    return None


def refused_edit(tool: str, arguments: Mapping[str, Any], cwd: Path) -> Refusal | None:
    """Why an edit may not be made: it has a mask where the file has the value. None where it may."""
    edits = arguments.get("edits")
    parts = (
        [arguments, *(edit for edit in edits if isinstance(edit, dict))]
        if isinstance(edits, list)
        else [arguments]
    )
    old = _masks(parts, _OLD)
    new = _masks(parts, _NEW)
    if not old and not new:
        return None
    named = arguments.get(EDITS[tool])
    path = resolved(named, cwd) if isinstance(named, str) else None
    held = _masks_in_file(path)
    name = _shown(path) if path is not None else "the file"
    if missing := [mask for mask in old if mask not in held]:
        reason = (
            f"{missing[0]} stands for a value that you were not shown: {name} holds the value, not "
            f"{missing[0]}. Choose an old_string that ends before the value or begins behind it, such as the "
            "line above or below; the value stays as it is."
        )
        return Refusal(reason, path)
    if missing := [mask for mask in new if mask not in held]:
        reason = (
            f"{missing[0]} is a mask and not a value: {name} doesn't hold it, and writing it would destroy "
            "what it stands for. Change only the text around it with Edit, or let the user fill in the value."
        )
        return Refusal(reason, path)
    return None


def refused_mask(command: str, commands: Sequence[RunningCommand]) -> Refusal | None:
    """Why a shell command may not be run that holds a mask; None where it only searches for it."""
    masks = masks_in(command)
    if not masks:
        return None
    only_searches = all(searches(part.words) or part.program in {"", "cd"} for part in commands)
    if only_searches and not any(part.outputs for part in commands):
        return None
    reason = (
        f"{masks[0]} is a mask and not a value: a command that holds it would use or write the mask itself. "
        "Name the variable or the file that holds the value, or let the user fill it in."
    )
    return Refusal(reason)


def _masks(parts: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    texts = [text for part in parts for name in names if isinstance(text := part.get(name), str)]
    return list(dict.fromkeys(mask for text in texts for mask in masks_in(text)))


def _masks_in_file(path: Path | None) -> frozenset[str]:
    """The masks that a file really holds, as this program's own documentation does."""
    if path is None:
        return frozenset()
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return frozenset()
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return frozenset()
        return frozenset(masks_in(file.read(_MOST_READ).decode("utf-8", "replace")))
