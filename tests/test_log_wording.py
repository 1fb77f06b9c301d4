"""Printed objects, and the text of a template from the lines that are one event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.objects import objects_in, unmatched
from mcp_smalltools.logs.message.parameters import TemplateMatcher
from mcp_smalltools.logs.message.tokenize import text_of, tokens_of
from mcp_smalltools.logs.templates.common_tokens import common_part_of, part_of
from mcp_smalltools.logs.templates.token_sequences import mask_all_objects, token_sequences_of
from mcp_smalltools.logs.templates.wording import restore_words

words = st.sampled_from(["a", "to", "with", "key", "=", "(", ")", "'", ",", "{", "}", "<", ">", VAR, "B.c"])
stretches = st.lists(words, min_size=1, max_size=9).map(" ".join)


def text_for(template: str, *lines: str) -> str:
    found = restore_words(tokens_of(template.replace("<*>", VAR)), [tokens_of(line) for line in lines])
    return text_of(*found).replace(VAR, "<*>")


@pytest.mark.parametrize(
    "line",
    [
        "got {'a': 1, 'b': x} here",
        "got Name(a=1, b=[2]) here",
        "got org.x.Name[a=1] here",
        "got <Name object at x> here",
        "got b'x y' here",
        "got {x} here",
        "got &{x y} here",
        "got ('x', 1) here",
        "got ['x', 'y'] here",
    ],
)
def test_a_printed_object_is_found_whole(line: str) -> None:
    tokens, spaces = tokens_of(line)
    assert objects_in(tokens, spaces) == [(1, len(tokens) - 1)]


@pytest.mark.parametrize(
    "line",
    [
        "got (a=1, b=2) here",  # as statements write it
        "got <x> here",
        "got call('x', 1) here",
        "got x[1] here",
        "a < b and c > d",
        "got f(x) here",
        "got (>=1,<4) here",
    ],
)
def test_what_a_statement_may_have_written_is_no_object(line: str) -> None:
    assert objects_in(*tokens_of(line)) == []


def test_an_object_is_one_variable_with_its_brackets_and_its_name() -> None:
    lines = ["call <function f at 1> done", "call <bound method g> done", "Worker(id=1) is up"]
    assert {
        text_of(node.tokens, node.spaces) for node in mask_all_objects(token_sequences_of(lines, [5, 2, 1]))
    } == {
        f"call {VAR} done",
        f"{VAR} is up",
    }


def test_sequences_that_are_alike_but_for_their_objects_are_counted_together() -> None:
    (node,) = mask_all_objects(token_sequences_of(["got {'a': x}", "got b'c'", f"got {VAR}"], [5, 2, 1]))
    assert (node.weight, sorted(node.members)) == (8, [0, 1, 2])


def test_an_object_that_is_all_of_a_line_stays() -> None:
    (node,) = mask_all_objects(token_sequences_of(["Job(id=x)"], [1]))
    assert text_of(node.tokens, node.spaces) == "Job(id=x)"


def test_a_variable_gives_back_the_words_that_all_its_values_have() -> None:
    lines = [f"no way for '{name}' with cluster '{number}'" for name, number in (("a", "x"), ("b c", "y"))]
    assert text_for("no way for '<*>'", *lines, "no way for 'd' with cluster 'z z'") == (
        "no way for '<*>' with cluster '<*>'"
    )


def test_a_word_that_two_values_share_may_be_chance() -> None:
    assert text_for("failed: <*>", "failed: out of x", "failed: lack of y") == "failed: <*>"


def test_brackets_around_all_values_are_the_templates() -> None:
    lines = ["limit (pid=a, user=b)", "limit (pid=c d, user=e)", "limit (pid=f, user=g h)"]
    assert text_for("limit <*>", *lines) == "limit (pid=<*>, user=<*>)"


def test_brackets_that_would_not_match_are_not_given_back() -> None:
    assert common_part_of([part_of(*tokens_of(text)) for text in ("a (b) c)", "d e)", "f g)")]) == (
        *part_of(*tokens_of(VAR)),
        (")", "0"),
    )
    assert common_part_of([part_of(*tokens_of(text)) for text in ("a (b)", "d)")]) == ((VAR, "0"),)


def test_brackets_without_a_partner_are_named() -> None:
    assert unmatched(["a", "(", "b", ")", "]", "{"]) == "]{"
    assert unmatched(["-", ">", "("]) == "("


@given(st.lists(stretches, min_size=1, max_size=6))
def test_what_stretches_have_in_common_describes_each_of_them(texts: list[str]) -> None:
    parts = [part_of(*tokens_of(text)) for text in texts]
    found = common_part_of(parts)
    text = text_of([token for token, _ in found], "".join(space for _, space in found))
    for part in parts:
        shown = text_of([token for token, _ in part], "".join(space for _, space in part))
        assert TemplateMatcher(text.strip()).values(shown.strip()) is not None, (text, shown)


@given(st.lists(st.lists(stretches, min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_text_describes_each_of_its_lines(values: list[list[str]]) -> None:
    template = f"{VAR} opened by {VAR} on {VAR}"
    lines = [f"{first} opened by {second} on {third}" for first, second, third in values]
    found = text_of(*restore_words(tokens_of(template), [tokens_of(line) for line in lines]))
    for line in lines:
        assert TemplateMatcher(found).values(text_of(*tokens_of(line))) is not None, (found, line)
