"""The engine's own environment: made and removed by `mcp-smalltools engine`, or in the background on need.

install_state  what an installation is doing, for whoever asks meanwhile
installer      environments and their packages, through uv or pip
libraries      which llama.cpp an environment gets, and where from
installing     from nothing to an environment that was tried
run_module     how a module of this package is run with the environment's Python
background     an installation that a call has set off
"""
