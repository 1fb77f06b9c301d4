"""Learning from a repository which places of its files its people mean: `train ask_file`."""
