"""Logs made from logging statements, to fit and measure parse_log with: each line's event is known."""
