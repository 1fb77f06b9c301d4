"""`guard`: what the agent's own tools show is masked, and sealed folders are refused to them.

guard          the part: which tool's call is looked at, and what is answered
path_levels    the privacy level of a path, wherever the agent works
shell          a shell command, taken apart into programs and their words
readers        which programs show files, copy them, or only change them
named_paths    the paths that a shell command names
refused_calls  calls that may not be made: of sealed folders, and with masks in place of values
masks          masks in what a tool has shown, in the context of the files that it is of
withheld       a result of which nothing is shown, where it can't be masked
journal        what was masked or refused, for the audit
"""
