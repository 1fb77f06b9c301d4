"""The index of `find_files`: one for each root, in the state folder, kept fresh."""
