"""Writes LoRA adapters of random weights: enough to see which one was used."""

from __future__ import annotations

import hashlib
from pathlib import Path

import gguf
import numpy as np

from mcp_smalltools.engine.work import AdapterFile

_ALPHA = 16.0


def write_adapter(
    folder: Path, base: str, *, seed: int, rank: int = 8, strength: float = 0.05
) -> AdapterFile:
    """A rank-8 adapter on the attention's query and value matrices of every layer of a GGUF base."""
    reader = gguf.GGUFReader(base)
    architecture = str(reader.fields["general.architecture"].contents())
    path = folder / f"random-{seed}" / "adapter.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", _ALPHA)
    random = np.random.default_rng(seed)
    for tensor in reader.tensors:
        if tensor.name.endswith(("attn_q.weight", "attn_v.weight")):
            inputs, outputs = (int(n) for n in tensor.shape)
            a = random.normal(0, 1 / np.sqrt(inputs), (rank, inputs)).astype(np.float32)
            b = random.normal(0, strength, (outputs, rank)).astype(np.float32)
            writer.add_tensor(f"{tensor.name}.lora_a", a)
            writer.add_tensor(f"{tensor.name}.lora_b", b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return AdapterFile(path.parent.name, str(path), hashlib.sha256(path.read_bytes()).hexdigest())
