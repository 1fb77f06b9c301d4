"""How definitions begin in languages that are outlined by their lines: a table of patterns.

Every pattern is matched at the start of a line. They are linear: what repeats is possessive or bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of definition. The group `name` is its name, with that of the group `of` before it."""

    begins: re.Pattern[str]
    holds_others: bool = False
    """Definitions inside of it are in the outline too: a class, not a function."""
    only_at_top: bool = False
    is_minor: bool = False
    """A constant: the first to be left out where there is no room."""


@dataclass(frozen=True, slots=True)
class LineLanguage:
    name: str
    rules: tuple[Rule, ...]
    comment: str = "//"
    """What begins a comment that goes to the end of its line; several are separated by a space."""
    blocks: tuple[tuple[str, str], ...] = (("/*", "*/"),)
    """What begins and ends a comment or string that may go over lines."""
    quotes: str = '"'
    """What a string inside of one line stands in."""


def _rule(
    pattern: str, *, flags: int = 0, holds: bool = False, top: bool = False, minor: bool = False
) -> Rule:
    return Rule(re.compile(r"[ \t]*+" + pattern, flags), holds, top, minor)


def _type(pattern: str, flags: int = 0) -> Rule:
    return _rule(pattern, flags=flags, holds=True)


def _constant(pattern: str) -> Rule:
    return _rule(pattern, top=True, minor=True)


_N: Final = r"(?P<name>[^\W\d][\w$]*+)"
_DOTTED: Final = r"(?P<name>[^\W\d][\w.$:]*+)"
_AT: Final = r"(?:@[\w.:]++(?:\([^()\n]{0,200}+\))?\s++)*+"
_NO_CASE: Final = re.IGNORECASE


def _words(words: str) -> str:
    """Any number of these words, in any order."""
    return rf"(?:(?:{'|'.join(words.split())})\s++)*+"


_KT: Final = _AT + _words(
    "public private internal protected open abstract sealed data inner annotation value inline noinline "
    "override suspend operator infix tailrec external expect actual final const lateinit enum companion"
)
_SWIFT: Final = (
    r"(?:@[\w.]++(?:\([^()\n]{0,200}+\))?\s++)*+"
    r"(?:(?:public|private|internal|fileprivate|open|final|static|class(?=\s+(?:func|var|let))|mutating|override"
    r"|indirect|nonisolated|required|convenience|dynamic|lazy|weak|package|isolated|distributed|prefix|postfix)"
    r"(?:\(\w+\))?\s++)*+"
)
_CS_WORD: Final = (
    "public|private|protected|internal|static|abstract|sealed|virtual|override|partial|async|extern|unsafe"
    "|readonly|new|file|required|ref"
)
_CS_AT: Final = r"(?:\[[^\]\n]{0,200}+\]\s*+)*+"
_CS: Final = _CS_AT + rf"(?:(?:{_CS_WORD})\s++)*+"
_CS_SOME: Final = _CS_AT + rf"(?:(?:{_CS_WORD})\s++)++"
_CS_TYPE: Final = (
    r"(?!return\b|new\b|await\b|throw\b|using\b|else\b|yield\b|"
    r"goto\b)[\w.]++(?:<[^\n;={}()]{1,120}?>)?[\[\],?*]{0,8}\s++"
)
_PHP: Final = _words("public private protected static abstract final readonly")
_SCALA: Final = _AT + (
    r"(?:(?:private|protected|final|sealed|abstract|implicit|override|lazy|inline|case|open|transparent|opaque"
    r"|infix|package(?=\s+object))(?:\[\w+\])?\s++)*+"
)
_DART: Final = _words("abstract base final sealed interface static external late")
_EQUATION: Final = (
    r"(?!(?:module|import|data|newtype|type|class|instance|deriving|infix[lr]?|foreign|default|where|if|then|else"
    r"|case|of|let|in|do|port|using|mutual|namespace|total|public|export)\b)"
    r"(?P<name>[a-z_][\w']*+)(?=\s*+(?:=(?!=)|\||$)|\s++[\w(\"\[_~!@-]|\s++'(?!'))"
)
"""A function by what it is equal to: its type may stand above, or nowhere."""
_SIGNATURE_ALONE: Final = r"(?P<name>[a-z_][\w']*+)(?:\s*+,\s*+[a-z_][\w']*+)*+\s*+::?(?=\s|$)"
"""A function by its type: the equations are below."""
_OF_HASKELL: Final = (
    _rule(r"module\s++" + _DOTTED, top=True),
    _rule(
        r"(?:data|newtype|type(?:\s++family|\s++instance)?)\s++(?P<name>[A-Z][\w']*+)",
        top=True,
    ),
    _rule(r"class\s++(?:[^\n]{1,160}?<?=>?\s*+)?(?P<name>[A-Z][\w'.]*+)", top=True),
    _rule(r"instance\s++(?P<name>[^\n]{1,120}?)\s++where\b", top=True),
    _rule(_SIGNATURE_ALONE, top=True),
    _rule(_EQUATION, top=True),
)
_PERL_NAME: Final = r"(?P<name>[\w:]++)"
_PAS: Final = _words("class static")

_LANGUAGES: Final = (
    LineLanguage(
        "kotlin",
        (
            _type(_KT + r"(?:class|(?:fun\s++)?interface|object|typealias)\s++" + _N),
            _type(_KT + r"companion\s++(?P<name>object)\s*+\{"),
            _rule(
                _KT + r"fun\s++(?:<[^\n]{1,100}?>\s++)?(?:[\w.<>?*, ]{1,80}?\.)?(?P<name>[\w$]++|"
                r"`[^`\n]++`)\s*+\("
            ),
            _constant(_KT + r"va[lr]\s++" + _N),
        ),
        blocks=(("/*", "*/"), ('"""', '"""')),
    ),
    LineLanguage(
        "swift",
        (
            _type(_SWIFT + r"(?:class|struct|enum|protocol|extension|actor)\s++" + r"(?P<name>[\w.]++)"),
            _rule(_SWIFT + r"(?:typealias|associatedtype|macro)\s++" + _N),
            _rule(_SWIFT + r"func\s++(?P<name>[^\s(<]++)"),
            _rule(_SWIFT + r"(?P<name>init|subscript|deinit)[?!]?\s*+[(<{]"),
            _constant(_SWIFT + r"(?:let|var)\s++" + _N),
        ),
        blocks=(("/*", "*/"), ('"""', '"""')),
    ),
    LineLanguage(
        "csharp",
        (
            _type(r"namespace\s++" + _DOTTED),
            _type(_CS + r"(?:class|struct|interface|enum|record(?:\s++(?:class|struct))?)\s++" + _N),
            _rule(_CS + r"delegate\s++[^\n(;]{1,120}?\b" + _N + r"\s*+(?:<[^\n;(]{1,80}?>)?\s*+\("),
            _rule(_CS_SOME + r"event\s++" + _CS_TYPE + _N),
            _rule(_CS_SOME + _CS_TYPE + r"(?:[\w.<>]{1,60}?\.)?" + _N + r"\s*+(?:<[^\n;(]{1,80}?>)?\s*+\("),
            _rule(_CS_SOME + _N + r"\s*+\("),
            _rule(
                _CS_TYPE + _N + r"\s*+(?:<[^\n;(]{1,80}?>)?\s*+\([^\n]{0,300}\)\s*+"
                r"(?:;|\{|=>[^\n]{0,200}|where\b[^\n]{0,200})?\s*+$"
            ),
        ),
        blocks=(("/*", "*/"), ('"""', '"""')),
    ),
    LineLanguage(
        "php",
        (
            _type(_PHP + r"(?:class|interface|trait|enum)\s++" + _N, _NO_CASE),
            _rule(_PHP + r"function\s++&?\s*+" + _N + r"\s*+\(", flags=_NO_CASE),
            _constant(r"const\s++" + _N + r"\s*+="),
            _constant(r"define\s*+\(\s*+['\"]" + _N),
        ),
        comment="// #",
        quotes="\"'",
    ),
    LineLanguage(
        "scala",
        (
            _type(_SCALA + r"(?:class|object|trait|enum|extension)\s++(?P<name>[\w$]++)"),
            _rule(_SCALA + r"type\s++" + _N),
            _rule(_SCALA + r"given\s++" + _N),
            _rule(_SCALA + r"def\s++(?P<name>[^\s(\[:=]++)"),
            _constant(_SCALA + r"va[lr]\s++" + _N),
        ),
        blocks=(("/*", "*/"), ('"""', '"""')),
    ),
    LineLanguage(
        "lua",
        (
            _rule(r"(?:local\s++)?function\s++" + _DOTTED),
            _rule(r"(?:local\s++)?" + _DOTTED + r"\s*+=\s*+function\b"),
            _constant(r"local\s++(?P<name>[A-Z][A-Z0-9_]++)\s*+="),
        ),
        comment="--",
        blocks=(("--[[", "]]"), ("--[=[", "]=]"), ("[[", "]]")),
        quotes="\"'",
    ),
    LineLanguage(
        "elixir",
        (
            _type(r"(?:defmodule|defprotocol|defimpl)\s++(?P<name>[\w.]++)"),
            _rule(r"(?:defp?|defmacrop?|defguardp?|defdelegate|defn)\s++(?P<name>[\w.]++[?!]?+)"),
            _rule(r"@(?:callback|type|typep|opaque)\s++(?P<name>\w++[?!]?+)"),
        ),
        comment="#",
        blocks=(('"""', '"""'), ("'''", "'''")),
    ),
    LineLanguage("haskell", _OF_HASKELL, comment="--", blocks=(("{-", "-}"),)),
    LineLanguage("purescript", _OF_HASKELL, comment="--", blocks=(("{-", "-}"),)),
    LineLanguage(
        "elm",
        (
            _rule(r"(?:port\s++|effect\s++)?module\s++" + _DOTTED, top=True),
            _rule(r"type\s++(?:alias\s++)?(?P<name>[A-Z]\w*+)", top=True),
            _rule(r"(?:port\s++)?" + _SIGNATURE_ALONE, top=True),
            _rule(_EQUATION, top=True),
        ),
        comment="--",
        blocks=(("{-", "-}"),),
    ),
    LineLanguage(
        "idris",
        (
            _rule(r"(?:module|namespace)\s++" + _DOTTED, top=True),
            _rule(r"(?:data|record|interface|implementation)\s++(?P<name>[A-Z][\w']*+)", top=True),
            _rule(_SIGNATURE_ALONE, top=True),
            _rule(_EQUATION, top=True),
        ),
        comment="--",
        blocks=(("{-", "-}"),),
    ),
    LineLanguage(
        "lean",
        (
            _rule(
                _words("private protected noncomputable partial unsafe scoped local")
                + r"(?:def|theorem|lemma|abbrev|structure|inductive|class|axiom|opaque|instance)\s++"
                r"(?P<name>[^\W\d][\w.'!?]*+)"
            ),
        ),
        comment="--",
        blocks=(("/-", "-/"),),
    ),
    LineLanguage(
        "gleam",
        (
            _rule(r"(?:pub\s++)?(?:opaque\s++)?(?:fn|type)\s++" + _N, top=True),
            _constant(r"(?:pub\s++)?const\s++" + _N),
        ),
        blocks=(),
    ),
    LineLanguage(
        "tcl",
        (
            _type(r"(?:namespace\s++eval|oo::class\s++create|itcl::class)\s++(?P<name>[\w:]++)"),
            _rule(r"(?:proc|method|itcl::body)\s++(?P<name>[\w:.-]++)"),
        ),
        comment="#",
        blocks=(),
    ),
    LineLanguage(
        "ada",
        (
            _type(r"(?:package|protected|task)\s++(?:body\s++|type\s++)?" + _DOTTED, _NO_CASE),
            _rule(r"(?:overriding\s++)?(?:procedure|function|entry)\s++" + _N, flags=_NO_CASE),
            _rule(r"(?:sub)?type\s++" + _N + r"\s++is\b", flags=_NO_CASE),
        ),
        comment="--",
        blocks=(),
    ),
    LineLanguage(
        "crystal",
        (
            _type(r"(?:abstract\s++|private\s++)*+(?:class|module|struct|enum|lib)\s++" + _DOTTED),
            _rule(
                r"(?:abstract\s++|private\s++|protected\s++)*+(?:def|macro|fun)\s++(?:self\.)?"
                r"(?P<name>[^\W\d]\w*+[?!=]?)"
            ),
        ),
        comment="#",
        blocks=(),
    ),
    LineLanguage(
        "perl",
        (_rule(r"package\s++" + _PERL_NAME, top=True), _rule(r"(?:sub|method)\s++" + _PERL_NAME)),
        comment="#",
        blocks=(("\n=pod", "\n=cut"), ("\n=head", "\n=cut"), ("\n=begin", "\n=cut")),
        quotes="",
    ),
    LineLanguage(
        "r",
        (
            _rule(r"(?P<name>[\w.]++|`[^`\n]++`)\s*+(?:<-|=)\s*+function\b", top=True),
            _rule(r"set(?:Class|Generic|Method|RefClass)\s*+\(\s*+['\"](?P<name>[^'\"\n]++)"),
        ),
        comment="#",
        blocks=(),
        quotes="\"'",
    ),
    LineLanguage(
        "solidity",
        (
            _type(r"(?:abstract\s++)?(?:contract|library|interface)\s++" + _N),
            _rule(r"(?:function|modifier|event|error|struct|enum)\s++" + _N),
            _rule(r"(?P<name>constructor|receive|fallback)\s*+\("),
            _constant(r"(?:type|uint\d*+|address|bytes\d*+)\s++(?:constant\s++)?" + _N),
        ),
        quotes="\"'",
    ),
    LineLanguage(
        "powershell",
        (
            _type(r"(?:class|enum)\s++" + _N, _NO_CASE),
            _rule(r"(?:function|filter|workflow|configuration)\s++(?P<name>[\w:-]++)", flags=_NO_CASE),
        ),
        comment="#",
        blocks=(("<#", "#>"), ("@'\n", "\n'@"), ('@"\n', '\n"@')),
        quotes="\"'",
    ),
    LineLanguage(
        "cmake",
        (
            _rule(r"(?:function|macro)\s*+\(\s*+(?P<name>[^\s()]++)", flags=_NO_CASE),
            _rule(
                r"(?:project|add_executable|add_library|add_custom_target|option)\s*+\(\s*+(?P<name>[^\s()]++)",
                flags=_NO_CASE,
            ),
        ),
        comment="#",
        blocks=(("#[[", "]]"),),
    ),
    LineLanguage(
        "protobuf",
        (
            _type(r"(?:message|service|extend|oneof)\s++" + _DOTTED),
            _rule(r"(?:enum|rpc)\s++" + _N),
        ),
        quotes="\"'",
    ),
    LineLanguage(
        "thrift",
        (
            _type(r"service\s++" + _N),
            _rule(r"(?:struct|union|exception|enum|typedef\s++\S++|const\s++\S++)\s++" + _N),
        ),
        comment="// #",
        quotes="\"'",
    ),
    LineLanguage(
        "graphql",
        (
            _rule(
                r"(?:extend\s++)?(?:type|interface|input|enum|union|scalar|fragment|query|mutation|subscription)"
                r"\s++" + _N
            ),
            _rule(r"(?:extend\s++)?directive\s++(?P<name>@\w++)"),
            _rule(r"(?:extend\s++)?(?P<name>schema)\b"),
        ),
        comment="#",
        blocks=(('"""', '"""'),),
    ),
    LineLanguage(
        "terraform",
        (
            _rule(
                r"(?:resource|data|ephemeral)\s++\"(?P<of>[^\"\n]++)\"\s++\"(?P<name>[^\"\n]++)\"", top=True
            ),
            _rule(
                r"(?:variable|output|module|provider|check|source|build|job|group|task)\s++\"(?P<name>[^\"\n]++)\"",
                top=True,
            ),
            _rule(r"(?P<name>locals|terraform|moved|import|removed)\s*+\{", top=True),
            _constant(r"(?P<name>[\w-]++)\s*+(?:=(?!=)|\{)"),
        ),
        comment="# //",
    ),
    LineLanguage(
        "dart",
        (
            _type(_DART + r"(?:class|mixin(?:\s++class)?|extension(?:\s++type)?|enum)\s++" + _N),
            _rule(r"typedef\s++" + _N),
            _rule(
                _words("static external")
                + r"(?!return\b|await\b|else\b|throw\b|new\b)[\w.]++(?:<[^\n;={}()]{1,80}?>)?\??\s++"
                r"(?:get\s++|set\s++)?" + _N + r"\s*+(?:<[^\n(]{1,60}?>)?\s*+(?:\(|=>|\{|async)"
            ),
        ),
        blocks=(("/*", "*/"), ('"""', '"""'), ("'''", "'''")),
        quotes="\"'",
    ),
    LineLanguage(
        "groovy",
        (
            _type(
                r"(?:(?:public|private|abstract|final|static)\s++)*+(?:class|interface|trait|enum)\s++" + _N
            ),
            _rule(r"(?:private\s++|static\s++)*+def\s++" + _N + r"\s*+\("),
            _rule(r"(?:task|stage)\s*+[( ]\s*+['\"]?(?P<name>[^'\"\n(){}]++)"),
            _rule(r"tasks\.(?:register|named|create)\s*+(?:<\w++>)?\(\s*+['\"](?P<name>[^'\"\n]++)"),
            _type(r"(?P<name>[\w.]++)\s*+\{\s*+$"),
        ),
        blocks=(("/*", "*/"), ('"""', '"""'), ("'''", "'''")),
        quotes="\"'",
    ),
    LineLanguage(
        "zig",
        (
            _rule(r"(?:pub\s++|export\s++|inline\s++|extern\s++)*+fn\s++" + _N),
            _type(
                r"(?:pub\s++)?const\s++"
                + _N
                + r"\s*+=\s*+(?:packed\s++|extern\s++)?(?:struct|enum|union|error)\b"
            ),
            _constant(r"(?:pub\s++)?const\s++" + _N),
            _rule(r"test\s++\"(?P<name>[^\"\n]++)\""),
        ),
        blocks=(),
    ),
    LineLanguage(
        "julia",
        (
            _type(r"(?:bare)?module\s++" + _N),
            _rule(
                r"(?:function|macro|(?:mutable\s++)?struct|abstract\s++type|primitive\s++type)\s++(?P<name>[\w.!]++)"
            ),
            _rule(r"(?P<name>\w[\w!.]*+)\([^\n()]{0,200}\)\s*+=(?!=)", top=True),
            _constant(r"const\s++" + _N),
        ),
        comment="#",
        blocks=(("#=", "=#"), ('"""', '"""')),
    ),
    LineLanguage(
        "nim",
        (
            _rule(r"(?:proc|func|method|iterator|template|macro|converter)\s++(?P<name>`[^`\n]++`|\w++)"),
            _rule(r"(?P<name>\w++)\*?\s*+(?:\{[^}\n]*+\}\s*+)?=\s*+(?:ref\s++)?(?:object|enum)\b"),
        ),
        comment="#",
        blocks=(("#[", "]#"), ('"""', '"""')),
    ),
    LineLanguage(
        "ocaml",
        (
            _type(r"module\s++(?:type\s++)?" + _N),
            _rule(r"(?:let|and)\s++(?:rec\s++)?(?P<name>[a-z_][\w']*+)", top=True),
            _rule(r"(?:type|exception|external|val|class)\s++(?:'\w++\s++)?(?P<name>[\w']++)"),
        ),
        comment="\0",
        blocks=(("(*", "*)"),),
    ),
    LineLanguage(
        "fsharp",
        (
            _type(r"(?:module|namespace)\s++(?:rec\s++|internal\s++|private\s++)*+" + _DOTTED),
            _rule(r"(?:type|exception)\s++" + _N),
            _rule(r"let\s++(?:rec\s++|inline\s++|private\s++|mutable\s++)*+" + _N),
        ),
        blocks=(("(*", "*)"), ('"""', '"""')),
    ),
    LineLanguage(
        "erlang",
        (
            _rule(r"-(?:module|record|type|opaque|define|behaviou?r)\s*+\(?\s*+(?P<name>\w++)", top=True),
            _rule(r"(?P<name>[a-z]\w*+)\([^\n]{0,300}?\)\s*+(?:when\b[^\n]{0,300}?)?->", top=True),
        ),
        comment="%",
        blocks=(),
    ),
    LineLanguage(
        "lisp",
        (
            _rule(
                r"\((?:cl-)?(?:def(?!ault)[\w*-]*+|ns|use-package|in-package)\s++\(?(?:\^[\w{}:]++\s++)?(?P<name>[^\s()]++)",
                top=True,
            ),
        ),
        comment=";",
        blocks=(("#|", "|#"),),
    ),
    LineLanguage(
        "vim",
        (
            _rule(r"fu(?:nction|nc|n)?!?\s++(?P<name>[\w:#.<>]++)"),
            _rule(r"(?:export\s++)?def\s++(?P<name>[\w:#]++)\s*+\("),
            _rule(r"com(?:mand)?!?\s++(?:-\S++\s++)*+(?P<name>[A-Z]\w*+)"),
        ),
        comment='"',
        blocks=(),
        quotes="",
    ),
    LineLanguage("fish", (_rule(r"function\s++(?P<name>[\w.-]++)"),), comment="#", blocks=(), quotes="\"'"),
    LineLanguage(
        "vb",
        (
            _type(
                r"(?:\w++\s++){0,3}?(?:Class|Module|Structure|Interface|Enum|Namespace)\s++" + _DOTTED,
                _NO_CASE,
            ),
            _rule(r"(?!End\b|Exit\b)(?:\w++\s++){0,3}?(?:Sub|Function|Property)\s++" + _N, flags=_NO_CASE),
        ),
        comment="'",
        blocks=(),
    ),
    LineLanguage(
        "fortran",
        (
            _type(r"(?:module|program)\s++(?!procedure)" + _N, _NO_CASE),
            _rule(
                r"(?!end\b)(?:[\w()=*]++\s++){0,4}?(?:subroutine|function)\s++" + _N + r"\s*+(?:\(|$)",
                flags=_NO_CASE,
            ),
            _rule(r"type\s*+(?:,[^\n]{0,80}?)?(?:::)?\s*+" + _N + r"\s*+$", flags=_NO_CASE),
        ),
        comment="!",
        blocks=(),
        quotes="",
    ),
    LineLanguage(
        "pascal",
        (
            _rule(r"(?:unit|program|library)\s++" + _DOTTED, flags=_NO_CASE),
            _rule(_PAS + r"(?:procedure|function|constructor|destructor)\s++" + _DOTTED, flags=_NO_CASE),
            _rule(_N + r"\s*+=\s*+(?:packed\s++)?(?:class|record|interface)\b", flags=_NO_CASE),
        ),
        blocks=(("{", "}"), ("(*", "*)")),
        quotes="'",
    ),
    LineLanguage(
        "verilog",
        (
            _type(r"(?:module|interface|package|class|program)\s++" + _N),
            _rule(r"(?:function|task)\s++(?:automatic\s++)?(?:[^\n(;]{0,60}?\s)?" + _N + r"\s*+[(;]"),
        ),
    ),
    LineLanguage(
        "vhdl",
        (
            _type(r"(?:entity|package(?:\s++body)?)\s++" + _N + r"\s++is\b", _NO_CASE),
            _type(r"architecture\s++" + _N + r"\s++of\b", _NO_CASE),
            _rule(r"(?:function|procedure)\s++" + _N, flags=_NO_CASE),
        ),
        comment="--",
        blocks=(),
    ),
    LineLanguage(
        "objc",
        (
            _type(r"@(?:interface|implementation|protocol)\s++" + _N),
            _rule(r"[-+]\s*+\([^()\n]{1,120}+\)\s*+(?P<name>\w++)"),
        ),
    ),
    LineLanguage(
        "css",
        (
            _type(
                r"(?P<name>@(?:media|supports|layer|mixin|include|function|font-face|keyframes|page|container)\b[^\n{;]{0,160})"
            ),
            _rule(r"(?P<name>[^\s@{}/;*$-][^\n{};]{0,200}?)\s*+[{,]\s*+$"),
            _rule(r"(?P<name>[^\s@{}/;*$-][^\n{};]{0,200}?)\s*+\{"),
            _constant(r"(?P<name>[$@][\w-]++)\s*+:"),
        ),
        quotes="\"'",
    ),
    LineLanguage(
        "prisma",
        (_rule(r"(?:model|enum|type|view|datasource|generator)\s++" + _N + r"\s*+\{", top=True),),
    ),
    LineLanguage(
        "just",
        (_rule(r"@?(?P<name>[\w-]++)(?:\s++[^\n:=]{1,160})?\s*+:(?!=)", top=True),),
        comment="#",
        blocks=(),
        quotes="",
    ),
    LineLanguage(
        "starlark",
        (
            _rule(r"def\s++" + _N),
            _rule(r"\s++name\s*+=\s*+\"(?P<name>[^\"\n]++)\""),
        ),
        comment="#",
        blocks=(('"""', '"""'),),
        quotes="\"'",
    ),
)
BY_NAME: Final = {language.name: language for language in _LANGUAGES}
_SUFFIXES: Final = {
    "kotlin": "kt kts",
    "swift": "swift",
    "csharp": "cs csx",
    "php": "php phtml php5 inc",
    "scala": "scala sc",
    "lua": "lua",
    "elixir": "ex exs",
    "haskell": "hs lhs hsc",
    "purescript": "purs",
    "elm": "elm",
    "idris": "idr lidr",
    "lean": "lean",
    "gleam": "gleam",
    "tcl": "tcl tk",
    "ada": "ads adb ada",
    "crystal": "cr",
    "perl": "pl pm perl t",
    "r": "r",
    "solidity": "sol",
    "powershell": "ps1 psm1 psd1",
    "cmake": "cmake",
    "protobuf": "proto",
    "thrift": "thrift",
    "graphql": "graphql graphqls gql",
    "terraform": "tf tfvars hcl nomad",
    "dart": "dart",
    "groovy": "groovy gradle gvy",
    "zig": "zig",
    "julia": "jl",
    "nim": "nim nims",
    "ocaml": "ml mli",
    "fsharp": "fs fsi fsx",
    "erlang": "erl hrl",
    "lisp": "clj cljs cljc edn el lisp lsp cl scm ss rkt",
    "vim": "vim",
    "fish": "fish",
    "vb": "vb bas vbs",
    "fortran": "f f90 f95 f03 f08 for",
    "pascal": "pas pp dpr lpr",
    "verilog": "v sv svh vh",
    "vhdl": "vhd vhdl",
    "objc": "m mm",
    "css": "css scss less sass pcss",
    "prisma": "prisma",
    "just": "just",
    "starlark": "bzl bazel star",
}
_BY_SUFFIX: Final = {f".{end}": name for name, ends in _SUFFIXES.items() for end in ends.split()}
_BY_FILE: Final = {
    "cmakelists.txt": "cmake",
    "jenkinsfile": "groovy",
    "justfile": "just",
    "build": "starlark",
    "workspace": "starlark",
    "vimrc": "vim",
    ".vimrc": "vim",
}
_INTERPRETERS: Final = {"perl": "perl", "php": "php", "lua": "lua", "elixir": "elixir", "pwsh": "powershell"}
_INTERPRETERS_ALSO: Final = {"Rscript": "r", "julia": "julia", "fish": "fish", "runghc": "haskell"}


def line_language(path: str, first_line: str = "") -> LineLanguage | None:
    """The language by the file's name, or by the interpreter in its first line."""
    name = PurePath(path).name.lower()
    found = _BY_FILE.get(name) or _BY_SUFFIX.get(PurePath(name).suffix)
    if not found and first_line.startswith("#!"):
        known = (_INTERPRETERS | _INTERPRETERS_ALSO).items()
        found = next((language for word, language in known if word in first_line), None)
    return BY_NAME[found] if found else None
