"""A folder as a short map: which files and subfolders to show, by how much room there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_smalltools.files.tree import FileEntry

_SPEAKS_FOR_ITS_FOLDER = (
    *("readme.md", "readme.rst", "readme.txt", "readme", "__init__.py", "doc.go", "mod.rs", "lib.rs"),
    *("index.md", "index.rst", "index.js", "index.ts", "package.json"),
)
"""Names of files that say what their folder is for, the best first."""


@dataclass(slots=True)
class FolderNode:
    """A folder with what lies in it. `path` is relative to the folder that is mapped; "" for that itself."""

    path: str
    files: list[FileEntry] = field(default_factory=list)
    folders: dict[str, FolderNode] = field(default_factory=dict)
    total: int = 0
    """Files in it and below it."""

    @property
    def speaker(self) -> FileEntry | None:
        """The file that says what the folder is for."""
        named = {entry.path.rpartition("/")[2].lower(): entry for entry in self.files}
        return next((named[name] for name in _SPEAKS_FOR_ITS_FOLDER if name in named), None)

    def kinds(self) -> str:
        """The commonest endings of the files below, such as "12 .py, 3 .md"."""
        counts = Counter(_ending(entry.path) for entry in self.below())
        return ", ".join(f"{count} {ending}" for ending, count in counts.most_common(3))

    def below(self) -> Iterable[FileEntry]:
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield from node.files
            waiting += reversed(node.folders.values())


@dataclass(frozen=True, slots=True)
class MapEntry:
    """A line of the map: a file, or a folder that is shown as one line."""

    path: str
    entry: FileEntry | None = None
    folder: FolderNode | None = None


def tree_of(entries: Iterable[FileEntry], prefix: str) -> FolderNode:
    """The folder at `prefix` ("" or "a/b/") with all that lies below it."""
    top = FolderNode("")
    for entry in entries:
        node = top
        node.total += 1
        *folders, _ = entry.path[len(prefix) :].split("/")
        for name in folders:
            node = node.folders.setdefault(name, FolderNode(f"{node.path}{name}/"))
            node.total += 1
        node.files.append(entry)
    return top


def map_entries(top: FolderNode, prefix: str, most: int) -> tuple[list[MapEntry], int]:
    """At most `most` lines in the order of paths, and how many files have no line, nor their folder.

    Folders are opened from the top down, small ones first, as long as all that is in them has room.
    """
    opened = [top]
    shown = len(top.files) + len(top.folders)
    waiting = list(top.folders.values())
    while waiting:
        waiting.sort(key=lambda node: (node.path.count("/"), len(node.files) + len(node.folders), node.path))
        fitting = (n for n in waiting if shown - 1 + len(n.files) + len(n.folders) <= most)
        node = next(fitting, None)
        if node is None:
            break
        waiting.remove(node)
        waiting += node.folders.values()
        opened.append(node)
        shown += len(node.files) + len(node.folders) - 1
    files = [MapEntry(entry.path[len(prefix) :], entry) for node in opened for entry in node.files]
    lines = [MapEntry(node.path, folder=node) for node in waiting] + files
    kept = sorted(_most_telling(lines, most), key=lambda line: line.path)
    hidden = sum(line.folder.total if line.folder else 1 for line in lines)
    return kept, hidden - sum(line.folder.total if line.folder else 1 for line in kept)


def _most_telling(lines: Sequence[MapEntry], most: int) -> list[MapEntry]:
    """Folders before files, larger before smaller."""

    def size(line: MapEntry) -> tuple[bool, int]:
        return (
            line.folder is None,
            -(line.folder.total if line.folder else line.entry.size if line.entry else 0),
        )

    return sorted(lines, key=size)[:most]


def _ending(path: str) -> str:
    name = path.rpartition("/")[2]
    return "." + name.rpartition(".")[2] if "." in name[1:] else name
