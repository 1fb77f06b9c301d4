"""What ask_file sees of each question of a repository: its candidates, their features, which are right."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.errors import EngineError
from mcp_smalltools.learning.ask.listwise import AskedChoice
from mcp_smalltools.learning.ask.material import COMMIT, WRITTEN, AskCase, text_of_case
from mcp_smalltools.learning.repositories import git
from mcp_smalltools.private_files import make_private_file, make_private_folder
from mcp_smalltools.tools.ask_file.learned_order import FEATURES, LearnedOrder
from mcp_smalltools.tools.ask_file.selection import select_passages
from mcp_smalltools.tools.ask_file.units.unit import Unit
from mcp_smalltools.tools.ask_file.word_index import FileUnit

if TYPE_CHECKING:
    from mcp_smalltools.config import Settings
    from mcp_smalltools.engine.api import Engine

_SECONDS: Final = 600.0
_MOST_BYTES: Final = 400_000
_EVERY: Final = 20
"""Questions between two lines that say how far it is."""


@dataclass(frozen=True, slots=True)
class Places:
    """Whether the first place is right, whether one of three is, and the lines of the first."""

    first: bool
    three: bool
    place: tuple[int, int]

    def overlaps(self, other: Places) -> bool:
        """Whether the first places have a line in common."""
        return self.place[0] <= other.place[1] and other.place[0] <= self.place[1]


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A question's candidates without any text. `spans` are their units: lines, kind and shown lines."""

    key: str
    kind: str
    gold: frozenset[int]
    choice: AskedChoice
    spans: Sequence[tuple[int, int, str, int, int]]

    def places(self, order: NDArray[np.float64]) -> Places:
        """By these log odds, shape (candidates,)."""
        units = [FileUnit(0, Unit(*span[:2], "", "", span[2], "", span[3:])) for span in self.spans]
        found = select_passages(units, order)
        right = [any(place.start <= line <= place.end for line in self.gold) for place in found]
        return Places(right[0], any(right[:3]), (found[0].start, found[0].end))

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind,
            "gold": sorted(self.gold),
            "start": self.choice.start.round(5).tolist(),
            "columns": self.choice.columns.round(5).tolist(),
            "right": self.choice.right.tolist(),
            "spans": [list(span) for span in self.spans],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError and the like if damaged."""
        columns = np.array(data["columns"], np.float64)
        if columns.ndim != 2 or columns.shape[1] != len(FEATURES):
            raise ValueError("of other features")
        choice = AskedChoice(np.array(data["start"], np.float64), columns, np.array(data["right"], np.bool_))
        spans = [(int(a), int(b), str(kind), int(c), int(d)) for a, b, kind, c, d in data["spans"]]
        return cls(str(data["key"]), str(data["kind"]), frozenset(data["gold"]), choice, spans)


class RowStore:
    """Rows of a training that isn't over, so that it goes on where it stopped. Numbers alone, no text."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[str, AskedRow] = {}
        with contextlib.suppress(OSError):
            for line in path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    row = AskedRow.from_json(json.loads(line))
                    self._rows[row.key] = row

    @classmethod
    def of(cls, state_dir: Path, folder: Path, made_for: str) -> Self:
        """Of a repository as it is now, and of this order: others are not gone on with."""
        said = "\0".join((str(folder), git.head_of(folder), made_for, *FEATURES))
        name = hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return cls(state_dir.expanduser() / "training" / "ask_file" / f"{name}.jsonl")

    def get(self, key: str) -> AskedRow | None:
        return self._rows.get(key)

    def put(self, row: AskedRow) -> None:
        make_private_folder(self._path.parent)
        make_private_file(self._path)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row.to_json()) + "\n")

    def forget(self) -> None:
        """The training is over."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


class RowMaker:
    """Asks the shipped order about each question, and adds what is known of lines and words."""

    def __init__(
        self, source: Path, texts: Mapping[str, str], settings: Settings, engine: Engine, store: RowStore
    ) -> None:
        from mcp_smalltools.calibration.calibration import load_calibration
        from mcp_smalltools.learning.ask.vectors_once import VectorsOnce
        from mcp_smalltools.tools.ask_file.features import FEATURES as SHIPPED

        self.store = store
        self._source, self._texts, self._settings = source, texts, settings
        self._engine = VectorsOnce(engine)
        self._calibration = load_calibration("ask_file", SHIPPED)

    async def rows(
        self, cases: Sequence[AskCase], lessons: LearnedOrder, say: Callable[[str], None]
    ) -> list[AskedRow]:
        """Of the questions whose file can be read and has a candidate. `lessons` say what is known of lines
        and words; its weights are not used. Raises EngineError.
        """
        found = []
        for number, case in enumerate(cases, 1):
            row = self.store.get(case.key)
            if row is None and (row := await self._row(case, lessons)) is not None:
                self.store.put(row)
            if row is not None and (case.kind != WRITTEN or row.places(row.choice.start).three):
                found.append(row)  # of a teacher's, those by which the shipped order finds the place again
            if number % _EVERY == 0 or number == len(cases):
                say(f"{number} of {len(cases)} questions asked")
        return found

    async def _row(self, case: AskCase, lessons: LearnedOrder) -> AskedRow | None:
        from mcp_smalltools.tools.ask_file.question import parse_question
        from mcp_smalltools.tools.ask_file.rank import Asking, score
        from mcp_smalltools.tools.ask_file.units.of_file import units_of
        from mcp_smalltools.tools.ask_file.word_index import Index
        from mcp_smalltools.tools.ask_file.word_vectors import word_table

        text = self._text_of(case)
        if text is None:
            return None
        lines = text_of_case(text, case.blank)
        index = Index([FileUnit(0, unit) for unit in units_of(case.path, lines)], word_table())
        asked = Asking([lines], _SECONDS, lessons, [self._source / case.path])
        found = await score(self._engine, index, parse_question(case.question), self._calibration, asked)
        if found is None:
            return None
        if problem := found.no_encoder or found.no_judge:
            raise EngineError(
                f"Questions can't be asked without the encoder and its judge ({problem.error.code}).",
                remedy="See what `mcp-smalltools doctor` says of the engine, then start again: it goes on.",
            )
        assert found.learned is not None
        assert found.all_log_odds is not None
        units = [place.unit for place in found.all_units]
        right = [any(line in case.lines for line in range(unit.start, unit.end + 1)) for unit in units]
        columns = np.stack([found.learned[name] for name in FEATURES], axis=1)
        choice = AskedChoice(found.all_log_odds, columns, np.array(right, np.bool_))
        spans = [(unit.start, unit.end, unit.kind, *unit.shown) for unit in units]
        return AskedRow(case.key, case.kind, case.lines, choice, spans)

    def _text_of(self, case: AskCase) -> str | None:
        if case.kind == COMMIT:
            return git.content(self._source, f"{case.commit}^", case.before, _MOST_BYTES)
        return self._texts.get(case.path)
