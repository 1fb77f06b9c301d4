"""Learning from the history of a repository which files are about what."""
