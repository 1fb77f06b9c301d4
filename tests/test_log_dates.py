"""Dates of three numbers are read in the order that the whole log shows."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_programs import parsed

from mcp_smalltools.logs.lines.times import (
    DateOrder,
    as_date,
    order_of_dates,
    to_local_seconds,
    to_seconds,
    zone_seconds,
    zone_text,
)


def test_a_number_above_twelve_tells_the_day() -> None:
    assert order_of_dates(["03/04/2026 09:15:00", "13/04/2026 09:15:00"]) is DateOrder.DAY_FIRST
    assert order_of_dates(["03/04/2026 09:15:00", "03/14/2026 09:15:00"]) is DateOrder.MONTH_FIRST


def test_days_that_follow_each_other_tell_the_day() -> None:
    assert order_of_dates([f"{day:02}-01-2023 04:00:00" for day in (5, 6, 7)]) is DateOrder.DAY_FIRST
    assert order_of_dates([f"01-{day:02}-2023 04:00:00" for day in (5, 6, 7)]) is DateOrder.MONTH_FIRST


def test_one_date_tells_nothing() -> None:
    assert order_of_dates(["03/04/2026 09:15:00"] * 5) is None
    assert order_of_dates(["2026-03-04 09:15:00"]) is None


@given(st.sampled_from(DateOrder), st.dates())
def test_a_date_is_read_in_the_order_that_is_given(order: DateOrder, date: object) -> None:
    year, month, day = str(date).split("-")
    text = {
        DateOrder.DAY_FIRST: f"{day}/{month}/{year}",
        DateOrder.MONTH_FIRST: f"{month}/{day}/{year}",
        DateOrder.YEAR_FIRST: f"{day}/{month}/{year}",
    }[order]
    if order is not DateOrder.YEAR_FIRST:
        assert to_seconds(f"{text} 00:00:00", order) == to_seconds(f"{year}-{month}-{day} 00:00:00")


def test_a_log_is_read_in_its_own_order() -> None:
    log = parsed([f"{day:02}-01-2023 04:01:48 UTC [ERROR] no host {day}" for day in (5, 5, 6, 7)])
    assert log.timeline is not None
    assert log.timeline.last - log.timeline.first == 2 * 86_400


@pytest.mark.parametrize(
    ("written", "seconds", "shown"),
    [
        ("-05", -5 * 3600, "-05:00"),
        ("+0330", 3.5 * 3600, "+03:30"),
        ("GMT+7", 7 * 3600, "+07:00"),
        ("UTC-3:30", -3.5 * 3600, "-03:30"),
        ("Z", 0, "Z"),
        ("CET", 0, " CET"),
        ("", 0, ""),
    ],
)
def test_a_zone_is_read_and_shown(written: str, seconds: float, shown: str) -> None:
    assert (zone_seconds(written), zone_text(written)) == (seconds, shown)


def test_the_clock_of_the_log_is_kept() -> None:
    assert to_local_seconds("2026-03-04 09:15:00 -05") == to_seconds("2026-03-04 09:15:00")


def test_a_date_that_would_lie_in_the_future_is_read_in_another_order() -> None:
    year = datetime.date.today().year % 100
    seconds = to_seconds(f"{year - 2:02}/07/{year + 2:02} 13:56:20")
    assert seconds is not None
    assert as_date(seconds).date() == datetime.date(2000 + year - 2, 7, year + 2)
