"""What a file says it is for: only where it says so itself, in its head or in its first paragraphs.

The comment of the first constant, a licence, thanks or a statement are no purpose: then there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.text.outlines.by_lines import plain_comment
from mcp_smalltools.text.outlines.heading import Heading
from mcp_smalltools.tools.summarize_file.digest_records import Sentence

_HEAD_LINES: Final = 200
"""Lines in which a file may begin to speak of itself."""
_COMMENT_MARKS: Final = {
    "python": "#", "ruby": "#", "bash": "#", "elixir": "#", "perl": "#", "r": "#", "powershell": "#",
    "cmake": "#", "graphql": "#", "terraform": "#", "julia": "#", "nim": "#", "fish": "#", "just": "#",
    "starlark": "#", "yaml": "#", "toml": "#", "ini": "# ;", "make": "#", "dockerfile": "#",
    "lua": "--", "haskell": "--", "sql": "--", "vhdl": "--", "erlang": "%", "lisp": ";", "vim": '"',
    "vb": "'", "fortran": "!", "php": "// #",
}  # fmt: skip
_OPENS: Final = {
    "/*": "*/",
    "{-": "-}",
    "<#": "#>",
    "(*": "*)",
    "--[[": "]]",
    "=begin": "=end",
    '"""': '"""',
    "<!--": "-->",
}
_LICENCE = re.compile(
    r"(?i)copyright|\(c\) \d|©|licen[cs]e|licensed|spdx|all rights reserved|warrant|permission is hereby|"
    r"redistribut|free software|public domain|is part of|gnu general"
)
_NO_PURPOSE = re.compile(
    r"(?i)^(?:[:;,]|\[\w+\(|/?usr/bin|nohup\b|credits?\b|comments are provided|read environment|"
    r"yamllint|hadolint|markdownlint|thanks?\b|thank you|created (?:by|on|with|at)|written\b|to |"
    r"liquibase|this file is \W?not|author|maintainer|modified|version\b|"
    r"date\b|last |updated|usage\b|example|note\b|todo|fixme|"
    r"xxx|hack|warning|important|see\b|http|eslint|jshint|"
    r"jslint|istanbul|shellcheck|pylint|flake8|mypy|noqa|prettier|"
    r"tslint|stylelint|@ts-|ts-|biome|c8 |global\b|"
    r"vim?:|ex:|-\*-|coding[:=]|use strict|frozen_string|typed:|rubocop|source:|\$\w+|file:? ?\S*$|filename|"
    r"param|return|include|import|require|region|syntax=|escape=|"
    r"language |generated|auto-?generated|do not edit|"
    r"this file (?:was|is) (?:auto|gen)|code generated|begin\b|end\b|step \d|section|-+$|=+$|"
    r"(?:\d+[.)]\s)|run\b|install|how to|compile|build:|requires?\b|"
    r"requirements|dependencies|tested|by |from |"
    r"contact|e-?mail|website|home ?page|bugs?\b|changelog|history|options?\b|arguments?\b|set\b|check\b|"
    r"create (?:table|or|index|extension)|drop |select |insert |"
    r"alter |if |for |disable|enable|ignore|allow\b|"
    r"defaults?\b|optional|deprecated|reference|default |no |not |"
    r"nb:|(?:\w++ ){1,4}with:|\(c\)|audit-ok|mode:|go:\w|\+build|mark:|nolint|noinspection|ktlint|"
    r"swiftlint|swift-tools|@?formatter|phpcs|phpstan|psalm|clang-|cspell|aut(?:or|eur)|verfasser|"
    r"host:|server version|dump|table structure|"
    r"pre-?requisites|formerly|about this \w+$|(?:\w: )?exit on\b|"
    r"this (?:source )?file (?:must|has to|should|needs)|"
    r"this (?:define|macro|constant|variable|line|block|import|include)\b|the actual\b|execute\b)"
)
_NO_SENTENCE = re.compile(
    r"-\*-|frozen_string_literal|\bcoding[:=]|\b[A-Z][A-Z0-9_]{3,40}=\S|^[\w ]{2,30}:\s{3,}|\S\s{5,}\S|"
    r"(?:\s--\w[^\n]{0,80}?){2}|\b(?:localhost|\d+\.\d+\.\d+\.\d+):\d"
)
"""A line for an editor, a form, a table, a command."""
_BANNER = re.compile(r"[─═━▬]{2,}|^[=*#~-]{2,}\s|\s[=*#~-]{2,}$")
_LABEL = re.compile(r"[A-Z][\w/-]*(?: [\w/-]+){0,3}:(?:\s|$)")
_ITSELF = re.compile(r"This (?:script|file|module|program|package|library|class|header|migration|schema)\b")
_IMPORTS = re.compile(
    r"\s*(?:import\b|from\s+\S+\s+import\b|using\b|use\b|#\s*(?:include|import)\b|require\b|require_relative\b|"
    r"library\(|extern crate|(?:const|var|let|local)\s[^\n=]{1,80}=\s*require|open\s)"
)
_CODE = re.compile(
    r"[;{}=]\s*$|^\s*[\w.]+\(|^[-=#*~/_+.]{3,}|^[\w./\\-]+\.\w{1,5}$|"
    r"^[@\\]\w+|^\w+\s*=|^<\w|::|,$"
)
_EXPLICIT = re.compile(
    r"@file(?:overview|description)?\b|@module\b|@package\b|@fileOverview|\.SYNOPSIS|^\s*//!"
)
_TAG = re.compile(
    r"^[@\\.](?:synopsis|file(?:overview|description)?|brief|module|description|desc|title|notice|summary|fileOverview)\b:?\s*(?:[\w/.-]+\.\w{1,4}$)?",
    re.IGNORECASE,
)
_NEUTRAL = re.compile(
    r"\s*(?:#!|<\?php|<\?hh|<\?xml|<!DOCTYPE|package\b|import\b|from\b|using\b|use\b|module\b|namespace\b|#\s*(?:include|ifndef|pragma|define|if|import)"
    r"|require\b|require_relative\b|'use |\"use |declare\(|pragma\b|"
    r"syntax\b|option\b|@file:|alias\b|set\s|set$|cmake_minimum|open\b"
    r"|(?:const|var|let)\s[^\n=]{1,80}=\s*require|param\(|\{-#|library\(|"
    r"extern crate|#!\[|\[CmdletBinding|version\b|---|%YAML|apiVersion|"
    r"x-|FROM\b|ARG\b|local\s[^\n=]{1,60}=\s*require|\\documentclass|BEGIN\b|terraform\b|\.PHONY|SHELL\b|\$ErrorAction|Set-Strict|on:|name:|cd\s|export\s)"
)
_SENTENCE_END = re.compile(
    r"(?<=[.!?。])(?<!\b[A-Z]\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?:\s+(?=[A-Z\"'(`\[])|(?<=。)(?=.)|$)"
)
_DEFINES = re.compile(
    r"(?i)\b(?:is|are) (?:an?|the|both|our|one|for|designed|intended|used|meant|where)\b"
    r"|\b(?:provides?|contains?|describes?|covers?|explains?|documents?|defines?|implements?|helps?|lets|allows?|"
    r"enables?|offers?|aims?|tracks?|records?|summari[sz]es|outlines|walks|collects?|converts?|generates|specifies|"
    r"introduces|shows how|says|lists?|is about|documented in)\b"
)
_SUBJECT = re.compile(
    r"(?i)(?:this|these|the following|here|we (?:present|propose|introduce|describe|"
    r"study)|in this (?:paper|article|report|guide|tutorial|document)|"
    r"all notable changes)\b"
)
_THIS_TEXT = re.compile(
    r"(?i)(?:in )?this (?:part of the |short |brief |quick )?(?:page|document|documentation|"
    r"guide|file|directory|folder|repository|repo|project|tutorial|manual|article|"
    r"paper|report|notebook|package|library|module|chapter|section|tool|plugin|crate|app|application|script|readme|"
    r"changelog|specification|design|note|policy|template|dataset|data ?set|"
    r"program|extension|book|course|api|runbook|plan|proposal)\b"
)
_TAGLINE = re.compile(r"(?i)(?:an?|the)\s+(?:[\w`*-]+[ ,]+){1,12}?[\w`*-]+")
_NO_DEFINITION = re.compile(
    r"(?i)^(?:thanks?|thank you|note|warning|important|attention|"
    r"if |when |see |run |install|to |for |please|you |i |it's |"
    r"there |check |click|download|join|follow|make sure|first|"
    r"after|before|use |welcome to the team|copyright|licen|"
    r"the latest|the following|this (?:is )?(?:release|version|update|fixes|"
    r"adds|means|will|can|may|should|happens|makes|was|has been)\b)"
    r"|deprecated|no longer|work in progress|under construction|"
    r"licen[cs]ed? under|copyright|thank|donat|sponsor"
)
_ABOUT_TITLE = re.compile(
    r"(?i)\b(?:about|introduction|overview|summary|abstract|"
    r"description|purpose|what is|what's|scope|tl;?dr|goal)"
)
_HEADS_LOOKED_AT: Final = 4
_SENTENCES_LOOKED_AT: Final = 4
_FEWEST_WORDS: Final = 3
_FEWEST_ANNOUNCING: Final = 6
"""Words of a sentence that announces what follows."""
_SHORT_PARAGRAPH: Final = 3


@dataclass(frozen=True, slots=True)
class _Block:
    """A comment at the head of a file: lines (0-based) without their marks, and the line after it."""

    first: int
    lines: list[str]
    after: int
    is_explicit: bool
    is_inner: bool = False
    """Something stands above it that only a program needs: an import."""


def purpose_of_code(lines: Sequence[str], language: str, headings: Sequence[Heading]) -> Sentence | None:
    """The first sentence of a comment at the head that is about the file, not about what stands below it."""
    mains = [heading for heading in headings if not heading.depth and not heading.minor]
    for block in _head_blocks(lines, language):
        found = _first_purpose(block)
        if found is None or (block.is_inner and not block.is_explicit and _is_aside(lines, block)):
            continue
        if block.is_explicit or not _is_attached(lines, block.after):
            return found
        alone = len(mains) == 1 and mains[0].line > block.after
        if alone and not any(h.minor and block.first < h.line < mains[0].line for h in headings):
            return found
        return None
    return None


def purpose_above(lines: Sequence[str], language: str, headings: Sequence[Heading]) -> Sentence | None:
    """What stands above a file's only definition at the top, wherever that is."""
    mains = [heading for heading in headings if not heading.depth and not heading.minor]
    if len(mains) != 1 or not mains[0].about:
        return None
    at = mains[0].line - 1
    first = max(0, at - 60)
    for block in reversed(list(_head_blocks(lines, language, first, at))):
        if block.after <= at and not any(
            line.strip() and not re.match(r"\s*(?:@|\[|#\[)", line) for line in lines[block.after : at]
        ):
            return _first_purpose(block)
        break
    return None


def purpose_of_text(
    sentences: Sequence[Sentence], headings: Sequence[Heading], total: int
) -> Sentence | None:
    """A sentence near the top that defines what the text is about, or says what the text is."""
    titles = [heading for heading in headings if heading.line][:_HEADS_LOOKED_AT]
    parts = [(0, titles[1].line if len(titles) > 1 else total + 1, True)]
    parts += [
        (title.line, titles[n + 1].line if n + 1 < len(titles) else total + 1, False)
        for n, title in enumerate(titles)
        if n and _ABOUT_TITLE.search(title.text)
    ]
    name = _words_of(titles[0].text) if titles else set()
    for low, high, is_intro in parts:
        inside = [s for s in sentences if low < s.start < high][:_SENTENCES_LOOKED_AT]
        for number, sentence in enumerate(inside):
            if _is_definition(sentence.text, name, is_first=is_intro and not number and bool(titles)):
                return sentence
    return None


def _is_definition(text: str, name: set[str], *, is_first: bool) -> bool:
    plain = re.sub(r"[*_`\[\]]", "", text).strip()
    if _NO_DEFINITION.search(plain) or plain.endswith("?"):
        return False
    if _THIS_TEXT.match(plain):
        return True
    if is_first and _TAGLINE.match(plain) and len(plain) < 250:
        return True
    if not _DEFINES.search(plain):
        return False
    return bool(_SUBJECT.match(plain)) or bool(name & _words_of(" ".join(plain.split()[:4])))


def _words_of(text: str) -> set[str]:
    return {
        word for word in re.findall(r"[^\W_]{2,}", text.lower()) if word not in ("the", "and", "for", "of")
    }


def _head_blocks(
    lines: Sequence[str], language: str, first: int = 0, last: int = _HEAD_LINES
) -> Iterator[_Block]:
    """Comments before the first line of code that is more than a declaration of the file's own."""
    marks = tuple(_COMMENT_MARKS.get(language, "//").split(" "))
    at = first
    inner = False
    while at < min(last, len(lines)):
        stripped = lines[at].strip()
        opener = next((mark for mark in _OPENS if stripped.startswith(mark)), "")
        is_pragma = stripped.startswith("{-#")
        if (
            opener
            and not is_pragma
            and not (opener == '"""' and language not in ("graphql", "elixir", "julia", "python"))
        ):
            end = _end_of_block(lines, at, opener)
            text = [plain_comment(line) for line in lines[at:end]]
            yield _Block(at, text, end, bool(_EXPLICIT.search("\n".join(lines[at:end]))), inner)
            at = end
        elif stripped.startswith(marks) and not stripped.startswith("#!"):
            end = at
            while end < len(lines) and lines[end].strip().startswith(marks) and end - at < _HEAD_LINES:
                end += 1
            text = [plain_comment(line) for line in lines[at:end]]
            yield _Block(at, text, end, bool(_EXPLICIT.search("\n".join(lines[at:end]))), inner)
            at = end
        elif not stripped or _NEUTRAL.match(lines[at]) or first:
            inner = inner or bool(_IMPORTS.match(lines[at]))
            at += 1
        else:
            return


def _end_of_block(lines: Sequence[str], at: int, opener: str) -> int:
    closer = _OPENS[opener]
    rest = lines[at].strip()[len(opener) :]
    if closer in rest:
        return at + 1
    return next((n + 1 for n in range(at + 1, min(len(lines), at + 400)) if closer in lines[n]), at + 1)


def _is_attached(lines: Sequence[str], after: int) -> bool:
    """Whether what is right below a comment is what it is about."""
    if after >= len(lines) or not lines[after].strip():
        return False
    return not _NEUTRAL.match(lines[after])


def _is_aside(lines: Sequence[str], block: _Block) -> bool:
    """Whether a comment below the imports is about what follows: one of lines, or above a condition."""
    if not lines[block.first].strip().startswith(tuple(_OPENS)):
        return True
    return block.after < len(lines) and lines[block.after].lstrip().startswith("#")


def _first_purpose(block: _Block) -> Sentence | None:
    """The first sentence of the first paragraph that may be one; what follows a licence is licence."""
    for first, paragraph in _paragraphs(block):
        begins, said = first, paragraph
        if len(paragraph) <= _SHORT_PARAGRAPH and _LICENCE.search(paragraph[0]):
            begins, said = first + 1, paragraph[1:]  # a line of copyright above what it is
        if _LICENCE.search(" ".join(said)) or (begins > first and said and said[0][:1].islower()):
            return None
        if not said:
            continue
        found = _sentence(begins, said)
        if found:
            return found
    return None


def _paragraphs(block: _Block) -> Iterator[tuple[int, list[str]]]:
    """Lines of text that stand together, and the line (0-based) of the first."""
    held: list[str] = []
    first = 0
    for number, line in enumerate([*block.lines, ""], block.first):
        plain = _TAG.sub("", line).strip()
        if not any(map(str.isalnum, plain)) or (held and re.match(r"[-*•@\\]|\d+[.)]\s", line)):
            if held:
                yield first, held
            held = []
        if any(map(str.isalnum, plain)):
            first = first if held else number
            held.append(plain)


def _sentence(first: int, paragraph: Sequence[str]) -> Sentence | None:
    if any(map(_BANNER.search, paragraph[:1])) and len(paragraph) == 1:
        return None
    first, paragraph = _own_words(first, paragraph)
    whole = " ".join(paragraph)
    text = whole[: match.end()].strip() if (match := _SENTENCE_END.search(whole)) else whole.strip()
    text = text[:400]
    plain = re.sub(r"^[\w./-]+\.\w{1,5}\s*[-:–—]+\s*", "", text)
    if _NO_PURPOSE.match(plain) or _NO_SENTENCE.search(plain) or _CODE.search(plain) or plain.endswith("?"):
        return None
    is_wide = sum(ord(sign) > 0x2E80 for sign in plain) >= 4
    fewest = _FEWEST_ANNOUNCING if plain.endswith(":") else _FEWEST_WORDS
    if not is_wide and len(plain.split()) < fewest:
        return None
    last, size = 0, len(paragraph[0])
    while size < len(text) and last + 1 < len(paragraph):
        last += 1
        size += 1 + len(paragraph[last])
    return Sentence(first + 1, first + last + 1, text)


def _own_words(first: int, paragraph: Sequence[str]) -> tuple[int, Sequence[str]]:
    """From where a paragraph speaks of the file itself, up to what is only a label or an instruction."""
    start = next((n for n, line in enumerate(paragraph) if _ITSELF.match(line)), 0)
    end = next(
        (
            n
            for n, line in enumerate(paragraph)
            if n > start and (_LABEL.match(line) or (_NO_PURPOSE.match(line) and line[:1].isupper()))
        ),
        len(paragraph),
    )
    return first + start, paragraph[start:end]
