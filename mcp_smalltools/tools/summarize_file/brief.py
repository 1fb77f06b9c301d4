"""A file in one line: what it says it is for, then the names and words that set it apart."""

from __future__ import annotations

from mcp_smalltools.tools.summarize_file.keywords import CHARS_PER_WORD, keywords


def brief(path: str, text: str, max_words: int, *, names: bool = True) -> str:
    """At most about `max_words` words, all of them from the text; without `names` only its own sentence."""
    from mcp_smalltools.errors import FileError
    from mcp_smalltools.tools.summarize_file.digest import digest_of_text

    try:
        digest = digest_of_text(path, text)
    except FileError:
        return ""
    purpose = digest.purpose.text.split() if digest.purpose else []
    said = " ".join(purpose[:max_words]) + (" …" if len(purpose) > max_words else "")
    left = (max_words - len(purpose)) * CHARS_PER_WORD
    if not names or left <= 0:
        return said
    if digest.text:
        told = " ".join(keywords(digest.text, (path, said), left))
    else:  # settings and data: their keys and columns
        keys = [heading.text for heading in digest.headings] + [column.name for column in digest.columns]
        told = " ".join(keys)[:left].rpartition(" ")[0] or " ".join(keys)[:left]
    return f"{said} · {told}" if said and told else said or told
