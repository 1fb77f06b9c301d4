"""Measure speed against a peer in the same run: ratios, since times alone depend on the machine.

Example: mcp-smalltools bench handshake --json
"""

from __future__ import annotations

from mcp_smalltools.commands.common.submodules import Modules

BENCHES = Modules(
    "mcp_smalltools.evaluation.bench",
    "WHAT",
    {
        "handshake": "from process start to tools/list, against a bare import of the MCP SDK",
        "remote": "a remote agent's first call over SSE and HTTP, against stdio",
        "redact": "masking, in megabytes a second, against every rule tried on every line",
        "logs": "parse_log against Drain3 on the same files",
        "tools": "the whole job of each tool, against prompting a model on llama.cpp's own server",
        "engine": "the engine against llama.cpp's own server: embedding, which tools need, and generation",
    },
)

add_arguments = BENCHES.add_arguments
run = BENCHES.run
