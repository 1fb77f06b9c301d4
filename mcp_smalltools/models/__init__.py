"""Models: manifests, where they come from, and how they are prepared for this machine."""
