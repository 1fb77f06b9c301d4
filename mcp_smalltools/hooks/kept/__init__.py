"""`keep`: the whole output of each of the agent's commands, without any part in the command.

watch      a folder in which files come and go, by inotify
keeper     holds the outputs of running commands open, and copies them when they end
outputs    the kept outputs on disk: private, bounded, removable
"""
