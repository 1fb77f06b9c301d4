"""The documentation as a site: every page can be reached, every link is right, no other host is asked."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from documentation import REPOSITORY, text_of

if not importlib.util.find_spec("material"):
    pytest.skip("mkdocs-material is not installed: pip install -e '.[docs]'", allow_module_level=True)

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
"""What a browser fetches when it shows a page."""


@dataclass
class Seen(HTMLParser):
    """What a page links to, loads and is made of."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    prose: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._code += tag in {"code", "pre", "script", "style"}
        self.names.add(found.get("id", ""))
        self.classes |= set(found.get("class", "").split())
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in LOADED and LOADED[tag] in found and found.get("rel") not in {"canonical", "prev", "next"}:
            self.loads.append(found[LOADED[tag]])

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"code", "pre", "script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.prose.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


@cache
def seen(page: Path) -> Seen:
    found = Seen()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def pages(site: Path) -> list[Path]:
    return sorted(page for page in site.rglob("*.html") if page.name != "404.html")


def inner_links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files of the site that a page links to, and the place in them."""
    for link in seen(page).links:
        parts = urlsplit(link)
        if not parts.scheme and not parts.netloc:
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            yield (target / "index.html" if target.is_dir() else target), unquote(parts.fragment)


def test_every_page_can_be_reached_from_the_first(site: Path) -> None:
    reached, todo = set(), [site / "index.html"]
    while todo:
        page = todo.pop()
        if page not in reached and page.suffix == ".html":
            reached.add(page)
            todo += [target for target, _ in inner_links(page)]
    assert len(reached) > 30
    assert [page.name for page in pages(site) if page not in reached] == []


def test_every_page_of_the_documentation_is_in_the_navigation(site: Path) -> None:
    navigation = text_of(REPOSITORY / "mkdocs.yml").partition("\nnav:\n")[2]
    docs = REPOSITORY / "docs"
    named = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    assert {name for name in named if f": {name}\n" not in navigation} == set()


def test_a_link_in_the_site_leads_to_something_that_is_there(site: Path) -> None:
    broken = [
        (page.relative_to(site).as_posix(), target.name, place)
        for page in pages(site)
        for target, place in inner_links(page)
        if not target.is_file() or (place and target.suffix == ".html" and place not in seen(target).names)
    ]
    assert broken == []


def test_a_reader_of_the_site_asks_no_other_host_for_anything(site: Path) -> None:
    loaded = {address for page in site.rglob("*.html") for address in seen(page).loads}
    assert len(loaded) > 3
    assert {address for address in loaded if urlsplit(address).netloc} == set()
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import\s+)[\"']?(?:https?:)?//[^)\s]+", styles) == []
    # The theme's own script would fetch these: a painter of diagrams, and figures of a repository.
    asked_for = {"mermaid", "md-source__repository", "md-source"}
    assert {name for page in pages(site) for name in seen(page).classes & asked_for} == set()


def test_no_page_shows_the_marks_of_its_source(site: Path) -> None:
    """What a forge takes for a list or a table, the site has to take for one, too."""
    shown = [
        (page.relative_to(site).as_posix(), text.strip()[:60])
        for page in pages(site)
        for text in seen(page).prose
        if re.search(r"^ *(?:[-*] |\|.*\|$|#+ )|\*\*|\]\(", text, re.MULTILINE)
    ]
    assert shown == []


def test_the_first_pages_figures_are_those_that_were_measured() -> None:
    first, hooks = (text_of(REPOSITORY / "docs" / name) for name in ("index.md", "hooks.md"))
    shares = re.findall(r'class="share">(\d+%)<', first)
    assert shares == re.findall(r'style="width: (\d+%)"', first)
    (row,) = re.findall(
        r"^\| (72 of more than 30,000 characters), (38 projects) \| (\d+%) \| (\d+%) \|", hooks, re.M
    )
    assert shares == list(row[2:]) and "72 real failing CI logs" in first and row[1] in first
    assert "such a line in 71 of 100" in hooks and "of 100 logs" in first and "such a line in 71." in first
