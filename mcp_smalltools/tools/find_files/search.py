"""From a query to ranked files: words and similarity rank them, the best passage of each refines the rank."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from mcp_smalltools.errors import FileError
from mcp_smalltools.text.words import STOP_WORDS, code_words
from mcp_smalltools.tools.find_files import file_scores
from mcp_smalltools.tools.find_files.best_passage import BestPassage, best_passage
from mcp_smalltools.tools.find_files.certainty import SHOWN, AskedWords, RankedFile, ranking_features
from mcp_smalltools.tools.find_files.file_kinds import kind_of, worths
from mcp_smalltools.tools.find_files.indexing import MAX_BYTES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.files.reader import StopCheck
    from mcp_smalltools.files.roots import Folder
    from mcp_smalltools.tools.find_files.index import FileIndex
    from mcp_smalltools.tools.find_files.index_updates import IndexUpdater
    from mcp_smalltools.tools.find_files.learned_history import LearnedHistory

_MAX_BY_WORDS: Final = 400
"""Files of an index that are ranked because they hold words of the query."""
_MAX_BY_SIMILARITY: Final = 40
"""Files of an index that are ranked because their vectors are the most similar, whatever their words."""
_MAX_READ: Final = 30
"""Files that are opened to compare their passages."""


@dataclass(frozen=True, slots=True)
class SearchFolder:
    """Where to look: a folder, and the index of its root."""

    updater: IndexUpdater
    folder: Folder
    learned: Sequence[LearnedHistory] = ()
    """Of the repositories in it."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for."""

    text: str
    glob: str
    limit: int
    vector: NDArray[np.float32] | None = None
    """Shape (dim,), of unit length; None ranks by words alone."""


@dataclass(slots=True)
class Hit:
    """A file that fits, and the passage in it that fits best; None if its text can't be read."""

    place: SearchFolder
    path: str
    """Relative to the root."""
    score: float
    held: file_scores.HeldShares = file_scores.NOTHING_HELD
    by_words: float = 0.0
    similarity: float = 0.0
    passage: BestPassage | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """The hits, best first, what became of the query's words, and what the ranking says of itself."""

    hits: list[Hit]
    unknown: list[str]
    """Words of the query that no file holds."""
    known: list[str]
    """Those that some file holds."""
    searched: int
    """Files that `path` and `glob` left to search."""
    without_vector: int
    """Those of them that have text and no vector yet."""
    features: Mapping[str, float]
    """`certainty.ranking_features`; empty if there are no hits."""
    moved: bool = False
    """What was learned leaves the best file of the shipped ranking out of the first ones."""


@dataclass(slots=True)
class FolderMatches:
    """The files of one index that may fit, by id: paths, and scores by words and by similarity."""

    place: SearchFolder
    paths: dict[int, str]
    words: dict[int, float] = field(default_factory=dict)
    similarity: dict[int, float] = field(default_factory=dict)
    held: dict[int, file_scores.HeldShares] = field(default_factory=dict)
    nearest: list[float] = field(default_factory=list)
    """The highest similarities of all its files, best first."""


@dataclass(frozen=True, slots=True)
class QueryMatches:
    """What of the folders may fit a query, before anything that was learned takes part."""

    query: Query
    folders: list[FolderMatches]
    idfs: dict[str, float]
    """The idf of each word of the query."""
    weights: dict[str, float]
    """Of those that some file holds."""
    word_of: dict[str, str]
    """The word that each form of it stands for."""
    in_files: dict[str, int]
    """In how many files each word of the query occurs."""


class PassageReader(Protocol):
    """Finds the passage of a file that fits best."""

    def best(self, hit: Hit, weights: Mapping[str, float], word_of: Mapping[str, str]) -> BestPassage | None:
        """None if the file has no text. Raises FileError where it is gone, or known by its name alone."""


class OpenedFiles:
    """Passages of the files as they are now."""

    def best(self, hit: Hit, weights: Mapping[str, float], word_of: Mapping[str, str]) -> BestPassage | None:
        with hit.place.updater.opened(hit.path) as source:
            lines = source.text(MAX_BYTES).split("\n")
        return best_passage(hit.path, lines, weights, word_of)


class _ReadOnce:
    """The passage of each file of one query, read once."""

    def __init__(self, reader: PassageReader) -> None:
        self._reader = reader
        self._known: dict[tuple[int, str], BestPassage | None] = {}

    def best(self, hit: Hit, weights: Mapping[str, float], word_of: Mapping[str, str]) -> BestPassage | None:
        key = id(hit.place), hit.path
        if key not in self._known:
            self._known[key] = self._reader.best(hit, weights, word_of)
        return self._known[key]


def search(places: Sequence[SearchFolder], query: Query, stop: StopCheck) -> Results:
    """Raises sqlite3.Error where an index is damaged."""
    found = match(places, query, stop)
    passages = _ReadOnce(OpenedFiles())
    results = rank(found, stop, None, passages)
    if not any(place.learned for place in places) or not results.hits:
        return results
    # What the ranking says of itself was measured without what was learned.
    shipped = rank(found, stop, [], passages)
    shown = results.hits[: SHOWN if query.limit >= SHOWN else 1]
    best = shipped.hits[0] if shipped.hits else None
    kept = best is not None and any(hit.place is best.place and hit.path == best.path for hit in shown)
    return replace(results, features=shipped.features or results.features, moved=not kept)


def match(places: Sequence[SearchFolder], query: Query, stop: StopCheck) -> QueryMatches:
    """The files that may fit, with their scores by words and by similarity. Raises sqlite3.Error."""
    asked = query_words(query.text)
    indexes = [place.updater.index for place in places]
    total = file_scores.add_counts([index.counts() for index in indexes])
    forms = _other_forms(asked, indexes)
    in_files = {word: sum(index.files_with_any([word, *forms[word]]) for index in indexes) for word in asked}
    idfs = file_scores.idfs(asked, in_files, total.files)
    weights = {word: weight for word, weight in idfs.items() if in_files[word]}
    word_of = {form: word for word in weights for form in forms[word]} | {word: word for word in weights}
    folders = [FolderMatches(place, _paths(place, query.glob)) for place in places]
    for one in folders:
        index = one.place.updater.index
        only = frozenset(one.paths) if query.glob or one.place.folder.parts else None
        candidates = index.candidates(list(word_of), _MAX_BY_WORDS, only)
        one.words = file_scores.word_scores(weights, candidates, total.mean_words, forms)
        one.held = file_scores.shares_held(idfs, candidates, forms)
        if query.vector is not None:
            one.similarity = _similarities(one, query.vector)
        stop.check()
    return QueryMatches(query, folders, idfs, weights, word_of, in_files)


def rank(
    found: QueryMatches,
    stop: StopCheck,
    learned: Sequence[LearnedHistory] | None,
    passages: PassageReader,
) -> Results:
    """The files in their order, with what was learned of the repositories in each folder, or `learned`."""
    query, worth = found.query, worths(found.query.text)
    hits = _best(found, learned, max(_MAX_READ, query.limit), worth)
    for hit in hits:
        stop.check()
        with contextlib.suppress(FileError):  # gone, or known by its name alone
            hit.passage = passages.best(hit, found.weights, found.word_of)
        if hit.passage is not None:  # words count more if they stand together
            hit.score += hit.passage.score * worth[kind_of(hit.path)]
    hits.sort(key=_order)
    return Results(
        hits[: query.limit],
        [word for word in code_words(query.text) if word in found.in_files and not found.in_files[word]],
        list(found.weights),
        sum(len(one.paths) for one in found.folders),
        sum(len(one.place.updater.index.ids_without_vector() & one.paths.keys()) for one in found.folders),
        _features(hits, found) if hits else {},
    )


def _features(hits: Sequence[Hit], found: QueryMatches) -> dict[str, float]:
    """What the ranking says of itself."""
    every = sum(found.idfs.values()) or 1.0
    ranked = [
        RankedFile(
            score=hit.score,
            by_words=hit.by_words,
            held=hit.held.anywhere,
            in_path=hit.held.in_path,
            passage=sum(found.weights[word] for word in hit.passage.words) / every if hit.passage else 0.0,
            passage_score=hit.passage.score if hit.passage else 0.0,
            similarity=hit.similarity,
            is_code=kind_of(hit.path) == "code",
        )
        for hit in hits
    ]
    known = sum(found.weights.values()) / every
    asked = AskedWords(len(found.idfs), known, max(found.weights.values(), default=0.0))
    nearest = sorted((value for one in found.folders for value in one.nearest), reverse=True)
    return ranking_features(ranked, asked, nearest)


def _other_forms(words: Sequence[str], indexes: Sequence[FileIndex]) -> dict[str, list[str]]:
    """Other forms of each word that some index has; a form that is asked for itself stands for itself."""
    found = {}
    for word in words:
        forms = dict.fromkeys(form for index in indexes for form in index.other_forms(word))
        found[word] = [form for form in forms if form not in words]
    return found


def query_words(text: str) -> list[str]:
    """The different words that are looked for: all but stop words, or all if there are no others."""
    distinct = list(dict.fromkeys(code_words(text)))
    return [word for word in distinct if word not in STOP_WORDS] or distinct


def _paths(place: SearchFolder, glob: str) -> dict[int, str]:
    """Ids and paths of the files that are asked about."""
    paths = place.updater.index.paths()
    if place.folder.parts:
        named = "/".join(place.folder.parts)
        paths = {i: path for i, path in paths.items() if path == named or path.startswith(named + "/")}
    if glob:
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines([glob])
        paths = {i: path for i, path in paths.items() if spec.match_file(path)}
    return paths


def _similarities(one: FolderMatches, vector: NDArray[np.float32]) -> dict[int, float]:
    """Similarities of the files that were found by words, and of the most similar ones, by id."""
    ids, vectors = one.place.updater.index.vectors()
    if not ids or vectors.shape[1] != len(vector):
        return {}
    cosines = vectors @ vector
    nearest = [int(i) for i in (-cosines).argsort() if ids[i] in one.paths][:_MAX_BY_SIMILARITY]
    one.nearest = [float(cosines[i]) for i in nearest[:SHOWN]]
    wanted = {i for i, number in enumerate(ids) if number in one.words} | set(nearest)
    return {ids[i]: float(cosines[i]) for i in wanted}


def _by_history(one: FolderMatches, query: str, learned: Sequence[LearnedHistory]) -> dict[int, float]:
    """What the history of its repositories says of files that are there, by id: shares of the best score by
    words.
    """
    root = one.place.folder.root
    shares = {
        path: history.weight * score
        for history in learned
        for path, score in history.scores(query, root).items()
    }
    return {number: shares[path] for number, path in one.paths.items() if path in shares} if shares else {}


def _best(
    found: QueryMatches,
    learned: Sequence[LearnedHistory] | None,
    most: int,
    worth: Mapping[str, float],
) -> list[Hit]:
    best = max((score for one in found.folders for score in one.words.values()), default=0.0)
    hits = []
    for one in found.folders:
        history = _by_history(one, found.query.text, one.place.learned if learned is None else learned)
        scores = file_scores.fuse(one.words, one.similarity, history, best)
        hits += [
            Hit(
                one.place,
                one.paths[number],
                score * worth[kind_of(one.paths[number])],
                one.held.get(number, file_scores.NOTHING_HELD),
                one.words.get(number, 0.0),
                one.similarity.get(number, 0.0),
            )
            for number, score in scores.items()
            if number in one.paths
        ]
    return sorted(hits, key=_order)[:most]


def _order(hit: Hit) -> tuple[float, str]:
    return (-hit.score, hit.path)
