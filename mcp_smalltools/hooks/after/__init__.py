"""What the agent does after an answer: evidence of whether it was right, seen live or in a transcript.

same_command  whether a command is one that ran before, however its output is looked at
agent_step    what one call of the agent's does: reads, edits or runs
follow_up     what the steps after an answer say of it
watcher       follows the answers of running sessions by their events
"""
