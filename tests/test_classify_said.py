"""What `classify` reads of a text of several lines: without what it quotes."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.classify.said import READ_CHARS, said_in
from mcp_smalltools.tools.classify.scoring import Texts

REPORT = """Crash when the kettle is full

<!-- Please search
before you report -->
The app closes as soon as I pour. See [the video](https://example.org/v.mp4).

```
java.lang.IllegalStateException: full
```
    at org.kettle.Pour.fill(Pour.java:12)
Caused by: java.lang.Error
12-01 10:00:01.200 1234 E/Kettle
---------
https://example.org/log.txt
"""


def test_code_logs_hidden_comments_and_addresses_of_a_report_are_not_read() -> None:
    assert said_in(REPORT).split("\n") == [
        "Crash when the kettle is full",
        "The app closes as soon as I pour. See the video.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "one line with https://example.org and `code`",
        "```\nonly = code\n```",
        "    at org.kettle.Pour.fill(Pour.java:12)\n    at org.kettle.Main.main(Main.java:3)",
        "",
    ],
)
def test_a_line_alone_and_a_text_that_is_nothing_else_stay_as_they_are(text: str) -> None:
    assert said_in(text) == text.strip()


def test_the_words_that_count_are_those_that_are_said() -> None:
    vectors = np.zeros((1, 2), np.float32)
    assert Texts(["a"], vectors).counted == ["a"]
    assert Texts(["a"], vectors, ["b"]).counted == ["b"]


@given(st.text(st.sampled_from("ab`~<!->[](): \n.#/htps"), max_size=200))
def test_what_is_said_is_never_empty_unless_the_text_is(text: str) -> None:
    assert bool(said_in(text)) == bool(text.strip())
    assert "```" not in said_in(text) or said_in(text) == text.strip()


@pytest.mark.parametrize("piece", ["[", "`", "```", "<!--", "![", " ", "-", "~", "at ", "https://", "[a]("])
def test_no_text_takes_more_than_linear_time(piece: str) -> None:
    started = time.process_time()
    said_in("x\n" + piece * (READ_CHARS // len(piece)) + "\ny")
    assert time.process_time() - started < 5  # quadratic patterns take minutes
