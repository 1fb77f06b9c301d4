"""The devices that this build of llama.cpp can use, and how much of a model fits there."""

from __future__ import annotations

import ctypes
import functools
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ALL_LAYERS: Final = 999
KEPT_FREE: Final = 0.15
"""Share of a device's free memory that is left for the buffers of a step and for other programs."""
_CPU, _GPU, _IGPU = 0, 1, 2  # ggml_backend_dev_type


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU. Memory in bytes; an integrated one shares the machine's."""

    name: str
    free: int
    total: int


def devices() -> tuple[Device, ...]:
    """The GPUs that this build of llama.cpp sees (CUDA, Metal, ROCm, Vulkan); none on a build for CPUs."""
    found = []
    for index in range(_ggml().ggml_backend_dev_count()):
        device = _ggml().ggml_backend_dev_get(index)
        if _ggml().ggml_backend_dev_type(device) in (_GPU, _IGPU):
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            _ggml().ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            name = _ggml().ggml_backend_dev_description(device).decode(errors="replace")
            found.append(Device(name, free.value, total.value))
    return tuple(found)


def layers_that_fit(file_bytes: int, layers: int, cache_bytes: int, free: int) -> int:
    """Layers of a model to put on devices with `free` bytes: all, or as many as leave KEPT_FREE of it.

    Each layer takes its share of the weights and of the key-value cache. The last layer, the output, comes
    with all of them only.
    """
    room = free * (1 - KEPT_FREE)
    if file_bytes + cache_bytes <= room:
        return ALL_LAYERS
    per_layer = (file_bytes + cache_bytes) / max(1, layers + 1)
    return max(0, min(layers, int(room / per_layer)))


def layers_in_file(path: str) -> int:
    """Layers of a GGUF model, by its header alone; 0 if it doesn't say."""
    with Path(path).open("rb") as file:
        head = file.read(1 << 20)
    # The key is the architecture's name and ".block_count"; its type, 4, is a uint32.
    at = head.find(b".block_count")
    if at < 0:
        return 0
    kind, value = struct.unpack_from("<II", head, at + len(b".block_count"))
    return int(value) if kind == 4 else 0


@functools.cache
def _ggml() -> Any:
    """ggml's device interface, which llama-cpp-python doesn't wrap."""
    from mcp_smalltools.engine.llama.llama_api import ggml

    library = ggml()
    library.ggml_backend_dev_count.restype = ctypes.c_size_t
    library.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    library.ggml_backend_dev_get.restype = ctypes.c_void_p
    library.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    library.ggml_backend_dev_type.restype = ctypes.c_int
    library.ggml_backend_dev_description.argtypes = [ctypes.c_void_p]
    library.ggml_backend_dev_description.restype = ctypes.c_char_p
    size = ctypes.POINTER(ctypes.c_size_t)
    library.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p, size, size]
    return library


def main() -> int:
    """Print what this build can use, as JSON. Loads no model."""
    import json
    from dataclasses import asdict

    from mcp_smalltools.engine.llama import bindings

    backend = bindings.backend_name()
    print(json.dumps({"backend": backend, "devices": [asdict(device) for device in devices()]}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
