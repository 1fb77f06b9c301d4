"""llama.cpp's server over the encoder, from xllamacpp's wheel: the OpenAI-compatible engine of compose.yaml.

python engine.py [--host 127.0.0.1] [--port 8080] [--threads 4] [--model FILE.gguf]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

import xllamacpp

SLOTS = 8
CONTEXT = 512
"""Tokens of a text that the encoder takes, and of each slot."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--model", help="GGUF file (default: the encoder in MCP_SMALLTOOLS_MODEL_DIR)")
    args = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server = xllamacpp.Server(_parameters(args))
    ended.wait()
    del server


def _parameters(args: argparse.Namespace) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = args.model or _encoder()
    params.hostnames, params.port = [args.host], args.port
    params.n_parallel, params.n_ctx = SLOTS, SLOTS * CONTEXT
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = args.threads
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return params


def _encoder() -> str:
    """The file that `mcp-smalltools models pull` has made."""
    folder = Path(os.environ["MCP_SMALLTOOLS_MODEL_DIR"]) / "all-minilm-l6-v2"
    found = sorted(folder.glob("*.gguf"))
    if not found:
        sys.exit(f"There is no encoder in {folder}. Run: mcp-smalltools models pull all-minilm-l6-v2")
    return str(found[0])


if __name__ == "__main__":
    main()
