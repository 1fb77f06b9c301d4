"""What a recogniser that knows a hundred scripts gets wrong in Latin text, put right where that is certain.

It has one character for full-width signs and ASCII's, and letters that look like digits in many fonts. A zero
among capitals is their O; in a token of letters and digits nobody can tell, and it stays in doubt.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import Final

import numpy as np

from mcp_smalltools.pictures.recognise import ReadLine

_WIDE_SIGNS: Final = {
    **{chr(0xFF01 + offset): chr(0x21 + offset) for offset in range(94)},
    "、": ",",
    "。": ".",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "′": "'",
    "∶": ":",
    "﹣": "-",
    "－": "-",
    "一": "-",
    "ー": "-",
    "×": "x",
    "〔": "[",
    "〕": "]",
    "【": "[",
    "】": "]",
    "《": "<",
    "》": ">",
    "…": "...",
    "√": "✓",
}
_RUN: Final = re.compile(r"[A-Za-z0-9]{2,}")
_HEX: Final = re.compile(r"(?:0x)?(?:[0-9a-f]+|[0-9A-F]+)")
_TWINS: Final = frozenset("0OoQDlI1|")
_OF_BOTH_CASES: Final = frozenset("cosvwxzCOSVWXZ")
"""Letters that differ from their capitals in size alone."""
_SHORT_NAMES: Final = {"Cl": "CI", "Ul": "UI", "I0": "IO"}
"""What is far more often meant on the pictures that agents are given; it stays in doubt."""
_BAR: Final = re.compile(r"(?:(?<=[)\]}\"'] )[Il](?= )|(?<= )[Il](?= [(\[{_\"']))")
"""A stroke that stands alone beside a sign of code is a bar."""
_INPUT_OUTPUT: Final = re.compile(r"(?<![A-Za-z0-9])I/0(?![A-Za-z0-9])")
_DOUBTED: Final = 0.85
"""Probability that a character with a double has at most in a token of letters and digits."""
_LETTERS_LOST: Final = 1.62
"""Distance after a sign, in usual distances of the line, from which a space was there."""


def corrected(line: ReadLine) -> ReadLine:
    """The line with signs as ASCII has them, unless it is in a script that has its own."""
    if _is_foreign(line.text):
        return line
    text, edges, probabilities = list(line.text), list(line.edges), list(line.probabilities)
    for number, char in enumerate(text):
        plain = _WIDE_SIGNS.get(char, char)
        text[number] = plain[0]
    for match in _RUN.finditer("".join(text)):
        _settle(match[0], match.start(), text, probabilities)
    for match in _BAR.finditer("".join(text)):
        place = match.start()
        text[place], probabilities[place] = "|", min(probabilities[place], _DOUBTED)
    for match in _INPUT_OUTPUT.finditer("".join(text)):
        _put("O", match.end() - 1, text, probabilities)
    spaced = ReadLine("".join(text), tuple(edges), tuple(probabilities))
    return _with_lost_spaces(spaced)


def _is_foreign(text: str) -> bool:
    letters = [char for char in text if char.isalpha() and char not in _WIDE_SIGNS]
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in letters)
    return wide > 0.15 * len(letters)


def _settle(run: str, start: int, text: list[str], probabilities: list[float]) -> None:
    """Twins of letters and digits in a word: as its other characters are, or in doubt."""
    others = [char for char in run if char not in _TWINS]
    digits = sum(char.isdigit() for char in others)
    letters = len(others) - digits
    upper = sum(char.isupper() for char in others)
    if (name := _SHORT_NAMES.get(run)) is not None:
        _put(name[1], start + 1, text, probabilities)
        probabilities[start + 1] = min(probabilities[start + 1], _DOUBTED)
        return
    capitals = _small_capitals(run)
    for number, char in enumerate(run):
        place = start + number
        if number in capitals:
            _put("I" if char == "l" else char.upper(), place, text, probabilities)
            continue
        if char not in _TWINS:
            continue
        if not digits and letters >= 2 and char in "01" and number > 0:
            if upper == letters and (number + 1 < len(run) or char == "0"):
                _put("O" if char == "0" else "I", place, text, probabilities)
                continue
            if not upper and number + 1 < len(run) and char == "1":
                _put("l", place, text, probabilities)
                continue
        if not letters and digits >= 2 and char in "OolI" and len(run) > 3:
            text[place] = "0" if char in "Oo" else "1"
            probabilities[place] = min(probabilities[place], _DOUBTED)
        elif digits and letters and len(run) >= 6 and not _HEX.fullmatch(run):
            probabilities[place] = min(probabilities[place], _DOUBTED)


def _small_capitals(run: str) -> frozenset[int]:
    """Offsets of letters that were read as small among capitals: not a prefix (sRGB) or a plural (APIs)."""
    telling = [char for char in run if char not in _OF_BOTH_CASES and char != "l"]
    if len(telling) < 2 or not all(char.isupper() for char in telling):
        return frozenset()
    small = {number for number, char in enumerate(run) if char.islower()}
    inside = {number for number in small if 0 < number < len(run) - 1 or (number and run[number] == "l")}
    return frozenset(inside | {0} if {0, 1} <= small else inside)


def _put(char: str, place: int, text: list[str], probabilities: list[float]) -> None:
    """What the word says in place of what was read: nearly as sure as the rest."""
    text[place] = char
    probabilities[place] = min(probabilities[place], 0.97)


def _with_lost_spaces(line: ReadLine) -> ReadLine:
    """Spaces after signs where the next character is farther away than usual."""
    centres = [(left + right) / 2 for left, right in line.edges]
    steps = [b - a for a, b in itertools.pairwise(centres)]
    if len(steps) < 4:
        return line
    usual = float(np.median(steps))
    text, edges, probabilities = "", [], []
    for number, char in enumerate(line.text):
        text += char
        edges.append(line.edges[number])
        probabilities.append(line.probabilities[number])
        following = line.text[number + 1 : number + 2]
        if (
            char in ":,;)]}|"
            and following
            and not following.isspace()
            and steps[number] > _LETTERS_LOST * usual
        ):
            text += " "
            edges.append((line.edges[number][1], line.edges[number + 1][0]))
            probabilities.append(0.95)
    return ReadLine(text, tuple(edges), tuple(probabilities))
