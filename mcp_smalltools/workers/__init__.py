"""Worker processes: tools work on the contents of files in processes that can do nothing else.

sandbox    what a worker gives up before it sees anything: files, network, memory
wire       frames over a socket, with open descriptors beside them
caller     a worker's view of the server: the calls that come, and what the server does for them
sandboxed  the process: runs one tool at a time, asks the server for what it may not do itself
fork_server  the process whose forks are workers, on Linux
starter    the server's side of both: starts workers, ends them
pool       the server's side: keeps a few warm, kills one at its deadline
worker_requests  what the server does for a worker while a call runs
warm_up    what forks of that process have loaded and compiled already
isolated   a built-in tool that runs in a worker
in_this_process  a tool called here, on texts in memory
picture_process  the process that reads pictures
picture_client   the server's side of it
"""
