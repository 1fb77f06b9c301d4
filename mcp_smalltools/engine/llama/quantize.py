"""Converts a GGUF file to another layout.

python -m mcp_smalltools.engine.llama.quantize SOURCE TARGET LAYOUT

It runs in a process of its own, since llama.cpp aborts when it fails.
"""

from __future__ import annotations

import ctypes
import os
import sys

import llama_cpp as api

from mcp_smalltools.engine.llama.bindings import load_library


def main(source: str, target: str, layout: str) -> int:
    load_library()
    params = api.llama_model_quantize_default_params()
    params.ftype = getattr(api, f"LLAMA_FTYPE_MOSTLY_{layout}")
    params.allow_requantize = True
    params.nthread = os.cpu_count() or 1
    return int(api.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(params)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
