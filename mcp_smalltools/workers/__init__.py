"""Worker processes: tools work on the contents of files in processes that can do nothing else.

sandbox    what a worker gives up before it sees anything: files, network, memory
wire       frames over a socket, with open descriptors beside them
sandboxed  the process: runs one tool at a time, asks the server for what it may not do itself
fork_server  the process whose forks are workers, on Linux
starter    the server's side of both: starts workers, ends them
pool       the server's side: keeps a few warm, serves what they ask, kills one at its deadline
isolated   a built-in tool that runs in a worker
in_this_process  a tool called here, on texts in memory
"""
