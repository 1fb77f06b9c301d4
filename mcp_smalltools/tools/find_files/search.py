"""From a query to ranked files with their passages: words choose, words and meaning rank, passages refine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mcp_smalltools.errors import FileError
from mcp_smalltools.text.words import STOP_WORDS, code_words
from mcp_smalltools.tools.find_files import file_scores
from mcp_smalltools.tools.find_files.best_passage import Found, best_passage
from mcp_smalltools.tools.find_files.indexing import MAX_BYTES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.files.reader import StopCheck
    from mcp_smalltools.files.roots import Folder
    from mcp_smalltools.tools.find_files.index_updates import Keeper

_CANDIDATES: Final = 400
_BY_MEANING: Final = 40
_READ: Final = 30
"""Files that are opened to compare their passages."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look: a folder, and the index of its root."""

    keeper: Keeper
    folder: Folder


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    glob: str
    limit: int
    vector: NDArray[np.float32] | None = None
    """Shape (dim,), of unit length; None ranks by words alone."""


@dataclass(slots=True)
class Hit:
    place: Place
    path: str
    """Relative to the root."""
    score: float
    passage: Found | None = None


@dataclass(frozen=True, slots=True)
class Results:
    hits: list[Hit]
    unknown: list[str]
    """Words of the query that no file holds."""
    known: list[str]
    """Those that some file holds."""
    looked_at: int
    """Files that were searched, after `path` and `glob`."""


@dataclass(slots=True)
class _Ranked:
    """The files of one index that may fit."""

    place: Place
    paths: dict[int, str]
    words: dict[int, float] = field(default_factory=dict)
    similarity: dict[int, float] = field(default_factory=dict)


def search(places: Sequence[Place], query: Query, stop: StopCheck) -> Results:
    """Raises sqlite3.Error where an index is damaged."""
    asked = query_words(query.text)
    indexes = [place.keeper.index for place in places]
    total = file_scores.add_counts([index.counts() for index in indexes])
    files_with = [index.files_with(asked) for index in indexes]
    in_files = {word: sum(counts[word] for counts in files_with) for word in asked}
    weights = file_scores.idfs((word for word in asked if in_files[word]), in_files, total.files)
    ranked = [_Ranked(place, _paths(place, query.glob)) for place in places]
    for one in ranked:
        index = one.place.keeper.index
        only = frozenset(one.paths) if query.glob or one.place.folder.parts else None
        candidates = index.candidates(list(weights), _CANDIDATES, only)
        one.words = file_scores.word_scores(weights, candidates, total.mean_words)
        if query.vector is not None:
            one.similarity = _similarity(one, query.vector)
        stop.check()
    hits = _best(ranked, max(_READ, query.limit))
    _refine(hits, weights, stop)
    unknown = [word for word in code_words(query.text) if word in in_files and not in_files[word]]
    looked_at = sum(len(one.paths) for one in ranked)
    return Results(sorted(hits, key=_order)[: query.limit], unknown, list(weights), looked_at)


def query_words(text: str) -> list[str]:
    """The different words that are looked for: all, if none of them says anything."""
    distinct = list(dict.fromkeys(code_words(text)))
    return [word for word in distinct if word not in STOP_WORDS] or distinct


def _paths(place: Place, glob: str) -> dict[int, str]:
    """Ids and paths of the files that are asked about."""
    paths = place.keeper.index.paths()
    if place.folder.parts:
        named = "/".join(place.folder.parts)
        paths = {i: path for i, path in paths.items() if path == named or path.startswith(named + "/")}
    if glob:
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines([glob])
        paths = {i: path for i, path in paths.items() if spec.match_file(path)}
    return paths


def _similarity(one: _Ranked, vector: NDArray[np.float32]) -> dict[int, float]:
    """Cosines of what was found by words, and of the files that are nearest by meaning."""
    ids, vectors = one.place.keeper.index.vectors()
    if not ids or vectors.shape[1] != len(vector):
        return {}
    cosines = vectors @ vector
    near = [int(i) for i in (-cosines).argsort() if ids[i] in one.paths][:_BY_MEANING]
    wanted = {i for i, number in enumerate(ids) if number in one.words} | set(near)
    return {ids[i]: float(cosines[i]) for i in wanted}


def _best(ranked: Sequence[_Ranked], most: int) -> list[Hit]:
    best = max((score for one in ranked for score in one.words.values()), default=0.0)
    hits = [
        Hit(one.place, one.paths[number], score)
        for one in ranked
        for number, score in file_scores.fuse(one.words, one.similarity, best).items()
        if number in one.paths
    ]
    return sorted(hits, key=_order)[:most]


def _refine(hits: Sequence[Hit], weights: dict[str, float], stop: StopCheck) -> None:
    """Add to each file's score that of its best passage: one place that has it all is worth more."""
    for hit in hits:
        stop.check()
        try:
            with hit.place.keeper.opened(hit.path) as source:
                lines = source.text(MAX_BYTES).split("\n")
        except FileError:  # gone, or known by its name alone
            continue
        hit.passage = best_passage(hit.path, lines, weights)
        if hit.passage is not None:
            hit.score += hit.passage.score


def _order(hit: Hit) -> tuple[float, str]:
    return (-hit.score, hit.path)
