"""What a text of several lines says: the text without the code, logs and addresses that it quotes.

Reports, mails and pages quote much that says little of what they are about (models/LOG.md has the figures).
"""

from __future__ import annotations

import re
from typing import Final

READ_CHARS: Final = 50_000
"""Characters of a text that are looked at."""
_FEWEST_WORDS: Final = 3
"""Words that have to be left; else the text is what is quoted in it."""
_FENCED: Final = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)
_HIDDEN: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LINK: Final = re.compile(r"!?\[([^\[\]\n]{0,200})\]\([^()\s]{0,500}\)")
_ADDRESS: Final = re.compile(r"https?://\S+")
_QUOTED_LINE: Final = re.compile(
    r"at [\w.$<>]+\(|Caused by:|\.{3} \d+ more|\d\d-\d\d \d\d:\d\d|[A-Z]/[\w.]+\s?\(|[-+=| ]{6,}$"
)
"""How lines of stack traces, of logs and rules begin."""


def said_in(text: str) -> str:
    """A text without blocks of code, hidden comments, addresses, and lines of logs and stack traces.

    A single line, and a text that is hardly anything else, stay as they are.
    """
    text = text.strip()
    if "\n" not in text:
        return text
    plain = _HIDDEN.sub(" ", _FENCED.sub(" ", text[:READ_CHARS]))
    plain = _ADDRESS.sub(" ", _LINK.sub(r"\1", plain))
    lines = [line for line in plain.split("\n") if line.strip() and not _QUOTED_LINE.match(line.strip())]
    said = "\n".join(lines).strip()
    return said if len(said.split()) >= _FEWEST_WORDS else text
