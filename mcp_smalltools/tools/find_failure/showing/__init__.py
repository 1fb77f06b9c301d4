"""What of a failed run is shown, in how many lines and characters.

failures    the distinct failures that the tools' own forms name: tests, errors of compilers, hosts
whole_message  where the message of a failure begins and ends
plan        which lines are shown: the main failure whole, each further one by its head
shown_failure  the answer's part that shows the failure
excerpts    long lines, cut around what matters in them
"""
