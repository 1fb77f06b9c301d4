"""parse_log learns the logging statements of a code base: generated logs, networks fitted on them."""
