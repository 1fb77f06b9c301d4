"""A file of any kind to its digest: what it says of itself, its outline, its sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from mcp_smalltools.pictures.picture_file import PictureFile
from mcp_smalltools.tools import base

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.pictures.reading import ReadPicture
    from mcp_smalltools.text.outlines.heading import Heading
    from mcp_smalltools.tools.summarize_file.digest_records import Digest, Sentence


_SQL = (".sql", ".psql", ".ddl", ".pgsql", ".mysql", ".plsql", ".pks", ".pkb")

_DOCUMENTS = (".md", ".markdown", ".mdx", ".rmd", ".qmd", ".rst", ".txt", ".text", ".log")
_NO_JSON = (".js", ".mjs", ".ts", ".py", ".rb", ".md", ".txt", ".tex", ".lua", ".nix")

MAX_TEXT = 16 << 20

MAX_PDF = 64 << 20


def digest_of(source: UserFile, stop: base.StopSignal) -> Digest:
    """Read a file by what it is."""
    from mcp_smalltools.tools.summarize_file import data, documents

    suffix = PurePath(source.path).suffix.lower()
    picture = source.picture if isinstance(source, PictureFile) else None
    if picture is not None and not _has_text_layer(picture):
        return _of_picture(picture, source.text(MAX_TEXT, stop=stop), stop.check)
    if suffix == ".pdf":
        return documents.read_pdf(source.read_bytes(MAX_PDF), source.path, stop.check)
    if suffix in (".csv", ".tsv"):
        return data.read_table(_checked_lines(source, stop), source.path)
    if suffix in (".jsonl", ".ndjson"):
        return data.read_json_lines(_checked_lines(source, stop))
    text = source.text(MAX_TEXT, stop=stop)
    stop.check()
    return digest_of_text(source.path, text, stop.check)


def _has_text_layer(picture: ReadPicture) -> bool:
    """A PDF with its own text: the reader of PDF files knows its pages and titles."""
    return picture.kind == "PDF" and not all(page.scanned for page in picture.pages)


def _of_picture(picture: ReadPicture, text: str, check: Callable[[], None]) -> Digest:
    """As of a text, with what kind of picture it is and its size."""
    digest = _digest_by_kind("picture.txt", text, check)
    digest.kind = "picture"
    sizes = ", ".join(f"{page.width} x {page.height}" for page in picture.pages[:3])
    words = len(text.split())
    seems = f", which seems to be {picture.shown}" if picture.shown else ""
    read = f"{words} words of text were read on it" if words else "no text was found on it"
    digest.note = f"A picture ({picture.kind}, {sizes} pixels){seems}; {read}."
    return digest


def digest_of_text(path: str, text: str, check: Callable[[], None] = lambda: None) -> Digest:
    """The same for a text that is there: everything but PDF and tables of any length. Raises what `check`
    raises.
    """
    from mcp_smalltools.tools.summarize_file.made_by_machine import how_it_was_made

    digest = _digest_by_kind(path, text, check)
    if made := how_it_was_made(path, text):
        _say_how_it_was_made(digest, made)
    return digest


def _say_how_it_was_made(digest: Digest, made: str) -> None:
    """Nobody wrote it to be read: what its head says is not what it is for, and what is in it is counted."""
    digest.note = f"The file is {made}: read what it was made from."
    digest.purpose = None
    if made == "minified":
        if digest.headings:
            digest.dropped["outline"] = len(digest.headings)
        digest.headings, digest.sentences, digest.text = [], [], ""


def _digest_by_kind(path: str, text: str, check: Callable[[], None]) -> Digest:
    from mcp_smalltools.text.outlines.file_names import written_as
    from mcp_smalltools.text.outlines.setting_keys import settings_by_content, settings_language
    from mcp_smalltools.text.outlines.xml_elements import is_xml
    from mcp_smalltools.tools.summarize_file import data, documents

    path = written_as(path)
    suffix = PurePath(path).suffix.lower()
    if suffix == ".ipynb":
        return documents.read_notebook(text, path)
    if _may_be_json(suffix, text) and (digest := data.read_json(text, check)) is not None:
        return digest
    if suffix == ".eml":
        return documents.read_mail(text)
    if is_xml(path, text):
        return data.read_xml(text, check)
    if language := settings_language(path):
        return data.read_settings(text, language)
    if suffix in (".html", ".htm", ".xhtml"):
        return documents.read_html(text)
    if found := _code(path, text, check) or _blocks(path, text, check):
        return found
    if suffix not in _DOCUMENTS and (language := settings_by_content(text.split("\n"))):
        return data.read_settings(text, language)
    return documents.read_document(text, check, path)


def _may_be_json(suffix: str, text: str) -> bool:
    """By its name, or by how it begins and ends where the name says nothing: `.avsc`, `.geojson`, `.env`."""
    if suffix == ".json":
        return True
    return (
        suffix not in _NO_JSON
        and text[:200].lstrip()[:1] in ("{", "[")
        and text[-200:].rstrip()[-1:] in ("}", "]")
    )


def _blocks(path: str, text: str, check: Callable[[], None]) -> Digest | None:
    """Code in a language that isn't known: what opens a block. None for what is no code."""
    from mcp_smalltools.text.outlines.by_lines import looks_like_code, outline_of_blocks
    from mcp_smalltools.text.outlines.markup import dialect_of
    from mcp_smalltools.tools.summarize_file.digest_records import Digest

    lines = text.split("\n")
    is_document = PurePath(path).suffix.lower() in _DOCUMENTS or dialect_of(path, lines) != "markdown"
    if is_document or not looks_like_code(lines):
        return None
    digest = Digest("code", text=text, unknown=True)
    digest.headings = outline_of_blocks(lines, check)
    return digest


def _checked_lines(source: UserFile, stop: base.StopSignal) -> Iterator[str]:
    for block in source.blocks(stop=stop):
        yield from block.lines


def _code(path: str, text: str, check: Callable[[], None]) -> Digest | None:
    """By the grammar of its language, by its lines where there is none, or None for what is no code."""
    from mcp_smalltools.text.outline import language_of
    from mcp_smalltools.text.outlines.components import is_component
    from mcp_smalltools.text.outlines.file_names import line_language

    first_line = text.split("\n", 1)[0]
    language = language_of(path, first_line)
    if is_component(path):
        return _component(path, text, check)
    if language is not None:
        return _by_grammar(text, language, check)
    if PurePath(path).suffix.lower() in _SQL:
        return _by_lines(text, "sql", check)
    by_lines = line_language(path, first_line)
    return _by_lines(text, by_lines.name, check) if by_lines else None


def _component(path: str, text: str, check: Callable[[], None]) -> Digest:
    """Its blocks, and in its script what that defines."""
    from mcp_smalltools.text.outlines.components import blocks_of, script_of

    lines = text.split("\n")
    blocks = blocks_of(lines)
    digest = _by_grammar(script_of(lines, blocks), "typescript", check)
    inner = [replace(heading, depth=heading.depth + 1) for heading in digest.headings]
    digest.headings = sorted([*blocks, *inner], key=lambda heading: (heading.line, heading.depth))
    digest.language, digest.text = PurePath(path).suffix[1:].lower(), text
    return digest


def _by_grammar(text: str, language: str, check: Callable[[], None]) -> Digest:
    from mcp_smalltools.text.outline import outline
    from mcp_smalltools.text.outlines.beside_grammars import beside
    from mcp_smalltools.text.outlines.heading import Heading
    from mcp_smalltools.tools.summarize_file.digest_records import Digest, Sentence

    found = outline(text, language, check)
    language = found.language
    lines = text.split("\n")
    digest = Digest("code", language=language, broken=found.broken, text=text)
    symbols = [Heading(s.first, s.last, s.depth, s.signature, s.doc, s.name) for s in found.symbols]
    more = beside(lines, language, found.symbols, check)
    digest.headings = sorted([*symbols, *more], key=lambda heading: heading.line)
    if language == "python":
        digest.purpose = Sentence(found.doc_line, found.doc_end, found.doc) if found.doc else None
    digest.purpose = digest.purpose or _purpose(lines, language, digest.headings)
    digest.sentences = [
        Sentence(s.doc_line, s.doc_end, s.doc) for s in found.symbols if len(s.doc.split()) >= 4
    ]
    return digest


def _by_lines(text: str, name: str, check: Callable[[], None]) -> Digest:
    from mcp_smalltools.text.outlines.by_lines import outline_by_lines
    from mcp_smalltools.text.outlines.file_names import BY_NAME
    from mcp_smalltools.text.outlines.sql import outline_sql
    from mcp_smalltools.tools.summarize_file.digest_records import Digest

    lines = text.split("\n")
    digest = Digest("code", language=name, text=text)
    digest.headings = (
        outline_sql(lines, check) if name == "sql" else outline_by_lines(lines, BY_NAME[name], check)
    )
    digest.purpose = _purpose(lines, name, digest.headings)
    return digest


def _purpose(lines: list[str], language: str, headings: list[Heading]) -> Sentence | None:
    from mcp_smalltools.tools.summarize_file.purpose import purpose_above, purpose_of_code

    return purpose_of_code(lines, language, headings) or purpose_above(lines, language, headings)
