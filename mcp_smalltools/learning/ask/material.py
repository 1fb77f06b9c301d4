"""Questions with the lines that answer them, out of a repository itself: nobody has to write any.

The subject of a commit asks for the lines that it replaced, in the file as it was. The first sentence of a
definition's documentation asks for the definition, a comment for the setting below it, a heading for its
section: in a file where they are blanked, so that the question doesn't stand there.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.evaluation.data.history import asks_for_something
from mcp_smalltools.learning.repositories.changes import Change
from mcp_smalltools.text.words import content_stems
from mcp_smalltools.tools.ask_file.units.of_file import units_of
from mcp_smalltools.tools.ask_file.units.unit import Unit
from mcp_smalltools.tools.find_files.file_kinds import kind_of

COMMIT: Final = "commit"
WRITTEN: Final = "written"
"""A question that a teacher wrote."""
_FEWEST_STEMS: Final = 3
"""Stems of a question that asks for one place."""
_COPIED: Final = 0.75
"""The share of a question's stems that the answer may have: more is a copy."""
_BODY: Final = 12
"""Lines of a definition in which an answer is right."""
_SECTION: Final = 30
_MOST_REPLACED: Final = 40
_FEWEST_LINES: Final = 25
"""Lines of a file that is worth a question."""
_SENTENCE_END: Final = re.compile(r"(?<=[a-z)`\"'])[.;:](?:\s|$)|\n\s*\n")
_NUMBER_OF_ISSUE: Final = re.compile(r"\s*\(?#\d+\)?")
_KIND_OF_COMMIT: Final = re.compile(r"^[a-z]{2,12}(?:\([^)]{1,40}\))?!?:\s+")


@dataclass(frozen=True, slots=True)
class AskCase:
    """A question to one file, and the lines that answer. `commit` is the one whose parent has the file, under
    the path `before`; "" for the file of today. `blank` are lines that the reader doesn't get to see.
    """

    kind: str
    question: str
    path: str
    lines: frozenset[int]
    blank: frozenset[int] = frozenset()
    commit: str = ""
    before: str = ""
    number: int = 0
    """Of a commit: its place in the history, from the oldest."""

    @property
    def key(self) -> str:
        """The same for the same question to the same file, without a word of either."""
        said = "\0".join((self.kind, self.question, self.path, self.commit))
        return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def cases_of_commits(changes: Sequence[Change], first: int, most: int) -> list[AskCase]:
    """Subjects that ask for one place of one file, the newest `most` of those from number `first` on."""
    found: list[AskCase] = []
    for number in range(len(changes) - 1, first - 1, -1):
        case = _case_of_commit(changes[number], number)
        if case is not None:
            found.append(case)
        if len(found) == most:
            break
    return found[::-1]


def _case_of_commit(change: Change, number: int) -> AskCase | None:
    """A commit whose subject asks for something, with one file that isn't a test or the like."""
    files = [file for file in change.files if kind_of(file.path) in ("code", "other", "documentation")]
    if len(files) != 1 or not files[0].before or not asks_for_something(change.subject):
        return None
    (file,) = files
    lines = frozenset(line for first, last in file.replaced for line in range(first, last + 1))
    question = _KIND_OF_COMMIT.sub("", _NUMBER_OF_ISSUE.sub("", change.subject)).strip()
    if not 0 < len(lines) <= _MOST_REPLACED or len(set(content_stems(question))) < _FEWEST_STEMS:
        return None
    return AskCase(
        COMMIT, question, file.path, lines, commit=change.commit, before=file.before, number=number
    )


def cases_of_file(path: str, lines: Sequence[str], most: int) -> list[AskCase]:
    """Questions out of a file of today, spread over it; `most` at most."""
    if len(lines) < _FEWEST_LINES or kind_of(path) in ("test", "news", "example"):
        return []
    units = units_of(path, lines)
    asked = [
        *_of_documentation(path, units),
        *_of_settings(path, units, lines),
        *_of_headings(path, units, lines),
    ]
    good = [case for case in asked if _asks(case, lines)]
    step = max(1, len(good) // most)
    return good[::step][:most]


def _asks(case: AskCase, lines: Sequence[str]) -> bool:
    """The question says enough, and the answer has not all of its words."""
    stems = set(content_stems(case.question))
    shown = " ".join(lines[n - 1] for n in sorted(case.lines - case.blank) if n <= len(lines))
    return len(stems) >= _FEWEST_STEMS and len(stems & set(content_stems(shown))) <= _COPIED * len(stems)


def _of_documentation(path: str, units: Sequence[Unit]) -> Iterator[AskCase]:
    """The documentation of a definition asks for the definition."""
    definitions = {unit.name: unit for unit in units if unit.kind == "definition"}
    for unit in units:
        found = definitions.get(unit.name) if unit.kind == "doc" and unit.name else None
        if found is None:
            continue
        blank = frozenset(range(unit.start, unit.end + 1)) - {found.start}
        body = {other.start for other in units if other.under == found.start and other.kind != "doc"}
        lines = {found.start} | {line for line in body if 0 < line - found.start <= _BODY + len(blank)}
        asked = _first_sentence(unit.text)
        yield AskCase(
            "documentation", f"Which code does this: {asked}", path, frozenset(lines - blank), blank
        )


def _of_settings(path: str, units: Sequence[Unit], lines: Sequence[str]) -> Iterator[AskCase]:
    """The comment above a setting or a constant asks for it."""
    for unit in units:
        first = unit.shown[0]
        if unit.kind != "entry" or not 0 < unit.start - first <= _BODY:
            continue
        above = range(first, unit.start)
        if not all(lines[n - 1].lstrip().startswith(("#", "//", "/*", "*", ";", "--")) for n in above):
            continue
        said = " ".join(lines[n - 1].strip(" \t#/*;-") for n in above)
        own = frozenset(range(unit.start, unit.end + 1))
        yield AskCase("setting", f"Which setting: {_first_sentence(said)}", path, own, frozenset(above))


def _of_headings(path: str, units: Sequence[Unit], lines: Sequence[str]) -> Iterator[AskCase]:
    """A heading asks for the lines below it."""
    headings = [unit for unit in units if unit.kind == "section"]
    for unit, after in itertools.zip_longest(headings, headings[1:]):
        underlined = unit.start < len(lines) and not re.search(r"[^\W_]", lines[unit.start])
        own = unit.start + bool(underlined and lines[unit.start].strip())
        last = min(own + _SECTION, after.start - 1 if after else len(lines))
        below = frozenset(n for n in range(own + 1, last + 1) if lines[n - 1].strip())
        if below:
            asked = f"What is said on this: {unit.name}"
            yield AskCase("heading", asked, path, below, frozenset(range(unit.start, own + 1)))


def _first_sentence(text: str) -> str:
    return " ".join(_SENTENCE_END.split(text.strip(), maxsplit=1)[0].split())[:200]


def is_held_out(path: str) -> bool:
    """Whether the questions out of a file measure what was learned of the others: of one file in three."""
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[0] % 3 == 0


def text_of_case(text: str, blank: Collection[int]) -> list[str]:
    """The lines that are asked, those blanked that would give the answer away."""
    return ["" if number in blank else line for number, line in enumerate(text.split("\n"), 1)]
