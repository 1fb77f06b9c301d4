"""The outline of source code by tree-sitter: definitions with their lines, signatures and documentation."""

from __future__ import annotations

import functools
import importlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from mcp_smalltools.text.truncate import cut

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Tree


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition. Lines are 1-based and include the last; `depth` is 0 at the top."""

    kind: str
    name: str
    signature: str
    first: int
    last: int
    depth: int
    doc: str = ""
    doc_line: int = 0
    doc_end: int = 0


@dataclass(frozen=True, slots=True)
class Outline:
    language: str
    doc: str
    """The first sentence that the file says about itself; "" if it says nothing."""
    doc_line: int
    doc_end: int
    symbols: list[Symbol]
    broken: bool
    """The parser met a syntax error: the outline may lack something there."""


@dataclass(frozen=True, slots=True)
class _Language:
    module: str
    entry: str
    kinds: dict[str, str]


_TS_KINDS: Final = {
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "method_definition": "method",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "variable_declarator": "function",
    "pair": "method",
}
_C_KINDS: Final = {
    "function_definition": "function",
    "struct_specifier": "struct",
    "class_specifier": "class",
    "enum_specifier": "enum",
    "union_specifier": "union",
    "namespace_definition": "namespace",
}
_LANGUAGES: Final = {
    "python": _Language(
        "tree_sitter_python", "language", {"class_definition": "class", "function_definition": "function"}
    ),
    "javascript": _Language("tree_sitter_javascript", "language", _TS_KINDS),
    "typescript": _Language("tree_sitter_typescript", "language_typescript", _TS_KINDS),
    "tsx": _Language("tree_sitter_typescript", "language_tsx", _TS_KINDS),
    "go": _Language(
        "tree_sitter_go",
        "language",
        {"function_declaration": "function", "method_declaration": "method", "type_spec": "type"},
    ),
    "rust": _Language(
        "tree_sitter_rust",
        "language",
        {
            "function_item": "function",
            "function_signature_item": "function",
            "struct_item": "struct",
            "enum_item": "enum",
            "trait_item": "trait",
            "impl_item": "impl",
            "mod_item": "module",
            "macro_definition": "macro",
        },
    ),
    "java": _Language(
        "tree_sitter_java",
        "language",
        {
            "class_declaration": "class",
            "interface_declaration": "interface",
            "enum_declaration": "enum",
            "record_declaration": "record",
            "method_declaration": "method",
            "constructor_declaration": "constructor",
        },
    ),
    "c": _Language("tree_sitter_c", "language", _C_KINDS),
    "cpp": _Language("tree_sitter_cpp", "language", _C_KINDS),
    "ruby": _Language(
        "tree_sitter_ruby",
        "language",
        {"class": "class", "module": "module", "method": "method", "singleton_method": "method"},
    ),
    "bash": _Language("tree_sitter_bash", "language", {"function_definition": "function"}),
}
_EXTENSIONS: Final = {
    **dict.fromkeys((".py", ".pyi", ".pyw"), "python"),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), "javascript"),
    **dict.fromkeys((".ts", ".mts", ".cts"), "typescript"),
    ".tsx": "tsx",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
    **dict.fromkeys((".c", ".h"), "c"),
    **dict.fromkeys((".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx"), "cpp"),
    **dict.fromkeys((".ipp", ".tpp", ".inl", ".ino", ".cu", ".cuh", ".metal"), "cpp"),
    **dict.fromkeys((".rb", ".rake", ".ru", ".gemspec", ".podspec", ".jbuilder", ".thor"), "ruby"),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh", ".bats", ".ebuild", ".eclass"), "bash"),
}
_NAMES: Final = {
    **dict.fromkeys(
        ("rakefile", "gemfile", "vagrantfile", "podfile", "fastfile", "appfile", "brewfile", "guardfile"),
        "ruby",
    ),
    **dict.fromkeys(("capfile", "dangerfile", "berksfile"), "ruby"),
    **{"pkgbuild": "bash", "apkbuild": "bash", "sconstruct": "python", "sconscript": "python"},
    "wscript": "python",
}
_IS_CPP: Final = re.compile(
    r"^[ \t]*+(?:class[ \t]++\w++|namespace\b|template[ \t]*+<|using[ \t]++\w++|"
    r"(?:public|private|protected)[ \t]*+:|(?:virtual|explicit|constexpr|enum[ \t]++class)[ \t])",
    re.MULTILINE,
)
"""What a header in C doesn't have."""
_MACRO: Final = re.compile(
    r"\b(?P<kind>(?:class|struct|union|enum(?:[ \t]+class)?)[ \t]+)"
    r"(?P<export>[A-Z][A-Z0-9_]{2,60}+(?:\([^()\n]{0,60}\))?)"
    r"(?=[ \t]+[A-Za-z_][\w:]{0,120}+[ \t]*(?:final\b[ \t]*)?(?:[:{]|$))"
    r"|(?<!\\\n)^(?P<alone>[ \t]*+[A-Z][A-Z0-9_]{3,60}+\([^;{}\n]{0,200}\))"
    r"(?=[ \t]*\n\s{0,200}+[A-Za-z_/#~])",
    re.MULTILINE,
)
"""`class TEA_API Pot : public Cup {`, `TEA_CLASS(hot)` above it: the grammar takes them for definitions."""
_SIGNATURE_CHARS = 160
_PARSE_S: Final = 1.0
_PARSE_S_PER_BYTE: Final = 1e-5
_MOST_PARSE_S: Final = 10.0
"""Seconds of CPU time that a parse may take; of ordinary code it takes a twentieth of them."""
_READ_BYTES: Final = 64 << 10
_CHECKED_EVERY: Final = 256
"""Nodes between two looks at the clock."""
_FEW_PAIRS: Final = 50
"""Keys of an object that are looked at for functions: one alone is a callback."""
_COMMENTS_ABOVE: Final = 500
"""Comments right above a definition that are looked at."""
_Doc = tuple[str, int, int]
"""The first sentence of a comment or docstring, its first and its last line."""
_NO_DOC: Final[_Doc] = ("", 0, 0)


def language_of(path: str, first_line: str = "") -> str | None:
    """The language by the file's name, or the interpreter in its first line; None if it has no outline."""
    name = PurePath(path).name.lower()
    by_name = _NAMES.get(name) or _EXTENSIONS.get(PurePath(name).suffix)
    if by_name or not first_line.startswith("#!"):
        return by_name
    for word, language in (("python", "python"), ("bash", "bash"), ("/sh", "bash"), ("node", "javascript")):
        if word in first_line:
            return language
    return "ruby" if "ruby" in first_line else None


def outline(text: str, language: str, check: Callable[[], None] = lambda: None) -> Outline:
    """Symbols in the order of the file. `text` has LF line ends. Empty, and broken, for a text that the
    parser takes too long for: some grammars need the square of its length where it is no code at all.
    A header that is C++ is read as such, whatever its name says. Raises what `check` raises.
    """
    if language == "c" and _IS_CPP.search(text):
        language = "cpp"
    if language in ("c", "cpp"):
        text = _MACRO.sub(_without_macro, text)
    source = text.encode("utf-8", errors="replace")
    root = _parsed(source, language, check)
    if root is None:
        return Outline(language, *_NO_DOC, [], True)
    reader = _Reader(source, language, check)
    return Outline(language, *reader.file_doc(root), list(reader.symbols(root)), root.has_error)


def _without_macro(found: re.Match[str]) -> str:
    kept = found["kind"] or ""
    return kept + " " * (len(found[0]) - len(kept))


def _parsed(source: bytes, language: str, check: Callable[[], None]) -> Node | None:
    from tree_sitter import Parser

    most = min(_MOST_PARSE_S, _PARSE_S + _PARSE_S_PER_BYTE * len(source))
    started = time.thread_time()
    raised: list[Exception] = []

    def is_enough(_place: int, _broken: bool) -> bool:
        try:
            check()
        except Exception as error:  # raised below: nothing may be raised through the parser
            raised.append(error)
        return bool(raised) or time.thread_time() - started > most

    def read(start: int, _point: object) -> bytes:
        return source[start : start + _READ_BYTES]

    try:
        # A parser of its own: other threads may run between its calls of `read`.
        tree: Tree | None = Parser(_grammar(language)).parse(read, progress_callback=is_enough)
    except ValueError:  # it was enough
        tree = None
    if raised:
        raise raised[0]
    return tree.root_node if tree else None


@functools.cache
def _grammar(language: str) -> Language:
    from tree_sitter import Language

    entry = _LANGUAGES[language]
    module = importlib.import_module(entry.module)
    return Language(getattr(module, entry.entry)())


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads symbols off a tree. Goes through it without recursion: code of others may be nested at will."""

    source: bytes
    language: str
    check: Callable[[], None]

    def symbols(self, root: Node) -> Iterator[Symbol]:
        kinds = _LANGUAGES[self.language].kinds
        way = [_Level(root, root.named_children, 0)]
        while way:
            level = way[-1]
            if level.at == len(level.children):
                way.pop()
                continue
            child = level.children[level.at]
            level.at += 1
            if level.at % _CHECKED_EVERY == 0:
                self.check()
            kind = kinds.get(child.type)
            name = self._name(child) if kind else ""
            if not kind or not name or not _is_definition(child):
                # Inside functions, only what nests a definition further: local helpers are not the outline.
                if child.child_count:
                    way.append(_Level(child, child.named_children, level.depth))
                continue
            whole = level.node if level.node.type == "decorated_definition" else child
            if level.depth and kind == "function" and self.language == "python":
                kind = "method"
            # A comment stands before the whole of an `export` statement.
            place = way[-2] if level.node.type == "export_statement" and len(way) > 1 else level
            yield Symbol(
                kind,
                name,
                self._signature(child),
                whole.start_point[0] + 1,
                child.end_point[0] + 1,
                level.depth,
                *self._doc(child, place.children, place.at - 1),
            )
            if kind not in ("function", "method", "constructor"):
                way.append(_Level(child, child.named_children, level.depth + 1))

    def file_doc(self, root: Node) -> _Doc:
        """The first sentence that the file says about itself."""
        if self.language == "python":
            return self._docstring(root)
        for child in root.named_children:
            if "comment" not in child.type:
                return _NO_DOC
            found = self._comment(child)
            text = found[0].lower()
            if (
                text
                and not text.startswith("!")
                and not any(word in text for word in ("copyright", "licen", "spdx"))
            ):
                return found
        return _NO_DOC

    def _name(self, node: Node) -> str:
        named = node.child_by_field_name("key" if node.type == "pair" else "name")
        declarator = node.child_by_field_name("declarator")
        if named is None and node.type == "impl_item":
            named = node.child_by_field_name("type")
        while named is None and declarator is not None:
            inner = declarator.child_by_field_name("declarator")
            if inner is None:
                named = declarator
            declarator = inner
        return self._text(named) if named is not None else ""

    def _signature(self, node: Node) -> str:
        """The definition up to its body, on one line."""
        body = node.child_by_field_name("body")
        end = node.end_byte if body is None else body.start_byte
        if body is None and (line_end := self.source.find(b"\n", node.start_byte, end)) >= 0:
            end = line_end
        data = self.source[node.start_byte : end]
        line = " ".join(data.decode("utf-8", errors="replace").split()).rstrip("{:= ")
        return cut(line, _SIGNATURE_CHARS)

    def _doc(self, node: Node, siblings: Sequence[Node], place: int) -> _Doc:
        """The first line of a docstring, or of the comment right above, and its line number."""
        if self.language == "python":
            body = node.child_by_field_name("body")
            return self._docstring(body) if body is not None else _NO_DOC
        first = None
        line = node.start_point[0]
        for above in reversed(siblings[max(0, place - _COMMENTS_ABOVE) : place]):
            if "comment" not in above.type or above.end_point[0] < line - 1:
                break
            first, line = above, above.start_point[0]
        return self._comment(first) if first is not None else _NO_DOC

    def _docstring(self, body: Node) -> _Doc:
        first = next((child for child in body.named_children if child.type != "comment"), None)
        if first is None or first.type != "expression_statement" or not first.named_children:
            return _NO_DOC
        string = first.named_children[0]
        if string.type != "string":
            return _NO_DOC
        parts = [self._text(part) for part in string.named_children if part.type == "string_content"]
        return first_sentence("".join(parts), string.start_point[0] + 1)

    def _comment(self, node: Node) -> _Doc:
        given = ["" if line.startswith("#!") else line for line in self._text(node).split("\n")]
        lines = [line.strip().lstrip("/*#!-; ").removesuffix("*/").strip() for line in given]
        return first_sentence("\n".join(lines), node.start_point[0] + 1)

    def _text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", errors="replace")


@dataclass(slots=True)
class _Level:
    """A node on the way, and how many of its children were looked at."""

    node: Node
    children: Sequence[Node]
    depth: int
    at: int = 0


def _is_definition(node: Node) -> bool:
    if node.type == "variable_declarator":  # const f = () => …
        return _is_function(node)
    if node.type == "pair":  # { open: function () …, close: function () … }
        beside = node.parent.named_children if node.parent else ()
        return _is_function(node) and sum(map(_is_function, beside[:_FEW_PAIRS])) > 1
    if node.type.endswith("_specifier"):  # `struct x *p` uses one, `struct x {…}` defines it
        return node.child_by_field_name("body") is not None
    return True


def _is_function(node: Node) -> bool:
    """Whether the value of a variable, or of a key, is one."""
    value = node.child_by_field_name("value")
    return value is not None and value.type in ("arrow_function", "function_expression", "function")


def first_sentence(text: str, at: int) -> tuple[str, int, int]:
    """The first sentence, which may go over several lines; `at` is the line number of the text's first."""
    lines = [line.strip() for line in text.split("\n")]
    first = next((i for i, line in enumerate(lines) if line), None)
    if first is None:
        return _NO_DOC
    last = first
    while last + 1 < len(lines) and lines[last + 1] and not lines[last].endswith((".", "!", "?", ":")):
        last += 1
    return " ".join(lines[first : last + 1]), at + first, at + last
