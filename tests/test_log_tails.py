"""Parts `key=value` at the end of a message: those that some lines lack make no other event."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.message.parameters import TemplateMatcher
from mcp_smalltools.logs.templates.columns import message_of
from mcp_smalltools.logs.templates.parsed_log import derive_templates

MESSAGES = ("request is done", "no answer from peer", "ready")
KEYS = ("id", "status", "user", "cause", "took")
VALUES = ("7", "12", "ok", "/tmp/a.b", '"two words"', "", "[1, 2]", "10.0.0.1:80")


def counted(lines: list[str]) -> dict[str, int]:
    """Records by template."""
    parser = LogParser()
    parser.feed(Block.of(1, lines))
    log = derive_templates(parser)
    for line, layout in zip(lines, parser.table.layouts_of(lines), strict=True):
        text = log.template_of_shape[layout.line_type.shape].text
        content = message_of(read_line(line).content, layout.line_type.columns)
        assert TemplateMatcher(text).values(content) is not None, (text, content)
    return {template.text.replace("\ue0ff", "<*>"): template.records for template in log.templates}


@pytest.mark.parametrize(
    "lines, expected",
    [
        (
            [
                "request is done id=5 status=200",
                "request is done id=6",
                "request is done id=7 status=404 retry=1",
            ],
            {"request is done id=<*>": 3},
        ),
        (
            ["request is done, id=5, user=ada, status=200", "request is done, id=6, status=404"],
            {"request is done, id=<*>, status=<*>": 2},
        ),
        (["cache is full size=3", "cache is full"], {"cache is full<*>": 2}),
        (
            ["stopped id=1", "stopped id=2 cause=full", "stopped code=3"],
            {"stopped id=<*>": 2, "stopped code=<*>": 1},
        ),
        (["type=LOGIN user=ada", "type=EXEC path=/bin/ls args=3"], None),
    ],
    ids=["at the end", "between others", "no part in common", "a single word says little", "no words at all"],
)
def test_what_some_lines_lack_makes_no_other_event(lines: list[str], expected: dict[str, int] | None) -> None:
    found = counted([f"2026-03-01 10:00:00 INFO {line}" for line in lines])
    assert found == expected if expected else len(found) == len(lines)


def test_fields_that_some_json_lines_lack_make_no_other_event() -> None:
    records = [
        {"level": "info", "time": "2026-03-01T10:00:00Z", "msg": "request is done", "id": n} for n in range(9)
    ]
    for record in records[::3]:
        record |= {"err": "connection reset", "tries": 3}
    assert counted([json.dumps(record) for record in records]) == {"request is done id=<*>": 9}


drawn = st.lists(
    st.tuples(
        st.sampled_from(MESSAGES),
        st.lists(
            st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)),
            max_size=4,
            unique_by=lambda part: part[0],
        ),
        st.sampled_from([" ", ", ", "; "]),
    ),
    min_size=1,
    max_size=30,
)


@given(drawn)
@hypothesis_settings(max_examples=80, deadline=None)
def test_records_with_an_optional_part_are_counted_exactly(drawn) -> None:
    messages = [
        " ".join([message, *(f"{key}={value}" for key, value in parts)])
        for message, parts, _ in drawn
        if " " in message
    ]
    parser = LogParser()
    parser.feed(Block.of(1, [f"2026-03-01 10:00:00 INFO {message}" for message in messages]))
    for template in derive_templates(parser).templates:
        words = next(message for message in MESSAGES if template.text.startswith(message))
        of_template = [message for message in messages if message.startswith(words)]
        assert template.records == len(of_template)
        having = {key: sum(f" {key}=" in message for message in of_template) for key in KEYS}
        assert template.optional == {key: n for key, n in having.items() if 0 < n < len(of_template)}


@given(drawn)
@hypothesis_settings(max_examples=150, deadline=None)
def test_counts_are_those_of_the_messages(drawn) -> None:
    lines = [
        "2026-03-01 10:00:00 INFO " + glue.join([message, *(f"{key}={value}" for key, value in parts)])
        for message, parts, glue in drawn
    ]
    found: Counter[str] = Counter()
    for text, records in counted(lines).items():
        found[next((message for message in MESSAGES if text.startswith(message)), "")] += records
    assert found == Counter(message for message, _, _ in drawn)
