"""The words and vectors of one root's files, in SQLite. It holds which words a file has, never its text."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.errors import ConfigError
from mcp_smalltools.files.tree import FileEntry
from mcp_smalltools.stores.store import Store
from mcp_smalltools.text.words import stem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.files.roots import Folder
    from mcp_smalltools.tools.find_files.indexing import FileWords

VERSION: Final = 2
"""Of what the index holds of a file; an index of another version is deleted and built again."""
DAMAGED: Final = "The index was damaged and is being built again."
MIGRATIONS: Final[Sequence[str]] = (
    """
    CREATE TABLE files (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        skipped TEXT,
        words INTEGER NOT NULL,
        vector BLOB
    );
    CREATE VIRTUAL TABLE words USING fts5(path, body, tokenize = 'unicode61 remove_diacritics 0');
    CREATE VIRTUAL TABLE spread USING fts5vocab(words, 'row');
    CREATE TABLE facts (name TEXT PRIMARY KEY, value NOT NULL)
    """,
)
_MAX_OF_A_WORD: Final = 50
"""Occurrences of one word in a file that are stored: more would add nothing to its score."""
_PATH_WEIGHT: Final = 10.0
"""Of a word in the path, for SQLite's bm25, which only chooses the candidates."""
_SHORTEST_STEM: Final = 4
"""Letters of a stem of which other forms are looked for."""
_MOST_COMPARED: Final = 400
_MOST_FORMS: Final = 6
"""Other forms of one word, at most."""
_BELOW: Final = "(? = '' OR path = ? OR substr(path, 1, length(?) + 1) = ? || '/')"
"""Whether a file is the named one, or in the named folder; four times the name."""
_PER_QUERY: Final = 500
"""Ids in one SQL query: SQLite limits its parameters."""


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A file as the index last saw it."""

    id: int
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class CandidateFile:
    """A file that holds words of the query: how often each, in its path and in its text."""

    id: int
    path: str
    words: int
    """All words of its text."""
    in_path: Mapping[str, int]
    in_body: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class IndexCounts:
    """How many files an index has, with text and with a vector, and the mean number of words in a text."""

    files: int
    with_text: int
    with_vector: int
    mean_words: float


class FileIndex(Store):
    """The database of one root. Any number of threads and processes may read while one writes."""

    def __init__(self, path: Path | None) -> None:
        """`path` None keeps it in memory. Raises ConfigError if the file can't be used."""
        super().__init__(path, MIGRATIONS)

    def known(self) -> dict[str, IndexedFile]:
        """By path. A file that could not be read has no size: it is tried again, since a permission that is
        given later changes neither size nor time.
        """
        size = "CASE skipped WHEN 'unreadable' THEN -1 ELSE size END"
        rows = self.select(f"SELECT path, id, {size}, mtime_ns, inode FROM files")
        return {row[0]: IndexedFile(row[1], row[2], row[3], row[4]) for row in rows}

    def replace(self, gone: Iterable[int], new: Sequence[tuple[FileEntry, FileWords]]) -> None:
        """Remove files by id and add others, all of it or nothing."""
        with self.transaction() as db:
            ids = [(number,) for number in gone]
            db.executemany("DELETE FROM files WHERE id = ?", ids)
            db.executemany("DELETE FROM words WHERE rowid = ?", ids)
            for entry, terms in new:
                _put(db, entry, terms)  # another process may have added it since the scan

    def put_if_same(self, entry: FileEntry, words: FileWords) -> None:
        """Replace what is held of a file, unless it was changed or removed meanwhile."""
        with self.transaction() as db:
            same = "path = ? AND size = ? AND mtime_ns = ? AND inode = ?"
            seen = (entry.path, entry.size, entry.mtime_ns, entry.inode)
            if db.execute(f"SELECT 1 FROM files WHERE {same}", seen).fetchone():
                _put(db, entry, words)

    def candidates(self, query: Sequence[str], most: int, only: frozenset[int] | None) -> list[CandidateFile]:
        """Up to `most` files that hold words of the query, best first; only those in `only`, if given."""
        if not query:
            return []
        match = " OR ".join(f'"{word}"' for word in query)
        rank = f"bm25(words, {_PATH_WEIGHT}, 1.0)"
        found = self.select(
            f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY {rank} LIMIT ?",
            (match, most if only is None else -1),
        )
        ids = [row[0] for row in found if only is None or row[0] in only][:most]
        wanted = frozenset(query)
        rows: dict[int, CandidateFile] = {}
        for chunk in _chunks(ids):
            marks = ",".join("?" * len(chunk))
            for row in self.select(
                "SELECT files.id, files.path, files.words, words.path, words.body"
                f" FROM files JOIN words ON words.rowid = files.id WHERE files.id IN ({marks})",
                chunk,
            ):
                rows[row[0]] = CandidateFile(
                    row[0], row[1], row[2], _word_counts(row[3], wanted), _word_counts(row[4], wanted)
                )
        return [rows[number] for number in ids if number in rows]

    def other_forms(self, word: str) -> list[str]:
        """Words of the index that differ from this one in their ending alone; the most frequent first."""
        root = stem(word)
        if len(root) < _SHORTEST_STEM or not word.isalpha():
            return []
        start = root[:-1]
        rows = self.select(
            "SELECT term FROM spread WHERE term >= ? AND term < ? ORDER BY doc DESC LIMIT ?",
            (start, start + "\U0010ffff", _MOST_COMPARED),
        )
        forms = [str(row[0]) for row in rows if row[0] != word and stem(str(row[0])) == root]
        return forms[:_MOST_FORMS]

    def files_with_any(self, forms: Sequence[str]) -> int:
        """In how many files at least one of these words occurs."""
        match = " OR ".join(f'"{word}"' for word in forms)
        return int(self.select("SELECT count(*) FROM words WHERE words MATCH ?", (match,))[0][0])

    def paths(self) -> dict[int, str]:
        return {row[0]: row[1] for row in self.select("SELECT id, path FROM files")}

    def counts(self) -> IndexCounts:
        row = self.select(
            "SELECT count(*), count(*) - count(skipped), count(vector),"
            " avg(words) FILTER (WHERE skipped IS NULL) FROM files"
        )[0]
        return IndexCounts(row[0], row[1], row[2], row[3] or 1.0)

    def skipped_below(self, prefix: str) -> dict[str, int]:
        """How many files in a folder (or the file) are known by their names alone, by reason."""
        rows = self.select(
            f"SELECT skipped, count(*) FROM files WHERE skipped IS NOT NULL AND {_BELOW} GROUP BY skipped",
            (prefix, prefix, prefix, prefix),
        )
        return {str(reason): int(count) for reason, count in rows}

    def bytes_below(self, prefix: str) -> int:
        """The size of all files in a folder, or of the file, that `prefix` names; of all if it is empty."""
        query = f"SELECT coalesce(sum(size), 0) FROM files WHERE {_BELOW}"
        return int(self.select(query, (prefix, prefix, prefix, prefix))[0][0])

    def skipped_for(self, reason: str, most: int) -> list[FileEntry]:
        """Files that are known by their names alone for this reason, those that changed last first."""
        rows = self.select(
            "SELECT path, size, mtime_ns, inode FROM files WHERE skipped = ? ORDER BY mtime_ns DESC LIMIT ?",
            (reason, most),
        )
        return [FileEntry(str(row[0]), row[1], row[2], row[3]) for row in rows]

    # Vectors, one a file, float16.

    def without_vector(self, most: int) -> list[tuple[int, str]]:
        """Ids and paths of files whose text is indexed but which have no vector yet."""
        rows = self.select(
            "SELECT id, path FROM files WHERE vector IS NULL AND skipped IS NULL LIMIT ?", (most,)
        )
        return [(row[0], row[1]) for row in rows]

    def ids_without_vector(self) -> set[int]:
        """All of them."""
        rows = self.select("SELECT id FROM files WHERE vector IS NULL AND skipped IS NULL")
        return {row[0] for row in rows}

    def put_vectors(self, ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Store vectors of shape (ids, dim). Those of files that the index has no more are dropped."""
        import numpy as np

        rows = [(row.astype(np.float16).tobytes(), number) for number, row in zip(ids, vectors, strict=True)]
        with self.transaction() as db:
            db.executemany("UPDATE files SET vector = ? WHERE id = ?", rows)

    def vectors(self) -> tuple[list[int], NDArray[np.float32]]:
        """Ids, and vectors of shape (ids, dim)."""
        import numpy as np

        rows = self.select("SELECT id, vector FROM files WHERE length(vector) > 0")
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        data = np.frombuffer(b"".join(row[1] for row in rows), np.float16)
        return [row[0] for row in rows], data.reshape(len(rows), -1).astype(np.float32)

    def forget_vectors(self) -> None:
        with self.transaction() as db:
            db.execute("UPDATE files SET vector = NULL")

    def fact(self, name: str) -> Any:
        rows = self.select("SELECT value FROM facts WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def set_fact(self, name: str, value: str | int) -> None:
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def _put(db: sqlite3.Connection, entry: FileEntry, words: FileWords) -> None:
    for row in db.execute("SELECT id FROM files WHERE path = ?", (entry.path,)).fetchall():
        db.execute("DELETE FROM files WHERE id = ?", (row[0],))
        db.execute("DELETE FROM words WHERE rowid = ?", (row[0],))
    cursor = db.execute(
        "INSERT INTO files (path, size, mtime_ns, inode, skipped, words) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.path, entry.size, entry.mtime_ns, entry.inode, words.skipped, words.total),
    )
    db.execute(
        "INSERT INTO words (rowid, path, body) VALUES (?, ?, ?)",
        (cursor.lastrowid, _bag(words.path), _bag(words.body)),
    )


@dataclass(frozen=True, slots=True)
class OpenedIndex:
    index: FileIndex
    note: str | None = None
    """What an agent should know: the index was damaged, or it can't be stored."""


def open_index(path: Path) -> OpenedIndex:
    """The index at `path`; built again if it is damaged, and in memory if no file can be written there."""
    note = None
    for attempt in (1, 2):
        try:
            index = FileIndex(path)
            if index.fact("version") not in (None, VERSION):
                raise sqlite3.DatabaseError("of another version")
            index.select("SELECT count(*) FROM words WHERE words MATCH ?", ('"a"',))
            index.set_fact("version", VERSION)
            return OpenedIndex(index, note)
        except (ConfigError, sqlite3.Error) as error:
            cause = error if isinstance(error, sqlite3.Error) else error.__cause__
            damaged = isinstance(cause, sqlite3.DatabaseError) and not isinstance(
                cause, sqlite3.OperationalError
            )
            if attempt == 2 or not damaged:
                break
            remove_index(path)
            note = DAMAGED
    return OpenedIndex(FileIndex(None), "The index can't be written to disk and is kept in memory.")


def remove_index(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def index_path(state_dir: Path, folder: Folder) -> Path:
    """The index of a root. Its name depends on the roots inside it too, since their files are not in it."""
    named = "\0".join((str(folder.root), *sorted(folder.other_roots)))
    name = hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return state_dir / "indexes" / f"{name}.db"


def _bag(counts: Mapping[str, int]) -> str:
    return " ".join(" ".join([word] * min(count, _MAX_OF_A_WORD)) for word, count in sorted(counts.items()))


def _word_counts(bag: str, wanted: frozenset[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in bag.split():
        if word in wanted:
            found[word] = found.get(word, 0) + 1
    return found


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[i : i + _PER_QUERY] for i in range(0, len(ids), _PER_QUERY))
