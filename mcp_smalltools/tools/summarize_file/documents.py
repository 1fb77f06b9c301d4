"""Documents: Markdown, reStructuredText, plain text, HTML, PDF, notebooks. All with their lines."""

from __future__ import annotations

import bisect
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import PurePath
from typing import Any, Final

from mcp_smalltools.errors import Unreadable
from mcp_smalltools.text.next_line import NextLine
from mcp_smalltools.text.outlines.heading import Heading
from mcp_smalltools.text.outlines.markup import dialect_of, fenced_lines, headings_of
from mcp_smalltools.text.truncate import cut
from mcp_smalltools.tools.summarize_file.digest_records import Digest, Sentence
from mcp_smalltools.tools.summarize_file.purpose import purpose_of_text

MAX_SENTENCES: Final = 600
MAX_PAGES: Final = 200
_HEADING_CHARS: Final = 120
_RULE = re.compile(r"([=\-~^\"'*+#])\1{2,}\s*$")
_DIGITS = re.compile(r"\d+")
_EDGE_LINES: Final = 2
"""Lines at the top and at the foot of a page that may be the same on others."""
_PDF_TITLE = re.compile(
    r"(?:(?:chapter|section|appendix|part)\s++)?(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s++[A-Z][^\n]{2,}[^.,;:\n]$"
    r"|(?i:abstract|introduction|references|conclusions?|"
    r"acknowledg\w++|bibliography|related work|appendix)()$"
)
_PDF_TITLE_CHARS: Final = 90
_FEWEST_TITLES: Final = 3
_PDF_SENTENCES: Final = 40
_PDF_PURPOSE = re.compile(
    r"(?i)\bthis (?:paper|article|report|thesis|document|guide|"
    r"manual|book|specification|note|brochure|study)\b"
    r"|\bwe (?:present|propose|introduce|describe|study)\b"
)
_NOT_PROSE = re.compile(r"\s*(?:[|<>!\[]|https?://|[-*+]\s*$|:\w+:|\.\. )|^(?:    |\t)")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+")
_ENDS = re.compile(r"(?<=[.!?])([\"')\]]*)\s+(?=[A-Z0-9\"'(`*\[])")
_SAYS_SOMETHING = re.compile(r"[\"'(`*_\[]*[^\W_](?=.*[^\W\d_])(?!.*:$)", re.DOTALL)
"""Begins like a sentence, and doesn't only announce what follows."""
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Dr|Mr|Ms|St|No|Fig|approx)\.|\b[A-Z]\.)$")
_ABBREVIATION_CHARS: Final = 8
"""Characters of the longest abbreviation, and one before it."""
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
"""To a character that there isn't; Python's parser fails on one of thousands of digits."""


_LICENCE_NAME: Final = re.compile(r"(?i)(?:un)?licen[cs]e|copying(?:$|[._-])")
_LICENCE_TITLE: Final = re.compile(r"(?i)\blicen[cs]e\b|\bCC0\b|\bcreative commons\b")
_LICENCE_HEAD: Final = 20
_CLAUSE: Final = re.compile(r" {0,8}(\d{1,2}\. [A-Z][\w ,;&'()/-]{2,80}?)[.:](?:\s|$)")


def read_document(text: str, check: Callable[[], None] = lambda: None, path: str = "") -> Digest:
    """Headings, and sentences of running text, of Markdown, reStructuredText, AsciiDoc, LaTeX, man pages or
    plain text.

    Raises what `check` raises.
    """
    lines = text.split("\n")
    digest = Digest("document", text=text)
    fenced = fenced_lines(lines) if dialect_of(path, lines) == "markdown" else frozenset()
    found = headings_of(lines, path, fenced)
    is_licence = bool(_LICENCE_NAME.match(PurePath(path).name))
    if is_licence and not found:
        found = [
            Heading(n, n, 0, match[1]) for n, line in enumerate(lines, 1) if (match := _CLAUSE.match(line))
        ]
    digest.headings = _closed(found, len(lines))
    check()
    titles = {heading.line for heading in digest.headings}
    digest.sentences = _limited(list(_sentences(lines, titles, fenced, check)), digest)
    if dialect_of(path, lines) == "man":
        digest.purpose = _man_purpose(lines)
    elif is_licence:
        named = [(n, line.strip()) for n, line in enumerate(lines[:_LICENCE_HEAD], 1)]
        digest.purpose = next(
            (Sentence(n, n, line) for n, line in named if _LICENCE_TITLE.search(line)), None
        )
    else:
        digest.purpose = purpose_of_text(digest.sentences, digest.headings, len(lines))
    return digest


def _man_purpose(lines: Sequence[str]) -> Sentence | None:
    """What stands behind the name in the section NAME."""
    for number, line in enumerate(lines[:300], 1):
        if line.startswith(".Nd "):
            return Sentence(number, number, line[4:].strip())
        named = re.match(r"[^.'\n][^\n]{0,200}?\s\\?-\s++(\S.*)$", line)
        if named and number > 1 and re.match(r"\.S[Hh]\s+\"?NAME", lines[number - 2], re.IGNORECASE):
            return Sentence(number, number, named[1].strip())
    return None


def read_html(text: str) -> Digest:
    page = _Page()
    page.feed(_LONG_REFERENCE.sub("\ufffd", text))
    page.close()
    digest = Digest("html", headings=_closed(page.headings, text.count("\n") + 1))
    blocks = [s for at, block in page.blocks for s in _split(block, at)]
    digest.sentences = _limited(blocks, digest)
    digest.purpose = page.description or purpose_of_text(
        digest.sentences, digest.headings, text.count("\n") + 1
    )
    return digest


def read_pdf(data: bytes, path: str, check: Callable[[], None] = lambda: None) -> Digest:
    """Pages take the place of lines. Raises Unreadable for what is no PDF, encrypted, or without text, and
    what `check` raises.
    """
    import pypdf
    from pypdf.errors import PyPdfError

    digest = Digest("pdf", pages=True)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(f"{path} is encrypted.", remedy="Give a copy without a password.")
        pages = []
        for page in reader.pages[:MAX_PAGES]:
            check()
            pages.append(page.extract_text())
        total = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise Unreadable(f"{path} is no PDF that can be read.", remedy="Give its text.") from None
    if not any(page.strip() for page in pages):
        raise Unreadable(f"{path} holds no text, only images.", remedy="Recognise its text first.")
    if total > MAX_PAGES:
        digest.dropped["pages_not_read"] = total - MAX_PAGES
    found = [
        Sentence(number, number, sentence.text)
        for number, page in enumerate(pages, 1)
        for sentence in _split(" ".join(page.split()), number)
    ]
    digest.headings = _pdf_headings(pages)
    digest.sentences = _limited(found, digest)
    digest.purpose = _pdf_purpose(digest.sentences)
    return digest


def _pdf_headings(pages: Sequence[str]) -> list[Heading]:
    """Numbered titles where there are some, else how each page begins; what stands at the edge of several
    pages is no title.
    """
    held = [[line.strip() for line in page.split("\n") if line.strip()] for page in pages]
    edges = Counter(
        _DIGITS.sub("0", line) for lines in held for line in {*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:]}
    )
    running = {line for line, count in edges.items() if count > 2 or (count == 2 and len(held) < 5)}
    kept = [[line for line in lines if _DIGITS.sub("0", line) not in running] for lines in held]
    titles = [
        Heading(number, number, match[1].count(".") if match[1] else 0, cut(line, _HEADING_CHARS))
        for number, lines in enumerate(kept, 1)
        for line in lines
        if (match := _PDF_TITLE.match(line)) and len(line) <= _PDF_TITLE_CHARS
    ]
    if len(titles) >= _FEWEST_TITLES:
        first = [Heading(1, 1, 0, cut(kept[0][0], _HEADING_CHARS))] if kept[0] else []
        return first + [title for title in titles if title.text != (first[0].text if first else "")]
    return [
        Heading(number, number, 0, cut(lines[0], _HEADING_CHARS))
        for number, lines in enumerate(kept, 1)
        if lines
    ]


def _pdf_purpose(sentences: Sequence[Sentence]) -> Sentence | None:
    return next((s for s in sentences[:_PDF_SENTENCES] if _PDF_PURPOSE.search(s.text)), None)


def read_mail(text: str) -> Digest:
    """A mail: its subject as what it is for, its parts as the outline, sentences of its plain text."""
    from mcp_smalltools.text.outlines.mail_parts import read_parts

    lines = text.split("\n")
    mail = read_parts(lines)
    digest = Digest("document", language="mail")
    digest.headings = _closed(mail.parts, len(lines))
    if mail.subject:
        digest.purpose = Sentence(mail.subject_line, mail.subject_line, mail.subject)
    for first, last in mail.texts:
        inside = read_document("\n".join(lines[first - 1 : last])).sentences
        digest.sentences += [Sentence(first - 1 + s.start, first - 1 + s.end, s.text) for s in inside]
    digest.sentences = _limited(digest.sentences, digest)
    return digest


def read_notebook(text: str, path: str) -> Digest:
    """Cells in order; lines are those of the .ipynb file."""
    try:
        cells = json.loads(text)["cells"]
        sources = [_joined(cell.get("source", "")) for cell in cells]
        kinds = [str(cell.get("cell_type")) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unreadable(f"{path} is no notebook.", remedy="Save it again as .ipynb.") from None
    digest = Digest("notebook", language="python")
    lines_with, at = NextLine(text.split("\n")), 0
    for kind, source in zip(kinds, sources, strict=True):
        first = next((line for line in source.split("\n") if line.strip()), "")
        quoted = json.dumps(first, ensure_ascii=False)[1:-1]
        found = lines_with.find(quoted, at)
        at = at if found is None else found
        depth = 0 if kind == "markdown" else 1
        digest.headings.append(
            Heading(at + 1, at + 1, depth, f"{kind}: {cut(first.strip(), _HEADING_CHARS)}")
        )
        if kind == "markdown":
            inside = read_document(source).sentences
            digest.sentences += [Sentence(at + s.start, at + s.end, s.text) for s in inside]
    digest.sentences = _limited(digest.sentences, digest)
    total = text.count("\n") + 1
    titles = [heading for heading in digest.headings if not heading.depth]
    digest.purpose = purpose_of_text(digest.sentences, titles, total)
    return digest


def _joined(source: Any) -> str:
    return "".join(source) if isinstance(source, list) else str(source)


def _closed(headings: list[Heading], total: int) -> list[Heading]:
    """Each heading's section ends where the next of its depth or above begins."""
    out = []
    below: list[Heading] = []  # those that may end a section above them, the next one last
    for heading in reversed(headings):
        while below and below[-1].depth > heading.depth:
            below.pop()
        end = max(heading.line, below[-1].line - 1 if below else total)
        out.append(Heading(heading.line, end, heading.depth, heading.text, heading.about))
        below.append(heading)
    return out[::-1]


def _sentences(
    lines: Sequence[str], titles: set[int], fenced: frozenset[int], check: Callable[[], None]
) -> Iterator[Sentence]:
    held: list[str] = []
    first = 0
    for i, line in enumerate([*lines, ""]):
        prose = line.strip() and i not in fenced and i + 1 not in titles and not _NOT_PROSE.match(line)
        if held and (not prose or _BULLET.match(line)):
            check()
            yield from _of_paragraph(held, first)
            held = []
        if prose and not _RULE.match(line):
            if not held:
                first = i + 1
            held.append(line)


def _of_paragraph(lines: list[str], first: int) -> Iterator[Sentence]:
    """Sentences of consecutive lines, each with its lines."""
    lines = [_BULLET.sub("", lines[0]).strip(), *(line.strip() for line in lines[1:])]
    starts, size = [], 0
    for line in lines:
        starts.append(size)
        size += len(line) + 1
    whole = " ".join(lines)
    at = 0
    for piece in _pieces(whole):
        start = whole.index(piece, at)
        at = start + len(piece)
        begins = bisect.bisect_right(starts, start) - 1
        ends = bisect.bisect_left(starts, at) - 1
        yield Sentence(first + begins, first + ends, piece)


def _split(block: str, at: int) -> list[Sentence]:
    return [Sentence(at, at, piece) for piece in _pieces(block)]


def _pieces(text: str) -> Iterator[str]:
    """The sentences of a text, verbatim."""
    start = 0
    for end in _ENDS.finditer(text):
        last_word = max(start, end.start() - _ABBREVIATION_CHARS)
        if not _ABBREVIATION.search(text, last_word, end.start()):
            yield text[start : end.end(1)].strip()
            start = end.end()
    if text[start:].strip():
        yield text[start:].strip()


def _limited(sentences: list[Sentence], digest: Digest) -> list[Sentence]:
    """Sentences that say something; of very many, every n-th, and the rest is counted."""
    good = [s for s in sentences if 4 <= len(s.text.split()) <= 80 and _SAYS_SOMETHING.match(s.text)]
    if len(good) <= MAX_SENTENCES:
        return good
    digest.dropped["sentences_not_ranked"] = len(good) - MAX_SENTENCES
    step = len(good) / MAX_SENTENCES
    return [good[int(i * step)] for i in range(MAX_SENTENCES)]


class _Page(HTMLParser):
    """Headings, description and running text of a page, each with the line where it begins."""

    _SILENT = frozenset({"script", "style", "template", "noscript", "svg", "nav", "footer"})
    _BLOCKS = frozenset({"p", "li", "dd", "td", "blockquote", "figcaption", "div", "section", "article"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[Heading] = []
        self.blocks: list[tuple[int, str]] = []
        self.description: Sentence | None = None
        self._silent = 0
        self._inside = ""
        self._text: list[str] = []
        self._line = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in self._SILENT:
            self._silent += 1
        elif tag in self._BLOCKS or tag == "title" or re.fullmatch(r"h[1-6]", tag):
            self._flush()
            self._inside, self._line = tag, self.getpos()[0]
        elif tag == "meta" and given.get("name") == "description" and given.get("content"):
            line = self.getpos()[0]
            self.description = Sentence(line, line, " ".join(str(given["content"]).split()))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == self._inside:
            self._flush()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            if not self._text:
                self._line = self.getpos()[0] + (len(data) - len(data.lstrip("\n")) if data.strip() else 0)
            if data.strip():
                self._text.append(data)

    def close(self) -> None:
        super().close()
        self._flush()

    def _flush(self) -> None:
        text = " ".join(" ".join(self._text).split())
        if text and (self._inside == "title" or re.fullmatch(r"h[1-6]", self._inside)):
            depth = 0 if self._inside == "title" else int(self._inside[1]) - 1
            self.headings.append(Heading(self._line, self._line, depth, text))
        elif text:
            self.blocks.append((self._line, text))
        self._text, self._inside = [], ""
