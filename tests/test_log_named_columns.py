"""Rows that name the columns of a log give the slots of its templates their names."""

from __future__ import annotations

from log_programs import parsed

from mcp_smalltools.logs.templates.named_columns import column_names, names_of_slots

ROW = "#Fields: date time c-ip cs-method sc-status time-taken"
NAMES = tuple(ROW.split()[1:])


def test_the_row_is_found_if_there_is_one() -> None:
    lines = [f"2026-03-04 09:15:{n:02} 10.0.0.{n} GET {200 + n} {n}" for n in range(20)]
    assert column_names(parsed([ROW, *lines])) == NAMES
    assert column_names(parsed(lines)) == ()
    assert column_names(parsed([ROW, *lines, "#Fields: date time c-ip", *lines])) == ()


def test_a_slot_has_the_name_of_its_column_counted_from_the_end() -> None:
    found = names_of_slots(NAMES, "10.0.0.7 GET 404 31", ["", " GET ", " ", ""], ["10.0.0.7", "404", "31"])
    assert found == {0: ("c-ip",), 1: ("sc-status",), 2: ("time-taken",)}


def test_a_slot_of_several_columns_has_all_their_names() -> None:
    found = names_of_slots(NAMES, "10.0.0.7 GET 404 31", ["", " GET ", ""], ["10.0.0.7", "404 31"])
    assert found == {0: ("c-ip",), 1: ("sc-status", "time-taken")}


def test_a_message_of_more_columns_than_have_names_names_nothing() -> None:
    assert names_of_slots(("a",), "x y", ["", " ", ""], ["x", "y"]) == {}
