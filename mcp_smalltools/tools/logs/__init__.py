"""The log parser: lines to records, records to shapes, shapes to templates, with exact counts.

keys        a line without the values of its digits and identifiers, at reading speed: for a block by
            linekeys, which does it with bitstreams; keytable knows the keys that were met, and
            shortkeys makes those alike that differ in how long their numbers are
headers     what stands before a message: time, level, host, process, logger
columns     header columns that nothing names, told by their statistics
tails       parts key=value that only some lines of an event have
records     which lines belong together
masking     values that can be told by their form: numbers, addresses, paths, durations, ...
forms       what is known of a line by its key, so that each distinct key is taken apart once
times       timestamps to seconds
timeline    range, gaps and bursts
grouping    which shapes are one event, and what varies in it
variables   what a slot of a template held
parser      the flow: blocks of lines in, counts out
parsed      counts to templates: a ParsedLog
report      what of it an agent should see
export      the whole parse as JSON lines
"""
