"""The outline of source code by tree-sitter: definitions with their lines, signatures and documentation."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from mcp_smalltools.text.truncate import cut

if TYPE_CHECKING:
    from tree_sitter import Node, Parser


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
    ".rb": "ruby",
    **dict.fromkeys((".sh", ".bash"), "bash"),
}
_SIGNATURE_CHARS = 160
_Doc = tuple[str, int, int]
"""The first sentence of a comment or docstring, its first and its last line."""
_NO_DOC: Final[_Doc] = ("", 0, 0)


def language_of(path: str, first_line: str = "") -> str | None:
    """The language by the file's name, or the interpreter in its first line; None if it has no outline."""
    by_name = _EXTENSIONS.get(PurePath(path).suffix.lower())
    if by_name or not first_line.startswith("#!"):
        return by_name
    for word, language in (("python", "python"), ("bash", "bash"), ("/sh", "bash"), ("node", "javascript")):
        if word in first_line:
            return language
    return "ruby" if "ruby" in first_line else None


def outline(text: str, language: str) -> Outline:
    """Symbols in the order of the file. `text` has LF line ends."""
    data = text.encode("utf-8", errors="replace")
    root = _parser(language).parse(data).root_node
    return Outline(language, *_file_doc(root, language), list(_symbols(root, language, 0)), root.has_error)


@functools.cache
def _parser(language: str) -> Parser:
    from tree_sitter import Language, Parser

    entry = _LANGUAGES[language]
    module = importlib.import_module(entry.module)
    return Parser(Language(getattr(module, entry.entry)()))


def _symbols(node: Node, language: str, depth: int) -> Iterator[Symbol]:
    kinds = _LANGUAGES[language].kinds
    for child in node.named_children:
        kind = kinds.get(child.type)
        name = _name(child) if kind else ""
        if not kind or not name or not _is_definition(child):
            # Inside functions, only what nests a definition further: its local helpers are not the outline.
            yield from _symbols(child, language, depth)
            continue
        whole = child.parent if child.parent and child.parent.type == "decorated_definition" else child
        if depth and kind == "function" and language == "python":
            kind = "method"
        yield Symbol(
            kind,
            name,
            _signature(child),
            whole.start_point[0] + 1,
            child.end_point[0] + 1,
            depth,
            *_doc(child, language),
        )
        if kind not in ("function", "method", "constructor"):
            yield from _symbols(child, language, depth + 1)


def _is_definition(node: Node) -> bool:
    if node.type == "variable_declarator":  # const f = () => …
        value = node.child_by_field_name("value")
        return value is not None and value.type in ("arrow_function", "function_expression", "function")
    if node.type.endswith("_specifier"):  # `struct x *p` uses one, `struct x {…}` defines it
        return node.child_by_field_name("body") is not None
    return True


def _name(node: Node) -> str:
    named = node.child_by_field_name("name")
    declarator = node.child_by_field_name("declarator")
    if named is None and node.type == "impl_item":
        named = node.child_by_field_name("type")
    while named is None and declarator is not None:
        inner = declarator.child_by_field_name("declarator")
        if inner is None:
            named = declarator
        declarator = inner
    return _text(named) if named is not None else ""


def _signature(node: Node) -> str:
    """The definition up to its body, on one line."""
    body = node.child_by_field_name("body")
    data = node.text or b""
    data = data[: body.start_byte - node.start_byte] if body is not None else data.split(b"\n", 1)[0]
    line = " ".join(data.decode("utf-8", errors="replace").split()).rstrip("{:= ")
    return cut(line, _SIGNATURE_CHARS)


def _doc(node: Node, language: str) -> _Doc:
    """The first line of a docstring, or of the comment right above, and its line number."""
    if language == "python":
        body = node.child_by_field_name("body")
        return _docstring(body) if body is not None else _NO_DOC
    above = (
        node.parent if node.parent and node.parent.type == "export_statement" else node
    ).prev_named_sibling
    first = None
    line = node.start_point[0]
    while above is not None and "comment" in above.type and above.end_point[0] >= line - 1:
        first, line = above, above.start_point[0]
        above = above.prev_named_sibling
    return _comment(first) if first is not None else _NO_DOC


def _file_doc(root: Node, language: str) -> _Doc:
    if language == "python":
        return _docstring(root)
    for child in root.named_children:
        if "comment" not in child.type:
            return _NO_DOC
        found = _comment(child)
        text = found[0].lower()
        if text and not text.startswith("!") and not any(w in text for w in ("copyright", "licen", "spdx")):
            return found
    return _NO_DOC


def _docstring(body: Node) -> _Doc:
    first = next((child for child in body.named_children if child.type != "comment"), None)
    if first is None or first.type != "expression_statement" or not first.named_children:
        return _NO_DOC
    string = first.named_children[0]
    if string.type != "string":
        return _NO_DOC
    content = "".join(_text(part) for part in string.named_children if part.type == "string_content")
    return _first_sentence(content, string.start_point[0] + 1)


def _comment(node: Node) -> _Doc:
    given = ["" if line.startswith("#!") else line for line in _text(node).split("\n")]
    lines = [line.strip().lstrip("/*#!-; ").removesuffix("*/").strip() for line in given]
    return _first_sentence("\n".join(lines), node.start_point[0] + 1)


def _first_sentence(text: str, at: int) -> _Doc:
    """The first sentence, which may go over several lines; `at` is the line number of the text's first."""
    lines = [line.strip() for line in text.split("\n")]
    first = next((i for i, line in enumerate(lines) if line), None)
    if first is None:
        return _NO_DOC
    last = first
    while last + 1 < len(lines) and lines[last + 1] and not lines[last].endswith((".", "!", "?", ":")):
        last += 1
    return " ".join(lines[first : last + 1]), at + first, at + last


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", errors="replace")
