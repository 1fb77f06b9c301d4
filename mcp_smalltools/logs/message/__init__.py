"""The message of a line: tokens, masked values, objects, and the types of what varies."""
