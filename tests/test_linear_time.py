"""No file makes a call take more than linear time: what once did, and what replaced it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.logs.lines.headers import as_shown
from mcp_smalltools.tools.parse_log.sessions import values_in

REPEATED = ["-", ".", "/", ":", "_", "a", "1", "+", "~", "%", " ", "-1", "a-", "1+", "./", "1:", "\u0661"]
VALUE = re.compile(r"(?<![\w+~%])[\w./:-]*\d[\w./:-]*(?![+~%])")


@given(st.text("ab1\u0661-./:_+~% ", max_size=30), st.integers(0, 8))
def test_values_of_a_line_are_those_of_the_pattern_that_took_quadratic_time(line: str, start: int) -> None:
    assert list(values_in(line, start)) == [match.span() for match in VALUE.finditer(line, start)]


WRITTEN_OVER = re.compile(rb"[^\n\r]*\r+(?=[^\n\r])")


@given(st.text("ab\r\n", max_size=40))
def test_lines_written_over_are_those_of_the_pattern_that_took_quadratic_time(text: str) -> None:
    data = text.encode()
    assert as_shown(data) == WRITTEN_OVER.sub(b"", data)


@pytest.mark.parametrize("text", [b"a", b"\ra", b"a\r", b"\r\r", b"-"])
def test_a_line_of_a_megabyte_is_shown_in_a_moment(text: bytes) -> None:
    line = b"10%\r" + text * 1_000_000
    started = time.monotonic()
    assert as_shown(line + b"\nend\n").endswith(b"\nend\n")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("text", REPEATED)
def test_values_of_a_line_of_a_megabyte_are_found_in_a_moment(text: str) -> None:
    line = text * (1_000_000 // len(text))
    started = time.monotonic()
    for _ in values_in(line, 0):
        pass
    assert time.monotonic() - started < 20
