"""`find_files`: which files are about something, and where in them."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from mcp_smalltools import result
from mcp_smalltools.errors import FileError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.remote_engine import RedactingEngine
from mcp_smalltools.result import Source
from mcp_smalltools.text.truncate import cut
from mcp_smalltools.tools import base
from mcp_smalltools.tools.find_files.answer import FindFilesAnswer, FindFilesArguments, FoundFile
from mcp_smalltools.tools.similarity import NoEncoder, embed

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.files.roots import Folder, Roots
    from mcp_smalltools.tools.find_files.index_updates import IndexUpdater
    from mcp_smalltools.tools.find_files.picture_texts import PictureTexts
    from mcp_smalltools.tools.find_files.search import Query, Results, SearchFolder

_TITLE_CHARS = 30
"""The start of a title by which it is recognised in its passage, which then needs no title."""
_SHOWN_WORDS = 8
"""Unknown words that the note names."""
WAIT_S = 20.0
"""Seconds that a call waits for the words of new and changed files; then it answers without the rest."""
WAIT_FOR_VECTORS_S = 4.0
"""The same for their vectors."""
WAIT_FOR_PICTURES_S = 5.0
"""The same for the text of pictures: as many as are read within it."""
_MOST_WITHOUT_VECTOR = 0.1
"""Share of the files that may lack a vector where the confidence is that of words and meaning together."""
_MOST_PENDING = 0.05
"""Share of the files that may not be indexed yet where there is a confidence."""


class FindFiles:
    """Ranks by words and similarity, from an index of each root that follows its files."""

    name: ClassVar[str] = "find_files"
    title: ClassVar[str] = "Find files by what they are about"
    description: ClassVar[str] = (
        "Find the files that are about something when you don't know the exact words: a feature, a bug "
        "report, a question. Ranks by names and words (identifiers are split) and by meaning, over a local "
        "index that follows every edit and honours .gitignore. Not for an exact string or for every "
        "occurrence of a name: use grep for those. Returns files, best first, each with the lines that fit "
        "best, and how probable it is that one of the first five is right."
    )
    version: ClassVar[int] = 3
    Arguments: ClassVar[type[base.Arguments]] = FindFilesArguments
    Answer: ClassVar[type[result.Answer]] = FindFilesAnswer

    def __init__(self) -> None:
        self._updaters: dict[Path, IndexUpdater] = {}
        """By the path of the index: principals with the same roots share one."""
        self._embedding: dict[Path, asyncio.Task[str | None]] = {}

    async def run(self, arguments: FindFilesArguments, context: base.ToolContext) -> FindFilesAnswer:
        from mcp_smalltools.files.roots import Roots
        from mcp_smalltools.tools.find_files.search import Query

        roots = Roots.of(context.settings)
        places = await context.in_thread(self._places, roots, arguments.path, context)
        await context.in_thread(_refresh, places, context)
        answer = FindFilesAnswer()
        answer.only_now()
        vector = await self._query_vector(places, arguments.query, context, answer)
        query = Query(arguments.query, arguments.glob, arguments.limit, vector)
        found = await context.in_thread(_search, places, query, context)
        await context.in_thread(_fill, answer, found, roots, context)
        _add_certainty(answer, found, arguments, context)
        _add_notes(answer, found, places, arguments)
        return answer

    @property
    def updaters(self) -> Sequence[IndexUpdater]:
        """The updaters of the indexes that calls have used."""
        return list(self._updaters.values())

    async def close(self) -> None:
        """Stop the work in the background."""
        for task in self._embedding.values():
            task.cancel()
        for updater in self._updaters.values():
            await asyncio.to_thread(updater.close)

    def _places(self, roots: Roots, path: str, context: base.ToolContext) -> list[SearchFolder]:
        from mcp_smalltools.tools.find_files.index_updates import IndexUpdater
        from mcp_smalltools.tools.find_files.learned_history import learned_below
        from mcp_smalltools.tools.find_files.picture_texts import PictureTexts
        from mcp_smalltools.tools.find_files.search import SearchFolder

        places = []
        for folder in roots.folders(path):
            whole = replace(folder, parts=())
            pictures = PictureTexts(context.pictures(), whole.level) if context.pictures else None
            opened = _opener(roots, whole, pictures)
            updater = IndexUpdater(whole, context.settings.state_dir, opened, pictures)
            learned = learned_below(context.settings.state_dir, folder.root)
            places.append(SearchFolder(self._updaters.setdefault(updater.path, updater), folder, learned))
        return places

    async def _query_vector(
        self, places: Sequence[SearchFolder], query: str, context: base.ToolContext, answer: FindFilesAnswer
    ) -> NDArray[np.float32] | None:
        """The vector of the query; None without an encoder. Starts to embed the files that have no vector."""
        if isinstance(context.engine, RedactingEngine):
            answer.note = "Files are ranked by words alone: their digests are not sent to a remote engine."
            return None
        vectors = await embed(context.engine, [query], context.stop.remaining_s)
        if isinstance(vectors, NoEncoder):
            answer.note = vectors.note("files are ranked by words alone")
            return None
        tasks = [self._embedder(place.updater, context) for place in places]
        await asyncio.wait(tasks, timeout=min(WAIT_FOR_VECTORS_S, context.stop.remaining_s / 2))
        answer.model = context.settings.embed_model
        vector: NDArray[np.float32] = vectors[0]
        return vector

    def _embedder(self, updater: IndexUpdater, context: base.ToolContext) -> asyncio.Task[str | None]:
        """The task that embeds a root's files; a new one if none is running in this event loop."""
        from mcp_smalltools.tools.find_files.file_vectors import embed_rest

        task = self._embedding.get(updater.path)
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.create_task(embed_rest(updater, context.engine, context.settings.embed_model))
            self._embedding[updater.path] = task
        return task


def _opener(roots: Roots, folder: Folder, pictures: PictureTexts | None) -> Callable[[str], UserFile]:
    """Opens by a path relative to the folder's root, confined as every other opening is; a picture that was
    read before as its text.
    """

    def opened(path: str) -> UserFile:
        file = roots.open(str(folder.root / path))
        return pictures.as_text(file) if pictures else file

    return opened


def _refresh(places: Sequence[SearchFolder], context: base.ToolContext) -> None:
    """Bring the indexes up to date; what takes longer than `WAIT_S` goes on in the background."""
    ends_at = time.monotonic() + min(WAIT_S, context.stop.remaining_s / 2)
    for place in places:
        place.updater.refresh(ends_at - time.monotonic(), context.progress, context.stop.check)
        until = min(WAIT_FOR_PICTURES_S, ends_at - time.monotonic())
        place.updater.read_pictures(until, context.stop.check)
        place.updater.watch()


def _search(places: Sequence[SearchFolder], query: Query, context: base.ToolContext) -> Results:
    from mcp_smalltools.tools.find_files.search import search

    try:
        return search(places, query, context.stop)
    except sqlite3.DatabaseError:
        for place in places:
            place.updater.rebuild()
        _refresh(places, context)
        return search(places, query, context.stop)


def _fill(answer: FindFilesAnswer, found: Results, roots: Roots, context: base.ToolContext) -> None:
    """The hits as records. Opening a file for the answer puts it, and its level, into the call's record.

    A sealed file among others is named with its lines, but not opened: its level would withhold all texts.
    """
    from mcp_smalltools.tools.find_files.best_passage import MAX_CHARS
    from mcp_smalltools.tools.find_files.indexing import MAX_BYTES

    sealed = [hit.place.folder.level is PrivacyLevel.SEALED for hit in found.hits]
    for hit, is_sealed in zip(found.hits, sealed, strict=True):
        record = FoundFile(path=roots.shown(hit.place.folder, hit.path))
        answer.files.append(record)
        if hit.passage is None:
            continue
        record.start, record.end = hit.passage.start, hit.passage.end
        if is_sealed and not all(sealed):
            answer.dropped["sealed_texts"] = answer.dropped.get("sealed_texts", 0) + 1
            continue
        with contextlib.suppress(FileError):  # deleted since it was read
            whole = context.open(record.path).text(MAX_BYTES, stop=context.stop)
            # Masked as a whole, which keeps the lines: half a secret would not be recognised.
            lines = context.scrub(whole).split("\n")[record.start - 1 : record.end]
            record.text = cut("\n".join(lines), MAX_CHARS)
            title = hit.passage.title
            record.inside = title if title and title[:_TITLE_CHARS] not in record.text else None


def _add_certainty(
    answer: FindFilesAnswer, found: Results, arguments: FindFilesArguments, context: base.ToolContext
) -> None:
    """Confidence and, where it is too low, the reason; none where there is nothing to be sure of."""
    from mcp_smalltools.calibration.calibration import load_calibration
    from mcp_smalltools.tools.find_files.certainty import FEATURES, certainty

    if not found.hits or not found.known:
        return
    calibration = load_calibration("find_files", FEATURES)
    by_words = answer.model is None or found.without_vector > _MOST_WITHOUT_VECTOR * found.searched
    if not by_words and (doubt := calibration.doubt(context.settings, context.adapter)):
        answer.escalate, answer.reason = True, doubt
        return
    told = certainty(found.features, calibration, limit=arguments.limit, by_words=by_words)
    answer.confidence = round(told.probability, 3)
    answer.escalate, answer.reason = told.escalate, told.reason
    if found.moved and not told.escalate:
        answer.escalate = True
        answer.reason = (
            "what was learned of this repository puts other files first than the ranking that ships: read "
            "the passages"
        )


def _add_notes(
    answer: FindFilesAnswer, found: Results, places: Sequence[SearchFolder], arguments: FindFilesArguments
) -> None:
    from mcp_smalltools.tools.find_files.index_updates import MAX_FILES

    notes = [answer.note, *(place.updater.state.note for place in places)]
    pending = sum(place.updater.state.pending for place in places)
    if not all(place.updater.state.scanned for place in places):
        notes.append("Some files have not been looked at yet; call again later.")
    if pending:
        answer.dropped["files_not_indexed_yet"] = pending
        notes.append("The index is still being built in the background; call again later for the rest.")
    answer.source = [
        Source(
            path=str(place.folder.root.joinpath(*place.folder.parts)),
            bytes=place.updater.index.bytes_below("/".join(place.folder.parts)),
        )
        for place in places
    ]
    _count_left_out(answer, places)
    if answer.model and found.without_vector:
        answer.dropped["files_ranked_by_words_alone"] = found.without_vector
    if any(place.updater.state.beyond for place in places):
        notes.append(f"A root has more than {MAX_FILES:,} files; only these are indexed.")
    notes += _why_not_pictures(answer, places)
    if found.unknown:
        notes.append(f"Words that are in no file: {', '.join(found.unknown[:_SHOWN_WORDS])}.")
    if not found.searched and all(place.updater.state.scanned for place in places):
        answer.escalate = True
        answer.reason = "there is no file to search" + (
            f" that matches {arguments.glob!r}" if arguments.glob else ""
        )
    elif not answer.files or (found.unknown and not found.known):
        answer.confidence, answer.escalate = None, True
        answer.reason = "no word of the query is in any indexed file: try other words, or search yourself"
    elif pending > _MOST_PENDING * (pending + found.searched):
        answer.confidence, answer.escalate = None, True
        answer.reason = f"{pending} files are not indexed yet: call again later, or search yourself"
    answer.note = " ".join(note for note in notes if note) or None


def _count_left_out(answer: FindFilesAnswer, places: Sequence[SearchFolder]) -> None:
    """What a reader would expect to be searched, and is not: a word that is there alone is not found."""
    from mcp_smalltools.tools.find_files.indexing import NOT_READ
    from mcp_smalltools.tools.find_files.picture_texts import UNREADABLE

    left_out: Counter[str] = Counter()
    for place in places:
        state = place.updater.state
        skipped = place.updater.index.skipped_below("/".join(place.folder.parts))
        left_out["files_too_large_to_index"] += skipped.get("large", 0)
        left_out["files_not_readable"] += skipped.get("unreadable", 0)
        left_out["pictures_not_readable"] += skipped.get(UNREADABLE, 0)
        why_not = place.updater.pictures.why_not() if place.updater.pictures else ""
        left_out["pictures_not_read_yet" if why_not is None else "pictures_not_searched"] += skipped.get(
            NOT_READ, 0
        )
        left_out["unreachable_names_or_folders"] += state.unreachable
        left_out["files_beyond_the_limit"] += state.beyond
    answer.dropped |= {what: count for what, count in left_out.items() if count}


def _why_not_pictures(answer: FindFilesAnswer, places: Sequence[SearchFolder]) -> list[str]:
    """A sentence for each reason why pictures that are there were not searched."""
    if not answer.dropped.get("pictures_not_searched"):
        return []
    sources = [place.updater.pictures for place in places if place.updater.pictures]
    reasons = dict.fromkeys(reason for source in sources if (reason := source.why_not()))
    return [f"Pictures are found by their names alone, because {reason}." for reason in reasons]
