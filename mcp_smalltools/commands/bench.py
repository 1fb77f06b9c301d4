"""Measure speed, a peer beside ours in the same run: ratios, for bare times say more of the machine.

mcp-smalltools bench handshake --json
"""

from __future__ import annotations

from mcp_smalltools.commands.common.submodules import Modules

BENCHES = Modules(
    "mcp_smalltools.evaluation.bench",
    "WHAT",
    {
        "handshake": "process start to tools/list, a bare import of the SDK beside it",
        "remote": "a remote agent's first call over SSE and HTTP, stdio beside it",
        "redact": "masking, in megabytes a second, each rule on each line beside it",
        "logs": "parse_log, Drain3 beside it on the same files",
        "tools": "the whole job of each tool, the same done by prompting llama.cpp's own server beside it",
        "engine": "the work that tools give the engine, llama.cpp's own server beside it",
    },
)

add_arguments = BENCHES.add_arguments
run = BENCHES.run
