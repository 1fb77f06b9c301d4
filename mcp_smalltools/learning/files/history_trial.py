"""Does find_files find the files of a repository better when it knows the repository's history?

The newest commits that ask for something are held out: their subjects are queries for the files that they
changed, and what is known of the history then ends before them. Those before them choose what the history is
worth. It is kept if at least as many of the held-out commits find one of their files among the first five,
and more of them, or further up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.errors import NotFound
from mcp_smalltools.learning.files.commits import PastCommit, past_commits
from mcp_smalltools.tools.find_files.learned_history import LearnedHistory, history_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.config import Settings
    from mcp_smalltools.engine.api import Engine
    from mcp_smalltools.tools.find_files.index_updates import IndexUpdater

WEIGHTS: Final = (0.0, 0.2, 0.5, 1.0)
"""What the history may be worth; 0 is what ships."""
FIRST: Final = 5
"""Files among which one that was changed has to be."""
_HELD_OUT: Final = 60
"""Commits that decide, and as many that choose, at most: a quarter of those that ask for something."""
_FEWEST: Final = 40
"""Commits that ask for something, at least."""
_INDEX_S: Final = 3600.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class HistoryTrial:
    """Shares are of the held-out commits: one of their files is among the first five. Ranks are the mean of
    1, 1/2 ... 1/5 for the place of the first of their files, 0 for none.
    """

    files: int
    commits: int
    held_out: int
    weight: float
    before: float
    after: float
    rank_before: float
    rank_after: float
    seconds: float

    @property
    def better(self) -> bool:
        gains = self.after + self.rank_after > self.before + self.rank_before
        return self.weight > 0 and gains and self.after >= self.before

    def report(self) -> dict[str, Any]:
        return {**asdict(self), "better": self.better}


async def try_history(
    source: Path, settings: Settings, engine: Engine, say: Say
) -> tuple[HistoryTrial, LearnedHistory]:
    """The trial, and what is to be kept if it is better. Raises NotFound where the history is too short."""
    started = time.monotonic()
    source = source.resolve()
    updater = await _indexed(source, settings, engine, say)
    try:
        commits = past_commits(source, updater.index.paths().values())
        asking = [number for number, commit in enumerate(commits) if commit.asks]
        if len(asking) < _FEWEST:
            raise NotFound(
                f"{source} has {len(asking)} commits that ask for files that are still there; {_FEWEST} are "
                "the least to learn from."
            )
        count = min(_HELD_OUT, len(asking) // 4)
        say(f"{len(commits)} commits; {count} are held out, {count} choose")
        choosing, held_out = asking[-2 * count : -count], asking[-count:]
        trial = _Trial(source, updater, commits)
        vectors = await trial.vectors([*choosing, *held_out], engine, settings)
        scores = {}
        for weight in WEIGHTS:
            scores[weight] = trial.found(choosing, weight, vectors)
            say(f"the history worth {weight}: {scores[weight].share:.2f} of those that choose")
        weight = max(WEIGHTS, key=lambda one: (scores[one].share + scores[one].rank, -one))
        before = trial.found(held_out, 0.0, vectors)
        after = trial.found(held_out, weight, vectors) if weight else before
        seconds = round(time.monotonic() - started, 1)
        shares = before.share, after.share, before.rank, after.rank
        files = len(updater.index.paths())
        figures = HistoryTrial(files, len(commits), count, weight, *shares, seconds)
        return figures, trial.learned(len(commits), weight)
    finally:
        updater.close()


async def _indexed(source: Path, settings: Settings, engine: Engine, say: Say) -> IndexUpdater:
    """The index of the folder, with vectors where there is an encoder; what is there already is kept."""
    from mcp_smalltools.config import RootSpec
    from mcp_smalltools.files.roots import Roots
    from mcp_smalltools.level import PrivacyLevel
    from mcp_smalltools.tools.find_files.file_vectors import embed_rest
    from mcp_smalltools.tools.find_files.index_updates import IndexUpdater

    own = settings.model_copy(update={"roots": (RootSpec(path=source, level=PrivacyLevel.OPEN),)})
    roots = Roots.of(own)
    (folder,) = roots.folders(str(source))
    whole = replace(folder, parts=())
    updater = IndexUpdater(whole, settings.state_dir, lambda path: roots.open(str(whole.root / path)))
    updater.refresh(_INDEX_S, lambda *_: None, lambda: None)
    say(f"{len(updater.index.paths())} files indexed")
    if problem := await embed_rest(updater, engine, settings.embed_model):
        say(f"without vectors of files ({problem})")
    return updater


@dataclass(frozen=True, slots=True)
class FoundShare:
    """`share` of commits find one of their files among the first five; `rank` is the mean reciprocal rank."""

    share: float
    rank: float


@dataclass(slots=True)
class _Trial:
    source: Path
    updater: IndexUpdater
    commits: Sequence[PastCommit]

    def learned(self, until: int, weight: float) -> LearnedHistory:
        """What the first `until` commits tell."""
        told = ((commit.subject, commit.files) for commit in self.commits[:until])
        return history_of(self.source, weight, told)

    async def vectors(
        self, asking: Sequence[int], engine: Engine, settings: Settings
    ) -> dict[int, NDArray[np.float32]]:
        """Vectors of the subjects by the number of their commit; none without an encoder."""
        from mcp_smalltools.tools.similarity import NoEncoder, embed

        subjects = [self.commits[number].subject for number in asking]
        found = await embed(engine, subjects, settings.deadline_s)
        return {} if isinstance(found, NoEncoder) else dict(zip(asking, found, strict=True))

    def found(
        self, asking: Sequence[int], weight: float, vectors: dict[int, NDArray[np.float32]]
    ) -> FoundShare:
        """How many of these commits find one of their files; the history ends before them."""
        from mcp_smalltools.tools.base import StopSignal
        from mcp_smalltools.tools.find_files.search import Query, SearchFolder, search

        learned = (self.learned(asking[0], weight),) if weight else ()
        place = SearchFolder(self.updater, self.updater.folder, learned)
        hits, rank = 0, 0.0
        for number in asking:
            commit = self.commits[number]
            query = Query(commit.subject, "", FIRST, vectors.get(number))
            results = search([place], query, StopSignal(_INDEX_S))
            places = [n for n, hit in enumerate(results.hits, 1) if hit.path in commit.files]
            hits += bool(places)
            rank += 1 / places[0] if places else 0.0
        return FoundShare(round(hits / len(asking), 4), round(rank / len(asking), 4))
