"""Files of the user: which may be read, and how they are read."""
