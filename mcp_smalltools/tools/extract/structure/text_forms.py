"""Which form a text has, by its name and by what is in it, and its tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Final

from mcp_smalltools.text.outlines.markup import dialect_of
from mcp_smalltools.tools.extract.structure.commands.command_output import read_output
from mcp_smalltools.tools.extract.structure.commands.help_text import help_in
from mcp_smalltools.tools.extract.structure.coverage import names_all
from mcp_smalltools.tools.extract.structure.data.directives import read_braces, read_directives
from mcp_smalltools.tools.extract.structure.data.groovy_text import looks_like_groovy, read_groovy
from mcp_smalltools.tools.extract.structure.data.hcl_text import read_hcl
from mcp_smalltools.tools.extract.structure.data.json_text import read_json, read_json_lines
from mcp_smalltools.tools.extract.structure.data.lcov_text import looks_like_lcov, read_lcov
from mcp_smalltools.tools.extract.structure.data.settings import read_ini, read_properties
from mcp_smalltools.tools.extract.structure.data.sql_text import looks_like_sql, read_sql
from mcp_smalltools.tools.extract.structure.data.toml_text import read_toml
from mcp_smalltools.tools.extract.structure.data.xml_text import read_xml
from mcp_smalltools.tools.extract.structure.data.yaml_text import read_yaml
from mcp_smalltools.tools.extract.structure.events.marked_lines import events_in
from mcp_smalltools.tools.extract.structure.expanded import expand
from mcp_smalltools.tools.extract.structure.node import Node, NotOfForm, Structure
from mcp_smalltools.tools.extract.structure.tables.delimited import (
    delimiter_of,
    looks_delimited,
    read_delimited,
)
from mcp_smalltools.tools.extract.structure.tables.pair_lines import (
    looks_like_ip,
    looks_like_pair_lines,
    read_ip,
    read_pair_lines,
)
from mcp_smalltools.tools.extract.structure.text.debian_changelog import (
    looks_like_debian_changelog,
    read_debian_changelog,
)
from mcp_smalltools.tools.extract.structure.text.html_text import read_html
from mcp_smalltools.tools.extract.structure.text.mail import is_mail, read_mail
from mcp_smalltools.tools.extract.structure.text.man_page import read_man_page
from mcp_smalltools.tools.extract.structure.text.pages import read_page
from mcp_smalltools.tools.extract.structure.text.repeated_lines import without_banners

Lines = Sequence[str]

_BY_ENDING: Final = {
    **dict.fromkeys((".json", ".jsonc", ".json5", ".geojson", ".webmanifest", ".ipynb", ".lock"), "json"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".yaml", ".yml"), "yaml"),
    ".toml": "toml",
    **dict.fromkeys((".ini", ".cfg", ".conf", ".cnf", ".service", ".desktop", ".editorconfig"), "ini"),
    **dict.fromkeys((".gitconfig", ".npmrc", ".pylintrc", ".timer", ".socket", ".repo", ".inf"), "ini"),
    ".properties": "properties",
    ".env": "ini",
    **dict.fromkeys((".xml", ".pom", ".csproj", ".xsd", ".wsdl", ".svg", ".plist", ".rss", ".atom"), "xml"),
    **dict.fromkeys((".fsproj", ".vbproj", ".props", ".targets", ".nuspec", ".config", ".opml"), "xml"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".tf", ".tfvars", ".hcl", ".nomad"), "hcl"),
    ".csv": "csv",
    **dict.fromkeys((".tsv", ".tab"), "tsv"),
    ".psv": "psv",
    **dict.fromkeys((".eml", ".mbox"), "mail"),
    **dict.fromkeys((".sql", ".ddl"), "sql"),
}
_MARKED_UP: Final = (".md", ".markdown", ".rst", ".mdx")
_OF_OUTPUT: Final = ("", ".txt", ".log", ".out", ".diff", ".patch")
"""Endings of files that may hold what a command printed."""
_BY_NAME: Final = {"pipfile": "toml", "cargo.lock": "toml", "poetry.lock": "toml", "uv.lock": "toml"}
_BY_WORD: Final = {
    **dict.fromkeys(("json", "jsonc", "json5", "js", "javascript"), "json"),
    **dict.fromkeys(("yaml", "yml"), "yaml"),
    **dict.fromkeys(("toml", "ini", "xml", "html", "csv", "tsv", "properties"), ""),
    **dict.fromkeys(("env", "dotenv", "cfg", "conf", "systemd", "editorconfig"), "ini"),
    **dict.fromkeys(("ndjson", "jsonl"), "jsonl"),
}
_BY_LOOKS: Final[dict[str, Callable[[str, Lines], bool]]] = {
    "lcov": lambda _, lines: looks_like_lcov(lines),
    "groovy": looks_like_groovy,
}
_SETTING: Final = re.compile(r"\s*+(?:export\s+)?[\w.$-][\w .$/-]{0,60}?\s*=\s*\S.*|\s*[\w.-]+\s*=\s*")
_VARIABLE: Final = re.compile(r"(?:export\s+)?[A-Za-z_][\w.]{0,80}=\S.*|[A-Za-z_][\w.]{0,80}=")
_SETTINGS_NAME: Final = re.compile(
    r".*(?:\.(?:conf|cfg|cnf|ovpn|leases|nginx|rc)|_config|[a-z]rc)", re.IGNORECASE
)
"""Names of files whose lines may be directives."""
_IN_BRACES: Final = re.compile(r"[{};]|.*[{};](?:\s*(?:#|//).*)?")
_YAML_LINE: Final = re.compile(r"\s*+(?:-\s++)?(?:[\w.$/\"'-]++(?: [\w.-]++){0,2}:(?:\s.*)?|-\s++\S.*)")


def read_structure(path: str, lines: Lines) -> Structure:
    """The text as a tree, in the form that its name says, or that it has."""
    form = _form_of_name(path)
    text = "\n".join(lines)
    tried: list[str] = []
    for name in ([form] if form else []) + _likely_forms(path, lines, text):
        if name in tried:
            continue
        tried.append(name)
        try:
            root = _read(name, lines, text)
        except NotOfForm:
            continue
        prose = read_mail(lines)[1:] if name == "mail" else None
        expand(root)
        return Structure(name, _as_root(root), complete=name not in ("mail", "html"), prose=prose)
    root = page(path, lines)
    expand(root)
    return Structure("page", root, complete=names_all(root, lines))


def page(path: str, lines: Lines) -> Node:
    """A page as a tree; where it goes beyond the limits, an empty one."""
    suffix = PurePath(path).suffix.lower()
    if dialect_of(path, lines) == "man":
        try:
            return read_man_page(lines)
        except NotOfForm:
            return Node("", "object", 1, max(1, len(lines)))
    if suffix not in _MARKED_UP:
        lines = without_banners(lines)
    markdown = suffix in (".md", ".markdown", ".mdx") or (
        suffix != ".rst"
        and any(re.match(r"#{1,6} \S|```|\|.*\|\s*$|[-*] \*\*", line) for line in lines[:400])
    )
    try:
        root = read_page(lines, of_form, markdown=markdown and suffix != ".rst")
    except NotOfForm:
        return Node("", "object", 1, max(1, len(lines)))
    helped = help_in(lines)
    said = {node.start for node in helped if node.kind == "value"}
    root.inner = [node for node in root.inner if node.kind != "value" or node.start not in said]
    root.inner += [*events_in(lines), *helped]
    return root


def _form_of_name(path: str) -> str:
    pure = PurePath(path.lower())
    if pure.name in _BY_NAME:
        return _BY_NAME[pure.name]
    if pure.name == ".env" or pure.name.startswith(".env."):
        return "ini"
    return _BY_ENDING.get(pure.suffix, _BY_ENDING.get(pure.name, ""))


def _likely_forms(path: str, lines: Lines, text: str) -> list[str]:
    """Forms that a text seems to have; each is refused by its reader where it doesn't."""
    if looks_like_debian_changelog(lines):
        return ["debian changelog"]
    start = text.lstrip("\ufeff \t\r\n")[:400]
    suffix = PurePath(path).suffix.lower()
    if suffix in _MARKED_UP:
        return []
    forms = [name for name, looks in _BY_LOOKS.items() if looks(PurePath(path).name, lines)]
    if suffix in _OF_OUTPUT:
        forms.append("output")
    if start[:1] == "{" or (start[:1] == "[" and not re.match(r"\[[\w .:\"/-]+\]\s*\n", start)):
        forms += ["json", "jsonl"]
    if start.startswith("<?xml"):
        forms.append("xml")
    if re.match(r"(?:<!--.*?-->\s*)?<(?:!doctype html|html|table|dl|body|div|head)\b", start, re.IGNORECASE):
        forms.append("html")
    elif re.match(r"<[A-Za-z][\w:.-]*[\s/>]", start):
        forms += ["xml", "html"]
    if is_mail(lines):
        forms.append("mail")
    if suffix == ".txt" and looks_like_sql(text):
        forms.append("sql")
    content = [line for line in lines[:400] if line.strip() and line.lstrip()[:1] not in "#;"]
    if looks_like_ip(content):
        forms.append("ip")
    if len(content) > 1:
        forms += _forms_by_lines(content)
        forms += _forms_of_settings(path, content)
    return forms


def _forms_of_settings(path: str, content: Lines) -> list[str]:
    """Directives in braces, in files that are no program; one a line, in files whose names say so."""
    name = PurePath(path).name
    is_settings = _SETTINGS_NAME.fullmatch(name) is not None
    forms = []
    braces = sum(bool(_IN_BRACES.fullmatch(line.strip())) for line in content if len(line) < 2_000)
    if (
        (is_settings or PurePath(path).suffix.lower() in ("", ".txt"))
        and any(line.rstrip().endswith("{") for line in content)
        and (braces >= 0.7 * len(content) or is_settings)
    ):
        forms.append("braces")
    if is_settings:
        forms.append("directives")
    return forms


def _forms_by_lines(content: Lines) -> list[str]:
    forms = ["pairs"] if looks_like_pair_lines(content) else []
    whole = len(content)
    sections = sum(bool(re.fullmatch(r"\s*\[\[?[^\[\]]{1,200}\]\]?\s*", line)) for line in content)
    settings = sum(bool(_SETTING.fullmatch(line)) for line in content)
    if settings + sections >= 0.9 * len(content) or (sections and settings >= 0.5 * len(content)):
        forms += ["toml", "ini"]
    elif sections and not any(line.startswith(("|", "-", "*")) for line in content):
        forms.append("ini")
    content = [line for line in content if line.strip() not in ("---", "...")]
    yaml_lines = sum(bool(_YAML_LINE.fullmatch(line)) for line in content)
    nested = any(line[:1] == " " for line in content) or len(content) < whole
    if (
        yaml_lines >= 0.95 * len(content)
        and nested
        and not any(line.startswith(("* ", "+ ")) for line in content)
    ):
        forms.append("yaml")
    for sign in (",", "\t", ";"):
        if delimiter_of(content) == sign and looks_delimited(content, sign):
            forms.append({",": "csv", "\t": "tsv", ";": "csv"}[sign])
    return forms


def _read(form: str, lines: Lines, text: str) -> Node:
    if form == "json":
        try:
            return read_json(text)
        except NotOfForm:
            return read_json_lines(lines)
    if form == "mail":
        return _mail(lines)
    of_text: dict[str, Callable[[str], Node]] = {
        "yaml": read_yaml,
        "xml": read_xml,
        "html": read_html,
        "braces": read_braces,
        "sql": read_sql,
    }
    of_lines: dict[str, Callable[[Lines], Node]] = {
        "output": read_output,
        "jsonl": read_json_lines,
        "toml": read_toml,
        "ini": read_ini,
        "properties": read_properties,
        "hcl": read_hcl,
        "groovy": read_groovy,
        "lcov": read_lcov,
        "directives": read_directives,
        "pairs": read_pair_lines,
        "ip": read_ip,
        "csv": read_delimited,
        "debian changelog": read_debian_changelog,
        "tsv": lambda given: read_delimited(given, "\t"),
        "psv": lambda given: read_delimited(given, "|"),
    }
    return of_text[form](text) if form in of_text else of_lines[form](lines)


def _mail(lines: Lines) -> Node:
    head, body, places = read_mail(lines)
    if any("<html" in line.lower() or "<body" in line.lower() for line in body[:20]):
        inner = read_html("\n".join(body))
    else:
        inner = page("", body)
    _move(inner, places)
    head.inner.append(Node("body", "object", inner.start, inner.end, inner.value, inner=inner.inner))
    return head


def _move(node: Node, places: Sequence[tuple[int, int]]) -> None:
    waiting = [node]
    while waiting:
        item = waiting.pop()
        item.start = places[min(item.start, len(places)) - 1][0] if places else 1
        item.end = max(item.start, places[min(item.end, len(places)) - 1][1] if places else 1)
        waiting += item.inner


def of_form(word: str, lines: Lines, first: int) -> Node | None:
    """Lines of code in the form that a word names, with their numbers in the page; None if they aren't."""
    form = _BY_WORD.get(word)
    if form is None:
        content = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if content and content[0].lstrip()[:1] in "{[" and not word:
            form = "json"
        elif len(content) > 1 and all(_VARIABLE.fullmatch(line) for line in content):
            form = "ini"
        else:
            return None
    try:
        node = _read(form or word, lines, "\n".join(lines))
    except NotOfForm:
        return None
    waiting = [node]
    while waiting:
        item = waiting.pop()
        item.start, item.end = item.start + first - 1, item.end + first - 1
        for unread in item.unread:
            unread.start, unread.end = unread.start + first - 1, unread.end + first - 1
        waiting += item.inner
    return node


def _as_root(node: Node) -> Node:
    """The document as an object: a list or table at the top is in it without a name."""
    if node.kind == "object":
        return node
    return Node("", "object", node.start, node.end, inner=[node])
