"""The logging statements of source code: which words of a message are constant, and what its variables are
called.

`source.statements_of(path, text)` reads one file, `source.statements_under(folder)` a tree. Nothing is run
and no compiler is needed: calls of logging functions are found by their names, and their arguments are
split by brackets and quotes. What is not understood is left out.
"""
