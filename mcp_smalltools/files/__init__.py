"""Files of the user: which may be read, how they are read, and what is masked."""
