"""Converts a GGUF file to another layout.

python -m mcp_smalltools.engine.llama.quantize SOURCE TARGET LAYOUT

It runs in a process of its own, since llama.cpp aborts when it fails.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

from mcp_smalltools.engine.llama.bindings import load_library
from mcp_smalltools.engine.llama.llama_api import NATIVE_LIBRARY, api

CANNOT: Final = 3
"""Exit code where this llama.cpp has no function for it."""


def main(source: str, target: str, layout: str) -> int:
    if not NATIVE_LIBRARY:
        return CANNOT
    load_library()
    params = api.llama_model_quantize_default_params()
    params.ftype = getattr(api, f"LLAMA_FTYPE_MOSTLY_{layout}")
    params.allow_requantize = True
    params.nthread = os.cpu_count() or 1
    return int(api.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(params)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
