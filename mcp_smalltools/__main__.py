"""`python -m mcp_smalltools`: the command line, where the script is not on the PATH."""

import sys

from mcp_smalltools.cli import main

sys.exit(main())
