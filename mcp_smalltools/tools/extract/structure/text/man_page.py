"""Manual pages in roff, by the macros of man and mdoc: title, date and version, sections, options with what
they do, and the named values of what programs print in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import Node
from mcp_smalltools.tools.extract.structure.text.sections import Sections
from mcp_smalltools.tools.extract.structure.text.text_lines import values_in

_MACRO: Final = re.compile(r"[.'][ \t]{0,20}([A-Za-z]\w{0,20})(?:[ \t]++(.*))?")
_ARGUMENT: Final = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"?|((?:[^\s\"\\]|\\.)(?:[^\s\\]|\\.)*+)")
_ESCAPE: Final = re.compile(
    r"\\(?:f(?:\[[^\[\]\n]{0,20}\]|\(..|.)|s[-+]?\d|[\"].*|\((?P<two>..)|\[(?P<long>[^\[\]\n]{1,20})\]"
    r"|\*(?:\[[^\[\]\n]{0,20}\]|\(..|.)|(?P<one>.))"
)
_SIGNS: Final = {
    **{"aq": "'", "dq": '"', "em": "—", "en": "–", "co": "©", "cq": "’", "oq": "‘", "lq": "“", "rq": "”"},
    **{"hy": "-", "mi": "-", "rs": "\\", "ha": "^", "ti": "~", "ga": "`", "pl": "+", "bv": "|"},
    "bu": "•",  # codespell:ignore bu
}
_OF_ONE: Final = {"-": "-", "e": "\\", " ": " ", "~": " ", "0": " ", ".": ".", "'": "'", "`": "`", "\\": "\\"}
_JOINED: Final = frozenset(("BR", "BI", "IB", "IR", "RB", "RI"))
"""Macros whose arguments stand together, in fonts by turns."""
_TELL_TEXT: Final = "B I R SM SB Nm Ar Fl Cm Pa Op Xr Sy Em Ev Ic Li"
_SPOKEN: Final = frozenset(_TELL_TEXT.split())
_PARAGRAPHS: Final = ("PP", "P", "LP", "Pp", "sp", "RS", "RE", "El", "Bl")
_TITLE: Final = ("title", "section", "date", "version", "manual")
_NAMED: Final = re.compile(r"(?P<name>\S(?:.{0,200}\S)?)\s++[-–—]{1,2}\s++(?P<purpose>\S.*)")
_FONTS_OF_MDOC: Final = {"Fl": "-", "Op": "["}


def read_man_page(lines: Sequence[str]) -> Node:
    """The page as a tree; macros that are not known are left out."""
    return _ManReader(lines).read()


def shown(text: str) -> str:
    """A text without escapes."""
    return " ".join(_ESCAPE.sub(_sign, text).split()) if "\\" in text else " ".join(text.split())


def _sign(match: re.Match[str]) -> str:
    if match["two"] is not None:
        return _SIGNS.get(match["two"], "")
    if match["long"] is not None:
        return _SIGNS.get(match["long"], "")
    return _OF_ONE.get(match["one"] or "", "")


class _ManReader:
    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._sections = Sections()
        self._texts: list[tuple[int, str]] = []
        self._terms: list[tuple[int, str]] = []
        self._waits_for_term = False
        self._is_output = False
        self._section = ""
        self._name = ""

    def read(self) -> Node:
        skips = False
        for number, line in enumerate(self._lines, 1):
            if skips or line.startswith(('.\\"', "'\\\"", '\\"')):
                skips = skips and line.rstrip() != ".."
                continue
            if re.match(r"\.(?:ig|de1?|am1?)\b", line):  # a comment, or what a macro does
                skips = True
                continue
            match = _MACRO.fullmatch(line[:4_000]) if line[:1] in ".'" else None
            if match is not None:
                self._macro(match[1], match[2] or "", number)
            elif line[:1] != "." and line.strip():
                self._text(shown(line) if not self._is_output else _ESCAPE.sub(_sign, line).rstrip(), number)
            elif not line.strip():
                self._end()
        self._end()
        return self._sections.finished(len(self._lines))

    def _macro(self, name: str, raw: str, number: int) -> None:
        given = [shown(a or b) for a, b in _ARGUMENT.findall(raw)]
        if name in ("TH", "Dt", "Dd"):
            self._head(name, given, number)
        elif name in ("SH", "SS", "Sh", "Ss"):
            self._end()
            self._section = " ".join(given)
            self._sections.open(self._section, 1 if name[1] in "Hh" else 2, number)
        elif name == "Nd":
            self._put("purpose", " ".join(given), number)
        elif name in ("TP", "TQ"):
            if name == "TP":
                self._end()
            self._waits_for_term = True
        elif name in ("IP", "It") and given:
            if self._texts or name == "IP":
                self._end()
            self._terms.append((number, _words(["It", *given]) if name == "It" else given[0]))
        elif name in ("nf", "EX", "fi", "EE", "Bd", "Ed"):
            self._end()
            self._is_output = name in ("nf", "EX", "Bd")
        elif name in _SPOKEN or name in _JOINED:
            self._said(name, given, number)
        elif name in _PARAGRAPHS and (self._texts or not self._terms):
            self._end()

    def _head(self, name: str, given: Sequence[str], number: int) -> None:
        names = _TITLE if name != "Dd" else ("date",)
        values = given if name != "Dd" else [" ".join(given)]
        for key, value in zip(names, values, strict=False):
            if value:
                self._put(key, value, number)

    def _put(self, key: str, value: str, number: int) -> None:
        node = Node(key, "value", number, number, value)
        if key in _TITLE:
            self._sections.root.inner.append(node)
        else:
            self._sections.add(node)

    def _said(self, name: str, given: Sequence[str], number: int) -> None:
        if name == "Nm":
            self._name = given[0] if given else self._name
            if self._section.lower() == "name" and given:
                self._put("name", self._name, number)
        text = "".join(given) if name in _JOINED else _words([name, *(given or [self._name][: name == "Nm"])])
        if text:
            self._text(text, number)

    def _text(self, text: str, number: int) -> None:
        if self._waits_for_term:
            self._terms.append((number, text))
            self._waits_for_term = False
        else:
            self._texts.append((number, text))

    def _end(self) -> None:
        """A paragraph ends: what a term means, named values that a program printed, or text."""
        texts, self._texts = self._texts, []
        self._waits_for_term = False
        if not texts:
            return
        terms, self._terms = self._terms, []
        start, end = texts[0][0], texts[-1][0]
        whole = " ".join(text for _, text in texts)
        for number, term in terms:
            self._sections.add(Node(term, "value", number, end, whole))
        if terms:
            return
        if self._is_output:
            for number, text in texts:
                for item in values_in(number, text):
                    self._sections.add(item)
            return
        if self._section.lower() == "name" and (match := _NAMED.fullmatch(whole[:2_000])) is not None:
            self._put("name", match["name"], start)
            self._put("purpose", match["purpose"], start)
            return
        self._sections.text(whole, start, end)


def _words(given: Sequence[str]) -> str:
    """Arguments of mdoc in which macros stand: `Fl a Ar file` is `-a file`."""
    parts: list[str] = []
    prefix = ""
    for word in given:
        if word in _SPOKEN or word in ("It", "Ns", "No", "Oo", "Oc"):
            prefix = _FONTS_OF_MDOC.get(word, "")
            continue
        parts.append(f"{prefix}{word}" + ("]" if prefix == "[" else ""))
        prefix = ""
    return " ".join(parts)
