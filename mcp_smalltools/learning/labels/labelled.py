"""Texts with labels that nobody has to write: kinds of commits, the folders that they change, or a table."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.errors import NotFound, UsageError
from mcp_smalltools.learning.repositories.commits import PastCommit

COMMITS: Final = "commits"
FOLDERS: Final = "folders"
_FEWEST_OF_A_LABEL: Final = 12
_MOST_LABELS: Final = 20
_CONVENTIONAL: Final = re.compile(r"(?P<kind>[a-z]{2,12})(?:\((?P<scope>[^)]{1,40})\))?!?:\s+(?P<text>\S.*)")
_KINDS: Final = frozenset(
    ("feat", "fix", "docs", "doc", "style", "refactor", "perf", "test", "tests", "build", "ci", "chore")
)
"""Prefixes of subjects that say what kind of change it is; others say where it is."""
_SHARE_OF_CONVENTIONAL: Final = 0.3
"""Of the commits, from which their kinds are a habit of the repository."""
_FOLDER: Final = re.compile(r"[\w.\-]{1,40}(?:/[\w.\-]{1,40})?")
_MOST_BYTES: Final = 32 << 20
_TABLES: Final = (".csv", ".tsv", ".jsonl")


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Pairs of text and label, oldest first; `what` the texts are and `name` what the skill is called, if
    nobody says otherwise.
    """

    name: str
    what: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def labels(self) -> list[str]:
        """The most frequent first."""
        return [label for label, _ in Counter(label for _, label in self.pairs).most_common()]


def labels_of_history(commits: Sequence[PastCommit], kind: str = "") -> LabelledTexts:
    """Kinds of commits where the history has them, else the folders. `kind` names one of both.

    Raises NotFound where there are fewer than two labels with enough texts, UsageError for another kind.
    """
    if kind not in ("", COMMITS, FOLDERS):
        raise UsageError(f"There are no labels {kind!r}.", remedy=f"Labels are: {COMMITS}, {FOLDERS}.")
    conventional = [match for commit in commits if (match := _CONVENTIONAL.fullmatch(commit.subject))]
    habit = len(conventional) >= _SHARE_OF_CONVENTIONAL * max(1, len(commits))
    if kind == COMMITS or (not kind and habit):
        pairs = [(match["text"], match["kind"]) for match in conventional]
        usual = sum(label in _KINDS for _, label in pairs) >= len(pairs) / 2
        name = "kind_of_commit" if usual else "prefix_of_commit"
        return _enough(LabelledTexts(name, "subjects of commits", tuple(pairs)))
    return _enough(LabelledTexts("part_of_project", "requests and changes", tuple(_by_folder(commits))))


def _by_folder(commits: Sequence[PastCommit]) -> Iterator[tuple[str, str]]:
    """Subjects of commits that change files of one folder, which is as deep as the folders are many."""
    depth = 1 if len({path.split("/")[0] for one in commits for path in one.files if "/" in path}) > 4 else 2
    for commit in commits:
        folders = {"/".join(path.split("/")[:-1][:depth]) for path in commit.files}
        folder = folders.pop()
        if not folders and folder and _FOLDER.fullmatch(folder) and commit.asks:
            match = _CONVENTIONAL.fullmatch(commit.subject)
            yield (match["text"] if match else commit.subject), folder


def labels_of_table(path: Path) -> LabelledTexts:
    """A table of `text` (or `path`, of a file beside it) and `label`: .csv or .tsv with a header, or .jsonl.

    Raises NotFound, UsageError.
    """
    if path.suffix.lower() not in _TABLES:
        raise UsageError(f"{path} is no table.", remedy=f"Give one of {', '.join(_TABLES)}.")
    try:
        content = path.read_bytes()[:_MOST_BYTES].decode("utf-8-sig", "replace")
    except OSError as error:
        raise NotFound(f"{path} can't be read: {error.strerror}.", remedy="Name a table.") from None
    pairs = [pair for row in _rows(path, content) if (pair := _pair(row, path.parent))]
    name = re.sub(r"[^a-z_]+", "_", path.stem.lower()).strip("_")[:30] or "labelled"
    return _enough(LabelledTexts(name, "", tuple(pairs)))


def _rows(path: Path, content: str) -> Iterator[dict[str, Any]]:
    if path.suffix.lower() == ".jsonl":
        for number, line in enumerate(content.splitlines(), 1):
            try:
                row = json.loads(line) if line.strip() else {}
            except ValueError:
                raise UsageError(f"{path}, line {number}: it is not JSON.", remedy="Correct it.") from None
            if isinstance(row, dict):
                yield row
        return
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    yield from csv.DictReader(io.StringIO(content), delimiter=delimiter)


def _pair(row: dict[str, Any], folder: Path) -> tuple[str, str] | None:
    label = str(row.get("label") or "").strip()
    text = str(row.get("text") or "").strip()
    if not text and row.get("path"):
        text = _text_of_file(folder, str(row["path"]))
    return (text, label) if text and label else None


def _text_of_file(folder: Path, name: str) -> str:
    """What classify reads of a file; "" where it is not below the table's folder, or can't be read."""
    from mcp_smalltools.config import RootSpec
    from mcp_smalltools.errors import FileError
    from mcp_smalltools.files.roots import Roots
    from mcp_smalltools.level import PrivacyLevel
    from mcp_smalltools.tools.classify.chunks import text_of_file

    try:
        with Roots([RootSpec(path=folder.resolve(), level=PrivacyLevel.OPEN)]).open(name) as file:
            return text_of_file(name, file.blocks(), lambda: None)[0]
    except FileError:
        return ""


def _enough(found: LabelledTexts) -> LabelledTexts:
    """The labels with enough different texts, the most frequent ones. Raises NotFound for fewer than two."""
    by_label: defaultdict[str, dict[str, None]] = defaultdict(dict)
    labels_of: defaultdict[str, set[str]] = defaultdict(set)
    for text, label in found.pairs:
        by_label[label][text] = None
        labels_of[text].add(label)
    kept = sorted(by_label, key=lambda label: -len(by_label[label]))[:_MOST_LABELS]
    kept = [label for label in kept if len(by_label[label]) >= _FEWEST_OF_A_LABEL]
    if len(kept) < 2:
        raise NotFound(
            f"There are {len(kept)} labels with {_FEWEST_OF_A_LABEL} texts; two are the least to learn from.",
            remedy="Name a repository with a longer history, or a table with more rows.",
        )
    agreed = {text for text, labels in labels_of.items() if len(labels) == 1}
    pairs = dict.fromkeys(pair for pair in found.pairs if pair[1] in kept and pair[0] in agreed)
    return replace(found, pairs=tuple(pairs))
