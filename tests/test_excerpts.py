"""find_failure: long lines are cut around what matters in them."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.find_failure.answer import FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.lines import read_log
from mcp_smalltools.tools.find_failure.rank import rank
from mcp_smalltools.tools.find_failure.showing.excerpts import cut_around, cut_name, part_of

FILLER = " ".join(f"chunk{n:04}" for n in range(2_000))


@given(st.text(max_size=300), st.integers(20, 120))
def test_a_cut_line_has_at_most_the_characters_it_may(line: str, room: int) -> None:
    for cut in (cut_around, cut_name, part_of):
        part = cut(line, room)
        assert len(part) <= max(room, 20)
        if len(line) <= room:
            assert part == line


def test_the_message_in_the_middle_of_a_long_line_is_kept() -> None:
    line = f"{FILLER} TypeError: coins is not iterable {FILLER}"
    assert len(line) > 20_000
    for room in (80, 240, 800):
        assert "TypeError: coins is not iterable" in cut_around(line, room)
        assert "TypeError: coins is not iterable" in part_of(line, max(room, 200))
    assert part_of(line, 800).startswith("chunk0000")


def test_a_message_of_a_stronger_kind_is_kept_before_words_that_only_may_tell() -> None:
    line = f"not found {FILLER} fatal error: coins.h"
    assert "fatal error: coins.h" in cut_around(line, 60)


def test_the_name_of_what_failed_is_kept_without_its_folders() -> None:
    line = "/home/build/work/shop/packages/core/src/till.ts(41,22): error TS2304: Cannot find name 'coins'."
    assert cut_name(line, 56) == "…/till.ts(41,22): error TS2304: Cannot find name 'coins'."[:55] + "…"
    assert cut_name("FAILED tests/unit/test_till.py::test_change - assert 3 == 4", 44).startswith(
        "FAILED …/test_till.py::test"
    )


def test_the_message_in_a_line_of_twenty_thousand_characters_is_evidence_in_a_short_answer() -> None:
    lines = [f"[{n}/60] Bundling src/part_{n}.js" for n in range(60)]
    lines += [
        f"{FILLER} Error: Cannot resolve module 'coins' from src/till.js:41:2 {FILLER}",
        "exit status 1",
    ]
    log = read_log([lines])
    answer = compose_answer(log, rank(log, None), FindFailureArguments(path="a"), {})
    assert "Cannot resolve module 'coins'" in "\n".join(span.text for span in answer.evidence)
    assert len(str(answer.structured())) < 2_000


@pytest.mark.parametrize("text", ["a", "-", "Err", "/", "a.", "a/", "(", "error", "a:"])
def test_a_line_of_a_megabyte_is_cut_in_a_moment(text: str) -> None:
    line = text * (1_000_000 // len(text))
    started = time.process_time()
    for cut in (cut_around, cut_name, part_of):
        cut(line, 100)
    assert time.process_time() - started < 2


@given(st.text(alphabet="ab ;\t", max_size=300), st.integers(8, 80))
def test_a_cut_never_stands_inside_a_word(line: str, room: int) -> None:
    words = set(re.split(r"[\s;]+", line))
    for part in (cut_around(line, room), cut_name(line, room), part_of(line, room)):
        assert len(part) <= max(room, len(line))
        assert set(re.split(r"[\s;…]+", part)) <= words | {""}
