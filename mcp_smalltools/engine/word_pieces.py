"""The characters of a text that each token of BERT's WordPiece stands for, from the tokens' texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD_START = "▁"


def offsets_of(pieces: Sequence[str], text: str) -> NDArray[np.int32]:
    """Characters [start, end) of each token, shape (tokens, 2), int32; (0, 0) for the first and the last one,
    which are special.

    Folds the text as BERT's uncased tokenizer does (NFD, marks dropped, lower case; Devlin et al., 2019) and
    matches it token by token. A token that doesn't match, such as [UNK], stands for the word at its position.
    """
    import numpy as np

    folded, indexes = _fold(text)
    offsets = np.zeros((len(pieces), 2), dtype=np.int32)
    at = 0
    for i, token in enumerate(pieces):
        piece = token.removeprefix(_WORD_START).strip()
        while at < len(folded) and folded[at].isspace():
            at += 1
        if at >= len(folded) or i == 0 or i == len(pieces) - 1:
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
