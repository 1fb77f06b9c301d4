"""The same as `mcp-smalltools bench handshake`: process start to tools/list, beside a bare import of the SDK.

python benchmarks/handshake.py [--runs 10] [--json]
"""

from __future__ import annotations

import sys

from mcp_smalltools.cli import main

if __name__ == "__main__":
    sys.exit(main(["bench", "handshake", *sys.argv[1:]]))
