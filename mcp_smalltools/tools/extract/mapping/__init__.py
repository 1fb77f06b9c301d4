"""From the tree of a structured text to the fields of a schema: by names, paths, types and values."""
