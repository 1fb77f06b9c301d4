"""A file's digest for the encoder: its path, its first sentence of prose, and the names that it defines."""

from __future__ import annotations

import re
from typing import Final

from mcp_smalltools.text.words import code_words

MAX_CHARS: Final = 400
"""Of a digest: about as many as the encoder reads."""
# Linear: a line's own white space is all that may be before a name, and what is taken is not given back.
_DEFINED = re.compile(
    r"^[^\S\n]*+(?:export |pub |public |private |static |async |abstract |final |default )*"
    r"(?:def|class|func|fn|function|interface|struct|enum|trait|type|module|impl)\s++(?:\([^)]{0,200}+\)\s*+)?([A-Za-z_]\w*)",
    re.MULTILINE,
)
_HEADING = re.compile(r"^(?:#{1,4}\s++(.+)|(.+)\n[=~-]{4,}\s*)$", re.MULTILINE)
# From the start of a run of letters alone: inside it, a match would only be shorter.
_PROSE = re.compile(r"(?<![A-Za-z])[A-Za-z][A-Za-z'-]++(?:[ ,]++[A-Za-z`'-]++){3,}+[^\n]*")
_LEGAL = re.compile(r"(?i)copyright|licen[sc]e|spdx|all rights reserved|permission is hereby")
_HEAD_CHARS: Final = 4000
"""Characters of a file in which its first prose is looked for."""
_PROSE_CHARS: Final = 160
_MAX_PARTS: Final = 4
"""Words of one name that the digest takes."""


def digest_of(path: str, text: str) -> str:
    """The digest of a file, at most `MAX_CHARS` characters."""
    name = " ".join(dict.fromkeys(code_words(path)))
    prose = next((p for p in _PROSE.findall(text[:_HEAD_CHARS]) if not _LEGAL.search(p)), "")
    names = dict.fromkeys(_DEFINED.findall(text)) or dict.fromkeys(
        (a or b).strip() for a, b in _HEADING.findall(text)
    )
    defined = " ".join(dict.fromkeys(part for one in names for part in _parts(one)))
    return f"{name}. {prose[:_PROSE_CHARS].strip()}. {defined}"[:MAX_CHARS]


def _parts(name: str) -> list[str]:
    return [part for part in code_words(name) if len(part) > 1][:_MAX_PARTS]
