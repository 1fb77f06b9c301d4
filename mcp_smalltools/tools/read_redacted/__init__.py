"""`read_redacted`: lines of a file with secrets masked."""
