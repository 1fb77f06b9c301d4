"""How fast this machine runs a GGUF file: `python -m mcp_smalltools.engine.llama.measure FILE KIND THREADS`.

Prints JSON: tokens/s of reading (`prefill`) and, for generators, of writing (`decode`, one text;
`decode_8`, eight at a time). Best of several rounds: what slows a round is other work on the machine.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from mcp_smalltools.engine.llama.bindings import Context, Model

_PROMPT, _WRITTEN, _ROUNDS = 256, 16, 3


def main(path: str, kind: str, threads: str) -> int:
    model = Model(path)
    encoder = kind == "embed"
    context = Context(
        model, cells=1024, sequences=8, batch_tokens=512, threads=int(threads), token_vectors=encoder
    )
    tokens = np.random.default_rng(0).integers(1000, model.vocab_size - 1000, _PROMPT).astype(np.int32)

    def read() -> None:
        context.clear()
        context.batch.clear()
        if encoder:
            for seq in range(8):
                context.batch.add(tokens[: _PROMPT // 8], seq, 0, wanted="all")
        else:
            context.batch.add(tokens, 0, 0, wanted="last")
        context.decode()
        _ = context.token_vectors(1)[0, 0] if encoder else context.logits(1)[0, 0]

    def write() -> None:
        for position in range(_PROMPT, _PROMPT + _WRITTEN):
            context.batch.clear()
            context.batch.add(tokens[:1], 0, position, wanted="last")
            context.decode()
            context.logits(1)[0].argmax()
        context.remove(0, _PROMPT)

    read()
    speeds = {"prefill": round(_PROMPT / _best(read))}
    if not encoder:
        speeds["decode"] = round(_WRITTEN / _best(write))
        speeds["decode_8"] = _eight_at_a_time(model, int(threads))
    print(json.dumps(speeds))
    return 0


def _eight_at_a_time(model: Model, threads: int) -> int:
    """Tokens/s of eight texts that are written at the same time, each with a stream of its own."""
    context = Context(model, cells=8 * 512, sequences=8, batch_tokens=512, threads=threads, unified=False)
    start = np.arange(1000, 1000 + _PROMPT, dtype=np.int32)
    for seq in range(8):
        context.batch.clear()
        context.batch.add(start, seq, 0, wanted="last")
        context.decode()

    def write() -> None:
        for position in range(_PROMPT, _PROMPT + _WRITTEN):
            context.batch.clear()
            for seq in range(8):
                context.batch.add(start[:1], seq, position, wanted="last")
            context.decode()
            context.logits(8).argmax()
        for seq in range(8):
            context.remove(seq, _PROMPT)

    return round(8 * _WRITTEN / _best(write))


def _best(step: Callable[[], None]) -> float:
    times = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return min(times)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
