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
}
_RUN: Final = re.compile(r"[A-Za-z0-9]{2,}")
_HEX: Final = re.compile(r"(?:0x)?(?:[0-9a-f]+|[0-9A-F]+)")
_TWINS: Final = frozenset("0OoQDlI1|")
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
    for number, char in enumerate(run):
        if char not in _TWINS:
            continue
        place = start + number
        if not digits and letters >= 2 and char in "01" and number > 0:
            if upper == letters and (number + 1 < len(run) or char == "0"):
                text[place] = "O" if char == "0" else "I"
                probabilities[place] = min(probabilities[place], 0.97)
                continue
            if not upper and number + 1 < len(run) and char == "1":
                text[place] = "l"
                probabilities[place] = min(probabilities[place], 0.97)
                continue
        if not letters and digits >= 2 and char in "OolI" and len(run) > 3:
            text[place] = "0" if char in "Oo" else "1"
            probabilities[place] = min(probabilities[place], _DOUBTED)
        elif digits and letters and len(run) >= 6 and not _HEX.fullmatch(run):
            probabilities[place] = min(probabilities[place], _DOUBTED)


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
