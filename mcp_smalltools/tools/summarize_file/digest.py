"""A file of any kind to its digest: what it says of itself, its outline, its sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from mcp_smalltools.tools import base

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.tools.summarize_file.digest_records import Digest


MAX_TEXT = 16 << 20

MAX_PDF = 64 << 20


def digest_of(source: UserFile, stop: base.StopSignal) -> Digest:
    """Read a file by what it is."""
    from mcp_smalltools.tools.summarize_file import data, documents

    suffix = PurePath(source.path).suffix.lower()
    if suffix == ".pdf":
        return documents.read_pdf(source.read_bytes(MAX_PDF), source.path, stop.check)
    if suffix in (".csv", ".tsv"):
        return data.read_table(_checked_lines(source, stop), source.path)
    if suffix in (".jsonl", ".ndjson"):
        return data.read_json_lines(_checked_lines(source, stop))
    text = source.text(MAX_TEXT, stop=stop)
    stop.check()
    return digest_of_text(source.path, text, stop.check)


def digest_of_text(path: str, text: str, check: Callable[[], None] = lambda: None) -> Digest:
    """The same for a text that is there: everything but PDF and tables of any length. Raises what `check`
    raises.
    """
    from mcp_smalltools.tools.summarize_file import data, documents

    suffix = PurePath(path).suffix.lower()
    if suffix == ".ipynb":
        return documents.read_notebook(text, path)
    if suffix == ".json" and (digest := data.read_json(text, check)) is not None:
        return digest
    if language := data.settings_language(path):
        return data.read_settings(text, language)
    if suffix in (".html", ".htm", ".xhtml"):
        return documents.read_html(text)
    return _code(path, text, check) or documents.read_document(text, check)


def _checked_lines(source: UserFile, stop: base.StopSignal) -> Iterator[str]:
    for block in source.blocks(stop=stop):
        yield from block.lines


def _code(path: str, text: str, check: Callable[[], None]) -> Digest | None:
    from mcp_smalltools.text.outline import language_of, outline
    from mcp_smalltools.tools.summarize_file.digest_records import Digest, Heading, Sentence

    language = language_of(path, text.split("\n", 1)[0])
    if language is None:
        return None
    found = outline(text, language, check)
    digest = Digest("code", language=language, broken=found.broken, text=text)
    if found.doc:
        digest.purpose = Sentence(found.doc_line, found.doc_end, found.doc)
    digest.headings = [Heading(s.first, s.last, s.depth, s.signature, s.doc, s.name) for s in found.symbols]
    digest.sentences = [
        Sentence(s.doc_line, s.doc_end, s.doc) for s in found.symbols if len(s.doc.split()) >= 4
    ]
    return digest
