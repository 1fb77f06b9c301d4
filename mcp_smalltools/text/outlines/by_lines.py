"""The outline of code by its lines: what begins like a definition, nested as it is indented.

Indentation is what people read nesting by; it survives broken brackets, macros and template languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from mcp_smalltools.text.outlines.heading import Heading
from mcp_smalltools.text.outlines.line_rules import LineLanguage, Rule
from mcp_smalltools.text.truncate import cut

_SIGNATURE_CHARS: Final = 160
_LONGEST_LINE: Final = 1000
"""Characters of a line that may begin a definition; what is longer is data."""
_COMMENT_LINES: Final = 40
"""Lines above a definition that are looked at for what is written about it."""
_CHECKED_EVERY: Final = 1000
_CONTINUES = re.compile(r"[{})\]]|(?:end|where|then|else|begin)\b", re.IGNORECASE)
"""What begins a line that still belongs to the definition in whose column it stands."""
_BETWEEN = re.compile(r"\s*(?:@|\[[^\]]*\]\s*$|#\[|template\s*<|#pragma|\s*$)")
"""Lines between a comment and what it is about: attributes."""
_LITERATE: Final = (".lhs", ".lidr")
_HEAD_LINES: Final = 400
"""Lines by which code is told from text."""
_BLOCK_DEPTHS: Final = 2
_BLOCKS: Final = LineLanguage(
    "blocks",
    (
        Rule(
            re.compile(
                r"[ \t]*+(?!(?:if|else|for|foreach|while|switch|try|catch|do|return)\b)"
                r"(?P<name>[^\s{}()\[\];,=][^{}\n]{0,120}?)\s*+\{\s*+$"
            ),
            holds_others=True,
        ),
    ),
)
_HTML_TAG: Final = re.compile(r"</?(?:p|br|b|i|em|strong|pre|ul|ol|li|div)\s*/?>", re.IGNORECASE)
_MARKS: Final = "/*#!-;%<\"'|= \t"


@dataclass(slots=True)
class _Open:
    """A definition whose end was not met yet."""

    number: int
    indent: int
    holds_others: bool


@dataclass(slots=True)
class _LineScan:
    language: LineLanguage
    lines: Sequence[str]
    inside: frozenset[int]
    comments: tuple[str, ...]
    found: list[Heading] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    last: int = 0

    def close(self, indent: int, *, continues: bool) -> None:
        while self.open and (
            indent < self.open[-1].indent or (indent == self.open[-1].indent and not continues)
        ):
            self.ends[self.open.pop().number] = self.last

    def begin(self, number: int, line: str, rule: Rule, name: str, indent: int) -> None:
        depth = len(self.open)
        if (
            self.found
            and self.found[-1].name == name
            and self.found[-1].depth == depth
            and not rule.holds_others
        ):
            self.open.append(_Open(len(self.found) - 1, indent, False))  # another clause or overload of it
            return
        about, _, _ = comment_above(self.lines, number, self.inside, self.comments)
        text = signature(line)
        self.found.append(Heading(number + 1, number + 1, depth, text, about, name, rule.is_minor))
        self.ends.append(number)
        self.open.append(_Open(len(self.found) - 1, indent, rule.holds_others))


def outline_by_lines(
    lines: Sequence[str], language: LineLanguage, check: Callable[[], None] = lambda: None
) -> list[Heading]:
    """Definitions in the order of the file, with their lines. Raises what `check` raises."""
    comments = tuple(language.comment.split(" "))
    scan = _LineScan(language, lines, lines_inside(lines, language), comments)
    for number, line in enumerate(lines):
        if number % _CHECKED_EVERY == 0:
            check()
        stripped = line.strip()
        if not stripped or number in scan.inside or stripped.startswith(scan.comments):
            continue
        indent = _indent(line)
        continues = bool(_CONTINUES.match(stripped))
        scan.close(indent, continues=continues)
        scan.last = number
        if continues or len(line) > _LONGEST_LINE or (scan.open and not scan.open[-1].holds_others):
            continue
        for rule in language.rules:
            if rule.only_at_top and (scan.open or indent):
                continue
            if match := rule.begins.match(line):
                scan.begin(number, line, rule, _name(match), indent)
                break
    scan.close(-1, continues=False)
    return [
        Heading(h.line, max(h.line, end + 1), h.depth, h.text, h.about, h.name, h.minor)
        for h, end in zip(scan.found, scan.ends, strict=True)
    ]


def _name(match: re.Match[str]) -> str:
    """Where the rule has a group `of`, that before it: `aws_eip.nat`."""
    name = match["name"].strip("`'\" \t")
    return f"{match['of']}.{name}" if "of" in match.re.groupindex else name


def without_bird_tracks(path: str, lines: Sequence[str]) -> Sequence[str]:
    """A literate program as code: its lines of code begin with `>`, all others are remarks.

    Other files, and literate ones whose code stands between `\\begin{code}` and `\\end{code}`, are left.
    """
    if not path.lower().endswith(_LITERATE) or not any(line.startswith(">") for line in lines):
        return lines
    return [line[2:] if line.startswith("> ") else f"-- {line}" if line.strip(">") else "" for line in lines]


def lines_inside(lines: Sequence[str], language: LineLanguage) -> frozenset[int]:
    """The lines, 0-based, that begin inside of a comment or string of several lines."""
    blocks = dict(language.blocks)
    openers = "|".join(re.escape(mark) for mark in sorted(blocks, key=len, reverse=True))
    ignored = [rf"{re.escape(mark)}[^\n]*+" for mark in language.comment.split(" ")]
    ignored += [rf"{mark}(?:[^{mark}\\\n]|\\.)*+{mark}?+" for mark in language.quotes]
    if not blocks:
        return frozenset()
    token = re.compile(f"(?P<block>{openers})|{'|'.join(ignored)}")
    text = "\n" + "\n".join(lines)
    inside: set[int] = set()
    at, line, counted = 0, -1, 0
    while match := token.search(text, at):
        at = match.end()
        if match["block"] is None:
            continue
        end = text.find(blocks[match["block"]], at)
        at = len(text) if end < 0 else end + len(blocks[match["block"]])
        line += text.count("\n", counted, match.start())
        first = line
        line += text.count("\n", match.start(), at)
        counted = at
        inside.update(range(first + 1, line + 1))
    return frozenset(inside)


def comment_above(
    lines: Sequence[str], number: int, inside: frozenset[int], comments: tuple[str, ...]
) -> tuple[str, int, int]:
    """The first sentence of the comment right above line `number` (0-based), and its lines, 1-based."""
    from mcp_smalltools.text.outline import first_sentence

    at = number - 1
    while at >= 0 and number - at < _COMMENT_LINES and lines[at].strip() and _BETWEEN.match(lines[at]):
        at -= 1
    last = at
    while at >= 0 and last - at < _COMMENT_LINES and _is_comment(lines, at, inside, comments):
        at -= 1
    if at == last:
        return "", 0, 0
    return first_sentence("\n".join(plain_comment(line) for line in lines[at + 1 : last + 1]), at + 2)


def _is_comment(lines: Sequence[str], at: int, inside: frozenset[int], comments: tuple[str, ...]) -> bool:
    stripped = lines[at].strip()
    return (
        bool(stripped)
        and not stripped.startswith("{-#")
        and (stripped.startswith((*comments, "/*", "{-", "(*", "<#", "--[[")) or at in inside)
    )


def plain_comment(line: str) -> str:
    """A line of a comment without what marks it as one."""
    stripped = line.strip().removesuffix("*/").removesuffix("-->").removesuffix("-}").removesuffix("#>")
    plain = _HTML_TAG.sub("", stripped).lstrip(_MARKS).strip()
    plain = re.sub(r"^(?:summary>|/summary>|remarks>|para>)|</?(?:summary|remarks|para)>$", "", plain)
    return (
        re.sub(r"\s*[#*=/-]*$", "", plain) if re.search(r"\s[#*=/-]+(?:\s+[#*]+)?$", plain[-12:]) else plain
    )


def looks_like_code(lines: Sequence[str]) -> bool:
    """A third of the lines end as statements and blocks do."""
    said = [line.rstrip() for line in lines[:_HEAD_LINES] if line.strip()]
    return len(said) > 8 and sum(line.endswith((";", "{", "}", "});")) for line in said) > len(said) / 3


def outline_of_blocks(lines: Sequence[str], check: Callable[[], None] = lambda: None) -> list[Heading]:
    """What opens a block in braces at the top, and inside of that, in a language that isn't known. Raises
    what `check` raises.
    """
    found = outline_by_lines(lines, _BLOCKS, check)
    return [heading for heading in found if heading.depth < _BLOCK_DEPTHS]


def signature(line: str) -> str:
    """A definition's first line without what opens its body."""
    return cut(" ".join(line[: 4 * _SIGNATURE_CHARS].split()).rstrip("{:= "), _SIGNATURE_CHARS)


def _indent(line: str) -> int:
    head = line[: len(line) - len(line.lstrip())]
    return len(head.expandtabs(4))
