"""HTML: sections by headings, tables, definition lists, lists, paragraphs."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

from mcp_smalltools.tools.extract.structure.node import (
    ALSO,
    MAX_COLUMNS,
    Budget,
    Node,
    NotOfForm,
    table_node,
)
from mcp_smalltools.tools.extract.structure.text.sections import Sections

_HIDDEN: Final = frozenset(("script", "style", "noscript", "template", "svg"))
MAX_OPEN: Final = 50
"""Tags that may be open at once: for each the library goes through the text up to the next `>`."""
_CELLS: Final = frozenset(("td", "th"))
_BLOCKS: Final = frozenset(
    ("p", "li", "dt", "dd", "caption", "h1", "h2", "h3", "h4", "h5", "h6", "title", "div")
)


def read_html(text: str, first_line: int = 1) -> Node:
    """Raises NotOfForm beyond the limits."""
    if any(part.count("<") > MAX_OPEN for part in text.split(">")):
        raise NotOfForm("tags that are not closed")
    reader = _HTMLReader(first_line)
    reader.feed(text)
    reader.close()
    return reader.finished()


class _HTMLTable:
    def __init__(self, line: int) -> None:
        self.line = line
        self.caption = ""
        self.rows: list[
            tuple[int, int, list[str], list[str], list[bool]]
        ] = []  # lines, cells, links, is a name
        self.spans: dict[int, tuple[int, str, str]] = {}

    def node(self) -> Node | None:
        rows = [row for row in self.rows if any(row[2])]
        if not rows:
            return None
        if len(rows[0][2]) == 2 and all(row[4][:1] == [True] and row[4][1:] == [False] for row in rows):
            inner = [Node(r[2][0].rstrip(" :"), "value", r[0], r[1], r[2][1], link=r[3][1]) for r in rows]
            return Node(self.caption, "object", self.line, rows[-1][1], inner=inner)
        names, body = rows[0][2], [row for row in rows[1:] if row[2] != rows[0][2]]
        table = table_node(self.caption, names, [(a, b, cells) for a, b, cells, _, _ in body], self.line)
        for row, (_, _, _, links, _) in zip(table.inner, body, strict=False):
            for item, link in zip(row.inner, links, strict=False):
                item.link = link
        return table


class _HTMLReader(HTMLParser):
    def __init__(self, first_line: int) -> None:
        super().__init__(convert_charrefs=True)
        self._first = first_line
        self._sections = Sections()
        self._tables: list[_HTMLTable] = []
        self._hidden = 0
        self._texts: list[str] = []
        self._link = ""
        self._line = 1
        self._in_cell: list[tuple[bool, int, int]] = []
        self._term: str | None = None
        self._items: list[Node] = []
        self._budget = Budget()

    def _here(self) -> int:
        return self.getpos()[0] + self._first - 1

    def finished(self) -> Node:
        self._end_block("p")
        return self._sections.finished(self._here())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in ("html", "meta", "link"):
            self._of_head(tag, {name: value for name, value in attrs if value})
        elif tag == "table":
            self._end_block("p")
            self._tables.append(_HTMLTable(self._here()))
        elif tag == "tr" and self._tables:
            self._close_cell()
            self._tables[-1].rows.append((self._here(), self._here(), [], [], []))
            self._fill_spans()
        elif tag in _CELLS and self._tables and self._tables[-1].rows:
            self._close_cell()
            given = dict(attrs)
            self._texts, self._link = [], ""
            self._in_cell.append((tag == "th", _count(given.get("colspan")), _count(given.get("rowspan"))))
        elif tag == "br":
            self._texts.append(" ")
        elif tag == "a" and not self._link:
            self._link = dict(attrs).get("href") or ""
        elif tag in _BLOCKS and not self._in_cell:
            self._end_block("p")
            self._line = self._here()
        elif tag in ("ul", "ol") and not self._in_cell:
            self._end_block("p")
            self._end_list()

    def _of_head(self, tag: str, given: dict[str, str]) -> None:
        """What the head of a page says of it: its language, its encoding, `<meta name=... content=...>`."""
        name, value = given.get("name") or given.get("property") or "", given.get("content", "")
        if tag == "html":
            name, value = ALSO.join(("language", "lang", "html lang")), given.get("lang", "")
        elif tag == "link":
            name = ALSO.join(("canonical url", "canonical")) if given.get("rel") == "canonical" else ""
            value = given.get("href", "")
        elif "charset" in given:
            name, value = ALSO.join(("charset", "encoding")), given["charset"]
        if name and value:
            here = self._here()
            self._sections.add(Node(name.replace(":", " "), "value", here, here, value, literal=True))

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _CELLS or tag == "tr":
            self._close_cell()
        elif tag == "table" and self._tables:
            self._close_cell()
            node = self._tables.pop().node()
            if node is not None:
                self._sections.add(node)
        elif tag in _BLOCKS and not self._in_cell:
            self._end_block(tag)
        elif tag in ("ul", "ol") and not self._in_cell:
            self._end_block("li")
            self._end_list()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._texts.append(data)

    def _text(self) -> str:
        text = " ".join("".join(self._texts).split())
        self._texts = []
        return text

    def _close_cell(self) -> None:
        if not self._in_cell or not self._tables or not self._tables[-1].rows:
            self._in_cell = []
            return
        is_name, across, down = self._in_cell.pop()
        table = self._tables[-1]
        start, _, cells, links, names = table.rows[-1]
        text = self._text()
        for _ in range(across):
            if len(cells) >= MAX_COLUMNS:
                break
            self._budget.take()
            if down > 1:
                table.spans[len(cells)] = (down - 1, text, self._link)
            cells.append(text)
            links.append(self._link)
            names.append(is_name)
            self._fill_spans()
        table.rows[-1] = (start, self._here(), cells, links, names)

    def _fill_spans(self) -> None:
        """Cells of rows above that go down into this one."""
        table = self._tables[-1]
        _, _, cells, links, names = table.rows[-1]
        while (held := table.spans.get(len(cells))) is not None:
            left, text, link = held
            if left == 1:
                del table.spans[len(cells)]
            else:
                table.spans[len(cells)] = (left - 1, text, link)
            cells.append(text)
            links.append(link)
            names.append(False)

    def _end_block(self, tag: str) -> None:
        if self._in_cell:
            return
        text, link = self._text(), self._link
        self._link = ""
        if not text:
            return
        here = self._here()
        if tag == "caption" and self._tables:
            self._tables[-1].caption = text
        elif tag[0] == "h" and tag[1:].isdigit():
            self._end_list()
            self._sections.open(text, int(tag[1:]), here)
        elif tag == "dt":
            self._term = text
        elif tag == "dd" and self._term is not None:
            self._sections.add(Node(self._term.rstrip(" :"), "value", self._line, here, text, link=link))
        elif tag == "li":
            self._items.append(Node("", "value", self._line, here, text, link=link))
        elif tag == "title":
            self._sections.add(Node("title", "value", self._line, here, text))
        else:
            self._sections.text(text, self._line, here)

    def _end_list(self) -> None:
        if self._items:
            items, self._items = self._items, []
            self._sections.add(Node("", "list", items[0].start, items[-1].end, inner=items))


def _count(span: str | None) -> int:
    return max(1, min(int(span), 100)) if span and span.isdigit() and len(span) < 5 else 1
