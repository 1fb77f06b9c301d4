"""The tools that are known by the form of their output, a table for each trade."""
