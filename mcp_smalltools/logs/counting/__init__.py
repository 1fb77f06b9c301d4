"""Counting: blocks of lines in, records by shape out, on all cores."""
