"""The client of the engine daemon."""
