"""BERT encoders from safetensors to GGUF, without the frameworks that they were trained with.

Follows llama.cpp's own converter for `BertModel`: its `bert` architecture, mean pooling, WordPiece vocabulary
with U+2581 in front of the pieces that start a word. Checked against sentence-transformers: cosine at least
0.99999 (docs/models.md).
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.errors import ModelError

_TYPES: Final = {"F32": "<f4", "F16": "<f2"}
_NAMES: Final = (
    ("embeddings.word_embeddings", "token_embd"),
    ("embeddings.position_embeddings", "position_embd"),
    ("embeddings.token_type_embeddings", "token_types"),
    ("embeddings.LayerNorm", "token_embd_norm"),
    ("attention.self.query", "attn_q"),
    ("attention.self.key", "attn_k"),
    ("attention.self.value", "attn_v"),
    ("attention.output.dense", "attn_output"),
    ("attention.output.LayerNorm", "attn_output_norm"),
    ("intermediate.dense", "ffn_up"),
    ("output.dense", "ffn_down"),
    ("output.LayerNorm", "layer_output_norm"),
)
_EXACT: Final = ("position_embd", "token_types", "norm", ".bias")
"""Tensors that stay at 32 bits: they are small, and rounding them costs accuracy."""
HEADS: Final = 12


def convert_bert(
    weights: Path, vocabulary: Path, target: Path, layout: str, *, name: str, licence: str
) -> None:
    """Write a GGUF file in layout F32, F16 or BF16. Raises ModelError if these are no BERT encoder's."""
    import gguf
    import numpy as np

    tensors = {_gguf_name(key): value for key, value in _safetensors(weights) if _gguf_name(key)}
    if "token_embd.weight" not in tensors:
        raise ModelError(f"{weights.name} holds no BERT encoder.", remedy="Choose another model.")
    words = vocabulary.read_text(encoding="utf-8").splitlines()
    dim = tensors["token_embd.weight"].shape[1]
    layers = 1 + max(int(key.split(".")[1]) for key in tensors if key.startswith("blk."))
    writer = gguf.GGUFWriter(target, "bert")
    writer.add_name(name)
    writer.add_license(licence)
    writer.add_context_length(tensors["position_embd.weight"].shape[0])
    writer.add_embedding_length(dim)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(tensors["blk.0.ffn_up.weight"].shape[0])
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    _add_vocabulary(writer, words)
    kinds = {
        "F32": gguf.GGMLQuantizationType.F32,
        "F16": gguf.GGMLQuantizationType.F16,
        "BF16": gguf.GGMLQuantizationType.BF16,
    }
    for key, tensor in tensors.items():
        exact = any(part in key for part in _EXACT)
        kind = gguf.GGMLQuantizationType.F32 if exact else kinds[layout]
        data = gguf.quants.quantize(np.ascontiguousarray(tensor, dtype=np.float32), kind)
        writer.add_tensor(key, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_vocabulary(writer: Any, words: list[str]) -> None:
    import gguf

    special = {word for word in words if word.startswith("[") and word.endswith("]") and len(word) > 2}
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([_piece(word, word in special) for word in words])
    writer.add_token_types(
        [gguf.TokenType.CONTROL if word in special else gguf.TokenType.NORMAL for word in words]
    )
    writer.add_token_type_count(2)
    ids = {word: index for index, word in enumerate(words)}
    writer.add_unk_token_id(ids["[UNK]"])
    writer.add_sep_token_id(ids["[SEP]"])
    writer.add_pad_token_id(ids["[PAD]"])
    writer.add_mask_token_id(ids["[MASK]"])
    writer.add_bos_token_id(ids["[CLS]"])
    writer.add_eos_token_id(ids["[SEP]"])


def _piece(word: str, special: bool) -> str:
    if special:
        return word
    return word[2:] if word.startswith("##") else "▁" + word


def _gguf_name(key: str) -> str:
    """llama.cpp's name of a tensor; "" if it doesn't use it."""
    key = key.removeprefix("bert.")
    prefix = ""
    if key.startswith("encoder.layer."):
        number, key = key.removeprefix("encoder.layer.").split(".", 1)
        prefix = f"blk.{number}."
    elif not key.startswith("embeddings.") or key.endswith("position_ids"):
        return ""
    stem, _, kind = key.rpartition(".")
    for theirs, ours in _NAMES:
        if stem == theirs:
            return f"{prefix}{ours}.{kind}"
    return ""


def _safetensors(path: Path) -> Iterator[tuple[str, Any]]:
    """Names and arrays: eight bytes of length, a JSON header, then the data. Nothing is executed."""
    import numpy as np

    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        if size > 100 << 20:
            raise ModelError(f"{path.name} is no safetensors file.", remedy="Fetch it again.")
        header = json.loads(file.read(size))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + size)
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in _TYPES:
            continue
        start, end = entry["data_offsets"]
        yield name, data[start:end].view(_TYPES[entry["dtype"]]).reshape(entry["shape"])


def main(arguments: Sequence[str]) -> int:
    """Convert in this process: `python -m mcp_smalltools.models.convert ...`, where `gguf` is installed."""
    weights, vocabulary, target, layout, name, licence = arguments
    try:
        convert_bert(Path(weights), Path(vocabulary), Path(target), layout, name=name, licence=licence)
    except (ModelError, OSError) as error:
        print(str(error).rstrip("."), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
