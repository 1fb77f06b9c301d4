"""The whole parse as JSON lines: one object for every line of the file, in its order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.lines.layouts import LineLayout
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.parameters import TemplateMatcher
from mcp_smalltools.logs.templates.columns import message_of
from mcp_smalltools.logs.templates.parsed_log import ParsedLog, ParsedTemplate
from mcp_smalltools.tools.parse_log.report import Scrub

if TYPE_CHECKING:
    from mcp_smalltools.stores.exports import OutputFile
    from mcp_smalltools.tools.base import StopSignal

_KNOWN_TEMPLATES = 5_000
_CHANGED_SINCE = '"template_id": null, "template": null, "variables": null'


class Exporter:
    """Writes lines with their final templates. `texts` gives each template's text as it may leave; without
    `scrub` no value leaves at all.
    """

    def __init__(self, log: ParsedLog, table: LineTable, texts: dict[int, str], scrub: Scrub | None) -> None:
        self._log = log
        self._table = table
        self._scrub = scrub
        self._texts = texts
        self._slots: dict[int, tuple[TemplateMatcher, str]] = {}

    def write(self, blocks: Iterable[Block], output: OutputFile, stop: StopSignal, last_line: int) -> int:
        """Write lines up to `last_line`; returns how many."""
        written = 0
        for block in blocks:
            stop.check()
            lines = block.lines(range(min(len(block), last_line - block.first + 1)))
            self._write_block(output, block.first, lines)
            written += len(lines)
            if block.first + len(block) > last_line:
                break
        return written

    def _write_block(self, output: OutputFile, first: int, lines: list[str]) -> None:
        rows = []
        for number, (line, layout) in enumerate(
            zip(lines, self._table.layouts_of(lines), strict=True), first
        ):
            template = self._log.template_of(layout.line_type.shape)
            if template is None:
                rows.append(f'{{"line": {number}, {_CHANGED_SINCE}}}\n')
                continue
            slots, head = self._of(template)
            values = self._values(slots, line, layout)
            variables = (
                "null" if values is None else json.dumps(values, ensure_ascii=False) if values else "[]"
            )
            rows.append(f'{{"line": {number}, {head}, "variables": {variables}}}\n')
        output.write("".join(rows))

    def _values(self, slots: TemplateMatcher, line: str, layout: LineLayout) -> list[str] | None:
        """The values of a line; null where masking changed the line beyond its template."""
        if not slots.count:
            return []
        if self._scrub is None:
            return None
        at, columns = layout.content_at, layout.line_type.columns
        scrubbed = self._scrub(line)
        content = line[at:] if scrubbed == line and at is not None else read_line(scrubbed).content
        values = slots.values(message_of(content, columns))
        if values is None and at is not None and scrubbed != line:
            values = slots.values(message_of(self._scrub(line[at:]), columns))
        return values

    def _of(self, template: ParsedTemplate) -> tuple[TemplateMatcher, str]:
        known = self._slots.get(template.id)
        if known is None:
            if len(self._slots) >= _KNOWN_TEMPLATES:
                self._slots.clear()
            text = json.dumps(
                self._texts.get(template.id, template.text).replace(VAR, "<*>"), ensure_ascii=False
            )
            known = self._slots[template.id] = (
                TemplateMatcher(template.text),
                f'"template_id": {template.id}, "template": {text}',
            )
        return known
