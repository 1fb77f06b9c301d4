"""One training for each tool that learns from a folder: tried, kept as a version if it is better, undone."""
