"""How definitions begin in languages that are outlined by their lines: a table of patterns.

Every pattern is matched at the start of a line. They are linear: what repeats is possessive or bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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


def rule(
    pattern: str, *, flags: int = 0, holds: bool = False, top: bool = False, minor: bool = False
) -> Rule:
    return Rule(re.compile(r"[ \t]*+" + pattern, flags), holds, top, minor)


def holder(pattern: str, flags: int = 0) -> Rule:
    return rule(pattern, flags=flags, holds=True)


def constant(pattern: str) -> Rule:
    return rule(pattern, top=True, minor=True)


NAME: Final = r"(?P<name>[^\W\d][\w$]*+)"
DOTTED: Final = r"(?P<name>[^\W\d][\w.$:]*+)"
_AT: Final = r"(?:@[\w.:]++(?:\([^()\n]{0,200}+\))?\s++)*+"
NO_CASE: Final = re.IGNORECASE


def any_words(words: str) -> str:
    """Any number of these words, in any order."""
    return rf"(?:(?:{'|'.join(words.split())})\s++)*+"


_KT: Final = _AT + any_words(
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
_PHP: Final = any_words("public private protected static abstract final readonly")
_SCALA: Final = _AT + (
    r"(?:(?:private|protected|final|sealed|abstract|implicit|override|lazy|inline|case|open|transparent|opaque"
    r"|infix|package(?=\s+object))(?:\[\w+\])?\s++)*+"
)
_DART: Final = any_words("abstract base final sealed interface static external late")
_EQUATION: Final = (
    r"(?!(?:module|import|data|newtype|type|class|instance|deriving|infix[lr]?|foreign|default|where|if|then|else"
    r"|case|of|let|in|do|port|using|mutual|namespace|total|public|export)\b)"
    r"(?P<name>[a-z_][\w']*+)(?=\s*+(?:=(?!=)|\||$)|\s++[\w(\"\[_~!@-]|\s++'(?!'))"
)
"""A function by what it is equal to: its type may stand above, or nowhere."""
_SIGNATURE_ALONE: Final = r"(?P<name>[a-z_][\w']*+)(?:\s*+,\s*+[a-z_][\w']*+)*+\s*+::?(?=\s|$)"
"""A function by its type: the equations are below."""
_OF_HASKELL: Final = (
    rule(r"module\s++" + DOTTED, top=True),
    rule(
        r"(?:data|newtype|type(?:\s++family|\s++instance)?)\s++(?P<name>[A-Z][\w']*+)",
        top=True,
    ),
    rule(r"class\s++(?:[^\n]{1,160}?<?=>?\s*+)?(?P<name>[A-Z][\w'.]*+)", top=True),
    rule(r"instance\s++(?P<name>[^\n]{1,120}?)\s++where\b", top=True),
    rule(_SIGNATURE_ALONE, top=True),
    rule(_EQUATION, top=True),
)
_PERL_NAME: Final = r"(?P<name>[\w:]++)"
_PAS: Final = any_words("class static")

LANGUAGES: Final = (
    LineLanguage(
        "kotlin",
        (
            holder(_KT + r"(?:class|(?:fun\s++)?interface|object|typealias)\s++" + NAME),
            holder(_KT + r"companion\s++(?P<name>object)\s*+\{"),
            rule(
                _KT + r"fun\s++(?:<[^\n]{1,100}?>\s++)?(?:[\w.<>?*, ]{1,80}?\.)?(?P<name>[\w$]++|"
                r"`[^`\n]++`)\s*+\("
            ),
            constant(_KT + r"va[lr]\s++" + NAME),
        ),
        blocks=(("/*", "*/"), ('"""', '"""')),
    ),
    LineLanguage(
        "swift",
        (
            holder(_SWIFT + r"(?:class|struct|enum|protocol|extension|actor)\s++" + r"(?P<name>[\w.]++)"),
            rule(_SWIFT + r"(?:typealias|associatedtype|macro)\s++" + NAME),
            rule(_SWIFT + r"func\s++(?P<name>[^\s(<]++)"),
            rule(_SWIFT + r"(?P<name>init|subscript|deinit)[?!]?\s*+[(<{]"),
            constant(_SWIFT + r"(?:let|var)\s++" + NAME),
        ),
        blocks=(("/*", "*/"), ('"""', '"""')),
    ),
    LineLanguage(
        "csharp",
        (
            holder(r"namespace\s++" + DOTTED),
            holder(_CS + r"(?:class|struct|interface|enum|record(?:\s++(?:class|struct))?)\s++" + NAME),
            rule(_CS + r"delegate\s++[^\n(;]{1,120}?\b" + NAME + r"\s*+(?:<[^\n;(]{1,80}?>)?\s*+\("),
            rule(_CS_SOME + r"event\s++" + _CS_TYPE + NAME),
            rule(_CS_SOME + _CS_TYPE + r"(?:[\w.<>]{1,60}?\.)?" + NAME + r"\s*+(?:<[^\n;(]{1,80}?>)?\s*+\("),
            rule(_CS_SOME + NAME + r"\s*+\("),
            rule(
                _CS_TYPE + NAME + r"\s*+(?:<[^\n;(]{1,80}?>)?\s*+\([^\n]{0,300}\)\s*+"
                r"(?:;|\{|=>[^\n]{0,200}|where\b[^\n]{0,200})?\s*+$"
            ),
        ),
        blocks=(("/*", "*/"), ('"""', '"""')),
    ),
    LineLanguage(
        "php",
        (
            holder(_PHP + r"(?:class|interface|trait|enum)\s++" + NAME, NO_CASE),
            rule(_PHP + r"function\s++&?\s*+" + NAME + r"\s*+\(", flags=NO_CASE),
            constant(r"const\s++" + NAME + r"\s*+="),
            constant(r"define\s*+\(\s*+['\"]" + NAME),
        ),
        comment="// #",
        quotes="\"'",
    ),
    LineLanguage(
        "scala",
        (
            holder(_SCALA + r"(?:class|object|trait|enum|extension)\s++(?P<name>[\w$]++)"),
            rule(_SCALA + r"type\s++" + NAME),
            rule(_SCALA + r"given\s++" + NAME),
            rule(_SCALA + r"def\s++(?P<name>[^\s(\[:=]++)"),
            constant(_SCALA + r"va[lr]\s++" + NAME),
        ),
        blocks=(("/*", "*/"), ('"""', '"""')),
    ),
    LineLanguage(
        "lua",
        (
            rule(r"(?:local\s++)?function\s++" + DOTTED),
            rule(r"(?:local\s++)?" + DOTTED + r"\s*+=\s*+function\b"),
            constant(r"local\s++(?P<name>[A-Z][A-Z0-9_]++)\s*+="),
        ),
        comment="--",
        blocks=(("--[[", "]]"), ("--[=[", "]=]"), ("[[", "]]")),
        quotes="\"'",
    ),
    LineLanguage(
        "elixir",
        (
            holder(r"(?:defmodule|defprotocol|defimpl)\s++(?P<name>[\w.]++)"),
            rule(r"(?:defp?|defmacrop?|defguardp?|defdelegate|defn)\s++(?P<name>[\w.]++[?!]?+)"),
            rule(r"@(?:callback|type|typep|opaque)\s++(?P<name>\w++[?!]?+)"),
        ),
        comment="#",
        blocks=(('"""', '"""'), ("'''", "'''")),
    ),
    LineLanguage("haskell", _OF_HASKELL, comment="--", blocks=(("{-", "-}"),)),
    LineLanguage("purescript", _OF_HASKELL, comment="--", blocks=(("{-", "-}"),)),
    LineLanguage(
        "elm",
        (
            rule(r"(?:port\s++|effect\s++)?module\s++" + DOTTED, top=True),
            rule(r"type\s++(?:alias\s++)?(?P<name>[A-Z]\w*+)", top=True),
            rule(r"(?:port\s++)?" + _SIGNATURE_ALONE, top=True),
            rule(_EQUATION, top=True),
        ),
        comment="--",
        blocks=(("{-", "-}"),),
    ),
    LineLanguage(
        "idris",
        (
            rule(r"(?:module|namespace)\s++" + DOTTED, top=True),
            rule(r"(?:data|record|interface|implementation)\s++(?P<name>[A-Z][\w']*+)", top=True),
            rule(_SIGNATURE_ALONE, top=True),
            rule(_EQUATION, top=True),
        ),
        comment="--",
        blocks=(("{-", "-}"),),
    ),
    LineLanguage(
        "lean",
        (
            rule(
                any_words("private protected noncomputable partial unsafe scoped local")
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
            rule(r"(?:pub\s++)?(?:opaque\s++)?(?:fn|type)\s++" + NAME, top=True),
            constant(r"(?:pub\s++)?const\s++" + NAME),
        ),
        blocks=(),
    ),
    LineLanguage(
        "tcl",
        (
            holder(r"(?:namespace\s++eval|oo::class\s++create|itcl::class)\s++(?P<name>[\w:]++)"),
            rule(r"(?:proc|method|itcl::body)\s++(?P<name>[\w:.-]++)"),
        ),
        comment="#",
        blocks=(),
    ),
    LineLanguage(
        "ada",
        (
            holder(r"(?:package|protected|task)\s++(?:body\s++|type\s++)?" + DOTTED, NO_CASE),
            rule(r"(?:overriding\s++)?(?:procedure|function|entry)\s++" + NAME, flags=NO_CASE),
            rule(r"(?:sub)?type\s++" + NAME + r"\s++is\b", flags=NO_CASE),
        ),
        comment="--",
        blocks=(),
    ),
    LineLanguage(
        "crystal",
        (
            holder(r"(?:abstract\s++|private\s++)*+(?:class|module|struct|enum|lib)\s++" + DOTTED),
            rule(
                r"(?:abstract\s++|private\s++|protected\s++)*+(?:def|macro|fun)\s++(?:self\.)?"
                r"(?P<name>[^\W\d]\w*+[?!=]?)"
            ),
        ),
        comment="#",
        blocks=(),
    ),
    LineLanguage(
        "perl",
        (rule(r"package\s++" + _PERL_NAME, top=True), rule(r"(?:sub|method)\s++" + _PERL_NAME)),
        comment="#",
        blocks=(("\n=pod", "\n=cut"), ("\n=head", "\n=cut"), ("\n=begin", "\n=cut")),
        quotes="",
    ),
    LineLanguage(
        "r",
        (
            rule(r"(?P<name>[\w.]++|`[^`\n]++`)\s*+(?:<-|=)\s*+function\b", top=True),
            rule(r"set(?:Class|Generic|Method|RefClass)\s*+\(\s*+['\"](?P<name>[^'\"\n]++)"),
        ),
        comment="#",
        blocks=(),
        quotes="\"'",
    ),
    LineLanguage(
        "solidity",
        (
            holder(r"(?:abstract\s++)?(?:contract|library|interface)\s++" + NAME),
            rule(r"(?:function|modifier|event|error|struct|enum)\s++" + NAME),
            rule(r"(?P<name>constructor|receive|fallback)\s*+\("),
            constant(r"(?:type|uint\d*+|address|bytes\d*+)\s++(?:constant\s++)?" + NAME),
        ),
        quotes="\"'",
    ),
    LineLanguage(
        "powershell",
        (
            holder(r"(?:class|enum)\s++" + NAME, NO_CASE),
            rule(r"(?:function|filter|workflow|configuration)\s++(?P<name>[\w:-]++)", flags=NO_CASE),
        ),
        comment="#",
        blocks=(("<#", "#>"), ("@'\n", "\n'@"), ('@"\n', '\n"@')),
        quotes="\"'",
    ),
    LineLanguage(
        "cmake",
        (
            rule(r"(?:function|macro)\s*+\(\s*+(?P<name>[^\s()]++)", flags=NO_CASE),
            rule(
                r"(?:project|add_executable|add_library|add_custom_target|option)\s*+\(\s*+(?P<name>[^\s()]++)",
                flags=NO_CASE,
            ),
        ),
        comment="#",
        blocks=(("#[[", "]]"),),
    ),
    LineLanguage(
        "protobuf",
        (
            holder(r"(?:message|service|extend|oneof)\s++" + DOTTED),
            rule(r"(?:enum|rpc)\s++" + NAME),
        ),
        quotes="\"'",
    ),
    LineLanguage(
        "thrift",
        (
            holder(r"service\s++" + NAME),
            rule(r"(?:struct|union|exception|enum|typedef\s++\S++|const\s++\S++)\s++" + NAME),
        ),
        comment="// #",
        quotes="\"'",
    ),
    LineLanguage(
        "graphql",
        (
            rule(
                r"(?:extend\s++)?(?:type|interface|input|enum|union|scalar|fragment|query|mutation|subscription)"
                r"\s++" + NAME
            ),
            rule(r"(?:extend\s++)?directive\s++(?P<name>@\w++)"),
            rule(r"(?:extend\s++)?(?P<name>schema)\b"),
        ),
        comment="#",
        blocks=(('"""', '"""'),),
    ),
    LineLanguage(
        "terraform",
        (
            rule(
                r"(?:resource|data|ephemeral)\s++\"(?P<of>[^\"\n]++)\"\s++\"(?P<name>[^\"\n]++)\"", top=True
            ),
            rule(
                r"(?:variable|output|module|provider|check|source|build|job|group|task)\s++\"(?P<name>[^\"\n]++)\"",
                top=True,
            ),
            rule(r"(?P<name>locals|terraform|moved|import|removed)\s*+\{", top=True),
            rule(r"(?P<of>[a-z][\w-]*+)\s++\"(?P<name>[^\"\n]++)\"(?:\s++\"[^\"\n]++\")?\s*+\{", top=True),
            constant(r"(?P<name>[\w-]++)\s*+(?:=(?!=)|\{)"),
        ),
        comment="# //",
    ),
    LineLanguage(
        "dart",
        (
            holder(_DART + r"(?:class|mixin(?:\s++class)?|extension(?:\s++type)?|enum)\s++" + NAME),
            rule(r"typedef\s++" + NAME),
            rule(
                any_words("static external")
                + r"(?!return\b|await\b|else\b|throw\b|new\b)[\w.]++(?:<[^\n;={}()]{1,80}?>)?\??\s++"
                r"(?:get\s++|set\s++)?" + NAME + r"\s*+(?:<[^\n(]{1,60}?>)?\s*+(?:\(|=>|\{|async)"
            ),
        ),
        blocks=(("/*", "*/"), ('"""', '"""'), ("'''", "'''")),
        quotes="\"'",
    ),
    LineLanguage(
        "groovy",
        (
            holder(
                r"(?:(?:public|private|abstract|final|static)\s++)*+(?:class|interface|trait|enum)\s++" + NAME
            ),
            rule(r"(?:private\s++|static\s++)*+def\s++" + NAME + r"\s*+\("),
            rule(r"(?:task|stage)\s*+[( ]\s*+['\"]?(?P<name>[^'\"\n(){}]++)"),
            rule(r"tasks\.(?:register|named|create)\s*+(?:<\w++>)?\(\s*+['\"](?P<name>[^'\"\n]++)"),
            holder(r"(?P<name>[\w.]++)\s*+\{\s*+$"),
        ),
        blocks=(("/*", "*/"), ('"""', '"""'), ("'''", "'''")),
        quotes="\"'",
    ),
    LineLanguage(
        "zig",
        (
            rule(r"(?:pub\s++|export\s++|inline\s++|extern\s++)*+fn\s++" + NAME),
            holder(
                r"(?:pub\s++)?const\s++"
                + NAME
                + r"\s*+=\s*+(?:packed\s++|extern\s++)?(?:struct|enum|union|error)\b"
            ),
            constant(r"(?:pub\s++)?const\s++" + NAME),
            rule(r"test\s++\"(?P<name>[^\"\n]++)\""),
        ),
        blocks=(),
    ),
    LineLanguage(
        "julia",
        (
            holder(r"(?:bare)?module\s++" + NAME),
            rule(
                r"(?:function|macro|(?:mutable\s++)?struct|abstract\s++type|primitive\s++type)\s++(?P<name>[\w.!]++)"
            ),
            rule(r"(?P<name>\w[\w!.]*+)\([^\n()]{0,200}\)\s*+=(?!=)", top=True),
            constant(r"const\s++" + NAME),
        ),
        comment="#",
        blocks=(("#=", "=#"), ('"""', '"""')),
    ),
    LineLanguage(
        "nim",
        (
            rule(r"(?:proc|func|method|iterator|template|macro|converter)\s++(?P<name>`[^`\n]++`|\w++)"),
            rule(r"(?P<name>\w++)\*?\s*+(?:\{[^}\n]*+\}\s*+)?=\s*+(?:ref\s++)?(?:object|enum)\b"),
        ),
        comment="#",
        blocks=(("#[", "]#"), ('"""', '"""')),
    ),
    LineLanguage(
        "ocaml",
        (
            holder(r"module\s++(?:type\s++)?" + NAME),
            rule(r"(?:let|and)\s++(?:rec\s++)?(?P<name>[a-z_][\w']*+)", top=True),
            rule(r"(?:type|exception|external|val|class)\s++(?:'\w++\s++)?(?P<name>[\w']++)"),
        ),
        comment="\0",
        blocks=(("(*", "*)"),),
    ),
    LineLanguage(
        "fsharp",
        (
            holder(r"(?:module|namespace)\s++(?:rec\s++|internal\s++|private\s++)*+" + DOTTED),
            rule(r"(?:type|exception)\s++" + NAME),
            rule(r"let\s++(?:rec\s++|inline\s++|private\s++|mutable\s++)*+" + NAME),
        ),
        blocks=(("(*", "*)"), ('"""', '"""')),
    ),
    LineLanguage(
        "erlang",
        (
            rule(r"-(?:module|record|type|opaque|define|behaviou?r)\s*+\(?\s*+(?P<name>\w++)", top=True),
            rule(r"(?P<name>[a-z]\w*+)\([^\n]{0,300}?\)\s*+(?:when\b[^\n]{0,300}?)?->", top=True),
        ),
        comment="%",
        blocks=(),
    ),
    LineLanguage(
        "lisp",
        (
            rule(
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
            rule(r"fu(?:nction|nc|n)?!?\s++(?P<name>[\w:#.<>]++)"),
            rule(r"(?:export\s++)?def\s++(?P<name>[\w:#]++)\s*+\("),
            rule(r"com(?:mand)?!?\s++(?:-\S++\s++)*+(?P<name>[A-Z]\w*+)"),
        ),
        comment='"',
        blocks=(),
        quotes="",
    ),
    LineLanguage("fish", (rule(r"function\s++(?P<name>[\w.-]++)"),), comment="#", blocks=(), quotes="\"'"),
    LineLanguage(
        "vb",
        (
            holder(
                r"(?:\w++\s++){0,3}?(?:Class|Module|Structure|Interface|Enum|Namespace)\s++" + DOTTED,
                NO_CASE,
            ),
            rule(r"(?!End\b|Exit\b)(?:\w++\s++){0,3}?(?:Sub|Function|Property)\s++" + NAME, flags=NO_CASE),
        ),
        comment="'",
        blocks=(),
    ),
    LineLanguage(
        "fortran",
        (
            holder(r"(?:module|program)\s++(?!procedure)" + NAME, NO_CASE),
            rule(
                r"(?!end\b)(?:[\w()=*]++\s++){0,4}?(?:subroutine|function)\s++" + NAME + r"\s*+(?:\(|$)",
                flags=NO_CASE,
            ),
            rule(r"type\s*+(?:,[^\n]{0,80}?)?(?:::)?\s*+" + NAME + r"\s*+$", flags=NO_CASE),
        ),
        comment="!",
        blocks=(),
        quotes="",
    ),
    LineLanguage(
        "pascal",
        (
            rule(r"(?:unit|program|library)\s++" + DOTTED, flags=NO_CASE),
            rule(_PAS + r"(?:procedure|function|constructor|destructor)\s++" + DOTTED, flags=NO_CASE),
            rule(NAME + r"\s*+=\s*+(?:packed\s++)?(?:class|record|interface)\b", flags=NO_CASE),
        ),
        blocks=(("{", "}"), ("(*", "*)")),
        quotes="'",
    ),
    LineLanguage(
        "verilog",
        (
            holder(r"(?:module|interface|package|class|program)\s++" + NAME),
            rule(r"(?:function|task)\s++(?:automatic\s++)?(?:[^\n(;]{0,60}?\s)?" + NAME + r"\s*+[(;]"),
        ),
    ),
    LineLanguage(
        "vhdl",
        (
            holder(r"(?:entity|package(?:\s++body)?)\s++" + NAME + r"\s++is\b", NO_CASE),
            holder(r"architecture\s++" + NAME + r"\s++of\b", NO_CASE),
            rule(r"(?:function|procedure)\s++" + NAME, flags=NO_CASE),
        ),
        comment="--",
        blocks=(),
    ),
    LineLanguage(
        "objc",
        (
            holder(r"@(?:interface|implementation|protocol)\s++" + NAME),
            rule(r"[-+]\s*+\([^()\n]{1,120}+\)\s*+(?P<name>\w++)"),
            rule(
                r"(?!return\b|else\b|if\b|typedef\b)(?:[\w*]++\s++){1,4}?\*?(?P<name>\w++)\([^;\n]{0,300}\)\s*+(?:\{|$)",
                top=True,
            ),
            constant(r"#\s*+define\s++" + NAME),
        ),
    ),
    LineLanguage(
        "css",
        (
            holder(
                r"(?P<name>@(?:media|supports|layer|mixin|include|function|font-face|keyframes|page|container)\b[^\n{;]{0,160})"
            ),
            rule(r"(?P<name>[^\s@{}/;*$-][^\n{};]{0,200}?)\s*+[{,]\s*+$"),
            rule(r"(?P<name>[^\s@{}/;*$-][^\n{};]{0,200}?)\s*+\{"),
            constant(r"(?P<name>[$@][\w-]++)\s*+:"),
        ),
        quotes="\"'",
    ),
    LineLanguage(
        "prisma",
        (rule(r"(?:model|enum|type|view|datasource|generator)\s++" + NAME + r"\s*+\{", top=True),),
    ),
    LineLanguage(
        "just",
        (rule(r"@?(?P<name>[\w-]++)(?:\s++[^\n:=]{1,160})?\s*+:(?!=)", top=True),),
        comment="#",
        blocks=(),
        quotes="",
    ),
    LineLanguage(
        "starlark",
        (
            rule(r"def\s++" + NAME),
            rule(r"\s++name\s*+=\s*+\"(?P<name>[^\"\n]++)\""),
        ),
        comment="#",
        blocks=(('"""', '"""'),),
        quotes="\"'",
    ),
)
