"""The signs of a line that find_failure reads: words that save patterns, and the forms of common tools."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.find_failure import signs
from mcp_smalltools.tools.find_failure.lines import read_log
from mcp_smalltools.tools.find_failure.sign_words import WORDS

_RECIPE = Path(__file__).parents[1] / "models/recipes/find_failure/words_of_signs.py"
_PIECES = sorted({word for forms in WORDS.values() for words in forms for word in words})


def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("words_of_signs", _RECIPE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def signs_of(line: str) -> set[str]:
    """The names of the signs that a line shows."""
    log = read_log([[line]])
    row = signs.read_signs(log.contents, log.patterns)[0, : len(signs.SIGNS)]
    return {signs.NAMES[number] for number in np.flatnonzero(row)}


def test_the_words_of_the_signs_are_those_that_the_recipe_finds() -> None:
    """After a change of SIGNS: python models/recipes/find_failure/words_of_signs.py"""
    assert recipe().all_words(signs.SIGNS) == WORDS


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=8)), max_size=8).map(" ".join))
def test_no_sign_is_missed_for_want_of_a_word(line: str) -> None:
    line = re.sub(r"[\r\n]", " ", line)[: signs.LONGEST]
    plain = {number for number, pattern in enumerate(signs.SIGNS.values()) if re.search(pattern, line)}
    assert set(signs._row(line)[0]) == plain


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ('File "src/port.ml", line 14, characters 4-9:', "diagnostic"),
        ("lib/till.dart:41:12: Error: The getter 'price' isn't defined", "diagnostic"),
        ('kernel.cu(34): error: identifier "n" is undefined', "diagnostic"),
        ("! Undefined control sequence.", "error at start"),
        ("** (KeyError) key :price not found", "exception at start"),
        ("ERROR: LoadError: UndefVarError: `price` not defined", "exception at start"),
        ("Error in library(shelf) : there is no package called 'shelf'", "exception at start"),
        ("not ok 4 - sums the basket", "failed test"),
        ("#   Failed test 'ships in two days'", "failed test"),
        ("rspec ./spec/till_spec.rb:12 # Till sums", "failed test"),
        ("[-] Till sums the basket 12ms", "failed test"),
        ("   × src/till.test.ts > sums", "failed test"),
        ("  × No solution found when resolving dependencies:", "complaint"),
        ("CONFLICT (content): Merge conflict in src/till.py", "complaint"),
        ("Warning  BackOff  2m  kubelet  Back-off restarting failed container", "complaint"),
        ("till.service: Failed with result 'exit-code'.", "complaint"),
        ('fatal: [web1]: FAILED! => {"msg": "no"}', "complaint"),
        ("│ Error: Unsupported argument", "error at start"),
        ("    + FullyQualifiedErrorId : CommandNotFoundException", "frame"),
        ("Kernel panic - not syncing: VFS: Unable to mount root fs", "exception at start"),
        ("e: file:///w/src/Till.kt:12:3 Unresolved reference: price", "diagnostic"),
        ("Fehler: Datei nicht gefunden", "error label"),
        ("-Expected", "difference"),
        ("     got: 3", "difference"),
        ('The command "make test" exited with 2.', "exit statement"),
    ],
)
def test_the_forms_of_common_tools_show_a_sign(line: str, sign: str) -> None:
    assert sign in signs_of(line)


def test_lines_of_one_pattern_share_their_signs_unless_a_number_decides() -> None:
    log = read_log([["0 errors in 3 files", "2 errors in 4 files", "copied 3 files", "copied 40 files"]])
    table = signs.read_signs(log.contents, log.patterns)
    some = signs.NAMES.index("some failed")
    assert table[:2, some].tolist() == [0.0, 1.0]
    assert table[2].tolist() == table[3].tolist()
