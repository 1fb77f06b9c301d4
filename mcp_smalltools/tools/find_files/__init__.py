"""`find_files`: the files that are about something. One index for each root, kept fresh."""
