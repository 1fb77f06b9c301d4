"""What the site needs besides the pages in this folder (a hook of MkDocs, named in mkdocs.yml).

The pages link to each other by paths in the repository, so that they can be read on a forge and in an editor.
Here the pages outside of this folder that one of them links to are put under `project/`, and the links are
turned. The figures on real input are a section of the README; the site shows them as a page of their own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).resolve().parents[1]
FIGURES = "numbers.md"
"""The page of the site that is the section "Numbers" of the README."""
STARTS = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "models/LOG.md")
_LINK = re.compile(r"(\[(?:[\w/.-]+\.md|README))?(\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?(\))")
_LIST_IN_TEXT = re.compile(r"^([^-*|#>\s].*)\n(?=- )", re.MULTILINE)
"""The end of a paragraph right before a list, which is a list on a forge and none in the site."""
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files of the repository that pages link to, and the figures."""
    text = figures()
    files.append(File.generated(config, FIGURES, content=text))
    todo = [f"docs/{file.src_uri}" for file in files.documentation_pages() if file.src_uri != FIGURES]
    todo += [*STARTS, *targets("README.md", text)]
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        if path in seen or path == "README.md":
            continue
        seen.add(path)
        if not path.startswith("docs/"):
            files.append(File.generated(config, site_path(path), abs_src_path=str(REPOSITORY / path)))
        if path.endswith(".md"):
            todo += targets(path, (REPOSITORY / path).read_text(encoding="utf-8"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links by paths in the repository into links of the site."""
    place = page.file.src_uri
    origin = "README.md" if place == FIGURES else repository_path(place)

    def turned(link: re.Match[str]) -> str:
        target, anchor = resolved(origin, link[3]), link[4] or ""
        to = posixpath.relpath(site_path(target, anchor), posixpath.dirname(place) or ".")
        name = f"[{title_of(target, anchor)}" if link[1] else ""
        return f"{name}{link[2]}{to}{anchor}{link[5]}"

    return _LIST_IN_TEXT.sub(r"\1\n\n", outside_code(markdown, lambda text: _LINK.sub(turned, text)))


def figures() -> str:
    """The section "Numbers" of the README as a page."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", readme.split("\n## Numbers\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return "# How good it is\n" + re.sub(r"^#(#+ )", r"\1", section, flags=re.MULTILINE)


def title_of(path: str, anchor: str) -> str:
    """What a page is called: the site names no files."""
    if path == "README.md":
        return "how good it is" if anchor else "the first page"
    heading = re.search(r"^# (.+)$", (REPOSITORY / path).read_text(encoding="utf-8"), re.MULTILINE)
    return heading[1] if heading else path


def targets(page: str, text: str) -> list[str]:
    """The files of the repository that a page links to."""
    found: list[str] = []
    outside_code(text, lambda part: _LINK.sub(lambda link: found.append(link[3]) or "", part))
    return [path for link in found if (REPOSITORY / (path := resolved(page, link))).is_file()]


def resolved(page: str, link: str) -> str:
    """The path in the repository that a page's link leads to; of a folder, its README."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    return f"{path}/README.md" if (REPOSITORY / path / "README.md").is_file() else path


def repository_path(place: str) -> str:
    """The path in the repository of what is at a place in the site."""
    name = place.removeprefix("project/")
    return ("LICENSE" if name == "LICENSE.md" else name) if name != place else f"docs/{place}"


def site_path(path: str, anchor: str = "") -> str:
    """The place in the site of a path in the repository."""
    if path == "README.md":
        return FIGURES if anchor else "index.md"
    inside = path.removeprefix("docs/")
    return inside if inside != path else "project/" + ("LICENSE.md" if path == "LICENSE" else path)


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with `change` made to everything but code."""
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [change(text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, change(text[at:])])
