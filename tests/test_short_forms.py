"""Short forms in names of code, names joined of two words, and what a question's words are tied to."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.text.short_forms import SHORT_FORMS, parts_of_compound, shortens, stands_for
from mcp_smalltools.text.words import STOP_WORDS
from mcp_smalltools.tools.ask_file.name_words import NameWords

WORDS = frozenset(
    ("alive", "buffer", "import", "keep", "level", "password", "port", "record", "size", "store")
)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("bufsize", ("buf", "size")),
        ("logfile", ("log", "file")),
        ("keepalive", ("keep", "alive")),
        ("loglevel", ("log", "level")),
        ("basedir", ()),  # base is no word here
        ("import", ()),
        ("password", ()),
        ("record", ()),
        ("port", ()),
        ("größe", ()),
    ],
)
def test_a_name_is_taken_apart_where_both_parts_are_known_and_it_is_no_word_itself(
    word: str, parts: tuple[str, ...]
) -> None:
    assert parts_of_compound(word, WORDS) == parts


@pytest.mark.parametrize(
    ("short", "word", "may"),
    [
        ("calib", "calibration", True),
        ("pckt", "packet", True),
        ("ca", "calibration", False),  # too short to say anything
        ("calibrate", "calibration", False),
        ("cat", "dog", False),
        ("ptr", "parameter", False),
    ],
)
def test_the_beginning_of_a_word_or_its_consonants_may_be_its_short_form(
    short: str, word: str, may: bool
) -> None:
    assert shortens(short, word) is may


def test_a_listed_short_form_is_no_stop_word_and_means_longer_words() -> None:
    for short, meant in SHORT_FORMS.items():
        assert short not in STOP_WORDS and short.isalpha() and short.islower()
        assert meant and all(word.isalpha() and word != short for word in meant)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("buffer", ["buf", "bufsize"]),
        ("size", ["bufsize", "sz"]),
        ("connection", ["conn"]),
        ("conn", ["connection"]),
        ("authorization", ["auth"]),
        ("import", []),
    ],
)
def test_a_word_of_a_question_is_tied_to_its_short_forms_and_to_names_that_have_it(
    asked: str, found: list[str]
) -> None:
    vocabulary = ["buf", "bufsize", "size", "sz", "conn", "connection", "auth", "import", "the"]
    spelt = NameWords(vocabulary, WORDS).spelt_with(asked)
    forms = {vocabulary[number] for number in spelt} - {asked}
    assert forms | {w for w in vocabulary if w in stands_for(asked)} == set(found)


def test_words_of_a_dictionary_and_of_other_letters_are_short_for_nothing() -> None:
    names = NameWords(["calibr", "cal", "store", "größe", "x1", ""], WORDS)
    assert names.shortened("calibration") == [0, 1]
    assert names.shortened("storehouse") == []
    assert names.shortened("") == []


@given(st.text(string.ascii_lowercase + "é1_", max_size=40), st.frozensets(st.text(string.ascii_lowercase)))
def test_the_parts_of_a_name_put_together_are_the_name(word: str, words: frozenset[str]) -> None:
    parts = parts_of_compound(word, words)
    assert parts == () or "".join(parts) == word
    assert len(parts) in (0, 2)
