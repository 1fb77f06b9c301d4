"""The characters of a text that each token stands for, which llama.cpp's WordPiece doesn't give."""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.engine.llama.bindings import Model, Tokens

_WORD_START = "▁"


def token_offsets(model: Model, text: str, tokens: Tokens) -> NDArray[np.int32]:
    """Characters [start, end) of each token, shape (tokens, 2), int32; (0, 0) for special tokens.

    Folds the text as BERT's uncased tokenizer does (NFD, marks dropped, lower case; Devlin et al., 2019) and
    matches it token by token. A token that doesn't match, such as [UNK], stands for the word at its position.
    """
    folded, indexes = _fold(text)
    offsets = np.zeros((len(tokens), 2), dtype=np.int32)
    at = 0
    for i, token in enumerate(tokens):
        piece = model.pieces[int(token)].decode("utf-8", errors="replace").removeprefix(_WORD_START).strip()
        while at < len(folded) and folded[at].isspace():
            at += 1
        if at >= len(folded) or i == 0 or i == len(tokens) - 1:
            continue  # [CLS] and [SEP] have no characters
        if piece and folded.startswith(piece, at):
            end = at + len(piece)
        else:
            end = at + 1
            while end < len(folded) and not folded[end].isspace():
                end += 1
        offsets[i] = indexes[at], indexes[end - 1] + 1
        at = end
    return offsets


def _fold(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the index of the original one."""
    out: list[str] = []
    indexes: list[int] = []
    for index, character in enumerate(text):
        for part in unicodedata.normalize("NFD", character):
            if unicodedata.category(part) in {"Mn", "Cc", "Cf"} and not part.isspace():
                continue
            for lowered in part.lower():
                out.append(lowered)
                indexes.append(index)
    return "".join(out), indexes
