"""Markdown, reStructuredText and plain text: sections, tables, lists, named values, code in a known form."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import Node, NotOfForm
from mcp_smalltools.tools.extract.structure.tables.aligned import TAIL, TOTALS, is_ruler, read_aligned
from mcp_smalltools.tools.extract.structure.tables.marked import (
    is_alignment,
    is_grid_rule,
    is_piped,
    is_simple_rule,
    marked_table,
    read_piped,
    read_simple,
    unboxed,
)
from mcp_smalltools.tools.extract.structure.text.bullets import BULLET, read_bullets
from mcp_smalltools.tools.extract.structure.text.html_text import read_html
from mcp_smalltools.tools.extract.structure.text.inline import plain
from mcp_smalltools.tools.extract.structure.text.label_rows import find_label_row, read_label_row
from mcp_smalltools.tools.extract.structure.text.repeated_lines import named_rows, rows_of_pairs
from mcp_smalltools.tools.extract.structure.text.sections import Sections
from mcp_smalltools.tools.extract.structure.text.text_lines import read_pairs, read_times, values_in

OfForm = Callable[[str, Sequence[str], int], Node | None]
"""Reads lines whose form a word names (`yaml`), the first of them with this number; None if it can't."""

_ATX: Final = re.compile(r"\s{0,3}(#{1,6})\s++(\S.*?)\s*+(?:(?<=\s)#+\s*+)?")
_UNDERLINE: Final = re.compile(r"\s{0,3}([=\-~^\"'*+#.:_`])\1{2,}\s*+")
_FENCE: Final = re.compile(r"\s*+(`{3,}|~{3,})\s*+([\w+.-]*)(.*)")
_FIELD: Final = re.compile(r"\s*+:([^\s:][^:\n]{0,60}):(?:\s++(\S.*))?")
_DIRECTIVE: Final = re.compile(r"(\s*+)\.\.\s++([\w:-]{1,40})::\s*+(.*)")
_MYST: Final = re.compile(r"\s*+(`{3,}|:{3,}+)\{(list-table|csv-table)\}\s*+(.*)")
_PROMPT: Final = re.compile(r"\s*+(?:[$%>❯]|[\w.@~:/\[\] -]{0,60}[$#]|PS [^>\n]{0,60}>)\s++\S")
_HTML: Final = re.compile(r"\s*+<(table|dl)\b", re.IGNORECASE)
_WIDE: Final = re.compile(r"\S\s{2,}\S|\t")
_CAPITALS: Final = re.compile(r"[A-Z][A-Z0-9 &/,()-]{2,50}:?")
_RELEASE: Final = re.compile(
    r"(?:[A-Za-z][\w-]{0,30} )?[vV]?\d+\.\d+[\w.+-]{0,30}[ (,:/-]{1,4}.{0,30}\d{4}[-/.]\d\d?[-/.]\d\d?.{0,20}"
    r"|\d{4}-\d\d-\d\d  .{1,80}"
)
"""A line that opens a release: a version with a date, or a date with who made a change."""
_TITLED_VERSION: Final = re.compile(
    r"(?P<version>[vV]?\d+\.\d[\w.+-]{0,30}) ?[—–:-] (?P<title>[^\W\d].{2,150})"
)
"""The heading of a release with what it is called: `v2.6.0 — A second provider`."""
_TERM_CHARS: Final = 70
"""Characters of a term that is defined in the lines under it."""
_GAP: Final = re.compile(r"\s{2,}|\t+")
_FEW_ABOVE: Final = 2
"""Lines of other text above the names of a table's columns, whatever the table."""
_MOST_ABOVE: Final = 16
_MANY_COLUMNS: Final = 3
_LEAST_UNDER: Final = 4
"""Columns and lines of a table that is looked for below more lines of other text."""
_MOST_LABELLED: Final = 10
_LOOKED_AHEAD: Final = 200
"""Lines after names in which rows are looked for across blank lines."""


def read_page(lines: Sequence[str], of_form: OfForm, *, markdown: bool = True) -> Node:
    """The page as a tree. Raises NotOfForm beyond the limits."""
    return _PageReader(lines, of_form, markdown).read()


class _PageReader:
    def __init__(self, lines: Sequence[str], of_form: OfForm, markdown: bool) -> None:
        self._lines = lines
        self._of_form = of_form
        self._markdown = markdown
        self._sections = Sections()
        self._marks: list[str] = []  # of reST headings, in the order of their levels
        self._stanza: Node | None = None
        self._release_level = 0

    def read(self) -> Node:
        at = self._front_matter()
        while at < len(self._lines):
            if not self._lines[at].strip():
                at += 1
                continue
            at = max(at + 1, self._part(at))
        return self._sections.finished(len(self._lines))

    def _part(self, at: int) -> int:
        """Read what begins at a line; the index after it."""
        for reader in (
            *(
                self._myst_table,
                self._fence,
                self._directive,
                self._heading,
                self._html,
                self._simple,
                self._piped,
            ),
            *(self._times, self._bullets),
        ):
            after = reader(at)
            if after is not None:
                return after
        return self._block(at)

    def _front_matter(self) -> int:
        lines = self._lines
        if not lines or lines[0].strip() not in ("---", "+++"):
            return 0
        mark = lines[0].strip()
        for at in range(1, min(len(lines), 300)):
            if lines[at].strip() in (mark, "..." if mark == "---" else mark):
                node = self._of_form("yaml" if mark == "---" else "toml", lines[1:at], 2)
                if node is not None:
                    self._sections.add(node)
                    return at + 1
                return 0
        return 0

    def _fence(self, at: int) -> int | None:
        match = _FENCE.fullmatch(self._lines[at])
        if match is None or "`" in match[3]:
            return None
        end = at + 1
        while end < len(self._lines) and not self._lines[end].strip().startswith(match[1]):
            end += 1
        self._code(match[2].lower(), self._lines[at + 1 : end], at + 2)
        return end + 1

    def _code(self, word: str, lines: Sequence[str], first: int) -> None:
        node = self._of_form(word, lines, first)
        if node is not None:
            node.name = node.name or (self._sections.lead if node.kind == "list" else "")
            self._sections.add(node)
            return
        at = 0
        while at < len(lines):
            if not lines[at].strip() or _PROMPT.match(lines[at]):
                at += 1
                continue
            end = at
            while end < len(lines) and lines[end].strip() and (end == at or not _PROMPT.match(lines[end])):
                end += 1
            block = [(first + k, lines[k]) for k in range(at, end)]
            if all(is_piped(unboxed(line)) or is_grid_rule(unboxed(line)) for _, line in block):
                self._table(read_piped([(n, unboxed(line)) for n, line in block]))
            elif self._aligned_in(block, at) is None:
                pairs = read_pairs(block)
                if pairs and len(pairs) >= 0.7 * len(block):
                    self._sections.add(Node("", "object", block[0][0], block[-1][0], inner=pairs))
            at = end

    def _table(self, node: Node | None) -> bool:
        if node is not None:
            self._sections.add(node)
        return node is not None

    def _directive(self, at: int) -> int | None:
        match = _DIRECTIVE.fullmatch(self._lines[at])
        if match is None:
            return None
        end = at + 1
        while end < len(self._lines) and (
            not self._lines[end].strip() or _indent(self._lines[end]) > len(match[1])
        ):
            end += 1
        body = [(n + 1, self._lines[n]) for n in range(at + 1, end)]
        options = [line for _, line in body if re.match(r"\s+:[\w-]+:", line)]
        content = [(n, line) for n, line in body if line.strip() and line not in options]
        if match[2] == "list-table":
            self._table(_list_table(match[3], content))
        elif match[2] == "csv-table":
            head = next((o.split(":", 2)[2].strip() for o in options if ":header:" in o), None)
            self._csv_table(match[3], head, content)
        elif match[2] in ("code-block", "code", "sourcecode", "parsed-literal"):
            lines = [line for _, line in body]
            margin = min((_indent(line) for _, line in content), default=0)
            self._code(match[3].strip().lower(), [line[margin:] for line in lines], at + 2)
        elif match[2] in ("table",):
            return at + 1
        return end

    def _myst_table(self, at: int) -> int | None:
        """A table as a directive of MyST: between fences, with options as reST has them or as YAML."""
        match = _MYST.fullmatch(self._lines[at])
        if match is None:
            return None
        end = at + 1
        while end < len(self._lines) and not self._lines[end].strip().startswith(match[1]):
            end += 1
        body = [(n + 1, self._lines[n]) for n in range(at + 1, end) if self._lines[n].strip()]
        if body and body[0][1].strip() == "---":
            closing = next((k for k, (_, line) in enumerate(body[1:], 1) if line.strip() == "---"), 0)
            body = body[closing + 1 :]
        options = [line for _, line in body if re.match(r"\s*:[\w-]+:", line)]
        content = [(n, line) for n, line in body if line not in options]
        if match[2] == "list-table":
            self._table(_list_table(match[3], content))
        else:
            head = next((o.split(":", 2)[2].strip() for o in options if ":header:" in o), None)
            self._csv_table(match[3], head, content)
        return end + 1

    def _csv_table(self, name: str, head: str | None, content: Sequence[tuple[int, str]]) -> None:
        lines = [line.strip() for _, line in content]
        if head is not None:
            lines = [head, *lines]
        first = (content[0][0] if content else 1) - (head is not None)
        node = self._of_form("csv", lines, first)
        if node is not None:
            node.name = name
            self._sections.add(node)

    def _heading(self, at: int) -> int | None:
        line = self._lines[at]
        if self._markdown and (match := _ATX.fullmatch(line)) and len(line) < 400:
            self._open(match[2], self._level_of(match[2], len(match[1])), at)
            return at + 1
        following = self._lines[at + 1] if at + 1 < len(self._lines) else ""
        over = _UNDERLINE.fullmatch(line)
        if over and following.strip() and at + 2 < len(self._lines):
            under = _UNDERLINE.fullmatch(self._lines[at + 2])
            if under and under[1] == over[1] and not _UNDERLINE.fullmatch(following):
                self._open(following.strip(), self._level(over[1] * 2), at)
                return at + 3
        under = _UNDERLINE.fullmatch(following) if following else None
        if (
            under
            and not over
            and "|" not in line
            and len(line.strip()) < 200
            and len(following.strip()) >= min(3, len(line.strip()))
            and not (at and self._lines[at - 1].strip() and not _UNDERLINE.fullmatch(self._lines[at - 1]))
            and not BULLET.match(line)
            and not self._is_table_head(at)
        ):
            level = self._level(under[1]) if not self._markdown else 1 if under[1] == "=" else 2
            self._open(line.strip(), level, at)
            return at + 2
        if (
            _RELEASE.fullmatch(line)
            and not (at and self._lines[at - 1].strip())
            and not following.strip()
            and (line[4] == "-" or not _WIDE.search(line[12:]))
        ):
            self._open(line.strip(), 2, at)
            return at + 1
        if not self._markdown and _CAPITALS.fullmatch(line.rstrip()) and self._opens_section(at):
            self._open(line.strip().rstrip(":"), 1, at)
            return at + 1
        return None

    def _level_of(self, heading: str, level: int) -> int:
        """Releases stand beside each other, whatever their headings say: major ones may have a larger one."""
        if not _RELEASE.fullmatch(plain(heading)[0]):
            return level
        self._release_level = self._release_level or level
        return self._release_level

    def _is_table_head(self, at: int) -> bool:
        """Whether names of columns stand over the dashes: wide gaps, and rows right under them."""
        if not _WIDE.search(self._lines[at].strip()):
            return False
        return at + 2 < len(self._lines) and bool(_WIDE.search(self._lines[at + 2].strip()))

    def _opens_section(self, at: int) -> bool:
        before = self._lines[at - 1].strip() if at else ""
        after = self._lines[at + 1] if at + 1 < len(self._lines) else ""
        return (
            not before and (_indent(after) > 0 or not after.strip()) and "  " not in self._lines[at].strip()
        )

    def _level(self, mark: str) -> int:
        if mark not in self._marks:
            self._marks.append(mark)
        return self._marks.index(mark) + 1

    def _open(self, heading: str, level: int, at: int) -> None:
        text, link = plain(heading)
        self._sections.open(text, level, at + 1)
        if (match := _TITLED_VERSION.fullmatch(text)) is not None:
            for name in ("version", "title"):
                self._sections.add(Node(name, "value", at + 1, at + 1, match[name], exact=False))
        self._sections.here.link = link
        self._stanza = None

    def _html(self, at: int) -> int | None:
        match = _HTML.match(self._lines[at])
        if match is None:
            return None
        closing = f"</{match[1].lower()}>"
        end = at
        while end < len(self._lines) and closing not in self._lines[end].lower():
            end += 1
        try:
            node = read_html("\n".join(self._lines[at : end + 1]), at + 1)
        except NotOfForm:
            return None
        for item in node.inner:
            self._sections.add(item)
        return end + 1

    def _simple(self, at: int) -> int | None:
        if not is_simple_rule(self._lines[at]):
            return None
        end, rules = at + 1, 1
        while end < len(self._lines) and rules < 3:
            blank = not self._lines[end].strip()
            if is_simple_rule(self._lines[end]):
                rules += 1
            elif blank and rules == 2 and (end + 1 >= len(self._lines) or not self._lines[end + 1].strip()):
                break
            end += 1
            if rules == 2 and (end >= len(self._lines) or not self._lines[end].strip()):
                ahead = end
                while (
                    ahead < len(self._lines)
                    and ahead < end + _LOOKED_AHEAD
                    and not is_simple_rule(self._lines[ahead])
                ):
                    ahead += 1
                if ahead >= len(self._lines) or not is_simple_rule(self._lines[ahead]):
                    break
        margin = _indent(self._lines[at])
        rows = [(n + 1, self._lines[n][margin:]) for n in range(at, end)]
        return end if self._table(read_simple(rows)) else None

    def _piped(self, at: int) -> int | None:
        first = unboxed(self._lines[at])
        if not (is_piped(first) or is_grid_rule(first)):
            return None
        rows: list[tuple[int, str]] = []
        end = at
        while end < len(self._lines):
            line = unboxed(self._lines[end])
            if not (is_piped(line) or is_grid_rule(line) or is_alignment(line)):
                break
            rows.append((end + 1, line))
            end += 1
        ruled = any(is_alignment(line) or is_grid_rule(line) for _, line in rows)
        if len(rows) < 2 or (not ruled and not first.strip().startswith("|")):
            return None
        return end if self._table(read_piped(rows)) else None

    def _times(self, at: int) -> int | None:
        if not re.match(r"\s*+(?:[-*+•]\s++)?[\[*`]{0,2}\d", self._lines[at]):
            return None
        node = read_times(self._until_blank(at))
        if node is None:
            return None
        node.name = self._sections.lead or node.name
        self._sections.add(node)
        return node.end

    def _until_blank(self, at: int) -> list[tuple[int, str]]:
        rows = []
        while at < len(self._lines) and self._lines[at].strip():
            rows.append((at + 1, self._lines[at]))
            at += 1
        return rows

    def _bullets(self, at: int) -> int | None:
        if not BULLET.match(self._lines[at]):
            return None
        node, end = read_bullets(self._lines, at)
        pairs = [self._pair_of(item) for item in node.inner]
        named = [pair for pair in pairs if pair is not None]
        if len(named) >= 0.6 * len(pairs) and len({pair.name for pair in named}) == len(named):
            name = self._sections.lead
            self._sections.add(Node(name, "object", node.start, node.end, inner=named))
        if len(named) < len(pairs) or len(pairs) > 1:
            self._sections.add(node)
        return end

    @staticmethod
    def _pair_of(item: Node) -> Node | None:
        names = [part for part in item.inner if part.name == "name" and part.kind == "value"]
        texts = [part for part in item.inner if part.name == "" and part.kind == "value"]
        if not names or not texts:
            return None
        value = texts[0]
        return Node(str(names[0].value), "value", item.start, item.end, value.value, link=item.link)

    def _label_rows(self, rows: Sequence[tuple[int, str]]) -> int:
        """Read labels over their values, where a block begins with them, and those further down. Gives
        the number of lines that were read; 0 where the block begins with something else.
        """
        read = 0
        while (place := find_label_row(rows[read:])) is not None and (read or not place):
            labels, values = rows[read + place : read + place + 2]
            if (node := read_label_row(labels, values)) is None:
                break
            self._sections.add(node)
            read += place + 2
        return read

    def _block(self, at: int) -> int:
        rows: list[tuple[int, str]] = []
        end = at
        while end < len(self._lines) and self._lines[end].strip():
            if end > at and self._begins_other(end):
                break
            rows.append((end + 1, self._lines[end]))
            end += 1
        if read := self._label_rows(rows):
            return at + read
        if (place := find_label_row(rows)) is not None:
            if (after := self._aligned_in(rows, at)) is not None:
                return after
            rows, end = rows[:place], at + place
        if self._repeated(rows):
            return end
        if self._fields(rows) or (not self._markdown and len(rows) > 1 and self._definitions(rows)):
            return end
        if (after := self._aligned_in(rows, at)) is not None:
            return after
        pairs = read_pairs(rows)
        if pairs is not None and (len(pairs) >= 0.4 * len(rows) or len(pairs) > 2):
            self._add_pairs(pairs, rows)
            return end
        for item in pairs or []:
            self._sections.add(item)
        text = (
            plain("\n".join(line.strip() for _, line in rows))[0]
            if len(rows) == 1
            else "\n".join(plain(line)[0] for _, line in rows)
        )
        if not pairs:
            self._sections.text(text, rows[0][0], rows[-1][0])
        elif len(text) < 120 and text.endswith(":"):
            self._sections.lead = text.rstrip(" :")
        return end

    def _repeated(self, rows: Sequence[tuple[int, str]]) -> bool:
        """Lines of one shape, under a line that leads to them."""
        found = rows_of_pairs(rows)
        skip, node = found if found is not None else (0, None)
        for above in (0, 1) if node is None else ():
            if len(rows) > above and (node := named_rows(rows[above:])) is not None:
                skip = above
                break
        if node is None:
            return False
        for _, line in rows[:skip]:
            self._sections.lead = line.strip().rstrip(" :")
        self._sections.add(node)
        return True

    def _begins_other(self, at: int) -> bool:
        line = self._lines[at]
        return bool(
            (self._markdown and _ATX.fullmatch(line))
            or (_FENCE.fullmatch(line))
            or (BULLET.match(line) and not _WIDE.search(line.strip()[4:]))
            or is_simple_rule(line)
            or (is_grid_rule(unboxed(line)))
            or (line.lstrip().startswith("|") and line.rstrip().endswith("|"))
        )

    def _fields(self, rows: Sequence[tuple[int, str]]) -> bool:
        """A field list of reST: `:name: value`."""
        matches = [(n, _FIELD.fullmatch(line)) for n, line in rows]
        if not matches or matches[0][1] is None:
            return False
        for number, match in matches:
            if match is not None and match[2]:
                text, link = plain(match[2])
                self._sections.add(Node(match[1], "value", number, number, text, link=link))
        return True

    def _aligned_in(self, rows: list[tuple[int, str]], at: int) -> int | None:
        """A table in a block, after lines of other text, such as a legend; the index after it."""
        for skip in range(min(_MOST_ABOVE, len(rows))):
            head = rows[skip][1]
            ruled = skip + 1 < len(rows) and is_ruler(rows[skip + 1][1])
            if skip > _FEW_ABOVE and (ruled or not _is_wide_head(head) or len(rows) - skip < _LEAST_UNDER):
                continue
            if not _WIDE.search(head.strip()) and not ruled and not _is_upper_head(head):
                continue
            if _PROMPT.match(head) and not _is_upper_head(head.replace("#", " ").strip()):
                continue
            part, tail = _without_totals(rows[skip:])
            node = read_aligned(part) if len(part) > 1 else None
            if node is not None:
                node = _without_tail(node)
            if node is None and len(re.split(r"\s{2,}|\t+", head.strip())) > 2 and len(part) <= 3:
                spread = self._spread(part[0])
                if spread is not None:
                    self._sections.add(spread)
                    return self._after_spread(spread, at)
            if node is not None:
                for number, line in rows[:skip]:
                    for item in values_in(number, line):
                        self._sections.add(item)
                    if line.rstrip().endswith(":"):
                        self._sections.lead = line.strip().rstrip(":")
                self._sections.add(node)
                for item in (*_labelled_rows(node), *tail):
                    self._sections.add(item)
                return at + len(rows)
        return None

    def _definitions(self, rows: Sequence[tuple[int, str]]) -> bool:
        """Terms, each with indented lines that say what it means, as under OPTIONS of a manual."""
        margin = _indent(rows[0][1])
        found: list[Node] = []
        for number, line in rows:
            text = line.strip()
            if _indent(line) <= margin:
                if len(text) > _TERM_CHARS or text.endswith((".", ":", ",")) or ": " in text:
                    return False
                if _indent(line) < margin:
                    return False
                found.append(Node(text, "value", number, number, ""))
            else:
                found[-1].value = f"{found[-1].value} {text}".strip()
                found[-1].end = number
        if not found or not all(item.value for item in found):
            return False
        for item in found:
            self._sections.add(item)
        return True

    def _spread(self, head: tuple[int, str]) -> Node | None:
        """A table whose rows stand apart, such as on an invoice: rows are the lines that fill two columns."""
        texts = re.split(r"\s{2,}|\t+", head[1].strip())
        if any(re.search(r"\d", cell) for cell in texts) or any(cell.endswith(":") for cell in texts):
            return None
        rows = [head]
        for at in range(head[0], min(len(self._lines), head[0] + _LOOKED_AHEAD)):
            line = self._lines[at]
            cells = re.split(r"\s{2,}|\t+", line.strip())
            if TOTALS.match(line.strip()):
                break
            if len(cells) >= max(2, len(texts) - 1) and not cells[0].endswith(":"):
                rows.append((at + 1, line))
        return read_aligned(rows) if len(rows) > 1 else None

    def _after_spread(self, node: Node, at: int) -> int:
        """Its rows are read; what stands between them is read for its own values."""
        taken = {item.start for item in node.inner}
        for n in range(at + 1, node.end):
            if n + 1 not in taken and self._lines[n].strip():
                for item in values_in(n + 1, self._lines[n]):
                    item.exact = False
        return node.end

    def _add_pairs(self, pairs: list[Node], rows: Sequence[tuple[int, str]]) -> None:
        """Named values; blocks that begin with the same name are the rows of a list."""
        here = self._sections.here
        block = Node("", "object", rows[0][0], rows[-1][0], inner=pairs)
        if len(pairs) < 2 or len({item.name for item in pairs}) < len(pairs):
            self._stanza = None
            self._sections.add(block)
            return
        held = self._stanza
        if held is not None and held.kind == "list" and held.inner[0].inner[0].name == pairs[0].name:
            held.inner.append(block)
            held.end = block.end
        elif held is not None and held.kind == "object" and held.inner[0].name == pairs[0].name:
            taken = set(map(id, held.inner))
            here.inner = [item for item in here.inner if id(item) not in taken]
            stanzas = Node("", "list", held.start, block.end, inner=[held, block], is_table=True)
            here.inner.append(stanzas)
            self._stanza = stanzas
        else:
            self._sections.add(Node("", "object", block.start, block.end, inner=list(pairs)))
            self._stanza = block


def _without_totals(rows: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], list[Node]]:
    """The lines of a table without those at its end that sum it up, and these as named values."""
    tail: list[Node] = []
    end = len(rows)
    while end > 2 and (match := TAIL.fullmatch(rows[end - 1][1])) is not None:
        number = rows[end - 1][0]
        tail.insert(0, Node(match["name"].strip(), "value", number, number, match["value"]))
        end -= 1
    return rows[:end], tail


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_wide_head(line: str) -> bool:
    cells = _GAP.split(line.strip())
    return len(cells) >= _MANY_COLUMNS and not any(char.isdigit() for char in line)


def _is_upper_head(line: str) -> bool:
    words = line.split()
    if len(words) >= 2 and all(word.upper() == word and word[0].isalpha() for word in words):
        return True
    return 4 <= len(words) <= 20 and all(w[0].isupper() or w[0].isdigit() or w == "on" for w in words)


def _labelled_rows(node: Node) -> list[Node]:
    """The rows of a table under their labels as objects too: the total of `Mem:` is a total of memory."""
    names = [item.name for item in node.inner[0].inner]
    if names[:2] != ["name", "total"] or len(node.inner) > _MOST_LABELLED:
        return []
    return [
        Node(str(row.inner[0].value), "object", row.start, row.end, inner=row.inner[1:]) for row in node.inner
    ]


def _without_tail(node: Node) -> Node | None:
    """Without the totals at its end."""
    while node.inner and TOTALS.match(
        str(node.inner[-1].inner[0].value or next((i.value for i in node.inner[-1].inner if i.value), ""))
    ):
        node.inner.pop()
    return node if node.inner else None


def _list_table(name: str, content: Sequence[tuple[int, str]]) -> Node | None:
    rows: list[tuple[int, int, list[str]]] = []
    for number, line in content:
        if match := re.match(r"\s*\*\s+-\s?(.*)", line):
            rows.append((number, number, [match[1].strip()]))
        elif rows and (match := re.match(r"\s+-(?:\s(.*)|$)", line)):
            held = rows[-1]
            rows[-1] = (held[0], number, [*held[2], (match[1] or "").strip()])
        elif rows:
            held = rows[-1]
            rows[-1] = (held[0], number, [*held[2][:-1], f"{held[2][-1]} {line.strip()}".strip()])
    if len(rows) < 2:
        return None
    table = marked_table(rows[0][2], rows[1:], rows[0][0], [])
    if table is not None:
        table.name = name
    return table


__all__ = ["NotOfForm", "read_page"]
