"""The log library, by stages; each imports from those before it.

folding/     records over several lines, put on their first line
message/     the message of a line: tokens, masked values, types of variables
statements/  logging statements in source code: constant words and names of variables
keys/        a line without the values of its digits and identifiers, at reading speed
headers/     what comes before a message on one line: what carried it, time, level
lines/       what is known of all lines of a key, and which lines are one record
judge/       the learned judge of a slot: constant word or variable
counting/    the parser: blocks of lines in, counts by key and shape out; in parallel
templates/   counts to templates: grouping, columns, optional fields
"""
