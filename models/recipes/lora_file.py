"""A LoRA adapter of all-MiniLM-L6-v2 as llama.cpp reads it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import gguf
import numpy as np

MATRICES = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
}
"""PyTorch's name of each matrix of a layer, and llama.cpp's."""


def matrix_name(layer: int, module: str) -> str:
    """What a file calls a matrix; its two tensors end in `.lora_a` and `.lora_b`."""
    return f"blk.{layer}.{MATRICES[module]}.weight"


def write(path: Path, alpha: float, tensors: Iterable[tuple[str, np.ndarray]]) -> None:
    """Tensors by their names in the file, in half precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, tensor in tensors:
        writer.add_tensor(name, tensor.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read(path: Path) -> dict[str, np.ndarray]:
    """The tensors that `write` wrote, as far as half precision keeps them."""
    return {tensor.name: tensor.data.astype(np.float32) for tensor in gguf.GGUFReader(path).tensors}
