"""What ask_file learned of a repository: which of a file's units the people of that repository mean.

Two things that no file says of itself. The words of the changes that wrote a line: subjects of commits say
what a line is for in the words in which it is asked for (as find_files' history does for files). And which
words of the code go with which words of a question there, from subjects and the lines they came with, and
from documentation and what it documents (a translation model, Berger and Lafferty 1999). A few weights say
how much each counts beside the order that ships. `mcp-smalltools train ask_file` makes it; it holds stems,
hashes of lines and numbers, no text.

It orders places anew and makes none surer: where it puts another place first than the shipped order does, the
answer is escalated.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mcp_smalltools.models.shipped import shipped_file
from mcp_smalltools.private_files import make_private_file
from mcp_smalltools.stores.versions import Versions
from mcp_smalltools.text.words import STOP_WORDS, code_words, stem

if TYPE_CHECKING:
    from mcp_smalltools.config import Settings
    from mcp_smalltools.tools.ask_file.features import Floats
    from mcp_smalltools.tools.ask_file.units.unit import Unit
    from mcp_smalltools.tools.ask_file.word_index import FileUnit

ORDER: Final = "order.json"
REPORT: Final = "report.json"
LINES: Final = "lines"
"""Folder of a version: what is known of the lines of each file."""
FEATURES: Final = (
    *("changes", "changes_near", "changes_first", "related", "related_first"),
    *("definition", "doc", "entry", "section", "sentence", "row", "like", "exact_own", "name_words", "near"),
)
"""What the weights are of."""
_KINDS: Final = ("definition", "doc", "entry", "section", "sentence", "row")
_OF_SHIPPED: Final = ("like", "exact_own", "name_words", "near")
_LINES_BEFORE: Final = 3
_LINES_AFTER: Final = 8
"""Lines around a unit whose changes are near."""
_FEWEST_WORDS: Final = 2
"""Words of a line that can be told from others."""
_LONGEST_LINE: Final = 400
_READ_CHARS: Final = 2_000
MOST_MORE: Final = 20
"""Units that take part because of the changes that wrote them, though they share no word with a question."""
_FITS: Final = 0.3
_SOME: Final = 0.2
"""The share of a question that a change has which fits it, and one that counts at all."""
_MOST_UNITS: Final = 20_000
"""Units of files whose every line is looked up."""


@dataclass(frozen=True, slots=True)
class LineChanges:
    """Of one file: the stems of the changes that wrote its lines, by the hash of the line."""

    subjects: Sequence[frozenset[str]] = ()
    lines: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def numbers_of(self, line: str) -> Sequence[int]:
        """The changes that wrote a line, as numbers in `subjects`."""
        key = line_key(line)
        return self.lines.get(key, ()) if key else ()


@dataclass(frozen=True, slots=True)
class LearnedWords:
    """Of a repository: how rare a stem is in the subjects of its changes, and which stems of the code go with
    a stem of a question, with their share.
    """

    idf: Mapping[str, float]
    related: Mapping[str, Mapping[str, float]]

    def weights(self, asked: Sequence[str]) -> dict[str, float]:
        """How much each stem of a question counts, 1 together; one that no subject has, as the rarest."""
        rarest = max(self.idf.values(), default=1.0)
        found = {word: self.idf.get(word, rarest) for word in asked}
        total = sum(found.values()) or 1.0
        return {word: weight / total for word, weight in found.items()}

    def related_to(self, weights: Mapping[str, float], words: frozenset[str]) -> float:
        """How much of a question the words of a unit go with, those aside that it has itself."""
        return sum(
            weight
            * max((share for other, share in self.related[word].items() if other in words), default=0.0)
            for word, weight in weights.items()
            if word not in words and word in self.related
        )


@dataclass(frozen=True, slots=True)
class LearnedOrder:
    """What is in use of one repository. `right_elsewhere` is the share of held-out questions for which the
    first place was right, of those whose first place is another than the shipped one.
    """

    folder: Path
    words: LearnedWords
    weights: Mapping[str, float]
    right_elsewhere: float
    made_for: str
    files: Mapping[str, LineChanges] = field(default_factory=dict)
    version: int = 0
    version_folder: Path | None = None

    def changes_of(self, path: Path) -> LineChanges:
        """What is known of the lines of a file; nothing for a file outside of the repository."""
        if not path.is_relative_to(self.folder):
            return LineChanges()
        name = path.relative_to(self.folder).as_posix()
        if name in self.files or self.version_folder is None:
            return self.files.get(name, LineChanges())
        return _read_lines(self.version_folder / LINES / f"{_name_of(name)}.json")

    def asked(self, question: str, files: Sequence[Sequence[str]], paths: Sequence[Path]) -> AskedLines:
        """What is known of the lines of these files, for a question."""
        weights = self.words.weights(asked_stems(question))
        return AskedLines(self.words, weights, files, [self.changes_of(path) for path in paths])

    def reordered(self, columns: Mapping[str, Floats], log_odds: Floats) -> Floats:
        """Log odds of the candidates with what was learned, shape (candidates,). `columns` are `FEATURES`."""
        total = log_odds + sum(weight * columns[name] for name, weight in self.weights.items())
        return np.asarray(total, np.float64)


class AskedLines:
    """How well the changes that wrote the lines of some files fit a question. Lines are looked up once."""

    def __init__(
        self,
        words: LearnedWords,
        weights: Mapping[str, float],
        files: Sequence[Sequence[str]],
        changes: Sequence[LineChanges],
    ) -> None:
        self._words, self._weights, self._files, self._changes = words, weights, files, changes
        self._shares = [[self._share(subject) for subject in known.subjects] for known in changes]
        self._numbers: dict[tuple[int, int], Sequence[int]] = {}

    def more(self, units: Sequence[FileUnit], chosen: Sequence[int]) -> list[int]:
        """Numbers of the units that are not chosen and whose changes fit best, at most `MOST_MORE`."""
        if len(units) > _MOST_UNITS or not any(self._shares):
            return []
        known = {*chosen}
        scores = {n: self._fit(unit, 0, 0) for n, unit in enumerate(units) if n not in known}
        best = sorted(scores, key=lambda n: (-scores[n], n))[:MOST_MORE]
        return [n for n in best if scores[n] >= _FITS]

    def features(self, units: Sequence[FileUnit], shipped: Mapping[str, Floats]) -> dict[str, Floats]:
        """`FEATURES` of the candidates, each of shape (units,). `shipped` are those of the shipped order."""
        out = {
            "changes": np.array([self._fit(place, 0, 0) for place in units]),
            "changes_near": np.array([self._fit(place, _LINES_BEFORE, _LINES_AFTER) for place in units]),
            "related": np.array([self._related(place.unit) for place in units]),
        }
        for name in ("changes", "related"):
            column = out[name]
            out[f"{name}_first"] = ((column == column.max(initial=0.0)) & (column > 0)).astype(np.float64)
        for kind in _KINDS:
            out[kind] = np.array([float(place.unit.kind == kind) for place in units])
        return out | {name: np.asarray(shipped[name], np.float64) for name in _OF_SHIPPED}

    def _related(self, unit: Unit) -> float:
        text = f"{unit.text} {unit.name}"[:_READ_CHARS]
        return self._words.related_to(self._weights, frozenset(stem(word) for word in code_words(text)))

    def _fit(self, place: FileUnit, before: int, after: int) -> float:
        """The share of the question that the best change of a unit's lines has, and a little of all."""
        last = min(len(self._files[place.file]), place.unit.end + after)
        first = max(1, place.unit.start - before)
        numbers = {n for line in range(first, last + 1) for n in self._numbers_of(place.file, line)}
        shares = [self._shares[place.file][number] for number in numbers]
        return max(shares, default=0.0) + 0.1 * math.log1p(sum(share for share in shares if share > _SOME))

    def _numbers_of(self, file: int, line: int) -> Sequence[int]:
        if (file, line) not in self._numbers:
            self._numbers[file, line] = self._changes[file].numbers_of(self._files[file][line - 1])
        return self._numbers[file, line]

    def _share(self, subject: frozenset[str]) -> float:
        return sum(weight for word, weight in self._weights.items() if word in subject)


def asked_stems(text: str) -> list[str]:
    """The stems of a question or a subject, each once, without stop words."""
    return list(dict.fromkeys(stem(word) for word in code_words(text) if word not in STOP_WORDS))


def line_key(line: str) -> str:
    """By which a line is known again wherever it stands; "" for one that says too little."""
    text = " ".join(line.split())
    if len(text) > _LONGEST_LINE or len(code_words(text)) < _FEWEST_WORDS:
        return ""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=5).hexdigest()


@lru_cache(maxsize=1)
def _shipped_order() -> str:
    """The hash of what makes the shipped order: other scores would need other weights."""
    digest = hashlib.sha256()
    for skill, name in (("ask_file", "scores.json"), ("judge", "skill.toml"), ("judge", "head.json")):
        digest.update(shipped_file(skill, name).read_bytes())
    return digest.hexdigest()[:16]


def made_for(settings: Settings) -> str:
    """The shipped order and the encoder: what was learned with others is not used. Raises ModelError."""
    return " ".join((settings.embed_model, *settings.engine_urls, _shipped_order()))


def versions_of(state_dir: Path, folder: Path) -> Versions:
    """The versions of what was learned of a repository."""
    return Versions(state_dir.expanduser() / "adapted" / "ask_file" / _name_of(str(folder)))


def order_for(state_dir: Path, paths: Sequence[Path], made_for: str) -> LearnedOrder | None:
    """What was learned of the repository that all files are in; None if nothing was, if it is damaged, or if
    it was measured with another order than this version's (`made_for`).
    """
    if not paths:
        return None
    for folder in paths[0].parents:
        versions = versions_of(state_dir, folder)
        used = versions.in_use
        if used is not None and all(path.is_relative_to(folder) for path in paths):
            order = _read(used, versions.current, _changed_at(used / ORDER))
            return order if order and order.made_for == made_for and order.folder == folder else None
    return None


def write_version(order: LearnedOrder, report: Mapping[str, Any], folder: Path) -> None:
    """Write all of it. Raises OSError."""
    (folder / LINES).mkdir()
    for name, changes in order.files.items():
        content = {"subjects": [sorted(words) for words in changes.subjects], "lines": changes.lines}
        _write(folder / LINES / f"{_name_of(name)}.json", content)
    _write(folder / REPORT, report)
    _write(
        folder / ORDER,
        {
            "folder": str(order.folder),
            "idf": order.words.idf,
            "related": order.words.related,
            "weights": order.weights,
            "right_elsewhere": order.right_elsewhere,
            "made_for": order.made_for,
        },
    )


def _write(path: Path, content: Any) -> None:
    make_private_file(path)
    path.write_text(json.dumps(content, ensure_ascii=False, default=dict), encoding="utf-8")


def _name_of(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _read(folder: Path, version: int, _changed_at: int) -> LearnedOrder | None:
    try:
        data = json.loads((folder / ORDER).read_text(encoding="utf-8"))
        words = LearnedWords(data["idf"], data["related"])
        weights = {name: float(data["weights"][name]) for name in FEATURES if name in data["weights"]}
        right, made_for = float(data["right_elsewhere"]), str(data["made_for"])
        return LearnedOrder(Path(data["folder"]), words, weights, right, made_for, {}, version, folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=64)
def _read_lines(path: Path) -> LineChanges:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return LineChanges([frozenset(words) for words in data["subjects"]], data["lines"])
    except (OSError, ValueError, KeyError, TypeError):
        return LineChanges()
