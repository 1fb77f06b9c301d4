"""`summarize_file`: what a file is for and what is in it: its own words with their lines, or counts."""
