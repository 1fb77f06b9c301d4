"""The log parser: lines to records, records to shapes, shapes to templates, with exact counts.

    headers     what stands before a message: time, level, host, process, logger
    records     which lines belong together
    masking     values that can be told by their form: numbers, addresses, paths, durations, ...
    grouping    which shapes are one event, and what varies in it
    statistics  counts, lines, times, bursts and gaps, block by block
    variables   what a slot of a template held
    parser      the flow: blocks of lines in, a ParsedLog out
    export      the whole parse as JSON lines
    evaluate    grouping and parsing accuracy against labelled logs
"""
