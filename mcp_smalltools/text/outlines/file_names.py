"""What the name of a file says about its language, of those that are outlined by their lines."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from mcp_smalltools.text.outlines.description_rules import DESCRIPTIONS
from mcp_smalltools.text.outlines.line_rules import LANGUAGES, LineLanguage

BY_NAME: Final = {language.name: language for language in (*LANGUAGES, *DESCRIPTIONS)}
_SUFFIXES: Final = {
    "kotlin": "kt kts",
    "swift": "swift",
    "csharp": "cs csx",
    "php": "php phtml php5 inc",
    "scala": "scala sc sbt",
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
    "gdscript": "gd",
    "qml": "qml",
    "robot": "robot resource",
    "gherkin": "feature",
    "nix": "nix",
    "devicetree": "dts dtsi dtso keymap overlay",
    "autohotkey": "ahk ah2",
    "shader": "glsl vert frag geom comp hlsl fx wgsl gdshader cginc",
    "batch": "bat cmd",
    "assembly": "s asm nasm",
    "bicep": "bicep",
    "rego": "rego",
    "flatbuffers": "fbs capnp",
    "cython": "pyx pxd pxi",
    "awk": "awk gawk",
    "coffeescript": "coffee",
    "smalldata": "jsonnet libsonnet cue json5 jsonc gyp gypi code-workspace",
    "gomod": "mod work",
    "dtd": "dtd ent",
    "nsis": "nsi nsh",
    "diff": "diff patch",
    "solution": "sln",
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
_INTERPRETERS: Final = {
    "perl": "perl",
    "php": "php",
    "lua": "lua",
    "elixir": "elixir",
    "pwsh": "powershell",
    "Rscript": "r",
    "julia": "julia",
    "fish": "fish",
    "runghc": "haskell",
}


def line_language(path: str, first_line: str = "") -> LineLanguage | None:
    """The language by the file's name, or by the interpreter in its first line."""
    name = PurePath(path).name.lower()
    found = _BY_FILE.get(name) or _BY_SUFFIX.get(PurePath(name).suffix)
    found = "groovy" if name.endswith(".gradle.kts") else found
    if not found and first_line.startswith("#!"):
        found = next((language for word, language in _INTERPRETERS.items() if word in first_line), None)
    return BY_NAME[found] if found else None


_TEMPLATE: Final = frozenset(
    (".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".in", ".gotmpl", ".mustache")
)
_COPY: Final = frozenset(
    (".example", ".sample", ".dist", ".default", ".orig", ".bak", ".backup", ".old", ".disabled", ".save")
)


def written_as(path: str) -> str:
    """The path of what a template becomes, or of what a file is a copy of: `my.cnf.j2` is read as `my.cnf`.

    A name whose rest says nothing is left as it is.
    """
    pure = PurePath(path)
    if pure.suffix.lower() not in _TEMPLATE | _COPY:
        return path
    rest = pure.with_suffix("")
    says = rest.suffix or rest.name.startswith(".") or rest.name.lower() in _BY_FILE or rest.name in _NAMES
    return str(rest) if says else path


_NAMES: Final = frozenset(("Dockerfile", "Makefile", "Vagrantfile", "Jenkinsfile", "crontab"))
