"""extract: labels side by side with their values under them, amid other lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.extract.document import Document
from mcp_smalltools.tools.extract.structure.node import leaves
from mcp_smalltools.tools.extract.structure.text.label_rows import find_label_row, read_label_row

INVOICE = """Ridge Optics SA
12 Mill Lane
Invoice #        Issued
A-2022-46285     2026-10-14
Item            Qty  Price   Amount
Paper A4 500    2    335.07  670.14
Power strip     11   263.75  2,901.25
"""
RECEIPT = """Hotel Details               Check In       Check Out      Rooms
Seaview 41, Harbour Road    31/12/2017     01/01/2018     1
25, Quay Street, Porto
                            Booking ID     Payment Mode
                            IBZY2087       Cash at Hotel
"""


def named(text: str) -> dict[str, str]:
    document = Document("a.txt", text.split("\n"))
    document.prepare(lambda: None)
    assert document.structure is not None
    return {path[-1]: node.value for path, node in leaves(document.structure.root) if node.kind == "value"}


def test_values_under_their_labels_are_named_by_them_and_the_table_after_them_is_one() -> None:
    found = named(INVOICE)
    assert found["Invoice #"] == "A-2022-46285"
    assert found["Issued"] == "2026-10-14"
    document = Document("a.txt", INVOICE.split("\n"))
    document.prepare(lambda: None)
    assert document.structure is not None
    table = [node for node in document.structure.root.inner if node.is_table][-1]
    assert [row.inner[1].value for row in table.inner] == ["2", "11"]


def test_each_row_of_labels_has_its_own_values() -> None:
    found = named(RECEIPT)
    assert (found["Check In"], found["Check Out"], found["Rooms"]) == ("31/12/2017", "01/01/2018", "1")
    assert (found["Booking ID"], found["Payment Mode"]) == ("IBZY2087", "Cash at Hotel")


@pytest.mark.parametrize(
    "text",
    [
        "Name     Size\nweb-1    12\nweb-2    14\n",  # a table
        "Dear Ann     and Bob\nthe order 12     is late\nand so on\n",  # its cells are not under each other
        "First    Second\nThird    Fourth\nmore\n",  # no value among them
        "Total: 12    Paid: 3\n12           3\nmore\n",  # values already
    ],
)
def test_what_only_looks_so_is_left_alone(text: str) -> None:
    assert find_label_row(list(enumerate(text.rstrip("\n").split("\n"), 1))) is None


LINES = st.lists(st.text(st.sampled_from("ab 1:#-"), max_size=30), max_size=6)


@given(LINES)
def test_any_block_is_read_without_an_error_and_a_row_has_a_value_for_each_label(lines: list[str]) -> None:
    block = list(enumerate(lines, 1))
    place = find_label_row(block)
    if place is None:
        return
    node = read_label_row(block[place], block[place + 1])
    assert node is not None
    (row,) = node.inner
    assert len({item.name for item in row.inner}) == len(row.inner) >= 2
    assert all(item.value in lines[place + 1] for item in row.inner)
