"""The reader: the encoder with an adapter that points at the words of a text that answer a question."""

from __future__ import annotations

from mcp_smalltools.tools.classification.labels import in_words

BETWEEN = " | "


def question_of(name: str, description: str) -> str:
    """How a field is put to the reader."""
    words = in_words(name) if name else ""
    description = " ".join(description.split())[:160]
    return f"{words}: {description}" if words and description else words or description
