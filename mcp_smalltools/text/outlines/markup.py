"""Headings of documents: Markdown, reStructuredText, AsciiDoc, LaTeX, man pages, Org, lists of releases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Final

from mcp_smalltools.text.outlines.heading import Heading

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]++(.*))?$")
_RULE = re.compile(r"([=\-~^\"'*+#`:._])\1{2,}\s*$")
_FENCE = re.compile(r"\s*+(?:[-*+>]\s++|\d{1,9}[.)]\s++)?(`{3,}+|~{3,}+)(.*)$")
_HTML_HEADING = re.compile(r"\s*+<h([1-6])\b[^<>]{0,300}>(.{1,300}?)</h[1-6]>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{1,300}>")
_ASCIIDOC = re.compile(r"(={1,6}|#{1,6})[ \t]++(\S.*)$")
_ASCIIDOC_BLOCK = re.compile(r"(-{4,}|\.{4,}|/{4,}|\+{4,}|_{4,}|={4,}|\*{4,}|```)(?:\w*)\s*$")
_TEX = re.compile(
    r"\s*+\\(title|part|chapter|section|subsection|subsubsection|paragraph)\*?\s*+(?:\[[^\]\n]*+\])?\s*+\{(.*)$"
)
_TEX_DEPTHS: Final = {
    **{"title": 0, "part": 0, "chapter": 0, "section": 1, "subsection": 2, "subsubsection": 3, "paragraph": 4}
}
_MAN = re.compile(r"[.']\s*+(SH|SS|Sh|Ss)\b\s*+(.*)$")
_ORG = re.compile(r"(\*{1,6})\s++(\S.*)$")
_WIKI = re.compile(r"(={1,6})\s*+([^=\n]{1,200})\1\s*$")
_TEXINFO = re.compile(r"@(chapter|section|subsection|appendix|unnumbered|top|settitle)\s++(.+)$")
_POD = re.compile(r"=head([1-4])\s++(.+)$")
_VERSION: Final = r"v?\d{1,4}\.\d{1,4}[\w.+-]{0,30}"
_RELEASE = re.compile(
    rf"(?:[-*]\s++:release:`(?P<role>[^`\n]++)`|(?:(?:version|"
    rf"release|changes? (?:in|for|with)|what's new in)\s++)?"
    rf"(?P<plain>\[?{_VERSION}\]?(?:\s*+[-:(,]?\s*+[\w ,./:()-]{{0,60}})?)"
    rf"|(?P<named>[\w.+-]{{2,40}}[ -]\(?{_VERSION}\)?(?:\s*+[-:(;,]\s*+[\w ,./:();=-]{{0,70}})?)"
    r"|(?P<dated>(?:\*\s++)?(?:\d{4}-\d\d-\d\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s++\w{3}\s++\d{1,2}\s++\d{4})\s++\S.{0,80}))\s*$",
    re.IGNORECASE,
)
_RELEASE_NAMES = re.compile(r"(?i)change|news|history|release|versions")
_MAN_NAME = re.compile(r"(?i)\.(?:[1-9](?:\w{0,4})?|man|mdoc|roff)(?:\.in)?$")
_MAN_HEAD = re.compile(r"(?:\.TH|\.Dd|\.Dt)\s")
_DIALECTS: Final = {
    **dict.fromkeys((".rst", ".rest"), "rst"),
    **dict.fromkeys((".adoc", ".asciidoc", ".asc", ".ad"), "asciidoc"),
    **dict.fromkeys((".tex", ".ltx", ".sty", ".cls"), "tex"),
    **{".org": "org", ".wiki": "wiki", ".mediawiki": "wiki", ".texi": "texinfo", ".texinfo": "texinfo"},
    ".pod": "pod",
}
_Titles = Iterator[tuple[int, int, str]]
"""The line (0-based), the depth and the text of each heading."""


def dialect_of(path: str, lines: Sequence[str]) -> str:
    """`markdown` for what is not known to be another one: plain text too."""
    name = PurePath(path).name
    if found := _DIALECTS.get(PurePath(name.lower()).suffix):
        return found
    if any(_MAN_HEAD.match(line) for line in lines[:80]) and (
        _MAN_NAME.search(name) or _has_man_titles(lines)
    ):
        return "man"
    return "markdown"


def headings_of(lines: Sequence[str], path: str, fenced: frozenset[int]) -> list[Heading]:
    """Headings with their lines; `fenced` are lines (0-based) of blocks of code."""
    dialect = dialect_of(path, lines)
    readers: dict[str, Callable[[Sequence[str], frozenset[int]], _Titles]] = {
        "rst": _underlined_titles,
        "asciidoc": _asciidoc,
        "tex": _tex,
        "man": _man,
        "org": _org,
        "wiki": _wiki,
        "texinfo": _texinfo,
        "pod": _pod,
    }
    titles = list(readers.get(dialect, _markdown)(lines, fenced))
    if len(titles) < 3 and (_RELEASE_NAMES.search(PurePath(path).name) or not titles):
        titles = sorted({*titles, *_releases(lines, fenced, 1 if titles else 0)})
    return [Heading(number + 1, number + 1, depth, text) for number, depth, text in titles if text]


def fenced_lines(lines: Sequence[str]) -> frozenset[int]:
    """Lines (0-based) of fenced blocks, their fences too: a fence is closed by one of its own mark that is
    as long at least and has nothing behind it (CommonMark).
    """
    inside: set[int] = set()
    opened = ""
    begun: list[int] = []
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if not opened:
            if match and not (match[1][0] == "`" and "`" in match[2]):
                opened, begun = match[1], [number]
            continue
        begun.append(number)
        if match and match[1].startswith(opened) and not match[2].strip():
            inside.update(begun)
            opened = ""
    if opened:
        inside.update(begun)
    return frozenset(inside)


def _markdown(lines: Sequence[str], fenced: frozenset[int]) -> _Titles:
    order: list[str] = []
    remarks = _are_remarks(lines)
    front = _front_matter(lines)
    for number, line in enumerate(lines):
        if number in fenced or number < front:
            continue
        if not remarks and (match := _ATX.match(line)):
            yield number, len(match[1]) - 1, (match[2] or "").rstrip().rstrip("#").rstrip()
        elif match := _HTML_HEADING.match(line):
            yield number, int(match[1]) - 1, _TAG.sub("", match[2]).strip()
        elif number + 1 < len(lines) and number + 1 not in fenced and _underlined(line, lines[number + 1]):
            yield number, _depth_of(lines[number + 1][0], order), line.strip()


def _underlined_titles(lines: Sequence[str], _fenced: frozenset[int]) -> _Titles:
    """Of reStructuredText; a title with a line above it is another level than one without."""
    order: list[str] = []
    for number in range(len(lines) - 1):
        line, below = lines[number], lines[number + 1]
        if not _underlined(line, below, looser=True):
            continue
        over = number > 0 and lines[number - 1].rstrip() == below.rstrip()
        if not over and line[:1].isspace():
            continue
        yield number, _depth_of(below[0] + ("^" if over else ""), order), line.strip()


def _depth_of(mark: str, order: list[str]) -> int:
    if mark not in order:
        order.append(mark)
    return order.index(mark)


def _underlined(line: str, below: str, *, looser: bool = False) -> bool:
    text = line.strip()
    if not text or not _RULE.match(below) or _RULE.match(line) or text.startswith(("|", "- ")):
        return False
    if not looser and below[0] in "`:._":
        return False
    size = len(below.strip()) - len(text)
    return abs(size) <= 3 or (looser and size >= 0)


def _are_remarks(lines: Sequence[str]) -> bool:
    """Whether "# …" are remarks of a file of settings: headings don't stand one right below the other."""
    marked = {i for i, line in enumerate(lines) if _ATX.match(line)}
    return 2 * sum(i + 1 in marked or i - 1 in marked for i in marked) > len(marked)


def _front_matter(lines: Sequence[str]) -> int:
    """How many lines at the top are settings between two rules."""
    if not lines or lines[0].rstrip() not in ("---", "+++"):
        return 0
    mark = lines[0].rstrip()
    return next((n + 1 for n, line in enumerate(lines[1:200], 1) if line.rstrip() == mark), 0)


def _asciidoc(lines: Sequence[str], _fenced: frozenset[int]) -> _Titles:
    closes = ""
    order: list[str] = []
    for number, line in enumerate(lines):
        block = _ASCIIDOC_BLOCK.match(line)
        if block and not closes and number and _underlined(lines[number - 1], line):
            yield number - 1, _depth_of(line[0], order), lines[number - 1].strip()
        elif block and (not closes or closes == block[1]):
            closes = "" if closes else block[1]
        elif not closes and (match := _ASCIIDOC.match(line)):
            yield number, len(match[1]) - 1, match[2].strip().rstrip("=").rstrip()


def _tex(lines: Sequence[str], _fenced: frozenset[int]) -> _Titles:
    literal = ""
    for number, line in enumerate(lines):
        if literal:
            literal = "" if f"\\end{{{literal}}}" in line else literal
            continue
        literal = next(
            (n for n in ("verbatim", "lstlisting", "minted", "comment") if f"\\begin{{{n}}}" in line), ""
        )
        if match := _TEX.match(line):
            yield number, _TEX_DEPTHS[match[1]], _braced(match[2])


def _braced(text: str) -> str:
    """Up to the brace that closes what was opened before `text`."""
    depth = 1
    for at, sign in enumerate(text[:500]):
        depth += (sign == "{") - (sign == "}")
        if not depth:
            return text[:at].strip()
    return text[:500].strip()


def _has_man_titles(lines: Sequence[str]) -> bool:
    return any(_MAN.match(line) for line in lines[:400])


def _man(lines: Sequence[str], _fenced: frozenset[int]) -> _Titles:
    for number, line in enumerate(lines):
        if match := _MAN.match(line):
            given = match[2] or (lines[number + 1] if number + 1 < len(lines) else "")
            yield number, int(match[1].lower() == "ss"), given.strip().strip('"').replace("\\-", "-")


def _by_marks(lines: Sequence[str], pattern: re.Pattern[str]) -> _Titles:
    for number, line in enumerate(lines):
        if match := pattern.match(line):
            yield number, len(match[1]) - 1, match[2].strip()


def _org(lines: Sequence[str], _fenced: frozenset[int]) -> _Titles:
    return _by_marks(lines, _ORG)


def _wiki(lines: Sequence[str], _fenced: frozenset[int]) -> _Titles:
    return _by_marks(lines, _WIKI)


def _pod(lines: Sequence[str], _fenced: frozenset[int]) -> _Titles:
    for number, line in enumerate(lines):
        if match := _POD.match(line):
            yield number, int(match[1]) - 1, match[2].strip()


def _texinfo(lines: Sequence[str], _fenced: frozenset[int]) -> _Titles:
    depths = {"section": 1, "subsection": 2}
    for number, line in enumerate(lines):
        if match := _TEXINFO.match(line):
            yield number, depths.get(match[1], 0), match[2].strip()


def _releases(lines: Sequence[str], fenced: frozenset[int], depth: int) -> _Titles:
    """Lines that name a release or a day of changes: what changelogs without headings go by. None unless
    there are two at least.
    """
    found = []
    for number, line in enumerate(lines):
        if number in fenced or len(line) > 120 or not (match := _RELEASE.match(line)):
            continue
        text = match["role"] or match["plain"] or match["named"] or match["dated"]
        found.append((number, depth, text.strip().rstrip(":")))
    return iter(found if len(found) > 1 else [])
