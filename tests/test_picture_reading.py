"""The steps of reading a picture: what is read twice, what is put right, what the detector leaves out."""

# ruff: noqa: E402 - what is tested can't be imported without the extra

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

NEEDED = ("rapidocr", "onnxruntime", "pypdfium2", "PIL", "cv2")
if not all(map(importlib.util.find_spec, NEEDED)):
    pytest.skip("the extra `pictures` is not installed", allow_module_level=True)

import numpy as np

from mcp_smalltools.pictures.arrange import Piece, lines_of
from mcp_smalltools.pictures.corrected import corrected
from mcp_smalltools.pictures.lone_marks import boxes_of, lone_marks, with_room
from mcp_smalltools.pictures.recognise import ReadLine, of_two_readings
from mcp_smalltools.pictures.second_reading import doubtful_spans, read_again


def a_line(text: str, unsure: str = "", probability: float = 0.99) -> ReadLine:
    edges = tuple((n / len(text), (n + 1) / len(text)) for n in range(len(text)))
    at = text.index(unsure) if unsure else -1
    doubted = range(at, at + len(unsure)) if unsure else range(0)
    return ReadLine(text, edges, tuple(0.5 if n in doubted else probability for n in range(len(text))))


def corners(left: float, top: float, right: float, bottom: float) -> Any:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_only_the_words_with_an_unsure_character_are_read_again() -> None:
    line = a_line("the first word is sure and the 2nd one is not quite so", unsure="2n")
    (span,) = doubtful_spans(line)
    assert line.text[slice(*span)] == "2nd"
    assert doubtful_spans(a_line("all of it is sure, from the first to the last")) == []


def test_equal_characters_in_a_row_are_read_again_however_sure() -> None:
    line = a_line("the sum of it all was 1000000 in the end")
    assert [line.text[slice(*span)] for span in doubtful_spans(line)] == ["1000000"]


def test_all_of_a_line_is_read_again_where_letters_are_of_different_widths() -> None:
    even = a_line("it will fill all of the little millimetres wwwww mmm", unsure="fi")
    edges = tuple((n**1.3 / 500, (n + 1) ** 1.3 / 500) for n in range(len(even.text)))
    uneven = ReadLine(even.text, edges, even.probabilities)
    assert doubtful_spans(uneven) == [(0, len(even.text))]
    assert doubtful_spans(even) != [(0, len(even.text))]


def test_the_second_reading_takes_the_place_of_the_words_and_keeps_their_place_on_the_line() -> None:
    line = a_line("the order of 100000 pieces came late today", unsure="100000")
    read = [line]
    asked: list[Any] = []

    def second(places: list[Any]) -> list[ReadLine]:
        asked.extend(places)
        return [a_line(" 1000000 ", probability=0.999)]

    read_again(read, [corners(0, 0, 420, 20)], second)
    assert read[0].text == "the order of 1000000 pieces came late today"
    at = read[0].text.index("1000000")
    (box,) = boxes_of(asked)
    assert box[0] < 130 and 190 < box[2] < 205
    assert box[0] / 420 <= read[0].edges[at][0] < read[0].edges[at + 6][1] <= box[2] / 420
    assert min(read[0].probabilities[at : at + 7]) < 0.9


@pytest.mark.parametrize(
    ("first", "second", "right"),
    [
        ("Test", "Tes", "Test"),
        ("FRAMEWORK", "FRAMEWORKH", "FRAMEWORK"),
        ("100000", "1000000", "1000000"),
        ("pomel0", "pomelo", "pomelo"),
    ],
)
def test_a_part_that_was_cut_out_may_lose_or_gain_a_character_at_its_ends(
    first: str, second: str, right: str
) -> None:
    found = of_two_readings(a_line(first, probability=0.9), a_line(second, probability=0.999), cut=True)
    assert found.text == right


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("coNTAINERS of the APl", "CONTAINERS of the API"),
        ("sRGB APIs vCPU TLSv1 macOS", "sRGB APIs vCPU TLSv1 macOS"),
        ("I0 nice: no I/0 priority", "IO nice: no I/O priority"),
        ("a Cl step", "a CI step"),
        ("address = ported I (parts", "address = ported | (parts"),
        ("she and I went", "she and I went"),
        ("√ passed", "✓ passed"),
    ],
)
def test_what_the_word_says_is_put_right_and_nothing_else(read: str, right: str) -> None:
    assert corrected(a_line(read)).text == right


@given(st.text(st.sampled_from("AbcI l10O|/()=_\"' ✓"), min_size=1, max_size=40))
def test_each_character_keeps_its_place_and_probability_when_put_right(text: str) -> None:
    found = corrected(a_line(text))
    assert len(found.text) == len(found.edges) == len(found.probabilities)
    assert all(0 <= p <= 1 for p in found.probabilities)


def piece(text: str, left: float, top: float = 0.0, width: float = 10.0) -> Piece:
    edges = tuple((n / len(text), (n + 1) / len(text)) for n in range(len(text)))
    right, bottom = left + width * len(text), top + 16
    quad = (left, top, right, top, right, bottom, left, bottom)
    return Piece(text, quad, edges, (1.0,) * len(text), left, top, right, bottom)


def test_a_character_that_two_pieces_share_is_read_once() -> None:
    (line,) = lines_of([piece("10.0.0.1(50017)", 0), piece("):shop@cart", 140)], 1)
    assert line.text == "10.0.0.1(50017):shop@cart"
    assert len(line.fragments[1].probabilities) == len(":shop@cart")
    apart = lines_of([piece("f(x)", 0), piece(") and more", 40)], 1)
    assert apart[0].text == "f(x)) and more"


def test_values_begin_where_their_labels_do() -> None:
    rows = [
        [("Check In", 400.0), ("Check Out", 700.0)],
        [("31/12/2017", 396.0), ("01/01/2018", 707.0)],
        [("IBZY2087", 393.0)],
    ]
    pieces = [piece("Seaview 41, Harbour Road", 0, 200)]
    pieces += [piece(text, left, 24.0 * number) for number, row in enumerate(rows) for text, left in row]
    labels, values, single, *_ = [line.text for line in lines_of(pieces, 1)]
    assert labels.index("Check In") == values.index("31/12/2017") == single.index("IBZY2087")
    assert labels.index("Check Out") == values.index("01/01/2018")


def page_with(dashes: list[tuple[int, int]]) -> Any:
    pixels = np.full((200, 800, 3), 255, np.uint8)
    for left, top in dashes:
        pixels[top : top + 3, left : left + 9] = 0
    return pixels


def test_a_dash_beside_a_line_is_found_by_its_shape_and_one_far_from_any_is_not() -> None:
    lines = [corners(10, 40, 300, 60), corners(10, 70, 300, 90)]
    found = list(lone_marks(page_with([(340, 49), (400, 150)]), lines, 14.0, lambda places: []))
    ((place, line),) = found
    assert line.text == "-"
    assert 335 < place[0][0] < 345 and place[0][1] == 40


def test_what_stands_alone_is_taken_only_as_a_sign_that_was_read_surely() -> None:
    pixels = page_with([])
    pixels[42:58, 340:350] = 0
    lines = [corners(10, 40, 300, 60)]
    for text, probability, taken in ((">", 0.95, True), (">", 0.6, False), ("V", 0.99, False)):
        found = list(lone_marks(pixels, lines, 14.0, lambda _, t=text, p=probability: [a_line(t, "", p)]))
        assert bool(found) is taken


def test_a_line_of_one_character_gets_room_and_takes_none_of_its_neighbours() -> None:
    lone, beside, wide = with_room(
        [corners(50, 0, 58, 20), corners(100, 0, 108, 20), corners(109, 0, 400, 20)]
    )
    assert lone[0][0] < 40 and lone[1][0] > 68
    assert beside[1][0] < 109
    assert wide[0][0] == 109


def test_columns_in_the_middle_of_a_page_are_read_one_after_the_other() -> None:
    whole = [
        f"this line {chr(97 + n)} runs across all of the page, over both of the columns" for n in range(8)
    ]
    left = [f"here is line {chr(97 + n)} of the first column" for n in range(8)]
    right = [f"there is line {chr(97 + n)} of the second one" for n in range(8)]
    pieces = [piece(text, 0, 24.0 * n) for n, text in enumerate(whole)]
    pieces += [piece(text, 0, 24.0 * (n + 8)) for n, text in enumerate(left)]
    pieces += [piece(text, 420, 24.0 * (n + 8)) for n, text in enumerate(right)]
    pieces += [piece(text, 0, 24.0 * (n + 16)) for n, text in enumerate(whole)]
    assert [line.text for line in lines_of(pieces, 1) if line.text] == [*whole, *left, *right, *whole]
