"""The map of a folder: a line for each file that has room, with what it says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mcp_smalltools.errors import FileError
from mcp_smalltools.result import Source
from mcp_smalltools.tools.summarize_file.folder import FolderNode, MapEntry, map_entries, tree_of

if TYPE_CHECKING:
    from mcp_smalltools.files.tree import FileEntry
    from mcp_smalltools.tools.base import ToolContext
    from mcp_smalltools.tools.summarize_file.answer import (
        MapLine,
        SummarizeFileAnswer,
        SummarizeFileArguments,
    )

MAX_BYTES: Final = 1 << 20
_USUAL_WORDS: Final = 300
_WORDS_A_LINE: Final = 10
_FEWEST_LINES, _MOST_LINES = 8, 300
_TIME_TO_ANSWER_S: Final = 3.0


def map_folder(arguments: SummarizeFileArguments, context: ToolContext) -> SummarizeFileAnswer:
    """Raises FileError for a path that may not be read."""
    from mcp_smalltools.tools.summarize_file.answer import SummarizeFileAnswer

    context.progress(0, None, "looking for files")
    listing = context.folders.listing(arguments.path, context.stop.check)
    entries, prefix = listing.entries, listing.prefix
    max_words = arguments.max_words or _USUAL_WORDS
    most = min(_MOST_LINES, max(_FEWEST_LINES, max_words // _WORDS_A_LINE))
    lines, hidden = map_entries(tree_of(entries, prefix), prefix, most)
    words = max(4, max_words // max(1, len(lines)) - 2)
    answer = SummarizeFileAnswer(kind="folder", map=[])
    answer.only_now()
    mapper = _Mapper(arguments.path, words, context)
    for done, line in enumerate(lines, 1):
        answer.map = [*(answer.map or []), mapper.line(line)]
        context.progress(done, len(lines), "reading files")
    answer.source = [Source(path=arguments.path, bytes=sum(entry.size for entry in entries))]
    if mapper.unread:
        answer.dropped["files_not_read"] = mapper.unread
    if hidden:
        answer.dropped["files"] = hidden
    if listing.unreachable:
        answer.dropped["unreachable_names_or_folders"] = listing.unreachable
    if listing.ignored:
        answer.dropped["ignored_by_git"] = listing.ignored
    closed = sum(line.folder is not None for line in lines)
    if hidden or closed:
        answer.note = "Raise max_words, or name a folder in it, to see more."
    if not entries:
        answer.escalate, answer.reason = True, "the folder has no files, or git ignores all of them"
    return answer


class _Mapper:
    """Makes the lines, `words` long each."""

    def __init__(self, folder: str, words: int, context: ToolContext) -> None:
        self.unread = 0
        self._folder = folder
        self._words = words
        self._context = context

    def line(self, line: MapEntry) -> MapLine:
        from mcp_smalltools.tools.summarize_file.answer import MapLine

        if line.folder is not None:
            return MapLine(path=line.path, files=line.folder.total, about=self._about_folder(line.folder))
        about, count = self._about(line.entry) if line.entry else ("", None)
        return MapLine(path=line.path, lines=count, about=about or None)

    def _about_folder(self, node: FolderNode) -> str | None:
        """What its README says it is for; else what lies in it."""
        about, _ = self._about(node.speaker, alone=True) if node.speaker else ("", None)
        return about or node.kinds() or None

    def _about(self, entry: FileEntry, *, alone: bool = False) -> tuple[str, int | None]:
        """What a file says it is for and its telling names (or, `alone`, only the former); its lines."""
        if entry.size > MAX_BYTES:
            return "", None
        if self._context.stop.remaining_s < _TIME_TO_ANSWER_S:
            self.unread += 1
            return "", None
        try:
            source = self._context.open(self._context.folders.path_to_open(self._folder, entry))
            # Masked before it is cut or taken apart; under `sealed`, nothing is left.
            text = self._context.scrub(source.text(MAX_BYTES, stop=self._context.stop))
        except FileError:  # binary, or gone
            return "", None
        brief = brief_of(entry.path, text, self._words, names=not alone, check=self._context.stop.check)
        return brief, source.line_count


def brief_of(
    path: str, text: str, max_words: int, *, names: bool = True, check: Callable[[], None] = lambda: None
) -> str:
    """A file in one line, in at most about `max_words` words of its text.

    What it says it is for, then, with `names`, the names and words that set it apart.
    """
    from mcp_smalltools.tools.summarize_file.digest import digest_of_text
    from mcp_smalltools.tools.summarize_file.keywords import CHARS_PER_WORD, keywords

    try:
        digest = digest_of_text(path, text, check)
    except FileError:
        return ""
    purpose = digest.purpose.text.split() if digest.purpose else []
    said = " ".join(purpose[:max_words]) + (" …" if len(purpose) > max_words else "")
    left = (max_words - len(purpose)) * CHARS_PER_WORD
    if not names or left <= 0:
        return said
    if digest.text:
        named = " ".join(keywords(digest.text, (path, said), left))
    else:  # settings and data: their keys and columns
        keys = [heading.text for heading in digest.headings] + [column.name for column in digest.columns]
        named = " ".join(keys)[:left].rpartition(" ")[0] or " ".join(keys)[:left]
    return f"{said} · {named}" if said and named else said or named
