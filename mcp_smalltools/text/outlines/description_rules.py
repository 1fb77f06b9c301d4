"""How definitions begin in languages that describe more than they compute: interfaces, scenarios, devices,
packages, policies, keys; and in shaders, macros and assembly. As in `line_rules`, linear and by line.
"""

from __future__ import annotations

from typing import Final

from mcp_smalltools.text.outlines.line_rules import (
    DOTTED,
    NAME,
    NO_CASE,
    LineLanguage,
    any_words,
    constant,
    holder,
    rule,
)

_GD: Final = r"(?:@\w++(?:\([^()\n]{0,200}+\))?\s++)*+(?:static\s++)?"
_SHADER_TYPE: Final = any_words(
    "inline static const in out highp mediump lowp flat groupshared device kernel"
)

DESCRIPTIONS: Final = (
    LineLanguage(
        "gdscript",
        (
            rule(r"class_name\s++" + NAME, top=True),
            holder(r"class\s++" + NAME),
            rule(_GD + r"(?:func|signal|enum)\s++" + NAME),
            constant(_GD + r"(?:const|var)\s++" + NAME),
        ),
        comment="#",
        blocks=(('"""', '"""'),),
    ),
    LineLanguage(
        "qml",
        (
            rule(r"id:\s*+(?P<name>[a-z_]\w*+)"),
            rule(r"(?:async\s++)?function\s++" + NAME),
            rule(r"signal\s++" + NAME),
            rule(
                r"(?:(?:default|readonly|required)\s++)*+property\s++[\w.<>]++\s++" + NAME,
                minor=True,
            ),
            holder(r"(?:[a-z]\w*+:\s++)?(?P<name>[A-Z][\w.]*+)(?:\s++on\s++[\w.]++)?\s*+\{"),
        ),
        quotes="\"'",
    ),
    LineLanguage(
        "robot",
        (
            rule(r"\*{1,3}\s*+(?P<name>[A-Za-z][\w ]{0,40}?)\s*+\*{1,3}(?:\s|$)", top=True),
            rule(r"(?P<name>[^\s*#$@&%|.\[]\S*+(?:[ ]\S++)*+)[ \t]*+$", top=True),
        ),
        comment="#",
        blocks=(),
        quotes="",
    ),
    LineLanguage(
        "gherkin",
        (
            holder(r"(?P<of>Feature|Rule):\s*+(?P<name>\S[^\n]{0,160})"),
            rule(r"(?P<of>Background|Scenario(?: Outline| Template)?|Example):\s*+(?P<name>[^\n]{0,160})"),
        ),
        comment="#",
        blocks=(('"""', '"""'),),
        quotes="",
    ),
    LineLanguage(
        "nix",
        (
            rule(
                r"(?P<name>(?:[A-Za-z_][\w'-]*+|\"[^\"\n$]{1,80}\")(?:\.(?:[A-Za-z_][\w'-]*+|\"[^\"\n$]{1,80}\"))*+)\s*+=(?!=)",
                holds=True,
            ),
        ),
        comment="#",
        blocks=(("/*", "*/"), ("''", "''")),
    ),
    LineLanguage(
        "devicetree",
        (
            holder(
                r"(?:(?P<label>\w++):\s*+)?(?P<name>[&A-Za-z_][\w,.-]*+(?:@[\w,.]++)?|/)\s*+\{",
            ),
            constant(r"#define\s++" + NAME),
        ),
    ),
    LineLanguage(
        "autohotkey",
        (
            holder(r"class\s++" + NAME, NO_CASE),
            rule(
                r"(?:static\s++)?(?!if\b|while\b|for\b|loop\b|switch\b|catch\b)"
                + NAME
                + r"\([^\n]{0,200}?\)\s*+(?:\{|=>)",
                flags=NO_CASE,
            ),
            rule(r"(?P<name>[^\s;:\"][^\n:]{0,40}?)::", top=True),
        ),
        comment=";",
    ),
    LineLanguage(
        "shader",
        (
            rule(
                r"(?:@\w++(?:\([^()\n]{0,80}+\))?\s*+)*+(?:fn|struct)\s++" + NAME,
            ),
            rule(
                _SHADER_TYPE
                + r"(?:void|bool|u?int\d?|half\d?|float\d?(?:x\d)?|double|[iub]?vec[234]|mat[234])\s++"
                + NAME
                + r"\s*+\(",
                top=True,
            ),
            rule(r"(?:cbuffer|technique|pass)\s++" + NAME),
            constant(r"(?:uniform|varying|attribute|buffer)\s++(?:\w++\s++){1,3}?" + NAME + r"\s*+[;\[=]"),
            constant(r"#define\s++" + NAME),
        ),
    ),
    LineLanguage(
        "batch",
        (rule(r":(?P<name>[A-Za-z_][\w.-]*+)\s*+$", top=True),),
        comment=":: rem REM @rem @REM",
        blocks=(),
        quotes="",
    ),
    LineLanguage(
        "assembly",
        (
            rule(r"(?:\.macro|%macro|macro)\s++" + NAME, flags=NO_CASE),
            rule(r"(?P<name>[A-Za-z_][\w$.]*+):(?!:)", top=True),
            rule(r"(?P<name>[A-Za-z_]\w*+)\s++(?:proc|segment)\b", flags=NO_CASE, top=True),
        ),
        comment="; # // @",
        quotes="",
    ),
    LineLanguage(
        "bicep",
        (
            rule(
                r"(?:(?:param|var|output|resource|module|type|func|metadata)\s++)" + NAME,
                top=True,
            ),
        ),
        blocks=(("/*", "*/"), ("'''", "'''")),
        quotes="'",
    ),
    LineLanguage(
        "rego",
        (
            rule(r"package\s++" + DOTTED, top=True),
            rule(
                r"(?:default\s++)?(?!import\b|not\b|some\b)"
                + DOTTED
                + r"(?=[\[({]|\s*+(?::?=|if\b|contains\b|\{))",
                top=True,
            ),
        ),
        comment="#",
        blocks=(),
    ),
    LineLanguage(
        "flatbuffers",
        (
            rule(
                r"(?:namespace|table|struct|enum|union|rpc_service|interface|root_type|annotation)\s++"
                + DOTTED,
                top=True,
            ),
        ),
        comment="// #",
    ),
    LineLanguage(
        "cython",
        (
            holder(r"(?:cdef\s++)?(?:class|cppclass)\s++" + NAME),
            rule(
                r"(?:async\s++)?(?:def|cpdef|cdef)\s++(?:inline\s++)?(?:[\w.*&\[\]:, ]{1,80}?[\s*&])??"
                + NAME
                + r"\s*+\("
            ),
            constant(r"(?P<name>[A-Z][A-Z0-9_]++)\s*+=(?!=)"),
        ),
        comment="#",
        blocks=(('"""', '"""'), ("'''", "'''")),
        quotes="\"'",
    ),
    LineLanguage(
        "awk",
        (
            rule(r"function\s++" + NAME),
            rule(r"(?P<name>BEGIN|END|/[^/\n]{1,80}/)\s*+\{", top=True),
        ),
        comment="#",
        blocks=(),
    ),
    LineLanguage(
        "coffeescript",
        (
            holder(r"class\s++(?P<name>[@\w.]++)"),
            rule(r"(?P<name>[@A-Za-z_$][\w.$]*+)\s*+[:=]\s*+(?:\([^\n]{0,200}?\)\s*+)?[-=]>"),
        ),
        comment="#",
        blocks=(("###", "###"),),
    ),
    LineLanguage(
        "smalldata",
        (
            rule(r"(?P<name>[A-Za-z_]\w*+|'[^'\n]{1,80}'|\"[^\"\n]{1,80}\")\s*+\+?::?(?!:)", holds=True),
            rule(r"local\s++" + NAME + r"\s*+(?:=|\()"),
        ),
        comment="// #",
        quotes="\"'",
    ),
    LineLanguage(
        "gomod",
        (
            rule(r"(?P<of>module|go|toolchain)\s++(?P<name>\S++)", top=True),
            rule(r"(?P<name>require|replace|exclude|retract|use|tool)\b", top=True),
        ),
        blocks=(),
    ),
    LineLanguage(
        "dtd",
        (rule(r"<!(?:ELEMENT|ENTITY|NOTATION)\s++(?:%\s++)?(?P<name>[\w.:-]++)"),),
        comment="\0",
        blocks=(("<!--", "-->"),),
        quotes="",
    ),
    LineLanguage(
        "nsis",
        (
            rule(r"(?:Function|!macro|Page|UninstPage)\s++(?P<name>[\w.]++)", flags=NO_CASE),
            rule(r"(?:Section|SectionGroup)\s++(?:/o\s++)?[\"']?-?(?P<name>[^\"'\n]{1,80})", flags=NO_CASE),
            constant(r"!define\s++(?P<name>\w++)"),
        ),
        comment="; #",
    ),
    LineLanguage(
        "diff",
        (
            rule(r"diff --git a/\S++ b/(?P<name>\S++)", top=True),
            rule(r"(?:\+\+\+ (?:b/)?|Index: )(?P<name>(?!/dev/null)[^\s]++)", top=True),
        ),
        comment="\0",
        blocks=(),
        quotes="",
    ),
    LineLanguage(
        "solution",
        (rule(r"Project\([^()\n]{0,80}\)\s*+=\s*+\"(?P<name>[^\"\n]++)\"", top=True),),
        comment="#",
        blocks=(),
    ),
)
