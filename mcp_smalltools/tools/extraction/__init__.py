"""Parts of the tool `extract`: schema, candidates, the reader, assignment, records."""
