"""Small specialist models on the user's own machine, as named tools for coding agents."""

__version__ = "0.2.0"
