"""`summarize_file`: what a file is for, what it holds and where, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from mcp_smalltools import result
from mcp_smalltools.privacy.answers import as_json, scrub_named
from mcp_smalltools.result import Span
from mcp_smalltools.text.truncate import cut
from mcp_smalltools.tools import base
from mcp_smalltools.tools.summarize_file.answer import (
    ColumnShape,
    OutlineItem,
    SummarizeFileAnswer,
    SummarizeFileArguments,
)
from mcp_smalltools.tools.summarize_file.digest import digest_of
from mcp_smalltools.tools.summarize_file.length import is_prose

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.tools.summarize_file.digest_records import Digest, Sentence
    from mcp_smalltools.tools.summarize_file.length import Room

_EXAMPLE_CHARS = 40
SMALL_LINES = 60
"""Lines below which a file is read as quickly as what is said of it."""
SMALL_BYTES = 10_000


class SummarizeFile:
    """Outline by grammar or headings, key points by the encoder, columns by counting; no text is made up."""

    name: ClassVar[str] = "summarize_file"
    title: ClassVar[str] = "Summarize a file"
    description: ClassVar[str] = (
        "Say what a file is for and what it holds, with line numbers, before you read it or instead: "
        "source code, SQL, Terraform, Dockerfiles, Markdown, text, HTML, PDF, notebooks, CSV, JSON, "
        "YAML, TOML. Returns purpose, outline (definitions, headings), keywords, key points, all "
        "verbatim from the file, or the columns of a data file with exact counts. Of a folder: a map "
        "with a line for each file. Use it to decide what to read. Not for logs (parse_log), nor for "
        "files under 60 lines: read those yourself."
    )
    version: ClassVar[int] = 3
    Arguments: ClassVar[type[base.Arguments]] = SummarizeFileArguments
    Answer: ClassVar[type[result.Answer]] = SummarizeFileAnswer

    async def run(self, arguments: SummarizeFileArguments, context: base.ToolContext) -> SummarizeFileAnswer:
        if await context.in_thread(_is_folder, arguments.path, context):
            from mcp_smalltools.tools.summarize_file.folder_map import map_folder

            return await context.in_thread(map_folder, arguments, context)
        from mcp_smalltools.tools.summarize_file.length import room_for

        source = await context.in_thread(context.open, arguments.path)
        context.progress(0, None, "reading")
        digest = await context.in_thread(digest_of, source, context.stop)
        answer = SummarizeFileAnswer(kind=digest.kind, language=digest.language, rows=digest.rows)
        answer.dropped |= digest.dropped
        room = room_for(digest, arguments.max_words, focused=bool(arguments.focus))
        points, most = digest.sentences if room.points else [], max(2, arguments.max_words // 50)
        if len(points) > most or (points and arguments.focus):
            points = await _choose_sentences(points, arguments.focus, most, context, answer)
        digest.text = await context.in_thread(context.scrub, digest.text)
        await context.in_thread(fill, answer, digest, points, room, arguments.path)
        answer.columns = _columns(digest, context.scrub)
        if source.cut_lines:
            answer.dropped["ends_of_long_lines"] = source.cut_lines
        if reason := _why_read_it_yourself(answer, source) or _says_little(answer, digest):
            answer.escalate, answer.reason = True, reason
        return answer


def _is_folder(path: str, context: base.ToolContext) -> bool:
    return context.folders.is_folder(path)


def _why_read_it_yourself(answer: SummarizeFileAnswer, source: UserFile) -> str | None:
    if not source.line_count and answer.kind not in ("pdf", "picture"):
        return "the file is empty" if source.size == 0 else None
    if not (answer.purpose or answer.outline or answer.key_points or answer.columns or answer.note):
        return "no definition, heading, column or sentence was found: read the file yourself"
    lines = source.line_count or 0
    if (
        lines < SMALL_LINES
        and source.size < SMALL_BYTES
        and answer.kind in ("code", "document", "data", "html")
    ):
        return f"the file has only {lines} lines: read it yourself"
    if answer.kind in ("code", "document") and source.size < len(as_json(answer)):
        return f"the file has {source.line_count} lines and is shorter than this summary: read it yourself"
    return None


def _says_little(answer: SummarizeFileAnswer, digest: Digest) -> str | None:
    """Why what was found may not be what the file holds: its language isn't known, or there is nothing but
    its first lines.
    """
    if digest.unknown:
        return (
            "the language of the file is not known: the outline has what opens a block, not all definitions"
        )
    says = answer.purpose or answer.outline or answer.columns or answer.note
    if says or answer.kind not in ("code", "document", "data") or is_prose(digest.text):
        return None
    return "no purpose, definition or heading was found, and it is no running text: read the file yourself"


async def _choose_sentences(
    points: list[Sentence], focus: str, most: int, context: base.ToolContext, answer: SummarizeFileAnswer
) -> list[Sentence]:
    """The sentences to show, in the order of the file; the first ones if there is no encoder."""
    from mcp_smalltools.tools.similarity import NoEncoder, embed

    texts = [point.text for point in points] + ([focus] if focus else [])
    vectors = await embed(context.engine, texts, context.stop.remaining_s, progress=context.progress)
    if isinstance(vectors, NoEncoder):
        answer.note = vectors.note("key points are the first sentences, not the central ones")
        answer.only_now()
        return points[:most]
    from mcp_smalltools.tools.summarize_file.central_sentences import choose_central

    answer.model = context.settings.embed_model
    chosen = choose_central(vectors[: len(points)], most, vectors[-1] if focus else None)
    return [points[i] for i in sorted(chosen)]


def fill(answer: SummarizeFileAnswer, digest: Digest, points: list[Sentence], room: Room, path: str) -> None:
    """Put in what the length allows: purpose, key points, the outline, and keywords that are not in it."""
    from mcp_smalltools.text.words import code_length
    from mcp_smalltools.tools.summarize_file.length import fit_headings

    if digest.purpose is not None:
        answer.purpose = _span(digest.purpose)
    left = room.points
    for point in points:
        if digest.purpose is not None and point.text == digest.purpose.text:
            continue
        left -= code_length(point.text)
        if left < 0 and answer.key_points:
            break
        answer.key_points.append(_span(point))
    keep = fit_headings(digest.headings, room)
    answer.outline = [
        OutlineItem(line=h.line, end=h.end, depth=h.depth, text=h.text, about=h.about or None) for h in keep
    ]
    if digest.text:
        answer.keywords = _keywords(answer, digest, path, room.keywords)
    answer.note = digest.note or answer.note
    if len(keep) < len(digest.headings):
        answer.dropped["outline"] = answer.dropped.get("outline", 0) + len(digest.headings) - len(keep)
        answer.note = answer.note or "Raise max_words for the rest of the outline."
    if digest.broken:
        answer.note = "The file has syntax errors: the outline may be incomplete there."
    if digest.pages:
        answer.note = answer.note or "Line numbers are page numbers."


def _columns(digest: Digest, scrub: Callable[[str], str]) -> list[ColumnShape] | None:
    """Values are masked before they are cut, and by the name of their column."""
    return [
        ColumnShape(
            name=c.name,
            type=c.type,
            filled=c.filled,
            distinct=c.distinct,
            examples=[cut(scrub_named(c.name, value, scrub), _EXAMPLE_CHARS) for value in c.examples],
        )
        for c in digest.columns
    ] or None


def _keywords(answer: SummarizeFileAnswer, digest: Digest, path: str, most: int) -> str | None:
    from mcp_smalltools.tools.summarize_file.keywords import CHARS_PER_WORD, keywords

    said = [
        path,
        path,
        *(item.text for item in answer.outline),
        *(item.about or "" for item in answer.outline),
    ]
    said += [span.text for span in (answer.purpose, *answer.key_points) if span]
    return " ".join(keywords(digest.text, said, CHARS_PER_WORD * most)) or None


def _span(sentence: Sentence) -> Span:
    return Span(start=sentence.start, end=sentence.end, text=sentence.text)
