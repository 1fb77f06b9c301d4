"""Outlines by the lines of a file, for languages without a grammar here, and what grammars leave out."""
