"""The outline of XML: its root, the elements in it and in those, by what names each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final
from xml.parsers.expat import ExpatError

from mcp_smalltools.text.outlines.heading import Heading
from mcp_smalltools.text.truncate import cut
from mcp_smalltools.text.xml_parser import BEFORE, DefinesEntitiesError, xml_parser

_SUFFIXES: Final = frozenset(
    f".{end}"
    for end in (
        *(
            "xml",
            "pom",
            "csproj",
            "fsproj",
            "vbproj",
            "vcxproj",
            "props",
            "targets",
            "nuspec",
            "config",
            "resx",
        ),
        *("xsd", "xsl", "xslt", "wsdl", "rng", "sch", "plist", "storyboard", "xib", "xaml", "axml", "fxml"),
        *("jrxml", "ui", "gpx", "kml", "tei", "launch", "urdf", "sdf", "wxs"),
    )
)
_BEGINS = re.compile(r"\ufeff?\s*+<(?:\?xml\b|!--|!DOCTYPE\b|[A-Za-z_][\w:.-]*+(?:[\s/>]|$))")
_DEPTH: Final = 2
"""Below the root."""
_NAMES: Final = (
    "name",
    "id",
    "key",
    "title",
    "class",
    "include",
    "path",
    "type",
    "ref",
    "artifactid",
    "target",
    "value",
)
"""Attributes and elements that name what they are in, the likeliest first."""
_ONLY: Final = "*"
"""The value of an element's only attribute."""
_NAME_CHARS: Final = 80
_MOST: Final = 2_000
"""Entries; what comes after is counted."""
_STEP: Final = 1 << 16
"""Characters between two looks at the clock."""


@dataclass(slots=True)
class _OpenElement:
    number: int
    """Of its heading, -1 for none."""
    tag: str
    names: dict[str, str] = field(default_factory=dict)
    text: str = ""
    has_elements: bool = False


_SHOWN: Final = frozenset((".html", ".htm", ".xhtml", ".jsp", ".jspx", ".vue"))
"""Pages, which are read as such."""


@dataclass(slots=True)
class XmlOutline:
    headings: list[Heading]
    broken: bool = False
    left_out: int = 0


def is_xml(path: str, text: str) -> bool:
    """By the name of the file and by how it begins; by its declaration alone, if it has one."""
    suffix = PurePath(path).suffix.lower()
    declared = text[:80].lstrip(BEFORE).startswith("<?xml") and suffix not in _SHOWN
    return declared or (suffix in _SUFFIXES and bool(_BEGINS.match(text[:2_000])))


def outline_xml(text: str, check: Callable[[], None] = lambda: None) -> XmlOutline:
    """Elements down to two below the root; of one kind, in a row and without a name, they are one entry.

    What comes after a fault of its form is left out, and `broken` says so. Entities that the file defines
    itself end the reading there, too. Raises what `check` raises.
    """
    reader = _ElementReader()
    parser = xml_parser()
    document = text.lstrip(BEFORE)
    before = text[: len(text) - len(document)].count("\n")
    parser.StartElementHandler = lambda tag, given: reader.begin(
        tag, given, before + parser.CurrentLineNumber
    )
    parser.EndElementHandler = lambda _tag: reader.end(before + parser.CurrentLineNumber)
    parser.CharacterDataHandler = reader.read
    broken = False
    try:
        for at in range(0, len(document), _STEP):
            check()
            parser.Parse(document[at : at + _STEP].encode("utf-8", "replace"), at + _STEP >= len(document))
    except (ExpatError, DefinesEntitiesError):
        broken = True
    return XmlOutline(_counted(reader.found), broken, reader.left_out)


class _ElementReader:
    """What the parser tells, element by element."""

    def __init__(self) -> None:
        self.left_out = 0
        self._open: list[_OpenElement] = []
        self.found: list[tuple[int, int, int, str, str]] = []
        """First and last line, depth, tag, name."""

    def begin(self, tag: str, given: dict[str, str], line: int) -> None:
        depth = len(self._open)
        number = -1
        if self._open:
            self._open[-1].has_elements = True
        if depth <= _DEPTH:
            if len(self.found) < _MOST:
                number = len(self.found)
                self.found.append((line, line, depth, tag, ""))
            else:
                self.left_out += 1
        names = {_plain(key): value for key, value in given.items() if value.strip()}
        if len(given) == 1:
            names.setdefault(_ONLY, next(iter(given.values())))
        self._open.append(_OpenElement(number, tag, names))

    def read(self, text: str) -> None:
        if self._open and len(self._open) <= _DEPTH + 2 and len(self._open[-1].text) < _NAME_CHARS:
            self._open[-1].text += text

    def end(self, line: int) -> None:
        element = self._open.pop()
        text = " ".join(element.text.split())
        if self._open and text and not element.has_elements:
            self._open[-1].names.setdefault(_plain(element.tag), text)
        if element.number < 0:
            return
        first, _, depth, tag, _ = self.found[element.number]
        named = (element.names.get(known, "") for known in (*_NAMES, _ONLY))
        name = next((name for name in named if name and "${" not in name), "")
        if not name and not element.has_elements and depth:
            name = text
        self.found[element.number] = (first, line, depth, tag, " ".join(name.split()))


def _plain(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _counted(found: list[tuple[int, int, int, str, str]]) -> list[Heading]:
    """Those without a name that follow one another are one entry, with their number."""
    out: list[Heading] = []
    count = 0
    before = ("", -1)
    for first, last, depth, tag, name in found:
        minor = depth == _DEPTH
        if not name and before == (tag, depth):
            count += 1
            begun = out.pop().line
            text = cut(f"{tag} (x {count})", _NAME_CHARS)
            out.append(Heading(begun, last, depth, text, name=text, minor=minor))
        else:
            count = 1
            text = cut(f"{tag} {name}".strip(), _NAME_CHARS)
            out.append(Heading(first, last, depth, text, name=cut(name or tag, _NAME_CHARS), minor=minor))
        before = ("", -1) if name else (tag, depth)
    return out
