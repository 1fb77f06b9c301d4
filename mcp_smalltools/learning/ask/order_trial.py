"""Does ask_file put the right place of a repository's files first more often with what it can learn there?

The newest commits and the files of one third are held out. Of the rest, half of the weights' questions come
from commits before the held-out ones, the others from documentation, comments and headings. What is known of
lines and words ends before the questions that it is asked about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mcp_smalltools.errors import NotFound
from mcp_smalltools.learning.ask.asked_rows import AskedRow, RowMaker, RowStore
from mcp_smalltools.learning.ask.lessons import Pair, learned_words, line_changes
from mcp_smalltools.learning.ask.listwise import fit_weights, mean_loss
from mcp_smalltools.learning.ask.material import (
    COMMIT,
    AskCase,
    cases_of_commits,
    cases_of_file,
    is_held_out,
)
from mcp_smalltools.learning.improve.trial import chance_of, gained_and_lost
from mcp_smalltools.learning.repositories import git
from mcp_smalltools.learning.repositories.changes import Change, past_changes
from mcp_smalltools.learning.stopwatch import Stopwatch
from mcp_smalltools.tools.ask_file.learned_order import FEATURES, LearnedOrder, asked_stems, made_for

if TYPE_CHECKING:
    from mcp_smalltools.config import Settings
    from mcp_smalltools.engine.api import Engine
    from mcp_smalltools.learning.repositories.files import RepositoryFiles

FIT_COMMITS: Final = 80
FIT_OTHERS: Final = 80
HELD_COMMITS: Final = 60
HELD_OTHERS: Final = 60
"""Questions, at most: each takes seconds of the processor."""
_FEWEST: Final = 40
"""Questions to learn from, and half as many to judge by."""
_OF_A_FILE: Final = 3
"""Questions out of one file, most of whose units they share."""
RIDGES: Final = (3.0, 30.0, 300.0)
_FOLDS: Final = 4
MAY_BE_CHANCE: Final = 0.05
"""As of corrections: with .2 a version was kept that did no good on newer commits (`models/LOG.md`)."""
_FEWEST_OF_A_GROUP: Final = 20
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FirstPlaces:
    """Shares of held-out questions: the right place is the first, before and after, and among three."""

    questions: int
    first_before: float
    first_after: float
    three_before: float
    three_after: float


@dataclass(frozen=True, slots=True)
class OrderTrial:
    """`by_kind`: of the questions of commits, and of each other kind. `reasons` say why it isn't kept."""

    files: int
    changes: int
    learned_from: int
    all: FirstPlaces
    by_kind: dict[str, FirstPlaces]
    weights: dict[str, float]
    chance: float
    reasons: tuple[str, ...]
    seconds: float
    processor_s: float
    commit: str

    @property
    def better(self) -> bool:
        return not self.reasons

    def report(self) -> dict[str, Any]:
        return {**asdict(self), "better": self.better}


async def try_order(
    files: RepositoryFiles,
    settings: Settings,
    engine: Engine,
    say: Say,
    written: Sequence[AskCase] = (),
) -> tuple[OrderTrial, LearnedOrder]:
    """The trial, and what is to be kept if it is better. `written` are questions of a teacher.

    Raises NotFound where there is too little to learn from, and as the engine does.
    """
    watch, source = Stopwatch(), files.folder.root
    texts = files.texts()
    say(f"{len(texts)} files read")
    changes = past_changes(source, texts)
    material = _Material.of(texts, changes, written)
    material.check(source)
    say(f"{len(changes)} changes; {len(material.fit)} questions to learn from, {len(material.held)} held out")
    maker = RowMaker(
        source, texts, settings, engine, RowStore.of(settings.state_dir, source, made_for(settings))
    )
    fit = await maker.rows(material.fit, _lessons(source, changes[: material.first_fit]), say)
    told = list(_documented(material.fit, texts))
    held = await maker.rows(material.held, _lessons(source, changes[: material.first_held], told), say)
    weights = _fitted(fit)
    figures = _judged(held, weights)
    maker.store.forget()
    trial = OrderTrial(
        files=len(texts),
        changes=len(changes),
        learned_from=len(fit),
        all=figures.all,
        by_kind=figures.by_kind,
        weights={name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)},
        chance=round(figures.chance, 4),
        reasons=tuple(figures.reasons()),
        seconds=watch.seconds,
        processor_s=watch.processor_s,
        commit=git.head_of(source),
    )
    learned = _lessons(source, changes, [*told, *_documented(material.held, texts)])
    return trial, replace(
        learned,
        weights=trial.weights,
        right_elsewhere=figures.right_elsewhere,
        made_for=made_for(settings),
    )


def _lessons(source: Path, changes: Sequence[Change], told: Sequence[Pair] = ()) -> LearnedOrder:
    """What these changes and pairs of question and lines say, without any weights yet."""
    return LearnedOrder(source, learned_words(changes, told), {}, 0.0, "", line_changes(changes))


@dataclass(frozen=True, slots=True)
class _Material:
    """Questions to fit by and held out ones. What is known of the history ends before number `first_fit` and
    `first_held` for them.
    """

    fit: list[AskCase]
    held: list[AskCase]
    first_fit: int
    first_held: int

    @classmethod
    def of(cls, texts: Mapping[str, str], changes: Sequence[Change], written: Sequence[AskCase]) -> _Material:
        asking = cases_of_commits(changes, 0, FIT_COMMITS + HELD_COMMITS)
        count = min(HELD_COMMITS, len(asking) // 3)
        held, fit = asking[len(asking) - count :], asking[: len(asking) - count]
        first_fit = fit[0].number if fit else len(changes)
        first_held = held[0].number if held else len(changes)
        others = [*_cases_of_files(texts), *written]
        learned = _spread([case for case in others if not is_held_out(case.path)], FIT_OTHERS)
        judged = _spread([case for case in others if is_held_out(case.path)], HELD_OTHERS)
        return cls([*fit, *learned], [*held, *judged], first_fit, first_held)

    def check(self, source: Path) -> None:
        """Raises NotFound where there is too little."""
        if len(self.fit) < _FEWEST or len(self.held) < _FEWEST // 2:
            raise NotFound(
                f"{source} gives {len(self.fit)} questions to learn from and {len(self.held)} to judge by; "
                f"{_FEWEST} and {_FEWEST // 2} are the least.",
                remedy="Name a repository with a longer history, or with more documentation.",
            )


def _cases_of_files(texts: Mapping[str, str]) -> Iterator[AskCase]:
    for path, text in sorted(texts.items()):
        yield from cases_of_file(path, text.split("\n"), _OF_A_FILE)


def _spread(cases: Sequence[AskCase], most: int) -> list[AskCase]:
    """So many of them, those of a file together, in an order that only the paths decide."""

    def draw(case: AskCase) -> tuple[str, str]:
        return hashlib.sha256(case.path.encode("utf-8", "surrogateescape")).hexdigest(), case.key

    return list(islice(sorted(cases, key=draw), most))


def _documented(cases: Sequence[AskCase], texts: Mapping[str, str]) -> Iterator[tuple[list[str], list[str]]]:
    """The stems of each question out of a file of today, with the lines that answer."""
    for case in cases:
        if case.kind != COMMIT and case.path in texts:
            lines = texts[case.path].split("\n")
            yield asked_stems(case.question), [lines[n - 1] for n in sorted(case.lines) if n <= len(lines)]


def _fitted(rows: Sequence[AskedRow]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Weights with the ridge under which rows of other files are likeliest; 0 where none is better."""
    choices = [row.choice for row in rows]
    fold = [int(row.key[:4], 16) % _FOLDS for row in rows]
    losses = {}
    for ridge in RIDGES:
        out = []
        for number in range(_FOLDS):
            learned = [choice for choice, own in zip(choices, fold, strict=True) if own != number]
            asked = [choice for choice, own in zip(choices, fold, strict=True) if own == number]
            out.append(mean_loss(asked, fit_weights(learned, ridge)))
        losses[ridge] = float(np.mean(out))
    ridge = min(losses, key=lambda one: losses[one])
    before = mean_loss(choices, np.zeros(len(FEATURES)))
    return fit_weights(choices, ridge) if losses[ridge] < before else np.zeros(len(FEATURES))


@dataclass(frozen=True, slots=True)
class _Figures:
    all: FirstPlaces
    by_kind: dict[str, FirstPlaces]
    chance: float
    gained: int
    lost: int
    right_elsewhere: float
    groups_lost: tuple[str, ...]

    def reasons(self) -> Iterator[str]:
        """Why it is not kept."""
        if self.gained <= self.lost:
            yield "the right place of held-out questions is not the first more often"
        elif self.chance > MAY_BE_CHANCE:
            yield f"chance would explain as much ({self.gained} better, {self.lost} worse)"
        if self.all.three_after < self.all.three_before:
            yield "the right place of held-out questions is among three less often"
        for group in self.groups_lost:
            yield f"it is the first less often for questions of {group}"


def _judged(rows: Sequence[AskedRow], weights: Any) -> _Figures:
    before = [row.places(row.choice.start) for row in rows]
    after = [row.places(row.choice.start + row.choice.columns @ weights) for row in rows]
    kinds = sorted({row.kind for row in rows})
    by_kind = {
        kind: _figures(
            [
                pair
                for row, pair in zip(rows, zip(before, after, strict=True), strict=True)
                if row.kind == kind
            ]
        )
        for kind in kinds
    }
    gained, lost = gained_and_lost([one.first for one in before], [one.first for one in after])
    moved = [now.first for was, now in zip(before, after, strict=True) if not was.overlaps(now)]
    return _Figures(
        _figures(list(zip(before, after, strict=True))),
        by_kind,
        chance_of(gained, gained + lost),
        gained,
        lost,
        round((sum(moved) + 1) / (len(moved) + 2), 3),
        tuple(
            kind
            for kind, found in by_kind.items()
            if found.questions >= _FEWEST_OF_A_GROUP and found.first_after < found.first_before
        ),
    )


def _figures(pairs: Sequence[tuple[Any, Any]]) -> FirstPlaces:
    def share(values: Sequence[bool]) -> float:
        return round(sum(values) / max(1, len(values)), 4)

    return FirstPlaces(
        len(pairs),
        share([before.first for before, _ in pairs]),
        share([after.first for _, after in pairs]),
        share([before.three for before, _ in pairs]),
        share([after.three for _, after in pairs]),
    )
