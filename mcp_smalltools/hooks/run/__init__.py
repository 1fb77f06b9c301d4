"""`mcp-smalltools run -- COMMAND`: what keep and tell do, where there are no hooks.

runner             the command from its start to the last line about it
relay              passes input, output, signals and the window's size on while it runs
command_terminal   the terminal that it is given, and ours
masked_stream      masks what is passed on (`--mask`)
"""
