"""What the bundle starts: the server over stdio, with the folder that its user has chosen."""

import sys

from mcp_smalltools.cli import main

sys.exit(main(["serve", *sys.argv[1:]]))
