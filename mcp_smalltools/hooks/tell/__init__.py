"""`tell`: why a command failed, added to what the agent sees.

teller         whether there is anything to tell, and of which output
message        the few lines that the agent reads
telling_lines  which lines of the evidence are shown
"""
