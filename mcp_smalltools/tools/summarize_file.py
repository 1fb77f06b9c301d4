"""`summarize_file`: what a file is and for, what it holds and where, in its own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.errors import EngineError, ModelError
from mcp_smalltools.files.cut import cut
from mcp_smalltools.outgoing import scrub_named
from mcp_smalltools.result import FileText, Span
from mcp_smalltools.tools import base

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import SourceFile
    from mcp_smalltools.tools.summaries.records import Digest, Heading, Sentence

MAX_TEXT = 16 << 20
MAX_PDF = 64 << 20
_EXAMPLE_CHARS = 40


class SummarizeFileArguments(base.Arguments):
    """What `summarize_file` takes."""

    path: str = Field(description="source code, document, HTML, PDF, notebook or data file")
    focus: str = Field(
        "", max_length=500, description="what you want to know: key points near to it come first"
    )
    max_words: int = Field(250, ge=50, le=2000, description="length of the answer, about")


class OutlineItem(result.Record):
    """A definition, heading, cell or key."""

    line: int
    end: int
    depth: int = 0
    text: FileText = Field(description="signature, heading or name, as in the file")
    about: FileText | None = Field(None, description="first line of its own documentation, or its shape")


class ColumnShape(result.Record):
    """A column or field of a data file."""

    name: FileText
    type: str = Field(description="int, float, bool, time, text, list, object, or several")
    filled: int = Field(description="values that are not empty, exactly")
    distinct: int | None = Field(None, description="different values; absent above 1,000")
    examples: list[FileText] = Field(default_factory=list)


class SummarizeFileAnswer(result.Answer):
    """What `summarize_file` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("outline", "columns", "key_points")

    kind: str = Field(description="code, document, html, pdf, notebook, data")
    language: str | None = None
    purpose: Span | None = Field(None, description="what the file says it is for, verbatim")
    outline: list[OutlineItem] = Field(default_factory=list)
    key_points: list[Span] = Field(default_factory=list, description="sentences of the file, verbatim")
    rows: int | None = None
    columns: list[ColumnShape] | None = None


class SummarizeFile:
    """Outline by grammar or headings, key points by the encoder, shapes by counting; no text is made up."""

    name: ClassVar[str] = "summarize_file"
    title: ClassVar[str] = "Summarize a file"
    description: ClassVar[str] = (
        "Say what a file is for and what it holds, with line numbers, before you read it or instead: source "
        "code (11 languages), Markdown and text, HTML, PDF, notebooks, CSV, JSON, YAML, TOML. Returns its "
        "purpose, an outline (definitions with signatures, headings) and key points, all verbatim from the "
        "file, or the columns of a data file with types and exact counts. Use it to decide which lines to "
        "read. Not for logs (parse_log), nor for files under about 100 lines: read those yourself."
    )
    version: ClassVar[int] = 1
    Arguments: ClassVar[type[base.Arguments]] = SummarizeFileArguments
    Answer: ClassVar[type[result.Answer]] = SummarizeFileAnswer

    async def run(self, arguments: SummarizeFileArguments, context: base.ToolContext) -> SummarizeFileAnswer:
        source = await context.in_thread(context.open, arguments.path)
        context.progress(0, None, "reading")
        digest = await context.in_thread(_digest, source, context.stop)
        answer = SummarizeFileAnswer(kind=digest.kind, language=digest.language, rows=digest.rows)
        answer.dropped |= digest.dropped
        points, most = digest.sentences, max(2, arguments.max_words // 50)
        if len(points) > most or (points and arguments.focus):
            points = await _ranked(points, arguments.focus, most, context, answer)
        _fill(answer, digest, points, arguments)
        answer.columns = _columns(digest, context.scrub)
        if source.cut_lines:
            answer.dropped["ends_of_long_lines"] = source.cut_lines
        if not (answer.purpose or answer.outline or answer.key_points or answer.columns):
            answer.escalate = True
            answer.reason = _why_nothing(source)
        return answer


def _why_nothing(source: SourceFile) -> str:
    if not source.line_count:
        return "the file is empty"
    return "no definition, heading, column or sentence was found: read the file yourself"


def _digest(source: SourceFile, stop: base.Stop) -> Digest:
    """Read a file by what it is."""
    from mcp_smalltools.tools.summaries import data, documents

    suffix = PurePath(source.path).suffix.lower()
    if suffix == ".pdf":
        return documents.read_pdf(source.read_bytes(MAX_PDF), source.path)
    if suffix in (".csv", ".tsv"):
        return data.read_table(_checked_lines(source, stop), source.path)
    if suffix in (".jsonl", ".ndjson"):
        return data.read_json_lines(_checked_lines(source, stop))
    text = source.text(MAX_TEXT)
    stop.check()
    if suffix == ".ipynb":
        return documents.read_notebook(text, source.path)
    if suffix == ".json" and (digest := data.read_json(text)) is not None:
        return digest
    if suffix in (".yaml", ".yml", ".toml"):
        return data.read_settings(text, "toml" if suffix == ".toml" else "yaml")
    if suffix in (".html", ".htm", ".xhtml"):
        return documents.read_html(text)
    return _code(source.path, text) or documents.read_document(text)


def _checked_lines(source: SourceFile, stop: base.Stop) -> Iterator[str]:
    for block in source.blocks(stop=stop):
        yield from block.lines


def _code(path: str, text: str) -> Digest | None:
    from mcp_smalltools.files.outline import language_of, outline
    from mcp_smalltools.tools.summaries.records import Digest, Heading, Sentence

    language = language_of(path, text.split("\n", 1)[0])
    if language is None:
        return None
    found = outline(text, language)
    digest = Digest("code", language=language, broken=found.broken)
    if found.doc:
        digest.purpose = Sentence(found.doc_line, found.doc_end, found.doc)
    digest.headings = [Heading(s.first, s.last, s.depth, s.signature, s.doc) for s in found.symbols]
    digest.sentences = [
        Sentence(s.doc_line, s.doc_end, s.doc) for s in found.symbols if len(s.doc.split()) >= 4
    ]
    return digest


async def _ranked(
    points: list[Sentence], focus: str, most: int, context: base.ToolContext, answer: SummarizeFileAnswer
) -> list[Sentence]:
    """The sentences to show, in the order of the file; the first ones if there is no engine."""
    from mcp_smalltools.engine.api import CallOptions

    texts = [point.text for point in points] + ([focus] if focus else [])
    options = CallOptions(deadline_s=max(1.0, context.stop.remaining_s), progress=context.progress)
    try:
        vectors = (await context.engine.embed(texts, options)).vectors
    except (EngineError, ModelError) as error:
        answer.note = (
            f"Without the encoder ({error.code}) key points are the first sentences, not the central ones."
        )
        return points[:most]
    from mcp_smalltools.tools.summaries.central import central

    answer.model = context.settings.embed_model
    chosen = central(vectors[: len(points)], most, vectors[-1] if focus else None)
    return [points[i] for i in sorted(chosen)]


def _fill(
    answer: SummarizeFileAnswer, digest: Digest, points: list[Sentence], arguments: SummarizeFileArguments
) -> None:
    """Put in what the length allows: purpose, columns, key points, then the outline from its top down."""
    left = arguments.max_words
    if digest.purpose is not None:
        answer.purpose = _span(digest.purpose)
        left -= len(digest.purpose.text.split())
    left -= 4 * len(digest.columns)
    shown = [p for p in points if digest.purpose is None or p.text != digest.purpose.text]
    if digest.kind == "code" and not arguments.focus:
        shown = []  # the outline has each definition's own words already
    for point in shown:
        if left < len(point.text.split()):
            break
        answer.key_points.append(_span(point))
        left -= len(point.text.split())
    keep = _deepest_that_fits(digest, left)
    answer.outline = [
        OutlineItem(line=h.line, end=h.end, depth=h.depth, text=h.text, about=h.about or None) for h in keep
    ]
    if len(keep) < len(digest.headings):
        answer.dropped["outline"] = len(digest.headings) - len(keep)
        answer.note = answer.note or "Raise max_words for the rest of the outline."
    if digest.broken:
        answer.note = "The file has errors in its syntax: the outline may lack something there."
    if digest.pages:
        answer.note = answer.note or "Numbers of lines are numbers of pages."


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


def _deepest_that_fits(digest: Digest, words: int) -> list[Heading]:
    """Headings down to the depth that fits; if even the top does not, its first ones."""
    depths = sorted({heading.depth for heading in digest.headings}, reverse=True)
    for depth in depths:
        level = [heading for heading in digest.headings if heading.depth <= depth]
        plain = [replace(heading, about="") for heading in level]
        for kept in (level, plain):
            if sum(map(_words, kept)) <= words:
                return kept
    level = [heading for heading in digest.headings if heading.depth == min(depths, default=0)]
    shown = []
    for heading in level:
        words -= _words(heading)
        if words < 0:
            break
        shown.append(heading)
    return shown


def _words(heading: Heading) -> int:
    return 2 + len(heading.text.split()) + len(heading.about.split())


def _span(sentence: Sentence) -> Span:
    return Span(start=sentence.start, end=sentence.end, text=sentence.text)
