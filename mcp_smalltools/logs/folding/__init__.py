"""Records that are written over several lines, such as JSON with indents, each put on its first line.

The rest of the library takes a log line by line. So a record's lines are joined with `FOLD` between them, and
empty lines stay where they were: the numbers of lines hold, and the record is read as one line.
"""
