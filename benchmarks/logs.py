"""The same as `mcp-smalltools bench logs`: parse_log beside Drain3, on real and generated logs.

python benchmarks/logs.py [--lines 1000000] [--size 1GB] [--data DIR] [--json]
"""

from __future__ import annotations

import sys

from mcp_smalltools.cli import main

if __name__ == "__main__":
    sys.exit(main(["bench", "logs", *sys.argv[1:]]))
