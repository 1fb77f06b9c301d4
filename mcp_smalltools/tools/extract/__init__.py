"""`extract`: the values of a schema's fields, each with its line."""
