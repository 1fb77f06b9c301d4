"""Does find_files find the files of a repository better when it knows the repository's history?

The newest commits that ask for something are held out: their subjects are queries for the files that they
changed, and what is known of the history then ends before them. Those before them choose what the history is
worth. It is kept if at least as many of the held-out commits find one of their files among the first five,
and more of them, or further up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import anyio.to_thread

from mcp_smalltools.errors import NotFound
from mcp_smalltools.learning.files.kept_passages import KeptPassages
from mcp_smalltools.learning.repositories import git
from mcp_smalltools.learning.repositories.commits import PastCommit, past_commits
from mcp_smalltools.learning.repositories.files import RepositoryFiles
from mcp_smalltools.learning.stopwatch import Stopwatch
from mcp_smalltools.tools.find_files.learned_history import LearnedHistory, history_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.config import Settings
    from mcp_smalltools.engine.api import Engine
    from mcp_smalltools.learning.improve.teacher import Teacher
    from mcp_smalltools.learning.teaching.question_writer import QuestionWriter
    from mcp_smalltools.tools.find_files.index_updates import IndexUpdater

WEIGHTS: Final = (0.0, 0.2, 0.5, 1.0)
"""What the history may be worth; 0 is what ships."""
FIRST: Final = 5
"""Files among which one that was changed has to be."""
_HELD_OUT: Final = 60
"""Commits that decide, and as many that choose, at most: a quarter of those that ask for something."""
_FEWEST: Final = 40
"""Commits that ask for something, at least."""
_LEAST_GAIN: Final = 0.01
"""Of share and rank together: less is noise."""
_CONFIRMED: Final = 20
"""Files among which the one that a teacher wrote a request for has to be found again."""
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
    processor_s: float
    commit: str
    taught: int = 0
    """Questions of a teacher that it was made of."""

    @property
    def better(self) -> bool:
        gain = self.after + self.rank_after - self.before - self.rank_before
        return self.weight > 0 and gain > _LEAST_GAIN and self.after >= self.before

    def report(self) -> dict[str, Any]:
        return {**asdict(self), "better": self.better}


async def try_history(
    source: Path, settings: Settings, engine: Engine, say: Say, teacher: Teacher | None = None
) -> tuple[HistoryTrial, LearnedHistory]:
    """The trial, and what is to be kept if it is better. Raises NotFound where the history is too short."""
    watch = Stopwatch()
    source = source.resolve()
    git.check_top(source)  # before the index, which takes longer
    files = RepositoryFiles.of(source, settings)
    updater = await _indexed(files, settings, engine, say)
    try:
        commits = past_commits(source, updater.index.paths().values())
        asking = [number for number, commit in enumerate(commits) if commit.asks]
        if len(asking) < _FEWEST:
            raise NotFound(
                f"{source} has {len(asking)} commits that ask for files that are still there; {_FEWEST} are "
                "the least to learn from.",
                remedy="Name a repository with more history, or a clone of all of it.",
            )
        count = min(_HELD_OUT, len(asking) // 4)
        say(f"{len(commits)} commits; {count} are held out, {count} choose")
        trial = _Trial(source, updater, commits)
        choosing, held_out = asking[-2 * count : -count], asking[-count:]
        asked = [] if engine.remote_hosts else [*choosing, *held_out]
        vectors = await trial.vectors(asked, engine, settings)
        scores = await anyio.to_thread.run_sync(lambda: trial.found(choosing, WEIGHTS, vectors))
        for tried, one in scores.items():
            say(f"the history worth {tried}: {one.share:.2f} of those that choose")
        weight = _best_weight(scores)
        if teacher is not None:
            from mcp_smalltools.learning.teaching.question_writer import QuestionWriter

            told = await _taught(QuestionWriter(teacher, files, settings, engine), trial, files, say)
            with_them = replace(trial, taught=told)
            others = await anyio.to_thread.run_sync(lambda: with_them.found(choosing, WEIGHTS, vectors))
            best = _best_weight(others)
            if best and others[best].gain > scores[weight].gain:
                trial, weight = with_them, best
            say(f"the teacher's questions are {'used' if trial.taught else 'of no use'}")
        judged = await anyio.to_thread.run_sync(lambda: trial.found(held_out, (0.0, weight), vectors))
        before, after = judged[0.0], judged[weight]
        shares = before.share, after.share, before.rank, after.rank
        count_of_files = len(updater.index.paths())
        figures = HistoryTrial(
            count_of_files,
            len(commits),
            count,
            weight,
            *shares,
            watch.seconds,
            watch.processor_s,
            git.head_of(source),
            len(trial.taught),
        )
        return figures, trial.learned(len(commits), weight)
    finally:
        updater.close()


def _best_weight(scores: Mapping[float, FoundShare]) -> float:
    return max(WEIGHTS, key=lambda tried: (scores[tried].gain, -tried))


async def _taught(
    writer: QuestionWriter, trial: _Trial, files: RepositoryFiles, say: Say
) -> list[tuple[str, str]]:
    """Requests that a teacher wrote for files, those by which the file is found again as it ships."""
    from mcp_smalltools.learning.teaching.taught import share_confirmed, taught_files

    try:
        asked = await taught_files(writer, files.texts(), say)
    finally:
        await writer.close()
    kept = await anyio.to_thread.run_sync(lambda: [one for one in asked if trial.finds(*one)])
    say(share_confirmed(kept, asked))
    return kept


async def _indexed(files: RepositoryFiles, settings: Settings, engine: Engine, say: Say) -> IndexUpdater:
    """The index of the folder, with vectors where there is an encoder; what is there already is kept."""
    from mcp_smalltools.tools.find_files.file_vectors import embed_rest
    from mcp_smalltools.tools.find_files.index_updates import IndexUpdater

    updater = IndexUpdater(files.folder, settings.state_dir, files.open)
    updater.refresh(_INDEX_S, lambda *_: None, lambda: None)
    say(f"files indexed: {len(updater.index.paths()):,}")
    if engine.remote_hosts:
        say("without vectors of files: their digests are not sent to an engine on another machine")
    elif problem := await embed_rest(updater, engine, settings.embed_model):
        say(f"without vectors of files ({problem})")
    return updater


@dataclass(frozen=True, slots=True)
class FoundShare:
    """`share` of commits find one of their files among the first five; `rank` is the mean reciprocal rank."""

    share: float
    rank: float

    @property
    def gain(self) -> float:
        """By which weights are chosen."""
        return self.share + self.rank

    @classmethod
    def of(cls, ranks: Sequence[float]) -> Self:
        """From 1, 1/2 ... for the place of the first of their files, 0 for none."""
        return cls(round(sum(rank > 0 for rank in ranks) / len(ranks), 4), round(sum(ranks) / len(ranks), 4))


@dataclass(slots=True)
class _Trial:
    source: Path
    updater: IndexUpdater
    commits: Sequence[PastCommit]
    passages: KeptPassages = field(default_factory=KeptPassages)
    taught: Sequence[tuple[str, str]] = ()
    """Requests of a teacher, each with the path of its file."""

    def learned(self, until: int, weight: float) -> LearnedHistory:
        """What the first `until` commits tell."""
        told = [(commit.subject, commit.files) for commit in self.commits[:until]]
        told += [(request, (path,)) for request, path in self.taught]
        return history_of(self.source, weight, told)

    async def vectors(
        self, asking: Sequence[int], engine: Engine, settings: Settings
    ) -> dict[int, NDArray[np.float32]]:
        """Vectors of the subjects by the number of their commit; none without an encoder."""
        from mcp_smalltools.tools.similarity import NoEncoder, embed

        if not asking:
            return {}
        subjects = [self.commits[number].subject for number in asking]
        found = await embed(engine, subjects, settings.deadline_s)
        return {} if isinstance(found, NoEncoder) else dict(zip(asking, found, strict=True))

    def finds(self, request: str, path: str) -> bool:
        """Whether a file is among the first for a request, by its words."""
        from mcp_smalltools.tools.base import StopSignal
        from mcp_smalltools.tools.find_files.search import Query, SearchFolder, match, rank

        stop = StopSignal(_INDEX_S)
        place = SearchFolder(self.updater, self.updater.folder)
        matches = match([place], Query(request, "", _CONFIRMED), stop)
        return any(hit.path == path for hit in rank(matches, stop, [], self.passages).hits)

    def found(
        self, asking: Sequence[int], weights: Sequence[float], vectors: dict[int, NDArray[np.float32]]
    ) -> dict[float, FoundShare]:
        """How many of these commits find one of their files, by what the history is worth; it ends before
        them. What doesn't depend on it is done once for each commit.
        """
        from mcp_smalltools.tools.base import StopSignal
        from mcp_smalltools.tools.find_files.search import Query, SearchFolder, match, rank

        stop = StopSignal(_INDEX_S)
        place = SearchFolder(self.updater, self.updater.folder)
        history = self.learned(asking[0], 1.0)
        ranks: dict[float, list[float]] = {weight: [] for weight in weights}
        for number in asking:
            commit = self.commits[number]
            matches = match([place], Query(commit.subject, "", FIRST, vectors.get(number)), stop)
            for weight, found in ranks.items():
                learned = [replace(history, weight=weight)] if weight else []
                results = rank(matches, stop, learned, self.passages)
                places = [n for n, hit in enumerate(results.hits, 1) if hit.path in commit.files]
                found.append(1 / places[0] if places else 0.0)
        return {weight: FoundShare.of(found) for weight, found in ranks.items()}
