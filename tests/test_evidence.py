"""Evidence: what the source says in another notation is there, what it doesn't say is not."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.text.facts import dates, fold, numbers, occurs, times

SOURCE = (
    "On 3 March 2024 Zoë Müller paid €1,234.50 (5%) at 5:30 pm for twenty-five boxes; "
    "-3.5 °C, 2.5 million views."
)


@pytest.mark.parametrize(
    "value",
    [1234.5, 5, 0.05, 25, -3.5, 2_500_000, "2024-03-03", "March 3, 2024", "17:30", "zoe muller", ["5", 25]],
)
def test_a_value_occurs_in_any_notation(value):
    assert occurs(value, SOURCE)


@pytest.mark.parametrize("value", [1234, 3.5, "2024-03-04", "17:31", "Zoe Miller", 24, True, None, "boxe"])
def test_a_value_that_the_source_does_not_have_does_not_occur(value):
    assert not occurs(value, SOURCE)


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_are_read_with_and_without_commas(n):
    for text in (f"got {n} of them", f"got {n:,} of them", f"({n})"):
        assert [number.value for number in numbers(text)] == [n]


@given(st.decimals(-(10**6), 10**6, places=3).map(float))
def test_decimal_numbers_are_read_as_they_are(n):
    (number,) = numbers(f"it is {n:.3f} long")
    assert number.value == pytest.approx(n)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)))
def test_a_date_is_the_same_in_its_usual_forms(day):
    forms = (
        day.isoformat(),
        day.strftime("%d %B %Y"),
        day.strftime("%B %d, %Y"),
        day.strftime("%d.%m.%Y"),
        f"the {day.day}th of {day.strftime('%B')}, {day.year}",
    )
    for form in forms:
        assert [moment.iso for moment in dates(f"due {form}, at last")] == [day.isoformat()], form


@given(st.text(max_size=200))
def test_no_text_breaks_the_readers_and_places_are_inside_it(text):
    for found in (*numbers(text), *dates(text), *times(text)):
        assert 0 <= found.start < found.end <= len(text)


def test_impossible_dates_and_times_are_none():
    assert dates("2024-02-30 and 31/31/2024") == []
    assert times("at 25:00 or 12:75") == []


@given(st.text(max_size=40))
def test_plain_is_stable(text):
    assert fold(fold(text)) == fold(text)
