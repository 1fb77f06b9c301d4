"""What comes before a message, on one line alone, so that a log may mix formats.

`read_header.read_line` peels what carried the line (`line_prefixes`), then tries named fields
(`named_fields`: JSON, key=value), forms that are fixed (`fixed_forms`: access logs, event XML; `csv_rows`:
exports of log stores), and at last takes the line apart token by token (`scanner` and `tail`, with
`header_tokens`, `time_forms` and `levels`). `guesses` reads levels that are only words of a message.
"""
