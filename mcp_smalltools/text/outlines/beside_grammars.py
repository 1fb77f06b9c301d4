"""What the grammars leave out at the top: constants, exports, macros, prototypes, names of tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from mcp_smalltools.text.outlines.by_lines import (
    comment_above,
    lines_inside,
    outline_by_lines,
    signature,
)
from mcp_smalltools.text.outlines.heading import Heading
from mcp_smalltools.text.outlines.line_rules import LineLanguage, Rule

if TYPE_CHECKING:
    from mcp_smalltools.text.outline import Symbol


def _minor(pattern: str) -> Rule:
    return Rule(re.compile(pattern), only_at_top=True, is_minor=True)


def _top(pattern: str) -> Rule:
    return Rule(re.compile(pattern), only_at_top=True)


_JS_RULES: Final = (
    _top(r"(?:module\.)?exports\.(?P<name>[\w$]++)\s*+="),
    _top(r"(?P<name>[\w$]++(?:\.[\w$]++)++)\s*+=\s*+(?:async\s++)?(?:function\b|\([^()\n]{0,200}\)\s*+=>)"),
    _top(r"(?P<name>module\.exports)\s*+="),
    _top(r"(?P<name>export\s++(?:default\b|\*|\{|type\s*+\{)[^\n]{0,120})"),
    _top(r"(?:export\s++)?(?:declare\s++)?(?:namespace|module|global)\s++(?P<name>[\w$.\"'/-]++)\s*+\{"),
    Rule(
        re.compile(r"\s*+(?:describe|context|suite|contract)(?:\.\w++)?\(\s*+['\"`](?P<name>[^'\"`\n]++)"),
        True,
    ),
    Rule(re.compile(r"\s*+(?:it|test)(?:\.\w++)?\(\s*+['\"`](?P<name>[^'\"`\n]++)")),
    _top(r"export\s++(?:declare\s++)?(?:const|let|var)\s++(?P<name>[\w$]++)"),
    _minor(
        r"(?:declare\s++)?(?:const|let|var)\s++(?P<name>[\w$]++)(?!\s*+=\s*+(?:await\s++)?(?:require|import)\b)"
    ),
)
_C_BLOCKS: Final = (("/*", "*/"),)
_RUBY_BLOCK: Final = (
    r"(?!(?:while|until|for|if|unless|loop|return|yield|puts|raise)\b|(?:File|Dir|IO|Tempfile|CSV)\.)"
    r"(?P<of>[A-Za-z_][\w.]*+)(?:\s++|\s*+\(\s*+)[:'\"]{0,2}+"
    r"(?P<name>(?<=['\"])[^'\"\n]{1,120}+|(?:[^'\"\s,|(){}:=]|::){1,120}+)"
    r"[^\n]{0,300}?\bdo\b\s*+(?:\|[^|\n]{0,120}+\|)?\s*+(?:#|$)"
)
"""A call that names what its block makes: `create_table "users" do |t|`, `namespace :db do`."""
_MORE: Final = {
    **dict.fromkeys(
        ("javascript", "typescript", "tsx"),
        LineLanguage("js", _JS_RULES, blocks=(("/*", "*/"), ("`", "`")), quotes="\"'"),
    ),
    "python": LineLanguage(
        "python",
        (_minor(r"(?P<name>_?[A-Z][A-Z0-9_]++)\s*+(?::[^=\n]{1,120}+)?=(?!=)"),),
        comment="#",
        blocks=(('"""', '"""'), ("'''", "'''")),
        quotes="\"'",
    ),
    "go": LineLanguage(
        "go",
        (
            _minor(r"(?:const|var)\s++(?P<name>\w++)"),
            Rule(re.compile(r"(?:const|var)\s*+(?P<name>\()"), holds_others=True, is_minor=True),
            Rule(re.compile(r"\t(?P<name>[A-Z]\w*+)(?:\s++[\w.\[\]*]++)?\s*+(?:=|$)"), is_minor=True),
        ),
        blocks=(("/*", "*/"), ("`", "`")),
    ),
    "rust": LineLanguage(
        "rust",
        (
            _minor(
                r"(?:pub(?:\([^()\n]*+\))?\s++)?(?:const|static(?:\s++mut)?)\s++(?P<name>[A-Za-z]\w*+)\s*+:"
            ),
            _top(r"(?:pub(?:\([^()\n]*+\))?\s++)?(?:type|union)\s++(?P<name>\w++)"),
        ),
        blocks=_C_BLOCKS,
    ),
    "java": LineLanguage("java", (_top(r"(?:public\s++)?@interface\s++(?P<name>\w++)"),), blocks=_C_BLOCKS),
    "ruby": LineLanguage(
        "ruby",
        (
            _minor(r"(?P<name>[A-Z][A-Z0-9_]++)\s*+=(?!=)"),
            Rule(re.compile(r"\s*+" + _RUBY_BLOCK), holds_others=True),
        ),
        comment="#",
        blocks=(("\n=begin", "\n=end"),),
        quotes="",
    ),
}
_DEFINE = re.compile(r"\s*+#\s*+define\s++(?P<name>\w++)(?P<rest>[^\n]{0,200})")
_TYPEDEF = re.compile(
    r"\s*+typedef\b(?=[^\n]{1,300};)(?:[^\n]{1,200}?\(\s*+\*\s*+(?P<pointer>\w++)\s*+\)|[^\n(]{1,240}?(?P<name>\w++)"
    r"(?:\[[^\]\n]*+\])*\s*+;)"
)
_TYPEDEF_BEGINS = re.compile(r"\s*+typedef\b")
_TYPEDEF_ENDS = re.compile(
    r"\s*+\}\s*+(?:__\w++\(\([^\n()]*+\)\)\s*+)?\*?(?P<name>\w++)\s*+(?:,[^\n;]{0,80})?;"
)
_ATTRIBUTES: Final = (
    r"(?:(?:__attribute__\s*+\(\([^\n]{0,80}?\)\)|__declspec\s*+\([^()\n]*+\)|\[\[[^\]\n]*+\]\]|"
    r"[A-Z][A-Z0-9_]++\s*+\([^()\n]{0,80}+\))\s*+)*+"
)
_PROTOTYPE = re.compile(
    r"\s*+(?!return\b|else\b|if\b|while\b|for\b|switch\b|do\b|case\b|goto\b|throw\b|delete\b|new\b|using\b|sizeof\b)"
    + _ATTRIBUTES
    + r"[A-Za-z_][\w:<>,*&\[\] \t]{0,160}?[\s*&>](?P<name>~?[A-Za-z_]\w*+)\s*+\((?!\s*+\*)"
)
_NO_TYPES: Final = frozenset({"return", "else", "new", "throw", "case", "goto", "delete", "define"})
_LONGEST_LINE: Final = 1000
_EXTERN = re.compile(r"\s*+extern\s++(?!\"C\")[^\n();={]{1,160}?\b(?P<name>\w++)\s*+(?:\[[^\]\n]*+\])*\s*+;")
_ALIAS = re.compile(r"\s*+using\s++(?P<name>\w++)\s*+=")
_GUARD = re.compile(r"\s*+#\s*+(?:ifndef|if\s++!\s*+defined)\s*+\(?\s*+(?P<name>\w++)")
_HOLDERS: Final = frozenset({"class", "struct", "union", "namespace"})


def beside(
    lines: Sequence[str], language: str, symbols: Sequence[Symbol], check: Callable[[], None] = lambda: None
) -> list[Heading]:
    """Definitions that the symbols lack, in order. Raises what `check` raises."""
    if language in ("c", "cpp"):
        return _of_c(lines, symbols, cpp=language == "cpp", check=check)
    more = _MORE.get(language)
    if more is None:
        return []
    inner = _covered(symbols, len(lines), keep=frozenset())
    known = {symbol.name for symbol in symbols}
    found = outline_by_lines(lines, more, check)
    return [
        heading
        for heading in found
        if not inner[heading.line - 1]
        and heading.name != "("
        and not (heading.name in known and heading.minor)
    ]


def _covered(symbols: Sequence[Symbol], total: int, *, keep: frozenset[str]) -> bytearray:
    """Lines inside of definitions; those of a kind in `keep` may hold others."""
    covered = bytearray(total + 1)
    at = 0
    for symbol in symbols:
        if symbol.kind in keep or symbol.last <= at:
            continue
        first = max(at, symbol.first - 1)
        covered[first : symbol.last] = b"\1" * (symbol.last - first)
        at = symbol.last
    return covered


def _of_c(
    lines: Sequence[str], symbols: Sequence[Symbol], *, cpp: bool, check: Callable[[], None]
) -> list[Heading]:
    inside = lines_inside(lines, LineLanguage("c", ()))
    covered = _covered(symbols, len(lines), keep=_HOLDERS if cpp else frozenset({"namespace"}))
    holders = [symbol for symbol in symbols if symbol.kind in _HOLDERS] if cpp else []
    guard = next((m["name"] for line in lines[:200] if (m := _GUARD.match(line))), "")
    known = {(symbol.name, symbol.first) for symbol in symbols}
    found: list[Heading] = []
    typedef = -1
    for number, line in enumerate(lines):
        if number % 1000 == 0:
            check()
        if number in inside or len(line) > _LONGEST_LINE:
            continue
        if _TYPEDEF_BEGINS.match(line):
            typedef = number if ";" not in line else -1
        first = number
        if typedef >= 0 and (ended := _TYPEDEF_ENDS.match(line)):
            name, minor, first, typedef = ended["name"], False, typedef, -1
        else:
            name, minor = _c_name(line, guard)
        if not name or (covered[number] and first == number) or (name, number + 1) in known:
            continue
        indented = line[:1].isspace() and first == number and not minor
        depth = sum(holder.first - 1 < number < holder.last for holder in holders) if indented else 0
        if indented and not depth and not _TYPEDEF_BEGINS.match(line):
            continue
        about = comment_above(lines, first, inside, ("//",))[0]
        text = signature(line if first == number else f"typedef {name}")
        found.append(Heading(first + 1, number + 1, depth, text.rstrip("; "), about, name, minor))
    return found


def _c_name(line: str, guard: str) -> tuple[str, bool]:
    """The name that a line defines, "" if it defines none, and whether that is a constant."""
    if line.lstrip().startswith("#"):
        define = _DEFINE.match(line)
        return (define["name"], True) if define and define["name"] != guard else ("", False)
    if defined := _TYPEDEF.match(line):
        return defined["pointer"] or defined["name"], False
    if found := _EXTERN.match(line) or _ALIAS.match(line):
        return found["name"], True
    if prototype := _PROTOTYPE.match(line):
        before = line[: prototype.start("name")]
        if before.split()[-1:] in (["struct"], ["class"], ["union"], ["enum"]):
            return "", False
        if "=" not in before and not _NO_TYPES & set(before.split()) and prototype["name"] != "__attribute__":
            return prototype["name"], False
    return "", False
