"""parse_log says which part of an answer may be wrong, by what the reading of the log looks like."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from log_forms import logs
from log_programs import parsed

from mcp_smalltools.tools.parse_log.doubts import ASPECTS, NAMES, LogDoubts, doubts_of, features_of

PLAIN = [f"2026-03-04 09:{n // 60:02}:{n % 60:02} INFO loop {n} done" for n in range(300)]


def test_a_log_that_was_read_evenly_is_sure() -> None:
    doubts = doubts_of(parsed(PLAIN))
    assert doubts.probabilities.keys() == ASPECTS.keys()
    assert doubts.reason() is None


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_reason_names_what_is_doubtful_and_what_is_not(aspect: str) -> None:
    doubts = LogDoubts(
        {name: 0.4 if name == aspect else 0.97 for name in ASPECTS}, dict.fromkeys(ASPECTS, 0.9)
    )
    assert doubts.doubtful() == [aspect]
    doubtful, _, usable = (doubts.reason() or "").partition("; look at")
    assert ASPECTS[aspect] in doubtful
    assert all((ASPECTS[name] in usable) == (name != aspect) for name in ASPECTS)


def test_lines_that_begin_like_headers_and_were_not_read_make_levels_less_likely_right() -> None:
    known = doubts_of(parsed(PLAIN)).probabilities
    strange = [line.replace(" INFO ", " ^INFO^ ") for line in PLAIN]
    assert doubts_of(parsed(strange)).probabilities["levels"] < known["levels"]


@hypothesis_settings(max_examples=25)
@given(logs())
def test_any_log_has_all_features_and_probabilities(text: str) -> None:
    log = parsed(text.split("\n"))
    features = features_of(log)
    assert tuple(features) == NAMES
    assert all(map(math.isfinite, features.values()))
    assert all(0 < value < 1 for value in doubts_of(log).probabilities.values())
