"""Templates: counted shapes are clustered by event, and what varies in a cluster becomes a parameter."""
