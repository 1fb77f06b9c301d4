"""Whether a command is one that ran before: `make 2>&1 | tail -50` and `make > out.txt` are `make` again."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

_VIEWERS: Final = frozenset(
    (
        "tail",
        "head",
        "grep",
        "egrep",
        "rg",
        "ag",
        "less",
        "more",
        "cat",
        "tee",
        "sed",
        "awk",
        "sort",
        "uniq",
        "wc",
    )
)
"""Programs behind a pipe that only choose what is seen."""
_TO_FILE: Final = frozenset((">", ">>", "&>", "&>>", ">&", ">|"))
_READERS: Final = frozenset(("cat", "bat", "head", "tail", "nl", "less", "more", "sed"))
_RANGE: Final = re.compile(r"(\d{1,9})(?:,(\d{1,9}))?p")
_HARMLESS: Final = _VIEWERS | frozenset(
    [
        "ls",
        "pwd",
        "cd",
        "echo",
        "printf",
        "true",
        "false",
        "test",
        "[",
        "which",
        "type",
        "env",
        "printenv",
        "date",
        "find",
        "fd",
        "tree",
        "stat",
        "file",
        "du",
        "df",
        "ps",
        "nl",
        "bat",
        "diff",
        "cmp",
        "jq",
        "whoami",
        "hostname",
        "id",
    ]
)
_HARMLESS_GIT: Final = frozenset(
    ["status", "diff", "log", "show", "blame", "branch", "grep", "ls-files", "rev-parse", "describe"]
)
_LISTS: Final = frozenset((";", "&&", "||", "|", "&", "|&"))
_MOST_CHARS: Final = 20_000
Core = tuple[str, ...]


@functools.lru_cache(maxsize=256)
def core_of(command: str) -> Core:
    """The words of a command without what only directs or chooses its output; () for none."""
    words = _words(command)
    while "|" in words:
        at = len(words) - 1 - words[::-1].index("|")
        if at + 1 < len(words) and words[at + 1] not in _VIEWERS:
            break
        words = words[:at]
    kept: list[str] = []
    at = 0
    while at < len(words):
        if words[at] in _TO_FILE:
            if kept and kept[-1] in ("1", "2"):
                kept.pop()
            at += 2
            continue
        kept.append(words[at])
        at += 1
    return tuple(kept)


def changes_nothing(command: str) -> bool:
    """Whether a command only shows what there is, as far as its programs tell."""
    parts: list[list[str]] = [[]]
    for word in _words(command):
        if word in _LISTS:
            parts.append([])
        else:
            parts[-1].append(word)
    return any(parts) and all(_shows(part) for part in parts if part)


def _shows(words: Sequence[str]) -> bool:
    named = [word for word in words if "=" not in word or word.startswith("-")]
    if not named or any(word in _TO_FILE and target != "/dev/null" for word, target in pairwise(words)):
        return False
    program, *rest = named
    if program == "git":
        return next((word for word in rest if not word.startswith("-")), "") in _HARMLESS_GIT
    edits_in_place = program in ("sed", "tee") and any(
        word.startswith(("-i", "--in-place")) or program == "tee" for word in rest
    )
    return program in _HARMLESS and not edits_in_place and not {"-delete", "-exec", "-execdir"} & {*rest}


def file_read(command: str) -> tuple[str, int, int] | None:
    """The one file that a command shows, with its first and last line (0: all of it); None for any other."""
    words = _words(command)
    core = core_of(command)
    if not core or core[0] not in _READERS or any(word in (";", "&&", "||", "&", "<") for word in words):
        return None
    whole = core[0] in ("cat", "bat", "nl", "less", "more") and words == list(core)
    named = [word for word in core[1:] if not word.startswith("-") and not _RANGE.fullmatch(word)]
    if core[0] in ("head", "tail"):
        named = [word for word in named if not word.isdigit()]
    if len(named) != 1:
        return None
    shown = next((found for word in core[1:] if (found := _RANGE.fullmatch(word))), None)
    if whole:
        return named[0], 0, 0
    if shown:
        return named[0], int(shown[1]), int(shown[2] or shown[1])
    return named[0], 1, 1  # a part whose lines aren't known


def _words(command: str) -> Sequence[str]:
    if len(command) > _MOST_CHARS:
        return ()
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # a quote that isn't closed
        return command.split()
