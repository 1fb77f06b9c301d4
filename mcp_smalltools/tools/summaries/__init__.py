"""What `summarize_file` makes of each kind of file: its own words with their lines, or counts."""
