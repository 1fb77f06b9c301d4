"""`ask_file`: the lines of one or several files that answer a question."""
