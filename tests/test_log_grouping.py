"""Grouping of log lines: exact whatever is judged, and right where the evidence is plain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.message.parameters import TemplateMatcher, normalise_spaces
from mcp_smalltools.logs.message.tokenize import text_of, tokens_of
from mcp_smalltools.logs.templates.clustering import ClusterTemplate, cluster_shapes
from mcp_smalltools.logs.templates.gaps import Cluster, gap_candidates_of
from mcp_smalltools.logs.templates.structures import (
    merge_structures,
    merge_wide_structures,
    segments_of,
    wide_segments_of,
)

words = st.sampled_from(
    ["open", "closed", "user", "bob", "disk", "/tmp/a.b", "=", ":", "[", "]", "7", "0x1f", "a-9"]
)
contents = st.lists(words, min_size=1, max_size=9).map(" ".join) | st.text(
    st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=40
)


def parsed(lines: Sequence[str]) -> tuple[list[ClusterTemplate], list[int]]:
    """The templates, and the shape of each line."""
    table = LineTable()
    shapes = [table.shape_of_content(line) for line in lines]
    counts = Counter(shapes)
    return cluster_shapes(table.shapes, [counts[number] for number in range(len(table.shapes))]), shapes


def templates(lines: Sequence[str]) -> list[str]:
    """The template of each line, as agents see it."""
    found, shapes = parsed(lines)
    of_shape = {shape: item.text for item in found for shape in item.members}
    return [of_shape[shape].replace("\ue0ff", "<*>") for shape in shapes]


@given(st.lists(contents, min_size=1, max_size=30))
def test_every_line_has_one_template_and_it_describes_the_line(lines: list[str]) -> None:
    found, shapes = parsed(lines)
    members = [shape for item in found for shape in item.members]
    assert sorted(members) == sorted(set(shapes))
    of_shape = {shape: item for item in found for shape in item.members}
    for line, shape in zip(lines, shapes, strict=True):
        assert TemplateMatcher(of_shape[shape].text).values(normalise_spaces(line)) is not None


@given(st.lists(contents, min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(lines: list[str], random) -> None:
    before = dict(zip(lines, templates(lines), strict=True))
    random.shuffle(lines)
    assert dict(zip(lines, templates(lines), strict=True)) == before


@given(contents)
def test_a_text_is_its_tokens(content: str) -> None:
    text = normalise_spaces(content)
    assert text_of(*tokens_of(text)) == text


def test_events_that_differ_in_a_word_stay_apart_and_values_are_variables() -> None:
    users = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"]
    lines = [
        f"session {act} for user {user} after {n} s"
        for n in range(3)
        for act in ("opened", "closed")
        for user in users
    ]
    assert set(templates(lines)) == {
        "session opened for user <*> after <*>",
        "session closed for user <*> after <*>",
    }


def test_a_value_of_several_words_is_one_variable() -> None:
    reasons = [
        "Connection refused",
        "No such file or directory",
        "timeout",
        "Permission denied",
        "Broken pipe",
    ]
    lines = [f"cannot read block {n}: {reason}" for n in range(4) for reason in reasons]
    assert set(templates(lines)) == {"cannot read block <*>: <*>"}


def test_families_are_groups_that_differ_in_one_stretch_that_begins_and_ends_differently() -> None:
    texts = ["read a b done", "read c done", "read d e f done", "write x"]
    groups = [Cluster(*tokens_of(text), 1, [number]) for number, text in enumerate(texts)]
    found = gap_candidates_of(groups)
    assert [(candidate.head, candidate.tail, len(candidate.clusters)) for candidate in found] == [
        (("read",), ("done",), 3)
    ]


@given(st.lists(contents, min_size=1, max_size=20))
def test_without_time_every_line_still_has_a_template_that_describes_it(lines: list[str]) -> None:
    table = LineTable()
    shapes = [table.shape_of_content(line) for line in lines]
    found = cluster_shapes(
        table.shapes, [shapes.count(number) for number in range(len(table.shapes))], until=0.0
    )
    of_shape = {shape: item for item in found for shape in item.members}
    for line, shape in zip(lines, shapes, strict=True):
        assert TemplateMatcher(of_shape[shape].text).values(normalise_spaces(line)) is not None
    assert all(item.judged or len(item.members) > 1 for item in found)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DATA readline: b'a7 x\\r\\n'", "DATA readline: b'\\r\\n'"], "DATA readline: <*>"),
        (
            ["Got job (id=7, tags=[]) from pool", "Got job (id=8, tags=[a, b], eta=None) from pool"],
            "Got job (id=<*>, tags=<*>) from pool",
        ),
        (
            ["Job shop.bill[7] done: None", "Job shop.send_mail[9] done: {'sent': 3}"],
            "Job <*>[<*>] done: <*>",
        ),
        (
            [
                "Found link /a/7 (from /i/7), version: 7",
                "Found link /a/8 (from /i/8) (needs:>=1,<4), version: 8",
            ],
            "Found link <*>, version: <*>",
        ),
    ],
)
def test_values_may_differ_in_their_structure(lines: list[str], expected: str) -> None:
    assert set(templates(lines * 200)) == {expected}


def test_plain_words_are_no_values_whatever_is_around_them() -> None:
    groups = [
        Cluster(*tokens_of(text), 100, [number])
        for number, text in enumerate(["Door 7 (opened) by guard", "Door 7 (closed) by guard"])
    ]
    assert merge_structures(groups) == sorted(groups, key=lambda item: item.tokens)
    assert len(merge_wide_structures(groups)) == 2


@given(contents)
def test_the_pieces_of_a_template_are_all_of_it_in_order(line: str) -> None:
    tokens, spaces = tokens_of(line)
    item = Cluster(tokens, spaces, 1, [0])
    for pieces in (segments_of(item), wide_segments_of(item)):
        assert [at for piece in pieces for at in range(piece.start, piece.end)] == list(range(len(tokens)))


def test_brackets_in_brackets_end_where_they_should() -> None:
    tokens, spaces = tokens_of("Got f (>=1,<4, [a.b]) then ) of (x")
    kinds = [piece.kind for piece in segments_of(Cluster(tokens, spaces, 1, [0]))]
    assert kinds == ["Got", "f", "(", "inside", ")", "then", ")", "of", "(", "x"]
