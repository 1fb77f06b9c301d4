"""Records over several lines: each is one, its lines keep their numbers, wherever the log is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_programs import program_logs
from test_parse_log_honest import Parse, parse

from mcp_smalltools.logs.folding.fold_blocks import RecordFolder, form_of
from mcp_smalltools.logs.headers.folded_fields import FOLD
from mcp_smalltools.logs.keys.block import Block

__all__ = ["parse"]
FOLDED = {
    form.name: form.lines for form in program_logs() if form_of(Block.of(1, form.lines * 3)) is not None
}
PRETTY = json.dumps(
    [
        {
            "timestamp": f"2026-03-04T09:15:{n:02}Z",
            "level": "error" if n == 7 else "info",
            "message": f"order {n}",
        }
        for n in range(20)
    ],
    indent=2,
)


def folded(lines: list[str], sizes: list[int]) -> list[tuple[int, str]]:
    """Numbers and lines after folding a log that is read in blocks of these sizes, in turns."""
    folder = RecordFolder(form_of(Block.of(1, lines)))
    blocks, at = [], 0
    while at < len(lines):
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(Block.of(at + 1, lines[at : at + size]))
        at += size
    return [
        (block.first + place, block.line(place))
        for block in folder.blocks(blocks)
        for place in range(len(block))
    ]


def test_the_forms_are_there() -> None:
    assert {"pretty json array", "journal export", "log4j xml", "gcloud yaml", "wevtutil text"} <= {*FOLDED}


@given(st.sampled_from([*FOLDED]), st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_it_does_not_matter_where_a_log_is_cut(name: str, sizes: list[int]) -> None:
    lines = FOLDED[name] * 3
    assert folded(lines, sizes) == folded(lines, [len(lines)])


@given(st.sampled_from([*FOLDED]), st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_every_line_keeps_its_number_and_no_text_is_lost(name: str, sizes: list[int]) -> None:
    lines = FOLDED[name] * 3
    numbered = folded(lines, sizes)
    assert [number for number, _ in numbered] == [*range(1, len(lines) + 1)]
    for number, text in numbered:
        if FOLD in text:
            parts = text.split(FOLD)
            assert parts == [line.rstrip() for line in lines[number - 1 : number - 1 + len(parts)]]


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "name": "shop",\n  "port": 80\n}\n' * 3,
        "a: 1\nb: 2\n\n" * 5,
        "<p>\ntext\n</p>\n" * 5,
        "2026-03-04 09:15:00 INFO started\n" + '{\n  "level": "info"\n}\n' * 3,
        "{\n" * 50,
        "",
    ],
    ids=["configuration", "fields", "page", "header first", "open", "empty"],
)
def test_text_whose_parts_have_neither_time_nor_level_is_left_alone(text: str) -> None:
    assert form_of(Block.of(1, text.split("\n"))) is None


def test_an_error_is_shown_with_the_lines_that_it_has(parse: Parse) -> None:
    answer = parse(PRETTY)
    (error,) = answer.errors
    assert (answer.records, answer.lines) == (20, PRETTY.count("\n") + 1)
    assert answer.levels == {"info": 19, "error": 1}
    assert (error.evidence[0].start, error.evidence[0].end) == (37, 41)
    assert '"message": "order 7"' in error.evidence[0].text
    assert FOLD not in json.dumps(answer.structured(), ensure_ascii=False)
    assert answer.time is not None
    assert (answer.time.start, answer.time.end) == ("2026-03-04 09:15:00Z", "2026-03-04 09:15:19Z")


def test_an_export_has_a_line_for_each_line_of_the_file(parse: Parse) -> None:
    answer = parse(PRETTY, export_path="x.jsonl")
    assert answer.export is not None
    assert answer.export.lines == PRETTY.count("\n") + 1


def test_the_next_call_on_such_a_log_says_that_it_read_all_of_it(parse: Parse) -> None:
    parse(PRETTY)
    answer = parse(PRETTY, since="last")
    assert answer.records == 20
    assert "all of it was read" in (answer.note or "")
