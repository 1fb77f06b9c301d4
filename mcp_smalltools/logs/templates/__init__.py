"""Templates: counted shapes that are one event are put together, and what varies in them is told apart."""
