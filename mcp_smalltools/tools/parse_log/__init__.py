"""`parse_log`: patterns, errors and changes of a log. The parsing itself is in `mcp_smalltools.logs`."""
