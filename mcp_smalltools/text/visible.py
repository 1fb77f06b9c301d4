"""Text as a person would see it: what a model reads and what a terminal gets hold nothing hidden."""

from __future__ import annotations

import re
from typing import Final

_END: Final = r"(?:\x07|\x1b\\|\x9c)?"
# Escape sequences of terminals: colours, titles, cursor. None goes over a line end: one that isn't ended
# would take the lines after it along.
_ESCAPES: Final = re.compile(
    rf"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*{_END}|"
    r"\x1b[ -/]+[0-~]|\x1b[0-~]"
)
_CONTROLS: Final = "\x00-\x08\x0b-\x1f\x7f"
_ASCII_CONTROLS: Final = re.compile(f"[{_CONTROLS}]")
# Control characters; those that are not seen, blank letters among them; those that turn the direction of
# text; variation selectors and tags, which can carry a hidden text.
_HIDDEN: Final = (
    _CONTROLS + "\x80-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_UNSEEN: Final = re.compile(f"[{_HIDDEN}]")
_SEPARATORS: Final = re.compile("[\u2028\u2029]")
_NOT_IN_A_NAME: Final = re.compile(f"[{_HIDDEN}\t\n\u2028\u2029\ud800-\udfff]")


_HALVES: Final = re.compile("[\ud800-\udfff]")


def whole_text(text: str) -> str:
    """Text that can be sent: half of a pair of surrogates, which JSON's `\\ud800` makes, is no character."""
    return text if text.isascii() else _HALVES.sub("\ufffd", text)


def clean_text(text: str) -> str:
    """Text without escape sequences, controls and what can't be seen. It keeps its lines."""
    if text.isascii():
        if text.isprintable() or not _ASCII_CONTROLS.search(text):
            return text
        return _ASCII_CONTROLS.sub("", _ESCAPES.sub("", text))
    return _SEPARATORS.sub(" ", _UNSEEN.sub("", _ESCAPES.sub("", whole_text(text))))


def escaped_name(name: str) -> str:
    r"""A file's name on one line: what can't be seen, and what is not text, as an escape (`\n`, `\u202e`)."""
    if name.isprintable() and name.isascii():
        return name
    return _NOT_IN_A_NAME.sub(_escape, name)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    named = {0x09: r"\t", 0x0A: r"\n", 0x0D: r"\r"}
    width = "x" if code < 0x100 else "u" if code < 0x10000 else "U"
    return named.get(code) or f"\\{width}{code:0{ {'x': 2, 'u': 4, 'U': 8}[width] }x}"
