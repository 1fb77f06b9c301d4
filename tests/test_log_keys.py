"""What makes parse_log fast gives what the plain way gives, in another process too."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mcp_smalltools.logs.counting.worker import message_of, receive
from mcp_smalltools.logs.keys import table as table_module
from mcp_smalltools.logs.keys.bitstreams import difference, ends_of_runs, holds, places_of, runs_of, stream_of
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.keys.normalize import short_numbers
from mcp_smalltools.logs.keys.short_numbers import shorten_numbers
from mcp_smalltools.logs.keys.table import KeyTable
from mcp_smalltools.logs.lines.layouts import LineLayout
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.message.masking import ANY_FORM, MARKS, TYPED, mask_text

bits = st.lists(st.booleans(), min_size=1, max_size=200)


def stream(chosen: list[bool]) -> int:
    return stream_of(np.array(chosen, bool))


@given(bits, st.data())
def test_a_stream_is_the_places_that_were_chosen(chosen: list[bool], data) -> None:
    wanted = [place for place, is_chosen in enumerate(chosen) if is_chosen]
    assert places_of(stream(chosen), len(chosen)).tolist() == wanted
    asked = np.array(data.draw(st.lists(st.integers(0, len(chosen) - 1), max_size=9)), np.int64)
    assert holds(stream(chosen), asked, len(chosen)).tolist() == [chosen[place] for place in asked]


@given(bits, st.integers(1, 20))
def test_runs_are_found_by_length_and_followed_to_their_ends(chosen: list[bool], length: int) -> None:
    chosen = [*chosen, False]
    runs = [(found.start(), found.end()) for found in re.finditer("1+", "".join("01"[bit] for bit in chosen))]
    begins = [place for start, end in runs for place in range(start, end - length + 1)]
    assert places_of(runs_of(stream(chosen), length), len(chosen)).tolist() == begins
    starts = difference(stream(chosen), stream(chosen) << 1)
    assert places_of(starts, len(chosen)).tolist() == [start for start, _ in runs]
    assert places_of(ends_of_runs(stream(chosen), starts), len(chosen)).tolist() == [end for _, end in runs]


keys = st.binary(max_size=9).map(lambda key: key.replace(b"\n", b"\0")) | st.builds(
    lambda char, size: char * size,
    st.sampled_from([b"a", b"b", b"\0"]),
    st.sampled_from([0, 1, 63, 64, 65, 256, 512, 513]),
)


@pytest.mark.parametrize("slot_bits", [1, 20])
@given(st.lists(st.lists(keys, max_size=20), max_size=6))
def test_a_table_of_keys_is_a_dictionary(slot_bits: int, blocks: list[list[bytes]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_module, "_SLOT_BITS", slot_bits)
        table, known = KeyTable(), dict[bytes, int]()
        for lines in blocks:
            block = Block(1, b"".join(line + b"\n" for line in lines))
            found = table.find(block.data, block.starts, block.ends - block.starts)
            assert found.tolist() == [known.get(line, -1) for line in lines]
            new = [place for place, line in enumerate(lines) if line not in {*known, *lines[:place]}]
            numbers = np.arange(len(known), len(known) + len(new))
            table.add(block.data, block.starts[new], (block.ends - block.starts)[new], numbers)
            known |= {lines[place]: number for place, number in zip(new, numbers.tolist(), strict=True)}


PIECES = [
    "word", "owner", "true", "False", "Mon", "March", "May", "s", "_", "é", "=", ":", ",", ".", "-", "+", "%",
    "(", ")", "[", "]", "{", "}", '"', "'", "`", "a1", "1T1", "1e1", "1ms", "f1f1f1", "deadbeef", "1", "11.1",
    "1.1.1.1:11", "1/1", "a/1/b", "/a/1", "/srv/1", "http://a/1", "a@b.c", "ab:cd", "::1", "v1.1.1",
    "host:11", "x.y:1",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=12).flatmap(
    lambda parts: st.sampled_from(["", " ", "  ", "=", ": "]).map(lambda glue: glue.join(parts))
)


@given(texts | st.text(max_size=40))
@hypothesis_settings(max_examples=500)
def test_passing_over_plain_words_changes_no_mask(text: str) -> None:
    def named(found: re.Match[str]) -> str:
        return f"<{found.lastgroup}>"

    assert TYPED.sub(named, text) == re.sub(ANY_FORM, named, text)


_ADDRESS = r"1{1,3}\.1{1,3}\.1{1,3}\.1{1,3}(?::1{1,5})?"
_ALONE = re.compile(rf"(?<![\w.:/+,-])(?:/[A-Za-z_][\w./-]*|(?:{_ADDRESS}|1+(?:\.1+)?)(?![\w:/+-]|[.,]\w))")


@given(texts | st.text(st.sampled_from("11111./:,-+ a_é"), max_size=30))
@hypothesis_settings(max_examples=500)
def test_numbers_are_shortened_where_they_stand_alone(text: str) -> None:
    def shorter(found: re.Match[str]) -> str:
        return re.sub("1+", "1", found[0])

    assert short_numbers(text) == _ALONE.sub(shorter, text)


@pytest.mark.parametrize("line", [r"file (C:\a\b.yml)", r"[D:\x], done", r"in C:\dir."])
def test_what_closes_after_a_path_is_not_its(line: str) -> None:
    assert mask_text(line)[-1] not in MARKS.values()


@given(
    st.lists(texts.filter(str.isascii) | st.text(st.sampled_from("11111./:,-+ a_"), max_size=30), max_size=6)
)
@hypothesis_settings(max_examples=500)
def test_numbers_of_many_keys_are_shortened_as_those_of_one(lines: list[str]) -> None:
    found = shorten_numbers("".join(f"{line}\n" for line in lines).encode()).decode()
    assert found == "".join(f"{short_numbers(line)}\n" for line in lines)


def sent(value: Any) -> Any:
    """What another process receives."""
    return receive(io.BytesIO(message_of(value)))


@pytest.mark.parametrize("slot_bits", [1, 20])
@given(st.lists(keys, max_size=20, unique=True), st.lists(keys, max_size=20, unique=True))
def test_a_table_of_keys_knows_the_same_in_another_process(
    slot_bits: int, first: list[bytes], second: list[bytes]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_module, "_SLOT_BITS", slot_bits)
        table, known = KeyTable(), {}
        for lines in (first, second):
            new = [key for key in lines if key not in known]
            starts, sizes = placed(new)
            numbers = np.arange(len(known), len(known) + len(new))
            table.add(b"".join(new), starts, sizes, numbers)
            known |= dict(zip(new, numbers.tolist(), strict=True))
            table = KeyTable.of(sent(table.state()))
            asked = [*first, *second]
            found = table.find(b"".join(asked), *placed(asked)).tolist()
            assert found == [known.get(key, -1) for key in asked]
            assert table.keys == len(known)


def placed(lines: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.array([len(key) for key in lines], np.int64)
    return np.cumsum(sizes) - sizes, sizes


lines = st.lists(
    st.text(st.characters(exclude_characters="\n"), max_size=60)
    | st.sampled_from(
        [
            "2026-03-01 10:00:00,123 ERROR shop.pay: refused 1234 of 7",
            "Mar  1 10:00:00 web sshd[77]: Failed password for root from 10.0.0.1",
            '{"time": "2026-03-01T10:00:00Z", "level": 50, "msg": "took 7 ms"}',
            "Traceback (most recent call last):",
            "  at com.acme.Shop.pay(Shop.java:12)",
            "x" * 3_000,
        ]
    ),
    max_size=12,
)


@given(lines, lines, st.integers(1, 6))
def test_a_table_of_lines_goes_on_in_another_process_as_in_this(
    first: list[str], second: list[str], most: int
) -> None:
    here = LineTable(most)
    here.layouts_of(first)
    there = LineTable.of(sent(here.state()))
    assert there.state() == here.state()
    for later in (first, second, first):
        assert [plain(layout) for layout in there.layouts_of(later)] == [
            plain(layout) for layout in here.layouts_of(later)
        ]
    assert there.state() == here.state()


def plain(layout: LineLayout) -> tuple[Any, ...]:
    line_type = layout.line_type
    return line_type.id, line_type.shape, line_type.header, line_type.coarse, layout.time, layout.content_at
